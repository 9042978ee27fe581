package apiserver

import (
	_ "embed"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed list_rv.md
var listRVDoc string

var listRV = checks.New(checks.Spec{
	ID:        "list-resource-version",
	Component: "clients",
	Severity:  checks.Warning,
	Needs:     []evidence.Kind{evidence.KindVersion, evidence.KindAPIServerMetrics},
	Doc:       listRVDoc,
}, listRVParams{EtcdShare: 0.5, EtcdObjects: 1000, EtcdLists: 1, LargeResource: 5000, OverfetchEtcd: 20, OverfetchCache: 100, OverfetchObjects: 10_000, ChurnPer10Min: 5}, runListRV)

type listRVParams struct {
	EtcdShare        float64 `json:"etcdShare" doc:"share of the objects read by LISTs of a resource that comes from etcd; kaudit's own heuristic"`
	EtcdObjects      float64 `json:"etcdObjects" doc:"objects a second that LISTs of one resource read from etcd, all instances together; kaudit's own heuristic"`
	EtcdLists        float64 `json:"etcdLists" doc:"LISTs a second of a large resource from etcd, all instances together; kaudit's own heuristic"`
	LargeResource    float64 `json:"largeResource" doc:"objects over which a resource counts as large; kaudit's own heuristic"`
	OverfetchEtcd    float64 `json:"overfetchEtcd" doc:"objects read from etcd for each one returned; kaudit's own heuristic"`
	OverfetchCache   float64 `json:"overfetchCache" doc:"objects read from the watch cache for each one returned; kaudit's own heuristic"`
	OverfetchObjects float64 `json:"overfetchObjects" doc:"objects read a second below which what is thrown away does not matter; kaudit's own heuristic"`
	ChurnPer10Min    float64 `json:"churnPer10Min" doc:"times that watches are sent a whole resource anew in 10 minutes; kaudit's own heuristic"`
}

// lasting is how long counters must have run, or a window be, to tell a habit from one busy moment.
const (
	lastingLife   = time.Hour
	lastingWindow = time.Minute
)

// whoAsks is what metrics cannot tell.
const whoAsks = "metrics do not name the client, the audit log does"

// findClient is how to learn it.
func findClient(name string) string {
	plural, _, _ := strings.Cut(name, ".")
	return fmt.Sprintf(`find the client: jq -r 'select(.verb=="list" and .objectRef.resource==%q) | .userAgent+" "+.user.username' AUDIT-LOG | sort | uniq -c | sort -rn`, plural)
}

func runListRV(s *evidence.Snapshot, p listRVParams) []checks.Verdict {
	subject := checks.About("cluster")
	grown, timeless := 0, 0
	for o := range s.APIServerMetrics.Seen() {
		subject = subject.With(o.Source, "%s: LIST counters", o.Of)
		if o.Value.First.Start == 0 {
			timeless++
		}
		if o.Value.First.Age() >= startup {
			grown++
		}
	}
	switch {
	case grown == 0 && timeless > 0:
		return one(subject.Skip("cannot be judged: no kube-apiserver that has run for %s tells when it started", evidence.Ago(startup)))
	case grown == 0:
		return one(subject.Skip("cannot be judged: no kube-apiserver has run for %s, and a fresh one reads everything from etcd to fill its cache", evidence.Ago(startup)))
	}
	window, life := windowBook(s), lifeBook(s)
	if len(window.flows) == 0 && len(life.flows) == 0 {
		return one(subject.Skip("cannot be judged: there is neither a second scrape nor a kube-apiserver that counts its LISTs and has run for %s", evidence.Ago(lastingLife)).
			Unlocked("--window 1m"))
	}
	var vs []checks.Verdict
	for _, name := range resources(window, life) {
		vs = append(vs, resourceVerdicts(s, name, window, life, p)...)
	}
	vs = append(vs, churns10(s, p)...)
	if len(vs) > 0 {
		return vs
	}
	return one(cheap(subject, window, life, grown, len(s.APIServerMetrics)))
}

// cheap is the pass of the whole, with the figures.
func cheap(subject checks.Subject, window, life book, seen, all int) checks.Verdict {
	b := life
	if len(b.flows) == 0 {
		b = window
	}
	var etcd, cache, most float64
	of, unknown := "", 0
	for _, name := range slices.Sorted(maps.Keys(b.flows)) {
		f := b.flows[name]
		if math.IsNaN(f.fetched) {
			unknown++
			continue
		}
		etcd, cache = etcd+f.fetched, cache+f.cFetched
		if f.fetched > most {
			most, of = f.fetched, name
		}
	}
	if unknown == len(b.flows) {
		return subject.Skip("cannot be judged: how many objects there are is not counted, so kube-apiserver's own reads cannot be told from those of clients").
			Unlocked("--etcd-count-metric-poll-period other than 0 on every kube-apiserver")
	}
	said := fmt.Sprintf("%s from etcd and %s from the watch cache %s, on %d of %s", perSecond(etcd), perSecond(cache), b.during, seen, checks.Count(all, "instance"))
	if math.IsNaN(cache) {
		said = fmt.Sprintf("%s from etcd %s, on %d of %s", perSecond(etcd), b.during, seen, checks.Count(all, "instance"))
	}
	if of != "" {
		said += ", most of that from etcd " + of
	}
	if unknown > 0 {
		said += fmt.Sprintf("; %s without a count of objects left out", checks.Count(unknown, "resource"))
	}
	return subject.Pass("has no LISTs that weigh on etcd: clients' read %s", said).Saw("%s from etcd", perSecond(etcd))
}

func perSecond(x float64) string {
	if x < 1 {
		return "under 1 object/s"
	}
	return fmt.Sprintf("%.0f objects/s", x)
}

// windowBook adds up what grew between the scrapes, lifeBook what grew since the start. Both leave
// out instances that are too young for it.
func windowBook(s *evidence.Snapshot) book {
	b := book{flows: map[string]flow{}}
	for o := range s.APIServerMetrics.Seen() {
		d, over, why := o.Value.Delta()
		if why == "" && o.Value.First.Age() >= startup && over > 0 {
			b.during, b.over = "in the last "+evidence.Ago(over), over
			b.add(listFlows(d, d, over, 1.1))
		}
	}
	return b
}

func lifeBook(s *evidence.Snapshot) book {
	b := book{flows: map[string]flow{}}
	for o := range s.APIServerMetrics.Seen() {
		last := o.Value.Latest()
		age := last.Age()
		if age < lastingLife {
			continue
		}
		if b.over == 0 || age < b.over {
			b.during, b.over = "on average since the start "+evidence.Ago(age)+" ago", age
		}
		b.add(listFlows(last, last, age, 2)) // there may have been more of them once
	}
	return b
}

func (b book) add(flows map[string]flow) {
	for name, f := range flows {
		if have, ok := b.flows[name]; ok {
			f = have.plus(f)
		}
		b.flows[name] = f
	}
}

func resources(books ...book) []string {
	var out []string
	for _, b := range books {
		out = slices.AppendSeq(out, maps.Keys(b.flows))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A habit is what holds of the flows of a resource, now or on average since the start.
type habit func(flow) bool

// strength says how sure a habit is: a warning if it lasts, a remark if it was a moment or is over.
// False if it does not hold at all; the flow is the one that shows it.
func strength(name string, window, life book, bad habit) (flow, book, checks.Severity, bool) {
	w, okW := window.flows[name]
	l, okL := life.flows[name]
	switch {
	case okL && bad(l) && (len(window.flows) == 0 || w.fetched > 0 || w.cFetched > 0):
		return l, life, checks.Warning, true
	case okL && bad(l):
		return l, life, checks.Info, true
	case okW && bad(w) && window.over >= lastingWindow:
		return w, window, checks.Warning, true
	case okW && bad(w):
		return w, window, checks.Info, true
	}
	return flow{}, book{}, 0, false
}

func resourceVerdicts(s *evidence.Snapshot, name string, window, life book, p listRVParams) []checks.Verdict {
	var vs []checks.Verdict
	subject := checks.About("resource/" + name)
	for o := range s.APIServerMetrics.Seen() {
		subject = subject.With(o.Source, "%s: apiserver_storage_list_*, apiserver_cache_list_* of %s", o.Of, name)
	}
	switch {
	case isEvents(name):
		if f, b, _, ok := strength(name, window, life, func(f flow) bool { return f.fetched >= p.EtcdObjects }); ok {
			vs = append(vs, subject.Find(checks.Info, "are listed from etcd at %s %s: events never have a watch cache, whatever resourceVersion is asked for (%s)", perSecond(f.fetched), b.during, whoAsks).
				Saw("%s", perSecond(f.fetched)).Want("under %s", perSecond(p.EtcdObjects)).
				WithFix(findClient(name)+"; let it watch instead of polling; a shorter --event-ttl or an etcd of their own makes the rest cheaper"))
		}
	case cached(s, name):
		vs = append(vs, fromEtcd(s, subject, name, window, life, p)...)
	}
	return append(vs, overfetch(subject.Aspect("overfetch"), name, window, life, p)...)
}

func isEvents(name string) bool { return name == "events" || name == "events.events.k8s.io" }

// cached reports whether any instance filled a watch cache for the resource. One that has none by a
// flag is a matter of apiserver-consistent-list.
func cached(s *evidence.Snapshot, name string) bool {
	told := false
	for o := range s.APIServerMetrics.Seen() {
		sc := o.Value.Latest()
		n := names{slices.Sorted(maps.Keys(objectCounts(sc)))}
		filled := n.by(sc, "apiserver_watch_cache_initializations_total")
		if hasKey(filled, name) {
			return true
		}
		told = told || filled != nil
	}
	return !told
}

func fromEtcd(s *evidence.Snapshot, subject checks.Subject, name string, window, life book, p listRVParams) []checks.Verdict {
	f, b, sev, ok := strength(name, window, life, func(f flow) bool {
		much := f.fetched >= p.EtcdObjects && f.share() >= p.EtcdShare
		often := f.lists >= p.EtcdLists && f.objects > p.LargeResource && f.fetched >= p.EtcdObjects/10
		return much || often
	})
	if !ok {
		return nil
	}
	if w := window.flows[name]; sev == checks.Info && b.over == life.over && w.fetched == 0 {
		b.during += ", though not in the last " + evidence.Ago(window.over)
	}
	share := ""
	if !math.IsNaN(f.share()) { // the cache's own counters may not be told
		share = fmt.Sprintf(", %.0f%% of what LISTs of them read", 100*f.share())
	}
	return one(subject.Find(sev, "are listed from etcd, past the watch cache: %.2g LISTs/s read %s%s, %s (%s)", f.lists, perSecond(f.fetched), share, b.during, whoAsks).
		Saw("%s from etcd, %.2g LISTs/s", perSecond(f.fetched), f.lists).
		Want("under %s, or under %.0f%% from etcd", perSecond(p.EtcdObjects), 100*p.EtcdShare).
		WithFix(findClient(name) + "; then " + cureByVersion(s.Version.Value.Behaviour())))
}

// cureByVersion is what makes a LIST come from the cache.
func cureByVersion(minor int) string {
	switch {
	case minor < minorOn:
		return "let it use an informer, or resourceVersion=0 where data a moment old will do (the limit is then ignored); or upgrade to 1.31 or later"
	case minor < minorLocked:
		return "let it use an informer, or read without limit (in this version pages after the first come from etcd); see apiserver-consistent-list for the gate and etcd's version; or upgrade to 1.34 or later"
	}
	return "see apiserver-consistent-list for etcd's version, and whether it asks for an exact or long compacted resourceVersion; the gate ListFromCacheSnapshot must be on"
}

// overfetch judges reads of which hardly anything is returned: selectors that no index helps.
func overfetch(subject checks.Subject, name string, window, life book, p listRVParams) []checks.Verdict {
	etcd := func(f flow) bool {
		return f.fetched >= p.OverfetchObjects && f.fetched >= p.OverfetchEtcd*max(f.returned, 1e-9)
	}
	cache := func(f flow) bool {
		return f.cFetched >= p.OverfetchObjects && f.cFetched >= p.OverfetchCache*max(f.cReturn, 1e-9)
	}
	fix := findClient(name) + "; let it use an informer, ask for one namespace, or for what has an index (pods by spec.nodeName)"
	if f, b, sev, ok := strength(name, window, life, etcd); ok && !isEvents(name) {
		return one(subject.Find(sev, "are read from etcd at %s by LISTs that return %s, %s: selectors never reduce what is read there (%s)", perSecond(f.fetched), perSecond(f.returned), b.during, whoAsks).
			Saw("%s read, %s returned", perSecond(f.fetched), perSecond(f.returned)).Want("under %g read for each returned", p.OverfetchEtcd).WithFix(fix))
	}
	if f, b, sev, ok := strength(name, window, life, cache); ok {
		return one(subject.Find(sev, "are scanned in the watch cache at %s by LISTs that return %s, %s: a selector without an index looks at each object (%s)", perSecond(f.cFetched), perSecond(f.cReturn), b.during, whoAsks).
			Saw("%s scanned, %s returned", perSecond(f.cFetched), perSecond(f.cReturn)).Want("under %g scanned for each returned", p.OverfetchCache).WithFix(fix))
	}
	return nil
}

// churns10 judges watches that start over and are sent the whole resource each time.
func churns10(s *evidence.Snapshot, p listRVParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.APIServerMetrics.Seen() {
		sc := o.Value.Latest()
		if sc.Age() < lastingLife {
			continue
		}
		objects := objectCounts(sc)
		n := names{slices.Sorted(maps.Keys(objects))}
		by := n.by(sc, "apiserver_init_events_total")
		for _, name := range slices.Sorted(maps.Keys(by)) {
			per10 := by[name] / (sc.Age().Minutes() / 10)
			if count := objects[name]; count >= 1000 && per10 > p.ChurnPer10Min*count {
				vs = append(vs, checks.About("resource/"+name).Aspect("watch-churn on "+short(o.Of)).With(o.Source, "apiserver_init_events_total of %s: %.0f", name, by[name]).
					Find(checks.Info, "are sent to new watches %.0f times over in 10 minutes, on average since %s started %s ago: clients that lose their watch and begin anew (%s)", per10/count, short(o.Of), evidence.Ago(sc.Age()), whoAsks).
					Saw("%.0f objects in 10 min, of %.0f", per10, count).Want("at most %g times", p.ChurnPer10Min).
					WithFix("look for answers 410 (apiserver_request_total{code=\"410\"}) and for a balancer that cuts idle connections: its timeout must exceed 10 minutes; the audit log (verb watch) names the clients"))
			}
		}
	}
	return vs
}
