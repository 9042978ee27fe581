package configfile

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// etcdKeys are keys of etcd's configuration file that other programs' files do not have. data-dir and wal-dir are
// many programs'.
var etcdKeys = []string{
	"initial-cluster", "initial-cluster-state", "initial-cluster-token", "initial-advertise-peer-urls", "listen-peer-urls", "listen-client-urls",
	"advertise-client-urls", "listen-metrics-urls", "quota-backend-bytes", "heartbeat-interval", "election-timeout", "snapshot-count",
	"auto-compaction-mode", "auto-compaction-retention", "max-request-bytes", "max-txn-ops", "strict-reconfig-check", "force-new-cluster",
	"client-transport-security", "peer-transport-security", "data-dir", "wal-dir", "max-snapshots", "max-wals", "unsafe-no-fsync", "pre-vote",
}

func etcdFileReader() reader {
	return reader{
		name: "etcd configuration", keys: regexp.MustCompile(`(?im)^(?:["']|\s*\{?\s*")?(` + strings.Join(etcdKeys, "|") + `)["']?[ \t]*:`), atLeast: 2,
		read: readEtcdFile,
	}
}

// readEtcdFile reads what etcd takes by --config-file. The keys are names of flags, and what is left out has
// its default: etcd then looks at no other flag and no variable.
func readEtcdFile(c cursor, s *sink) {
	own := 0
	for _, e := range c.entries() {
		if key := strings.ToLower(e.key); key != "data-dir" && key != "wal-dir" && slices.Contains(etcdKeys, key) {
			own++
		}
	}
	if own < 1 || len(c.entries()) < 2 {
		return
	}
	p := newProcess("etcd", "etcd", c.src())
	p.whole(evidence.FromConfigFile)
	p.Sites = []Site{siteOf(c, Map)}
	p.Sites[0].Typed, p.Sites[0].Nanoseconds = true, etcdDurations()
	for _, e := range c.entries() {
		p.addEtcdKey(e)
	}
	if line, ok := c.doc.file.opensIn(c.doc.lines()); ok {
		p.opaque("takes what a template adds at line " + itoa(line))
	}
	p.nameEtcd(s.file)
	out := s.piece("etcd")
	out.processes = []*Process{p}
	out.etcdFile = p
	doc := documentOf(c, "etcd")
	out.fill = append(out.fill, func(snap *evidence.Snapshot) {
		by := p
		if out.runBy != nil {
			by = out.runBy
		}
		doc.Version = by.Flags.Version
		snap.Documents = append(snap.Documents, evidence.See(by.Subject, doc, p.Source))
	})
}

// transport names the keys of the sections for TLS whose flag is not the section's prefix and the key.
var transport = map[string]string{
	"client-transport-security.allowed-cn":        "",
	"client-transport-security.allowed-cns":       "",
	"client-transport-security.allowed-hostname":  "client-cert-allowed-hostname",
	"client-transport-security.allowed-hostnames": "client-cert-allowed-hostname",
	"peer-transport-security.allowed-cn":          "peer-cert-allowed-cn",
	"peer-transport-security.allowed-cns":         "peer-cert-allowed-cn",
	"peer-transport-security.allowed-hostname":    "peer-cert-allowed-hostname",
	"peer-transport-security.allowed-hostnames":   "peer-cert-allowed-hostname",

	"client-transport-security.skip-client-san-verification": "",
}

// addEtcdKey takes a key of the file as the flag that does the same. etcd does not care for case.
func (p *Process) addEtcdKey(e entry) {
	key := strings.ToLower(e.key)
	if key != "client-transport-security" && key != "peer-transport-security" {
		p.addEtcdValue(key, e.value)
		return
	}
	for _, inner := range e.value.entries() {
		name := strings.ToLower(inner.key)
		flag, ok := transport[key+"."+name]
		if !ok {
			flag = strings.TrimPrefix(strings.TrimSuffix(key, "transport-security"), "client-") + name
		}
		if flag != "" {
			p.addEtcdValue(flag, inner.value)
		}
	}
}

func (p *Process) addEtcdValue(flag string, value cursor) {
	if items := value.items(); len(items) > 0 {
		p.add(flag, strings.Join(value.words(), ","), evidence.FromConfigFile, value.src(), value.isLoose())
		return
	}
	text, ok := value.str()
	if !ok {
		return // null and an empty map say nothing
	}
	if ns, err := strconv.ParseInt(text, 10, 64); err == nil && slices.Contains(etcdDurations(), flag) {
		text = time.Duration(ns).String() // the file has nanoseconds, the flag a unit
	}
	p.add(flag, text, evidence.FromConfigFile, value.src(), value.isLoose())
}

// etcdDurations are the flags whose value in the file is a number of nanoseconds.
var etcdDurations = sync.OnceValue(func() []string {
	var out []string
	for _, version := range components.Releases("etcd") {
		for _, name := range components.FlagNames("etcd", version) {
			if f, _ := components.LookupFlag("etcd", version, name); f.Type == "duration" {
				out = append(out, name)
			}
		}
	}
	return out
})

// nameEtcd calls a member by its name, and notes which servers it and its peers are.
func (p *Process) nameEtcd(f *file) {
	p.name = known(p.Flags.Setting("name"))
	if p.name == "default" {
		p.name = ""
	}
	if stem := strings.ToLower(f.rel[strings.LastIndexByte(f.rel, '/')+1:]); strings.Contains(stem, "events") {
		p.Component, p.Flags.Component = "etcd-events", "etcd-events"
	}
	p.ports("initial-cluster", "initial-advertise-peer-urls", "advertise-client-urls")
}
