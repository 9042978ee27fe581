package apiserver

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed consistent_list.md
var consistentListDoc string

var consistentList = checks.New(checks.Spec{
	ID:        "apiserver-consistent-list",
	Component: "kube-apiserver",
	Severity:  checks.Warning,
	Needs:     []evidence.Kind{evidence.KindVersion},
	Uses: []evidence.Kind{
		evidence.KindAPIServerMetrics, evidence.KindAPIServerFlags, evidence.KindEtcdStatus, evidence.KindEtcdMetrics,
		evidence.KindControlPods, evidence.KindNodes, evidence.KindEtcdFlags,
	},
	InFiles: []evidence.Kind{evidence.KindAPIServerFlags, evidence.KindAPIServerMetrics},
	Doc:     consistentListDoc,
}, consistentListParams{FallbackShare: 0.01, MinReads: 100, ReadWaitSeconds: 0.2, LargeNodes: 100}, runConsistentList)

type consistentListParams struct {
	FallbackShare   float64 `json:"fallbackShare" doc:"share of consistent reads that the cache may fail to serve in time; kaudit's own heuristic"`
	MinReads        float64 `json:"minReads" doc:"consistent reads below which nothing is concluded of them; kaudit's own heuristic"`
	ReadWaitSeconds float64 `json:"readWaitSeconds" doc:"99th percentile of the wait for the cache to catch up; the expectation of KEP-2340"`
	LargeNodes      int     `json:"largeNodes" doc:"nodes from which no watch cache at all is critical; kaudit's own heuristic"`
}

// Minors that changed who serves a LIST.
const (
	minorAlpha    = 28 // gate ConsistentListFromCache, off
	minorOn       = 31 // on by default
	minorLocked   = 34 // cannot be switched off, and pages come from the cache as well
	consistentKey = "ConsistentListFromCache"
)

func runConsistentList(s *evidence.Snapshot, p consistentListParams) []checks.Verdict {
	if !s.Version.Seen() {
		return append(checks.Lost(s.Version, everyInstance), watchCaches(s, p)...)
	}
	vs := []checks.Verdict{servedFromCache(s)}
	vs = append(vs, watchCaches(s, p)...)
	vs = append(vs, checks.Missing(s.APIServerFlags, "watch-cache")...)
	if s.Version.Value.Behaviour() >= minorOn {
		vs = append(vs, readsOf(s, p)...)
		vs = append(vs, checks.Missing(s.APIServerMetrics, "consistent-reads")...)
	}
	if s.Version.Value.Behaviour() >= minorLocked {
		vs = append(vs, checks.Missing(s.APIServerMetrics, "consistency")...)
	}
	return append(vs, cachesAgree(s)...)
}

// servedFromCache says whether a LIST without resourceVersion is served from the watch cache: by the
// version, then the gate, then what etcd supports, then what was seen to happen.
func servedFromCache(s *evidence.Snapshot) checks.Verdict {
	v := s.Version.Value
	subject := checks.About(everyInstance, s.Version.Source).With(s.Version.Source, "version %s", v.Git)
	off, on := gateBy(s, consistentKey)
	for o := range s.APIServerFlags.Seen() {
		if set := o.Value.Setting("feature-gates"); s.Cluster.Files && strings.Contains(strings.Join(allItems(set), ","), consistentKey) {
			subject = subject.With(set.Source, "--feature-gates: %s", set)
		}
	}
	minor := v.Behaviour()
	switch {
	case minor < minorOn && minor >= minorAlpha && len(on) > 0:
		return subject.Find(checks.Warning, "serves consistent LISTs from the watch cache by an alpha gate that does not yet check etcd's version (1.%d; safe from 1.%d)", minor, minorOn).
			Saw("%s is on", consistentKey).Want("the gate off, or 1.%d", minorOn).
			WithFix("remove " + consistentKey + "=true from --feature-gates, or upgrade to 1.31 or later with etcd 3.5.13 or later")
	case minor < minorOn:
		return subject.NotApplicable("cannot serve consistent LISTs from the watch cache in 1.%d (1.%d or later can): a LIST without resourceVersion reads etcd, one with resourceVersion=0 does not", minor, minorOn)
	case minor < minorLocked && len(off) > 0:
		v := subject.Find(checks.Warning, "reads etcd for every LIST without resourceVersion: the gate %s, on by default in 1.%d, is off on %s", consistentKey, minor, strings.Join(off, ", ")).
			Saw("%s=false", consistentKey).Want("true").
			WithFix("remove " + consistentKey + "=false from --feature-gates of every kube-apiserver, one after the other")
		for o := range s.APIServerFlags.Seen() {
			if c := without(o.Of, o.Value.Setting("feature-gates"), consistentKey); slices.Contains(off, short(o.Of)) {
				v = changed(v, c)
			}
		}
		return v
	}
	return servedByEtcd(s, subject)
}

// servedByEtcd judges 1.31 and later, where it depends on etcd alone.
func servedByEtcd(s *evidence.Snapshot, subject checks.Subject) checks.Verdict {
	vs := etcdVersions(s)
	var old, known []string
	for _, e := range vs {
		known = append(known, e.of+" "+e.version.String())
		subject = subject.With(e.src, "%s: version %s", e.of, e.version)
		if !e.version.TellsWatchProgress() {
			old = append(old, e.of+" "+e.version.String())
		}
	}
	reads, _ := servedReads(s)
	switch {
	case len(old) > 0 && reads > 0: // each asks only when it starts: an older etcd came later, or is not its own
		return subject.Find(checks.Info, "serves LISTs without resourceVersion from the watch cache, but not after its next start, if an etcd of its own is still too old: %s (wanted: 3.4.31, 3.5.13 or later)", strings.Join(old, ", ")).
			Saw("%s; %.0f LISTs from the cache so far", strings.Join(old, ", "), reads).Want("etcd 3.5.13 or later on every member").WithFix("upgrade etcd to the newest 3.5 or 3.6, member by member")
	case len(old) > 0:
		return subject.Find(checks.Warning, "reads etcd for every LIST without resourceVersion, as one etcd is too old for the watch cache to serve them: %s (wanted: 3.4.31, 3.5.13 or later)", strings.Join(old, ", ")).
			Saw("%s", strings.Join(old, ", ")).Want("etcd 3.5.13 or later").
			WithFix("upgrade etcd to the newest 3.5 or 3.6, member by member; then restart every kube-apiserver, one after the other: each asks only when it starts")
	case reads > 0:
		return subject.Pass("serves LISTs without resourceVersion from the watch cache: %s since its instances started", checks.Count(reads, "time")).Saw("%s from the cache", checks.Count(reads, "consistent read"))
	case len(known) > 0:
		return subject.Pass("can serve LISTs without resourceVersion from the watch cache: %s", strings.Join(known, ", ")).Saw("%s", strings.Join(known, ", "))
	}
	if s.Cluster.Files {
		return subject.Skip("can serve LISTs without resourceVersion from the watch cache if every etcd member is 3.4.31, 3.5.13 or later, which no file tells").
			Unlocked("the manifests of etcd beside these, with a version in the tag of the image")
	}
	return subject.Skip("can serve LISTs without resourceVersion from the watch cache if every etcd member is 3.4.31, 3.5.13 or later, but no member's version was seen").
		Unlocked("--etcd-endpoints with --etcd-cacert, --etcd-cert, --etcd-key, or a permission to read /metrics of every kube-apiserver")
}

// An etcdVersion is what one member is, and how that is known.
type etcdVersion struct {
	of      string
	version evidence.Semver
	src     evidence.Source
}

// etcdVersions are those of the members that tell: by themselves, else by the tag of their image. A
// tag that is no etcd version is a vendor's own and tells nothing.
func etcdVersions(s *evidence.Snapshot) []etcdVersion {
	var out []etcdVersion
	add := func(of, version string, src evidence.Source) {
		v, ok := evidence.ParseSemver(version)
		if strings.Count(version, ".") < 2 && v.Minor <= 5 {
			return // "3.5", as files tell it: the patch decides
		}
		if ok && v.Major == 3 && v.Minor >= 3 && !slices.ContainsFunc(out, func(e etcdVersion) bool { return e.of == of }) {
			out = append(out, etcdVersion{of, v, src})
		}
	}
	for o := range s.EtcdStatus.Seen() {
		add(o.Of, o.Value.Version, o.Source)
	}
	for o := range s.EtcdMetrics.Seen() {
		for version := range o.Value.Latest().By("etcd_server_version", "server_version") {
			add(o.Of, version, o.Source)
		}
	}
	for o := range s.EtcdFlags.Seen() {
		if s.Cluster.Files {
			add(o.Of, o.Value.Version, o.Source)
		}
	}
	if s.ControlPods.Seen() {
		for _, p := range *s.ControlPods.Value {
			if p.Component == "etcd" || p.Component == "etcd-events" {
				add(p.Subject, p.ImageVersion, s.ControlPods.Source)
			}
		}
	}
	return out
}

// gateBy lists the instances on which a feature gate is off, and on; those that do not tell are in
// neither. The metric tells what is in force, the flag only what was set by hand.
func gateBy(s *evidence.Snapshot, gate string) (off, on []string) {
	told := map[string]bool{}
	say := func(of string, enabled bool) {
		told[of] = true
		if enabled {
			on = append(on, short(of))
		} else {
			off = append(off, short(of))
		}
	}
	for o := range s.APIServerMetrics.Seen() {
		if v, ok := o.Value.Latest().Max("kubernetes_feature_enabled", evidence.Is("name", gate)); ok {
			say(o.Of, v > 0)
		}
	}
	for o := range s.APIServerFlags.Seen() {
		for _, item := range allItems(o.Value.Setting("feature-gates")) {
			if name, value, _ := strings.Cut(item, "="); name == gate && !told[o.Of] {
				say(o.Of, strings.EqualFold(value, "true"))
			}
		}
	}
	return off, on
}

// allItems are the items of a list flag, given once with commas or several times.
func allItems(set evidence.Setting) []string {
	values := set.All
	if len(values) == 0 {
		values = []string{set.Value}
	}
	var out []string
	for _, v := range values {
		for item := range strings.SplitSeq(strings.Trim(v, "[]"), ",") {
			if item = strings.TrimSpace(item); item != "" {
				out = append(out, item)
			}
		}
	}
	return out
}

// servedReads counts the consistent reads that the cache of the seen instances served since their
// start; false if none of them tells.
func servedReads(s *evidence.Snapshot) (n float64, ok bool) {
	for o := range s.APIServerMetrics.Seen() {
		x, told := o.Value.Latest().Sum("apiserver_watch_cache_consistent_read_total", evidence.Is("success", "true"), evidence.Is("fallback", "false"))
		n, ok = n+x, ok || told
	}
	return n, ok
}

// watchCaches judges the flags that switch the watch cache off, for all or for one resource.
func watchCaches(s *evidence.Snapshot, p consistentListParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.APIServerFlags.Seen() {
		set, sizes := o.Value.Setting("watch-cache"), o.Value.Setting("watch-cache-sizes")
		subject := checks.On(o).Aspect("watch-cache").With(set.Source, "--watch-cache: %s", set)
		if set.Known() && set.Value == "false" {
			sev, nodes := checks.Warning, "an unknown number of nodes"
			if s.Cluster.Files {
				nodes = "the cluster"
			}
			if s.Nodes.Seen() {
				n := len(s.Nodes.Value.Items)
				nodes = checks.Count(n, "node")
				if n > p.LargeNodes {
					sev = checks.Critical
				}
			}
			vs = append(vs, subject.Find(sev, "there is no watch cache (--watch-cache=false): every LIST and every watch of %s goes to etcd", nodes).
				Saw("%s", set).Want("true").WithFix("remove --watch-cache=false").Unsetting(o.Of, set.Name))
			continue
		}
		if none := uncached(sizes); len(none) > 0 {
			if s.Cluster.Files { // the line to edit is that of the sizes
				subject = checks.On(o).Aspect("watch-cache")
			}
			vs = append(vs, changed(subject.With(sizes.Source, "--watch-cache-sizes: %s", sizes).
				Find(checks.Warning, "%s not cached (--watch-cache-sizes): their LISTs and watches go to etcd, whatever resourceVersion they ask for", isOrAre(none)).
				Saw("%s", sizes).Want("no size of 0, but for events").WithFix("remove "+strings.Join(none, "#0, ")+"#0 from --watch-cache-sizes; sizes other than 0 have had no effect since 1.24 or before"), allCached(o.Of, sizes)))
			continue
		}
		if !set.Known() || !sizes.Known() {
			if s.Cluster.Files {
				subject = checks.On(o).Aspect("watch-cache")
			}
			vs = append(vs, subject.Untold(*o.Value, "does not tell its --watch-cache and --watch-cache-sizes", set.Name, sizes.Name))
			continue
		}
		vs = append(vs, subject.Pass("the watch cache is on for all resources but those that never have one"))
	}
	return vs
}

// uncached are the resources for which --watch-cache-sizes switches the cache off. That of events is
// off anyway.
func uncached(sizes evidence.Setting) []string {
	var out []string
	if !sizes.Known() {
		return nil
	}
	for _, item := range allItems(sizes) {
		resource, size, ok := strings.Cut(item, "#")
		if ok && size == "0" && resource != "events" && resource != "events.events.k8s.io" {
			out = append(out, resource)
		}
	}
	return out
}

// allCached is the change that leaves no resource without a watch cache.
func allCached(of string, sizes evidence.Setting) checks.Change {
	off := uncached(sizes)
	rest := slices.DeleteFunc(allItems(sizes), func(item string) bool {
		resource, size, _ := strings.Cut(item, "#")
		return size == "0" && slices.Contains(off, resource)
	})
	return checks.Change{Subject: of, Name: sizes.Name, Value: strings.Join(rest, ","), Remove: len(rest) == 0}
}

// changed adds a setting to a finding.
func changed(v checks.Verdict, c checks.Change) checks.Verdict {
	if c.Remove {
		return v.Unsetting(c.Subject, c.Name)
	}
	return v.Setting(c.Subject, c.Name, c.Value)
}

func isOrAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return strings.Join(names, ", ") + " are"
}

// cachesAgree reports the comparison that 1.34 and later make of their caches with etcd.
func cachesAgree(s *evidence.Snapshot) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.APIServerMetrics.Seen() {
		by := o.Value.Latest().By("apiserver_storage_consistency_checks_total", "status")
		if by == nil && s.Version.Value.Behaviour() < minorLocked {
			continue
		}
		subject := checks.On(o).Aspect("consistency").With(o.Source, "apiserver_storage_consistency_checks_total: %v", by)
		if by["failure"] > 0 {
			bad := o.Value.Latest().By("apiserver_storage_consistency_checks_total", "resource", evidence.Is("status", "failure"))
			vs = append(vs, subject.Find(checks.Critical, "the watch cache was found to differ from etcd %s since the start (%s): clients may have been served wrong data", checks.Count(by["failure"], "time"), positive(bad)).
				Saw("%.0f failures, %.0f successes", by["failure"], by["success"]).Want("0 failures").
				WithFix("restart this kube-apiserver to fill its cache anew; keep its log (lines with \"Cache consistency check failed\") for a report to kubernetes/kubernetes"))
			continue
		}
		if by["success"] > 0 {
			vs = append(vs, subject.Pass("the watch cache was equal to etcd in all %.0f comparisons since the start", by["success"]))
			continue
		}
		vs = append(vs, subject.Skip("counts no comparison of its watch cache with etcd: it may have run for too short a time, or the gate DetectCacheInconsistency is off"))
	}
	return vs
}

// positive lists the keys whose value is over zero.
func positive(m map[string]float64) string {
	var out []string
	for k, v := range m {
		if v > 0 {
			out = append(out, fmt.Sprintf("%s %.0f", k, v))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
