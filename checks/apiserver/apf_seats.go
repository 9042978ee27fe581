package apiserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// seatUse is how full the levels are in one scrape, 0 to 1 and over. The names changed with 1.26 and 1.28.
func seatUse(sc *evidence.Scrape) map[string]float64 {
	first := func(names ...string) map[string]float64 {
		for _, n := range names {
			if m := sc.By(n, byLevel, evidence.Not(byLevel, levelExempt)); m != nil {
				return m
			}
		}
		return nil
	}
	used := first("apiserver_flowcontrol_current_executing_seats", "apiserver_flowcontrol_request_concurrency_in_use")
	limit := first("apiserver_flowcontrol_current_limit_seats", "apiserver_flowcontrol_request_concurrency_limit")
	out := map[string]float64{}
	for level, n := range limit {
		if u, ok := used[level]; ok && n > 0 {
			out[level] = u / n
		}
	}
	return out
}

// full lists levels that were short of seats in the window: full most of the time, and somebody
// waited or was turned away. A level that merely fits is not short.
func (w watched) full(p saturationParams) []string {
	before, after := seatUse(&w.scrapes.First), seatUse(w.scrapes.Latest())
	hists := w.delta.HistBy(fcUse, byLevel, evidence.Not(byLevel, levelExempt))
	queued0, queued := w.scrapes.First.By(fcQueued, byLevel), w.delta.By(fcQueued, byLevel)
	rejected, noSeat := w.delta.By(fcRejected, byLevel, evidence.Not("reason", "cancelled")), w.delta.By(fcNoSeat, byLevel)
	var out []string
	for _, level := range slices.Sorted(maps.Keys(union(after, hists))) {
		if queued0[level]+queued[level]+rejected[level]+noSeat[level] == 0 {
			continue
		}
		if share, ok := hists[level].ShareOver(p.Busy); ok {
			if share >= p.BusyTime {
				out = append(out, fmt.Sprintf("%s over %.0f%% for %.0f%% of the time", level, 100*p.Busy, 100*share))
			}
		} else if before[level] >= p.Busy && after[level] >= p.Busy {
			out = append(out, fmt.Sprintf("%s at %.0f%%, then %.0f%%", level, 100*before[level], 100*after[level]))
		}
	}
	return out
}

func union[A, B any](a map[string]A, b map[string]B) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

func (w watched) seats(p saturationParams) checks.Verdict {
	subject := w.subject.Aspect("seats")
	now := seatUse(w.scrapes.Latest())
	if len(now) == 0 {
		return subject.Skip("shows no seats by priority level that can be held against their limit")
	}
	if w.delta == nil {
		level, use := fullest(now)
		return subject.Skip("how full its levels are cannot be told from one moment, in which the fullest was %s with %.0f%% of its seats in use: %s", level, 100*use, w.why).
			Unlocked("a second scrape: --window 10s")
	}
	if full := w.full(p); len(full) > 0 {
		sev := checks.Warning
		if w.young {
			sev = checks.Info
		}
		all := strings.Join(full, "; ")
		return subject.With(w.src, "%s", all).
			Find(sev, "has levels with no seat to spare while requests waited or were turned away, in %s: %s", evidence.Ago(w.over), all).
			Saw("%s", all).Want("under %.0f%% of the current limit, most of the time", 100*p.Busy).
			WithFix("kubectl get --raw /debug/api_priority_and_fairness/dump_priority_levels   # then the client, its share, and last the total")
	}
	level, use := fullest(now)
	return subject.Pass("was not short of seats in %s; the fullest level at its end was %s with %.0f%%", evidence.Ago(w.over), level, 100*use)
}

func fullest(use map[string]float64) (level string, most float64) {
	for _, l := range slices.Sorted(maps.Keys(use)) {
		if level == "" || use[l] > most {
			level, most = l, use[l]
		}
	}
	return level, most
}

// catchAll finds requests that no other FlowSchema took: global-default takes everything, if it is there.
func (w watched) catchAll() checks.Verdict {
	subject := w.subject.Aspect("catch-all")
	is := evidence.Is("flow_schema", levelCatchAll)
	if w.delta == nil {
		return subject.Skip("whether requests fall through to catch-all cannot be told: %s", w.why).Unlocked("a second scrape: --window 10s")
	}
	n, _ := w.delta.Sum(fcDispatched, is)
	lost, _ := w.delta.Sum(fcRejected, is)
	if n+lost == 0 {
		return subject.Pass("sent no request to catch-all in %s", evidence.Ago(w.over))
	}
	sev := checks.Warning
	if w.young {
		sev = checks.Info
	}
	return subject.With(w.src, "flow schema catch-all: %.0f dispatched, %.0f rejected", n, lost).
		Find(sev, "let %s fall through to catch-all in %s (%.0f of them rejected), which has 5 shares and no queue: global-default is missing, dangling or was narrowed", checks.Count(n+lost, "request"), evidence.Ago(w.over), lost).
		Saw("%s", checks.Count(n+lost, "request")).Want("none").
		WithFix("kubectl annotate flowschema global-default apf.kubernetes.io/autoupdate-spec=true --overwrite")
}

// otherRefusals finds 429s that priority and fairness did not give; evictions held back by a
// disruption budget are no overload and are left out.
func (w watched) otherRefusals(p saturationParams) checks.Verdict {
	subject := w.subject.Aspect("other 429")
	if w.delta == nil {
		return subject.Skip("whether requests are answered with 429 for another reason cannot be told: %s", w.why).Unlocked("a second scrape: --window 10s")
	}
	if !w.delta.Has("apiserver_request_total") {
		return subject.Skip("whether requests are answered with 429 for another reason cannot be told: apiserver_request_total is not among its metrics")
	}
	all, _ := w.delta.Sum("apiserver_request_total")
	refused, _ := w.delta.Sum("apiserver_request_total", evidence.Is("code", "429"), evidence.Not("subresource", "eviction"))
	rejected, _ := w.delta.Sum(fcRejected, evidence.Not("reason", "cancelled"))
	other := max(refused-rejected, 0)
	if other < p.MinRejected || other <= p.RejectedShare*all {
		return subject.Pass("answered %.0f of %.0f requests in %s with 429 for another reason than priority and fairness, evictions aside", other, all, evidence.Ago(w.over))
	}
	return subject.With(w.src, "429 without evictions: %.0f, rejected by priority and fairness: %.0f", refused, rejected).
		Find(checks.Info, "answered %.0f of %.0f requests in %s with 429, priority and fairness only %.0f of them: a watch cache that is not ready, or a server about to stop, does so too", other, all, evidence.Ago(w.over), rejected).
		Saw("%.0f other 429s", other).Want("at most %.2g%%", 100*p.RejectedShare).
		WithFix("grep the client's log for \"storage is (re)initializing\"; restart the instance if its /readyz names a watch cache")
}

// apfPressed says what an instance is short of in the window; measured if at least one was watched.
func apfPressed(s *evidence.Snapshot) (pressed string, measured bool) {
	p := saturationDefaults
	for o := range s.APIServerMetrics.Seen() {
		w := watchedOf(o, p)
		if w.delta == nil || !w.delta.Has(fcDispatched) {
			continue
		}
		measured = true
		for _, r := range refusals(w.delta) {
			if w.weigh(r, p) >= checks.Warning {
				return fmt.Sprintf("%s rejected %s", o.Of, spell([]refusal{r})), true
			}
		}
		if full := w.full(p); len(full) > 0 {
			return fmt.Sprintf("%s has %s", o.Of, strings.Join(full, "; ")), true
		}
	}
	return "", measured
}
