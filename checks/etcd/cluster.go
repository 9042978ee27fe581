package etcd

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// mainEtcd and eventsEtcd are the components that etcd subjects begin with.
const (
	mainEtcd   = "etcd"
	eventsEtcd = "etcd-events"
)

// componentOf is what comes before the slash of a subject.
func componentOf(subject string) string {
	c, _, _ := strings.Cut(subject, "/")
	return c
}

// wholeOf names a cluster as a subject: "etcd cluster", "etcd-events cluster".
func wholeOf(component string) string { return component + " cluster" }

// nameOf is what comes after the slash of a subject.
func nameOf(subject string) string {
	_, n, _ := strings.Cut(subject, "/")
	return n
}

// lost reports whether an instance was asked for and not had, alone or with its whole component.
func lost[T any](in evidence.Instances[T], subject string) bool {
	return slices.ContainsFunc(in, func(o evidence.Observed[T]) bool {
		return o.Gap != nil && (o.Of == subject || o.Of == componentOf(subject))
	})
}

// names are the member names by id, as far as they are known. Ids are hexadecimal without leading
// zeros, in MemberList as in the labels of metrics.
func names(s *evidence.Snapshot) map[string]string {
	m := map[string]string{}
	if s.EtcdMembers.Seen() {
		for _, e := range *s.EtcdMembers.Value {
			if e.Name != "" {
				m[e.ID] = e.Name
			}
		}
	}
	for o := range s.EtcdMetrics.Seen() {
		if id := ownID(o.Value.Latest()); id != "" && m[id] == "" {
			m[id] = nameOf(o.Of)
		}
	}
	return m
}

// ownID is the id of the member that a scrape is of; "" if it does not tell.
func ownID(sc *evidence.Scrape) string {
	for id, v := range sc.By("etcd_server_id", "server_id") {
		if v > 0 {
			return id
		}
	}
	return ""
}

// called puts the name of a member for its id where it is known.
func called(names map[string]string, id string) string {
	if n := names[id]; n != "" {
		return n
	}
	return "member " + id
}

// isLearner reports whether a member's own metrics say so.
func isLearner(sc *evidence.Scrape) bool {
	v, _ := sc.Sum("etcd_server_is_learner")
	return v > 0
}

// podsOf are the control-plane pods of a component.
func podsOf(s *evidence.Snapshot, component string) []evidence.ControlPod {
	if !s.ControlPods.Seen() {
		return nil
	}
	var pods []evidence.ControlPod
	for _, p := range *s.ControlPods.Value {
		if p.Component == component {
			pods = append(pods, p)
		}
	}
	return pods
}

// nodeOf finds the node that a subject's pod runs on; nil if it is not known.
func nodeOf(s *evidence.Snapshot, subject string) *evidence.Node {
	if !s.ControlPods.Seen() || !s.Nodes.Seen() {
		return nil
	}
	for _, p := range *s.ControlPods.Value {
		if p.Subject == subject {
			return nodeNamed(s, p.Node)
		}
	}
	return nil
}

func nodeNamed(s *evidence.Snapshot, name string) *evidence.Node {
	for i, n := range s.Nodes.Value.Items {
		if n.Name == name {
			return &s.Nodes.Value.Items[i]
		}
	}
	return nil
}

// A server is one URL reduced to what tells servers apart.
type server struct {
	raw  string
	host string
	port string
	http bool
}

func parseServer(raw string) server {
	sv := server{raw: strings.TrimSpace(raw)}
	full := sv.raw
	if !strings.Contains(full, "://") {
		full = "https://" + full // an endpoint as host and port
	}
	u, err := url.Parse(full)
	if err != nil || u.Host == "" {
		sv.host = sv.raw
		return sv
	}
	sv.host, sv.port, sv.http = strings.ToLower(u.Hostname()), u.Port(), u.Scheme == "http"
	if ip, err := netip.ParseAddr(sv.host); err == nil {
		sv.host = ip.String() // an IPv6 address has several spellings
	}
	if sv.port == "" {
		sv.port = "2379"
	}
	return sv
}

func parseServers(raw []string) []server {
	var out []server
	for _, r := range raw {
		if strings.TrimSpace(r) != "" {
			out = append(out, parseServer(r))
		}
	}
	return out
}

// at is host and port, the identity of a server.
func (s server) at() string { return s.host + ":" + s.port }

func (s server) loopback() bool {
	ip, err := netip.ParseAddr(s.host)
	return s.host == "localhost" || err == nil && ip.IsLoopback()
}

// kine reports whether this is k3s's translator to an SQL database: there is no etcd behind it.
func (s server) kine() bool {
	return strings.HasPrefix(s.raw, "unix:") && strings.Contains(s.raw, "kine")
}

func (s server) isIP() bool {
	_, err := netip.ParseAddr(s.host)
	return err == nil
}

// addresses are the distinct host:port of servers, sorted.
func addresses(svs []server) []string {
	var out []string
	for _, s := range svs {
		out = append(out, s.at())
	}
	return distinct(out)
}

// distinct sorts and drops what is there twice.
func distinct(xs []string) []string {
	out := slices.Clone(xs)
	slices.Sort(out)
	return slices.Compact(out)
}

// split reads a list flag: every value given, each a list by commas. /flagz prints a list in brackets.
func split(set evidence.Setting) []string {
	values := set.All
	if len(values) == 0 {
		values = []string{set.Value}
	}
	var out []string
	for _, v := range values {
		for item := range strings.SplitSeq(unbracket(v), ",") {
			if item = strings.TrimSpace(item); item != "" {
				out = append(out, item)
			}
		}
	}
	return out
}

func unbracket(v string) string {
	if len(v) >= 2 && v[0] == '[' && v[len(v)-1] == ']' {
		return v[1 : len(v)-1]
	}
	return v
}
