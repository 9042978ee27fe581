package apiserver

import (
	_ "embed"
	"errors"
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
	AnyOf:     []evidence.Kind{evidence.KindAPIServerMetrics, evidence.KindRequests},
	Uses:      []evidence.Kind{evidence.KindVersion, evidence.KindAPIServerFlags, evidence.KindEtcdStatus, evidence.KindInFlight},
	Doc:       listRVDoc,
}, listRVParams{EtcdShare: 0.5, EtcdObjects: 1000, EtcdLists: 1, LargeResource: 5000, OverfetchEtcd: 20, OverfetchCache: 100, OverfetchObjects: 10_000, ChurnPer10Min: 5, SettleMinutes: 10, ClientObjects: 200, ClientLists: 1, Refusals: 10}, runListRV)

type listRVParams struct {
	EtcdShare        float64 `json:"etcdShare" doc:"share of the objects read by LISTs of a resource that comes from etcd; kaudit's own heuristic"`
	EtcdObjects      float64 `json:"etcdObjects" doc:"objects a second that LISTs of one resource read from etcd, all instances together; kaudit's own heuristic"`
	EtcdLists        float64 `json:"etcdLists" doc:"LISTs a second of a large resource from etcd, all instances together; kaudit's own heuristic"`
	LargeResource    float64 `json:"largeResource" doc:"objects over which a resource counts as large; kaudit's own heuristic"`
	OverfetchEtcd    float64 `json:"overfetchEtcd" doc:"objects read from etcd for each one returned; kaudit's own heuristic"`
	OverfetchCache   float64 `json:"overfetchCache" doc:"objects read from the watch cache for each one returned; kaudit's own heuristic"`
	OverfetchObjects float64 `json:"overfetchObjects" doc:"objects read a second below which what is thrown away does not matter; kaudit's own heuristic"`
	ChurnPer10Min    float64 `json:"churnPer10Min" doc:"times that watches are sent a whole resource anew in 10 minutes; kaudit's own heuristic"`
	SettleMinutes    float64 `json:"settleMinutes" doc:"minutes after a start during which kube-apiserver and its clients read everything anew, and nothing is judged"`
	ClientObjects    float64 `json:"clientObjects" doc:"objects a second that LISTs of one client make etcd read, by the audit log: about 1 MB/s of pods; kaudit's own heuristic"`
	ClientLists      float64 `json:"clientLists" doc:"LISTs a minute of one client from etcd, by the audit log, that are told of where the objects are not counted; kaudit's own heuristic"`
	Refusals         float64 `json:"refusals" doc:"LISTs of one client answered 410, or ignoring its limit, from which that is a habit; kaudit's own heuristic"`
}

func (p listRVParams) Validate() error {
	if p.SettleMinutes < 0 {
		return errors.New("settleMinutes must not be negative")
	}
	return nil
}

// settled reports whether an instance has run long enough for its counters to tell of clients' habits.
func (p listRVParams) settled(sc *evidence.Scrape) bool {
	return sc.Start != 0 && sc.Age() >= p.settle()
}

func (p listRVParams) settle() time.Duration {
	return time.Duration(p.SettleMinutes * float64(time.Minute))
}

// lasting is how long counters must have run, or a window be, to tell a habit from one busy moment.
const (
	lastingLife   = time.Hour
	lastingWindow = time.Minute
	lastingShort  = 10 * time.Second // of a log: less tells no rate
)

// notNamed is what metrics cannot tell.
const notNamed = "metrics do not name the client, the audit log does"

// whoAsks is what is known of the clients that list a resource: by the audit log, and at the moments of the dumps.
func whoAsks(s *evidence.Snapshot, name string) string {
	said := notNamed
	if s.Requests.Seen() {
		said = namedInLog(s, name)
	}
	if now := underWay(s, name); now != "" {
		said += "; " + now
	}
	return said
}

// findClient is how to learn it, or how to see more of it where a log was read.
func findClient(s *evidence.Snapshot, name string) string {
	plural, _, _ := strings.Cut(name, ".")
	if s.Requests.Seen() {
		return fmt.Sprintf("see what the audit log names (kaudit requests AUDIT-LOG --resource %s tells more)", plural)
	}
	if unrecorded(s) {
		return fmt.Sprintf("find the client: give kube-apiserver an audit log, which none has (--audit-policy-file, --audit-log-path), and then kaudit requests AUDIT-LOG --resource %s", plural)
	}
	return fmt.Sprintf("find the client: kaudit requests AUDIT-LOG --resource %s", plural)
}

// unrecorded reports whether every kube-apiserver is known to write no audit log: without a policy none does.
func unrecorded(s *evidence.Snapshot) bool {
	for _, o := range s.APIServerFlags {
		if !o.Seen() {
			return false
		}
		if policy := o.Value.Setting("audit-policy-file"); !policy.Known() || policy.Value != "" {
			return false
		}
	}
	return len(s.APIServerFlags) > 0
}

func runListRV(s *evidence.Snapshot, p listRVParams) []checks.Verdict {
	var vs []checks.Verdict
	window, life := windowBook(s, p), lifeBook(s)
	for range s.APIServerMetrics.Seen() {
		vs = listsCounted(s, p, window, life)
		break
	}
	return append(vs, listsLogged(s, p, window, life)...)
}

// listsCounted judges what the metrics count.
func listsCounted(s *evidence.Snapshot, p listRVParams, window, life book) []checks.Verdict {
	subject := checks.About("cluster")
	grown, timeless := 0, 0
	for o := range s.APIServerMetrics.Seen() {
		subject = subject.With(o.Source, "%s: LIST counters", o.Of)
		if o.Value.First.Start == 0 {
			timeless++
		}
		if p.settled(&o.Value.First) {
			grown++
		}
	}
	switch {
	case grown == 0 && timeless > 0:
		return one(subject.Skip("cannot be judged: no kube-apiserver that has run for %s tells when it started", evidence.Ago(p.settle())))
	case grown == 0:
		return one(subject.Skip("cannot be judged: no kube-apiserver has run for %s, and a fresh one reads everything from etcd to fill its cache", evidence.Ago(p.settle())))
	}
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
	b := life
	if len(b.flows) == 0 {
		b = window
	}
	return one(cheap(b.tabled(subject, firstSource(s)), b, grown, len(s.APIServerMetrics)))
}

// firstSource is where the first instance was read, for what speaks of all of them.
func firstSource(s *evidence.Snapshot) evidence.Source {
	for o := range s.APIServerMetrics.Seen() {
		return o.Source
	}
	return evidence.Source{}
}

// cheap is the pass of the whole, with the figures.
func cheap(subject checks.Subject, b book, seen, all int) checks.Verdict {
	total, unknown := flow{}, 0
	for _, name := range slices.Sorted(maps.Keys(b.flows)) {
		if f := b.flows[name]; math.IsNaN(f.fetched) {
			unknown++
		} else {
			total = total.plus(f)
		}
	}
	if unknown == len(b.flows) {
		return subject.Skip("cannot be judged: how many objects there are is not counted, so kube-apiserver's own reads cannot be told from those of clients").
			Unlocked("--etcd-count-metric-poll-period other than 0 on every kube-apiserver")
	}
	said := perSecond(total.fetched) + " from etcd"
	if !math.IsNaN(total.cFetched) {
		said += fmt.Sprintf(" and %s from the watch cache", perSecond(total.cFetched))
	}
	said += fmt.Sprintf(" %s, on %d of %s", b.during, seen, checks.Count(all, "instance"))
	saw := perSecond(total.fetched) + " from etcd"
	if rows := b.table(tableShort); len(rows) > 0 {
		said += "; the most from etcd: " + strings.Join(rows, "; ")
		saw += ": " + strings.Join(rows, "; ")
	}
	if unknown > 0 {
		said += fmt.Sprintf("; %s without a count of objects left out", checks.Count(unknown, "resource"))
	}
	return subject.Pass("has no LISTs that weigh on etcd: clients' read %s (%s)", said, total.certain()).Saw("%s", saw)
}

func perSecond(x float64) string {
	switch {
	case x < 1:
		return "under 1 object/s"
	case x < 1.5:
		return "1 object/s"
	}
	return fmt.Sprintf("%.0f objects/s", x)
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
			vs = append(vs, subject.Find(checks.Info, "are listed from etcd at %s%s, %s: events never have a watch cache, whatever resourceVersion is asked for (%s)", perSecond(f.fetched), f.perReturned(), b.during, whoAsks(s, name)).
				Saw("%s%s", perSecond(f.fetched), f.perReturned()).Want("under %s", perSecond(p.EtcdObjects)).
				WithFix(findClient(s, name)+"; let it watch instead of polling; a shorter --event-ttl or an etcd of their own makes the rest cheaper"))
		}
	case cached(s, name):
		vs = append(vs, fromEtcd(s, subject, name, window, life, p)...)
	}
	return append(vs, overfetch(s, subject.Aspect("overfetch"), name, window, life, p)...)
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
	return one(subject.Find(sev, "are listed from etcd, past the watch cache: %.2g LISTs/s read %s, %s, %s (%s; %s)", f.lists, perSecond(f.fetched), f.shares(), b.during, f.certain(), whoAsks(s, name)).
		Saw("%s from etcd, %.2g LISTs/s: %s", perSecond(f.fetched), f.lists, f.shares()).
		Want("under %s, or under %.0f%% from etcd", perSecond(p.EtcdObjects), 100*p.EtcdShare).
		WithFix(findClient(s, name) + "; then " + cureByVersion(minorOf(s))))
}

// minorOf is the minor whose ways the servers have; 0 if nobody could tell.
func minorOf(s *evidence.Snapshot) int {
	if !s.Version.Seen() {
		return 0
	}
	return s.Version.Value.Behaviour()
}

// cureByVersion is what makes a LIST come from the cache.
func cureByVersion(minor int) string {
	switch {
	case minor == 0:
		return "let it use an informer, which reads the watch cache in every version"
	case minor < minorOn:
		return "let it use an informer, or resourceVersion=0 where data a moment old will do (the limit is then ignored); or upgrade to 1.31 or later"
	case minor < minorLocked:
		return "let it use an informer, or read without limit (in this version pages after the first come from etcd); see apiserver-consistent-list for the gate and etcd's version; or upgrade to 1.34 or later"
	}
	return "see apiserver-consistent-list for etcd's version, and whether it asks for an exact or long compacted resourceVersion; the gate ListFromCacheSnapshot must be on"
}
