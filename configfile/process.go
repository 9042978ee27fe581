package configfile

import (
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// A Process is one component as a file configures it.
type Process struct {
	Component string // kube-apiserver, kube-controller-manager, kube-scheduler, etcd, etcd-events, kubelet
	Subject   string // "etcd/cp-1", once the whole tree is read
	Dialect   string // whose way of writing it is: pod, kubeadm, kops, k3s, rke2, talos, capi, kubespray, etcd, unit, env
	Flags     evidence.Flags
	Source    evidence.Source // where it begins
	// Sites are the places where its settings stand and new ones belong, the one to add to first. The list or map
	// need not be there yet: the path then says where it goes.
	Sites []Site

	name string // of the node or the member, by its own word; "" where it does not say
	// intent is set where a tool makes the process from this: what a manifest says is nearer to what runs.
	intent bool
	// stranger is set where it may be anybody's (an application's own etcd): it counts beside a kube-apiserver only.
	stranger bool
	suite    bool // it runs inside k3s or rke2, which reads a configuration file of its own
	// part is set where other files of the cluster may say more of the same process: which one, by a directory.
	part     string
	replaces bool // what it says replaces what earlier parts say
	// What tells which cluster an etcd is of, and which one a kube-apiserver uses.
	members []string // name=URL of peers, its own included
	peers   []string // URLs for its peers
	clients []string // URLs that it serves clients at, or asks
}

// A Form is how a place writes settings.
type Form string

// The forms.
const (
	Words  Form = "words"  // a list of a command line's words: - --name=value
	Script Form = "script" // a shell script that starts the program
	Map    Form = "map"    // name: value
	Pairs  Form = "pairs"  // - name: NAME, value: VALUE
	Suite  Form = "suite"  // - name=value
	Lists  Form = "lists"  // name: [value, ...]
	Fields Form = "fields" // a field for each setting, under names of the dialect's own
	Unit   Form = "unit"   // the ExecStart of a systemd unit
	Env    Form = "env"    // NAME=value, a line each
)

// A Site is a place in a file that holds settings of a process.
type Site struct {
	Source evidence.Source // of the list or map
	Form   Form
	Doc    int      // which document of the file, from 0
	Path   []string // from the root of the document to the list or map
	// Inside is the path of a value that holds the document as text, which Path then begins in.
	Inside []string
	// Fields are the keys, below Path, of settings that a place calls by names of its own, by flag: kOps'
	// "goawayChance" for "goaway-chance". Where it is nil the key is the name of the setting; where it is not, a
	// setting that it lacks cannot be written there. A key with dots is a path.
	Fields map[string]Field
	// Prefix is what variables begin with that settings are written as: "ETCD_" makes ETCD_NAME of "name".
	Prefix string
	// Nanoseconds are settings that are times on a command line and numbers of nanoseconds there.
	Nanoseconds []string
	// Typed is set where numbers and booleans are written as such; elsewhere every value is text.
	Typed bool
}

// A Field is how a place calls a setting.
type Field struct {
	Key  string
	Text bool // its value is text even in a typed place: "0.001"
}

// siteOf is the place of a list or map.
func siteOf(c cursor, form Form) Site {
	s := Site{Source: c.src(), Form: form, Doc: c.doc.index, Path: slices.Clone(c.path)}
	if c.doc.inside != nil {
		s.Inside = slices.Clone(c.doc.inside.path)
	}
	return s
}

// siteBelow is the place below a map, whether it is there or not: where it is not, Source is the nearest
// place above.
func siteBelow(c cursor, form Form, keys ...string) Site {
	at := c
	for i, key := range keys {
		next := at.get(key)
		if !next.ok() {
			s := siteOf(at, form)
			s.Path = append(s.Path, keys[i:]...)
			return s
		}
		at = next
	}
	return siteOf(at, form)
}

// newProcess is one whose settings a dialect adds.
func newProcess(component, dialect string, src evidence.Source) *Process {
	return &Process{
		Component: component, Dialect: dialect, Source: src,
		Flags: evidence.Flags{Component: component, Values: map[string][]evidence.FlagValue{}},
	}
}

// add takes what a place says of a flag: a value that a template fills in, or decides on, is unknown; a
// secret is not kept.
func (p *Process) add(name, value string, from evidence.Provenance, at evidence.Source, loose bool) {
	name = strings.TrimLeft(name, "-")
	if !strings.HasPrefix(p.Component, "etcd") {
		name = strings.ReplaceAll(name, "_", "-")
	}
	switch {
	case name == "" || isHole(name):
		p.opaque("takes a setting whose name a template fills in")
		return
	case loose, isHole(value), strings.Contains(value, evidence.Elsewhere), evidence.SecretFlag(name), slices.Contains(p.Flags.Unknown, name):
		p.unknownAt(name, at)
		return
	}
	v := evidence.FlagValue{Value: evidence.WithoutUserinfo(value), From: from, Source: at}
	vs := p.Flags.Values[name]
	if i := slices.IndexFunc(vs, func(o evidence.FlagValue) bool { return o.From == from }); i >= 0 {
		if len(vs[i].All) == 0 {
			vs[i].All = []string{vs[i].Value}
		}
		v.All = append(slices.Clip(vs[i].All), v.Value)
		vs[i] = v
		return
	}
	p.Flags.Values[name] = append(vs, v)
}

// addNode is add for a scalar of a document.
func (p *Process) addNode(name string, value cursor, from evidence.Provenance) {
	p.add(name, value.text(), from, value.src(), value.isLoose())
}

// unknown notes a flag that is set to what nobody can tell.
func (p *Process) unknown(names ...string) {
	for _, name := range names {
		delete(p.Flags.Values, name)
		if !slices.Contains(p.Flags.Unknown, name) {
			p.Flags.Unknown = append(p.Flags.Unknown, name)
		}
	}
	slices.Sort(p.Flags.Unknown)
}

// unknownAt is unknown for a flag that a place sets.
func (p *Process) unknownAt(name string, at evidence.Source) {
	p.unknown(name)
	if p.Flags.UnknownAt == nil {
		p.Flags.UnknownAt = map[string]evidence.Source{}
	}
	p.Flags.UnknownAt[name] = at
}

func (p *Process) opaque(why string) {
	if p.Flags.Opaque == "" {
		p.Flags.Opaque = why
	}
}

// whole says that the place lists all settings of the process: those that it does not name have their defaults.
func (p *Process) whole(from evidence.Provenance) {
	p.Flags.Read = append(p.Flags.Read, p.Source)
	p.Flags.From = append(p.Flags.From, from)
}

// ports says where it listens or whom it asks, without what every machine calls itself.
func (p *Process) ports(names ...string) {
	for _, name := range names {
		for _, item := range p.Flags.Setting(name).List() {
			item = strings.TrimSuffix(item, "/")
			if strings.Contains(item, "://127.") || strings.Contains(item, "://localhost") || strings.Contains(item, "://[::1]") || !strings.Contains(item, "://") {
				continue
			}
			switch name {
			case "initial-cluster":
				p.members = append(p.members, item)
			case "initial-advertise-peer-urls":
				p.peers = append(p.peers, item)
				if p.name != "" {
					p.members = append(p.members, p.name+"="+item)
				}
			default:
				p.clients = append(p.clients, item)
			}
		}
	}
	slices.Sort(p.members)
	p.members = slices.Compact(p.members)
}
