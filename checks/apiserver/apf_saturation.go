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

//go:embed apf_saturation.md
var saturationDoc string

var apfSaturation = checks.New(checks.Spec{
	ID:        "apiserver-apf-saturation",
	Component: "kube-apiserver",
	Severity:  checks.Warning,
	Needs:     []evidence.Kind{evidence.KindAPIServerMetrics},
	Uses:      []evidence.Kind{evidence.KindInFlight},
	Doc:       saturationDoc,
}, saturationDefaults, runSaturation)

type saturationParams struct {
	RejectedShare float64 `json:"rejectedShare" doc:"share of a level's requests that may be rejected; kaudit's own heuristic"`
	MinRejected   float64 `json:"minRejected" doc:"rejections in the window from which a protected level over rejectedShare is critical; fewer are a burst; kaudit's own heuristic"`
	MinSamples    float64 `json:"minSamples" doc:"requests without which a 99th percentile says nothing: one in a hundred"`
	MaxWait       float64 `json:"maxWait" doc:"seconds that 99 of 100 requests may wait in a queue; kaudit's own heuristic"`
	SevereWait    float64 `json:"severeWait" doc:"the same for leader-election, node-high and system before it is critical: half of a lease's renew deadline of 10 s"`
	Busy          float64 `json:"busy" doc:"share of its seats in use from which a level is full; a bound of the server's own histogram"`
	BusyTime      float64 `json:"busyTime" doc:"share of the window that a level may be full; kaudit's own heuristic"`
	SettleMinutes float64 `json:"settleMinutes" doc:"minutes after a start during which bursts are expected, and over which a rate counts as sustained"`
}

var saturationDefaults = saturationParams{
	RejectedShare: 0.01, MinRejected: 10, MinSamples: 100, MaxWait: 1, SevereWait: 5, Busy: 0.9, BusyTime: 0.5, SettleMinutes: 10,
}

func (p saturationParams) Validate() error {
	if p.RejectedShare <= 0 || p.RejectedShare >= 1 || p.BusyTime <= 0 || p.BusyTime > 1 || p.MaxWait > p.SevereWait {
		return errors.New("rejectedShare and busyTime must be between 0 and 1, and maxWait at most severeWait")
	}
	return nil
}

const (
	fcRejected   = "apiserver_flowcontrol_rejected_requests_total"
	fcDispatched = "apiserver_flowcontrol_dispatched_requests_total"
	fcQueued     = "apiserver_flowcontrol_current_inqueue_requests"
	fcWait       = "apiserver_flowcontrol_request_wait_duration_seconds"
	fcUse        = "apiserver_flowcontrol_priority_level_seat_utilization"
	fcNoSeat     = "apiserver_flowcontrol_request_dispatch_no_accommodation_total"
	byLevel      = "priority_level"
)

// watched is one instance with what changed in the window, or the reason why that is not known.
type watched struct {
	subject checks.Subject
	src     evidence.Source
	scrapes evidence.Scrapes
	delta   *evidence.Scrape
	over    time.Duration
	why     string
	young   bool
}

func watchedOf(o evidence.Observed[evidence.Scrapes], p saturationParams) watched {
	w := watched{subject: checks.On(o), src: o.Source, scrapes: *o.Value}
	w.delta, w.over, w.why = o.Value.Delta()
	age := o.Value.Latest().Age()
	w.young = age > 0 && age < time.Duration(p.SettleMinutes*float64(time.Minute))
	return w
}

// since says how long the counters have run.
func (w watched) since() string {
	if age := w.scrapes.Latest().Age(); age > 0 {
		return "since it started " + evidence.Ago(age) + " ago"
	}
	return "since it started"
}

func runSaturation(s *evidence.Snapshot, p saturationParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.APIServerMetrics.Seen() {
		if !o.Value.Latest().Has(fcDispatched) {
			vs = append(vs, checks.On(o).Skip("shows no requests by priority level: API Priority and Fairness is off, or these metrics are not served"))
			continue
		}
		w := watchedOf(o, p)
		vs = append(vs, w.rejections(p), w.waits(p), w.seats(p), w.catchAll(), w.otherRefusals(p))
		vs = append(vs, w.inFlight(s.InFlight.Of(o.Of), p)...)
	}
	return vs
}

// refusal is what one priority level rejected of what it was sent.
type refusal struct {
	level    string
	n, share float64
	by       string // "time-out 12 (service-accounts)"
}

// refusals lists levels that rejected something, most first. Where requests were dispatched, no
// series of rejections means none: both families are of the same age and stability.
func refusals(sc *evidence.Scrape) []refusal {
	counted := evidence.Not("reason", "cancelled") // until 1.27: the client gave up
	dispatched := sc.By(fcDispatched, byLevel)
	var out []refusal
	for level, n := range sc.By(fcRejected, byLevel, counted) {
		if n > 0 {
			out = append(out, refusal{level, n, n / (n + dispatched[level]), reasons(sc, level)})
		}
	}
	slices.SortFunc(out, func(a, b refusal) int {
		if a.n != b.n {
			return int(math.Copysign(1, b.n-a.n))
		}
		return strings.Compare(a.level, b.level)
	})
	return out
}

func reasons(sc *evidence.Scrape, level string) string {
	var out []string
	is := evidence.Is(byLevel, level)
	for reason, n := range sc.By(fcRejected, "reason", is, evidence.Not("reason", "cancelled")) {
		var schemas []string
		for schema, m := range sc.By(fcRejected, "flow_schema", is, evidence.Is("reason", reason)) {
			if m > 0 {
				schemas = append(schemas, schema)
			}
		}
		if slices.Sort(schemas); n > 0 {
			out = append(out, fmt.Sprintf("%s %.0f by %s", reason, n, strings.Join(schemas, ", ")))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func (w watched) rejections(p saturationParams) checks.Verdict {
	subject := w.subject.Aspect("rejections")
	ever := refusals(w.scrapes.Latest())
	if w.delta == nil {
		if len(ever) == 0 {
			return subject.Pass("has rejected nothing %s", w.since())
		}
		return subject.With(w.src, "%s", spell(ever)).
			Find(checks.Info, "has rejected requests %s: %s; whether it still does was not measured: %s", w.since(), spell(ever), w.why).
			Saw("%s", spell(ever)).Want("none, measured over a window").WithFix("take a second scrape: --window 60s")
	}
	now := refusals(w.delta)
	total, _ := w.delta.Sum(fcDispatched)
	if len(now) == 0 {
		history := ""
		if len(ever) > 0 {
			history = fmt.Sprintf("; %s it had rejected: %s", w.since(), spell(ever))
		}
		return subject.Pass("rejected none of %.0f requests in %s%s", total, evidence.Ago(w.over), history)
	}
	sev := checks.Severity(0)
	for _, r := range now {
		sev = max(sev, w.weigh(r, p))
	}
	subject = subject.With(w.src, "%s", spell(now))
	if sev == 0 {
		return subject.Pass("rejected few requests in %s, at most %.2g%% of a level: %s", evidence.Ago(w.over), 100*p.RejectedShare, spell(now))
	}
	return subject.Find(sev, "rejected requests in %s: %s", evidence.Ago(w.over), spell(now)).
		Saw("%s", spell(now)).Want("none in %s, at most %.2g%% elsewhere", strings.Join(protectedLevels, ", "), 100*p.RejectedShare).
		WithFix("kubectl get --raw '/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1'   # who fills the level; then give that client a level of its own")
}

// weigh tells how bad the rejections of a level are in the window; 0 if they are tolerable.
func (w watched) weigh(r refusal, p saturationParams) checks.Severity {
	if slices.Contains(protectedLevels, r.level) {
		if r.share > p.RejectedShare && r.n >= p.MinRejected && !w.young {
			return checks.Critical
		}
		return checks.Warning
	}
	if r.share <= p.RejectedShare {
		return 0
	}
	if !w.young && w.sustained(r, p) {
		return checks.Warning
	}
	return checks.Info
}

// sustained tells a lasting shortage from a burst: a long window, or as many rejections in the
// whole life of the process.
func (w watched) sustained(r refusal, p saturationParams) bool {
	settle := time.Duration(p.SettleMinutes * float64(time.Minute))
	if w.over >= settle {
		return true
	}
	return w.scrapes.Latest().Age() >= settle && slices.ContainsFunc(refusals(&w.scrapes.First), func(e refusal) bool {
		return e.level == r.level && e.share > p.RejectedShare
	})
}

func spell(rs []refusal) string {
	var out []string
	for i, r := range rs {
		if i == 3 {
			out = append(out, "and "+checks.Count(len(rs)-i, "more level"))
			break
		}
		out = append(out, fmt.Sprintf("%s %.0f, %.2g%% of its requests (%s)", r.level, r.n, 100*r.share, r.by))
	}
	return strings.Join(out, "; ")
}

func (w watched) waits(p saturationParams) checks.Verdict {
	subject := w.subject.Aspect("queue wait")
	if w.delta != nil {
		if v, ok := w.slowest(subject, w.delta, p, false); ok {
			return v
		}
	}
	if v, ok := w.slowest(subject, w.scrapes.Latest(), p, true); ok {
		return v
	}
	return subject.NotApplicable("queued fewer than %.0f requests in any level %s: too few for a 99th percentile", p.MinSamples, w.since())
}

// tooSlow tells how bad the waits of a level are; 0 if they are tolerable.
func tooSlow(level string, h evidence.Histogram, p saturationParams) checks.Severity {
	switch {
	case h.Against(0.99, p.MaxWait) != evidence.Over:
		return 0
	case slices.Contains(protectedLevels, level) && h.Against(0.99, p.SevereWait) == evidence.Over:
		return checks.Critical
	}
	return checks.Warning
}

// slowest judges the level whose requests wait longest; false if no level had enough of them.
func (w watched) slowest(subject checks.Subject, sc *evidence.Scrape, p saturationParams, history bool) (checks.Verdict, bool) {
	hists := sc.HistBy(fcWait, byLevel, evidence.Not("execute", "false"))
	var worst string
	var bounds evidence.Bounds
	sev, judged := checks.Severity(0), 0
	for _, level := range slices.Sorted(maps.Keys(hists)) {
		h := hists[level]
		b, ok := h.Quantile(0.99)
		if !ok || h.Count < p.MinSamples {
			continue
		}
		judged++
		// The message names the level that the severity is of, be it not the slowest.
		if bad := tooSlow(level, h, p); worst == "" || bad > sev || bad == sev && b.Low > bounds.Low {
			worst, bounds, sev = level, b, bad
		}
	}
	if judged == 0 {
		return checks.Verdict{}, false
	}
	when := "in " + evidence.Ago(w.over)
	if history {
		when = w.since()
	}
	subject = subject.With(w.src, "%s %s, %.0f requests: p99 %s", worst, when, hists[worst].Count, bounds)
	switch {
	case sev == 0:
		return subject.Pass("let 99 of 100 requests of every level through in time %s: the longest p99 wait is %s (%s), of at most %s", when, worst, bounds, evidence.Seconds(p.MaxWait)), true
	case history || w.young:
		sev = checks.Info
	}
	return subject.Find(sev, "let 1 of 100 requests of %s wait %s in its queue %s; at most %s is wanted", worst, bounds, when, evidence.Seconds(p.MaxWait)).
		Saw("%s: p99 %s", worst, bounds).Want("at most %s", evidence.Seconds(p.MaxWait)).
		WithFix("kubectl get --raw '/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1'   # who waits, and behind whom"), true
}
