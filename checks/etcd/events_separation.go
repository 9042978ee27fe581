package etcd

import (
	_ "embed"
	"errors"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed events_separation.md
var eventsSeparationDoc string

var eventsSeparation = checks.New(checks.Spec{
	ID:        "etcd-events-separation",
	Component: "kube-apiserver",
	Severity:  checks.Warning,
	AnyOf:     []evidence.Kind{evidence.KindAPIServerFlags, evidence.KindAPIServerMetrics},
	Uses:      []evidence.Kind{evidence.KindNodes},
	Doc:       eventsSeparationDoc,
}, eventsDefaults, runEventsSeparation)

type eventsParams struct {
	LargeNodes      int     `json:"largeNodes" doc:"nodes over which missing separation is a warning; Kubernetes' advice for large clusters, the number is kaudit's own estimate"`
	MediumNodes     int     `json:"mediumNodes" doc:"nodes from which it is worth a thought; kaudit's own estimate"`
	LowShare        float64 `json:"lowShare" doc:"share of events among stored objects under which they are no burden; kaudit's own estimate"`
	HighShare       float64 `json:"highShare" doc:"share of events among stored objects over which missing separation is a warning; kaudit's own estimate"`
	ManyEvents      float64 `json:"manyEvents" doc:"events under which their share means nothing; kaudit's own estimate"`
	EventsPerSecond float64 `json:"eventsPerSecond" doc:"event writes per second, on average since start, that are a warning; kaudit's own estimate"`
}

var eventsDefaults = eventsParams{LargeNodes: 1000, MediumNodes: 300, LowShare: 0.2, HighShare: 0.5, ManyEvents: 100_000, EventsPerSecond: 100}

func (p eventsParams) Validate() error {
	if p.MediumNodes < 1 || p.LargeNodes < p.MediumNodes || p.LowShare < 0 || p.HighShare > 1 || p.LowShare > p.HighShare {
		return errors.New("mediumNodes must be 1 to largeNodes, lowShare 0 to highShare, highShare at most 1")
	}
	return nil
}

// routing is where one instance sends events.
type routing struct {
	of      string
	set     evidence.Setting
	main    []server
	items   []string
	err     error
	core    *evidence.EtcdOverride
	alias   *evidence.EtcdOverride
	unknown bool
}

func routingOf(o evidence.Observed[evidence.Flags]) routing {
	r := routing{of: o.Of, set: o.Value.Setting("etcd-servers-overrides")}
	if m := o.Value.Setting("etcd-servers"); m.Known() {
		r.main = parseServers(split(m))
	}
	if !r.set.Known() {
		// Its default is an empty list in every version: known if everything that sets flags was read.
		r.unknown = o.Value.Opaque != "" || len(o.Value.Read) == 0 || slices.Contains(o.Value.Unknown, r.set.Name)
		return r
	}
	if r.items, r.err = evidence.OverrideItems(r.set); r.err != nil {
		return r
	}
	var all []evidence.EtcdOverride
	if all, r.err = evidence.ParseOverrides(r.items); r.err == nil {
		r.core, r.alias = forEvents(all)
	}
	return r
}

func runEventsSeparation(s *evidence.Snapshot, p eventsParams) []checks.Verdict {
	if s.Cluster.Managed {
		return []checks.Verdict{checks.About("cluster").NotApplicable("keeps its events as the provider of its control plane decides")}
	}
	var vs []checks.Verdict
	var rs []routing
	for o := range s.APIServerFlags.Seen() {
		r := routingOf(o)
		if slices.ContainsFunc(r.main, server.kine) {
			return []checks.Verdict{checks.About("cluster").With(o.Source, "--etcd-servers by way of kine").NotApplicable("stores its data by way of kine: there is no etcd to keep events in")}
		}
		rs = append(rs, r)
		if v, ok := routed(checks.On(o), *o.Value, r); ok {
			vs = append(vs, v)
		}
	}
	if v, ok := routingsAgree(rs); ok {
		vs = append(vs, v)
	}
	return append(vs, separation(s, rs, p))
}

// routed judges what one instance was told, if it was told anything about overrides.
func routed(on checks.Subject, f evidence.Flags, r routing) (checks.Verdict, bool) {
	if r.unknown {
		return on.Untold(f, "does not tell its --etcd-servers-overrides", r.set.Name), true
	}
	if r.set.Known() {
		on = on.With(r.set.Source, "--etcd-servers-overrides: %s", r.set)
	}
	saw := func(v checks.Verdict) (checks.Verdict, bool) { return v.Saw("%s", r.set), true }
	switch {
	case r.err != nil:
		return saw(malformed(on, r))
	case r.core == nil && r.alias != nil:
		return saw(on.Find(checks.Warning, "overrides events.k8s.io/events, which routes nothing: events of both API groups are stored as core events").
			Want("/events#…").WithFix("--etcd-servers-overrides=/events#"+strings.Join(r.alias.Servers, ";")).
			Setting(r.of, r.set.Name, renamed(r.items)))
	case r.core == nil:
		return checks.Verdict{}, false
	}
	return saw(target(on, r))
}

// malformed says what kube-apiserver says, and what was probably meant.
func malformed(on checks.Subject, r routing) checks.Verdict {
	v := on.Find(checks.Critical, "does not start with this --etcd-servers-overrides; it says: %s", r.err).
		Want("servers of one override separated by semicolons, overrides by commas")
	if fixed := evidence.CorrectedOverrides(r.items); fixed != "" {
		return v.WithFix("--etcd-servers-overrides="+fixed+"\nIn a shell or a systemd unit, quote it: a semicolon ends a command there").
			Setting(r.of, r.set.Name, fixed)
	}
	return v.WithFix("--etcd-servers-overrides=/events#https://e1:2379;https://e2:2379;https://e3:2379")
}

// target judges the servers that events go to.
func target(on checks.Subject, r routing) checks.Verdict {
	servers := parseServers(r.core.Servers)
	at, mainAt := addresses(servers), addresses(r.main)
	shared := slices.DeleteFunc(slices.Clone(at), func(a string) bool { return !slices.Contains(mainAt, a) })
	plain := slices.ContainsFunc(servers, func(s server) bool { return s.http && !s.loopback() })
	const want = "an etcd cluster of three members, for events alone"
	switch {
	case len(shared) > 0 && len(shared) == len(at):
		return on.Find(checks.Warning, "sends events to servers of the main etcd (%s): they are not kept apart at all", strings.Join(shared, ", ")).
			Want(want).WithFix("start an etcd cluster for events and name its servers, or remove the override")
	case len(shared) > 0:
		return on.Find(checks.Warning, "sends events to two clusters: %s also serves the main etcd, %d others do not", strings.Join(shared, ", "), len(at)-len(shared)).
			Want(want).WithFix("name only servers of the etcd cluster for events")
	case plain:
		return on.Find(checks.Warning, "sends events over plain http (%s): anybody on the path reads and writes them", strings.Join(r.core.Servers, ";")).
			Want("https").WithFix("serve TLS on that etcd with a certificate of the CA in --etcd-cafile, then name it with https://")
	case len(mainAt) >= 3 && len(at) < 3 && !slices.ContainsFunc(servers, func(s server) bool { return !s.isIP() }): // a name may stand for several
		return on.Find(checks.Warning, "sends events to %s, while the main etcd has %d: without events every client that records one waits", checks.Count(len(at), "server"), len(mainAt)).
			Want(want).WithFix("add members to the etcd cluster for events, and name all of them, separated by semicolons")
	}
	return on.Pass("sends events to an etcd of their own (%s)", strings.Join(r.core.Servers, ";"))
}

// mainServers stands for events that no override routes elsewhere.
const mainServers = "the main etcd"

// routingsAgree compares instances. Where they differ, each sees only the events that it wrote itself.
func routingsAgree(rs []routing) (checks.Verdict, bool) {
	on := checks.About("kube-apiserver").Aspect("events-routing")
	to := map[string][]string{}
	for _, r := range rs {
		if r.unknown || r.err != nil {
			continue
		}
		where := mainServers
		if r.core != nil {
			where = strings.Join(addresses(parseServers(r.core.Servers)), ";")
		}
		to[where] = append(to[where], r.of)
		if r.set.Known() {
			on = on.With(r.set.Source, "%s: events to %s", r.of, where)
		}
	}
	switch _, none := to[mainServers]; {
	case len(rs) < 2 || len(to) == 0 || len(to) == 1 && none:
		return checks.Verdict{}, false
	case len(to) > 1:
		var each []string
		for _, where := range sortedKeys(to) {
			each = append(each, strings.Join(to[where], ", ")+" to "+where)
		}
		return on.Find(checks.Warning, "differs between instances, so which events a client sees depends on the instance it reaches: %s", strings.Join(each, "; ")).
			Want("the same --etcd-servers-overrides on every kube-apiserver").WithFix("the same --etcd-servers-overrides on every kube-apiserver"), true
	}
	return on.Pass("is the same for all instances that were seen"), true
}

// forEvents finds the override that events follow: the core one. That of events.k8s.io is accepted,
// and routes nothing, because both kinds are stored as the core one.
func forEvents(os []evidence.EtcdOverride) (core, alias *evidence.EtcdOverride) {
	for i, o := range os {
		switch {
		case o.Resource == "events" && o.Group == "":
			core = &os[i]
		case o.Resource == "events" && o.Group == "events.k8s.io":
			alias = &os[i]
		}
	}
	return core, alias
}

// renamed are the overrides with that of events.k8s.io made the core one, which events follow.
func renamed(items []string) string {
	out := slices.Clone(items)
	for i, item := range out {
		if where, ok := strings.CutPrefix(item, "events.k8s.io/events#"); ok {
			out[i] = "/events#" + where
		}
	}
	return strings.Join(out, ",")
}
