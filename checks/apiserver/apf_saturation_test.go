package apiserver

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

type apfFamilies = map[string]*evidence.Family

// row is a value and the labels it stands at; the value first.
type row []any

func series(labels []string, r row) evidence.Series {
	s := evidence.Series{Labels: map[string]string{}}
	for i, l := range labels {
		s.Labels[l] = r[i+1].(string)
	}
	switch v := r[0].(type) {
	case float64:
		s.Value = v
	case evidence.Histogram:
		s.Histogram = &v
	}
	return s
}

func family(kind string, labels []string, rows []row) *evidence.Family {
	f := &evidence.Family{Type: kind}
	for _, r := range rows {
		f.Series = append(f.Series, series(labels, r))
	}
	return f
}

func counts(labels []string, rows ...row) *evidence.Family { return family("counter", labels, rows) }
func gauge(labels []string, rows ...row) *evidence.Family  { return family("gauge", labels, rows) }
func hist(labels []string, rows ...row) *evidence.Family   { return family("histogram", labels, rows) }

// apfScrapes is an instance of that age, scraped twice if window is over 0.
func apfScrapes(node string, window, age time.Duration, first, last apfFamilies) evidence.Observed[evidence.Scrapes] {
	start := float64(apfTaken.Add(-age).Unix())
	s := evidence.Scrapes{First: evidence.Scrape{At: apfTaken.Add(-window), Start: start, Families: first}}
	if window > 0 {
		s.Second = &evidence.Scrape{At: apfTaken, Start: start, Families: last}
	} else {
		s.First.Families = last
	}
	return evidence.See("kube-apiserver/"+node, s, evidence.Source{Via: "apiserver"})
}

var (
	ofLevel  = []string{"priority_level", "flow_schema"}
	ofReason = []string{"priority_level", "flow_schema", "reason"}
)

// served are requests that ran in workload-low and leader-election.
func served(low, lease float64) *evidence.Family {
	return counts(ofLevel, row{low, "workload-low", "service-accounts"}, row{lease, "leader-election", "system-leader-election"})
}

func TestAPFRejections(t *testing.T) {
	turned := func(n float64, level, reason string) *evidence.Family {
		return counts(ofReason, row{n, level, "s", reason})
	}
	none := apfFamilies{fcDispatched: served(0, 0)}
	for name, tc := range map[string]struct {
		window, age time.Duration
		first, last apfFamilies
		want        string
	}{
		"none":                            {10 * time.Second, time.Hour, none, apfFamilies{fcDispatched: served(1000, 10)}, "pass"},
		"exactly 1%":                      {10 * time.Second, time.Hour, none, apfFamilies{fcDispatched: served(990, 10), fcRejected: turned(10, "workload-low", "queue-full")}, "pass"},
		"over 1%, a burst":                {10 * time.Second, time.Hour, none, apfFamilies{fcDispatched: served(989, 10), fcRejected: turned(11, "workload-low", "queue-full")}, "info"},
		"over 1%, for ten minutes":        {10 * time.Minute, time.Hour, none, apfFamilies{fcDispatched: served(989, 10), fcRejected: turned(11, "workload-low", "time-out")}, "warning"},
		"over 1%, and all the time":       {10 * time.Second, time.Hour, apfFamilies{fcDispatched: served(900, 10), fcRejected: turned(100, "workload-low", "time-out")}, apfFamilies{fcDispatched: served(1800, 10), fcRejected: turned(200, "workload-low", "time-out")}, "warning"},
		"over 1%, just started":           {10 * time.Minute, 9 * time.Minute, none, apfFamilies{fcDispatched: served(900, 10), fcRejected: turned(100, "workload-low", "time-out")}, "info"},
		"the client gave up (until 1.27)": {10 * time.Minute, time.Hour, none, apfFamilies{fcDispatched: served(900, 10), fcRejected: turned(100, "workload-low", "cancelled")}, "pass"},
		"leader election, one":            {10 * time.Second, time.Hour, none, apfFamilies{fcDispatched: served(900, 10), fcRejected: turned(1, "leader-election", "time-out")}, "warning"},
		"leader election, nine":           {10 * time.Second, time.Hour, none, apfFamilies{fcDispatched: served(900, 10), fcRejected: turned(9, "leader-election", "time-out")}, "warning"},
		"leader election, ten":            {10 * time.Second, time.Hour, none, apfFamilies{fcDispatched: served(900, 10), fcRejected: turned(10, "leader-election", "time-out")}, "critical"},
		"heartbeats, just started":        {10 * time.Second, 9 * time.Minute, none, apfFamilies{fcDispatched: served(900, 10), fcRejected: turned(50, "node-high", "time-out")}, "warning"},
		"before, not in the window":       {10 * time.Second, time.Hour, apfFamilies{fcDispatched: served(0, 0), fcRejected: turned(50, "node-high", "time-out")}, apfFamilies{fcDispatched: served(900, 10), fcRejected: turned(50, "node-high", "time-out")}, "pass"},
		"history alone":                   {0, time.Hour, nil, apfFamilies{fcDispatched: served(900, 10), fcRejected: turned(500, "node-high", "time-out")}, "info"},
		"no history":                      {0, time.Hour, nil, apfFamilies{fcDispatched: served(900, 10)}, "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			w := watchedOf(apfScrapes("cp-1", tc.window, tc.age, tc.first, tc.last), saturationDefaults)
			v := w.rejections(saturationDefaults)
			if got, want := said([]checks.Verdict{v})[0], tc.want+" kube-apiserver/cp-1 rejections"; got != want {
				t.Errorf("got %q, want %q: %s", got, want, v.Message)
			}
		})
	}
}

func TestAPFQueueWait(t *testing.T) {
	// 1000 requests of a level, so many of which waited over the bounds.
	waited := func(level string, n, over1, over5 float64) apfFamilies {
		h := evidence.Histogram{Count: n, Buckets: []evidence.Bucket{{LE: 0.5, Count: n - over1}, {LE: 1, Count: n - over1}, {LE: 5, Count: n - over5}, {LE: 15, Count: n}}}
		return apfFamilies{fcDispatched: served(1, 1), fcWait: hist([]string{"priority_level", "flow_schema", "execute"}, row{h, level, "s", "true"})}
	}
	for name, tc := range map[string]struct {
		window, age time.Duration
		last        apfFamilies
		want        string
	}{
		"1% over a second":                     {time.Minute, time.Hour, waited("workload-low", 1000, 10, 0), "pass"},
		"more than 1% over a second":           {time.Minute, time.Hour, waited("workload-low", 1000, 11, 0), "warning"},
		"more than 1% over five seconds":       {time.Minute, time.Hour, waited("workload-low", 1000, 11, 11), "warning"},
		"leader election over a second":        {time.Minute, time.Hour, waited("leader-election", 1000, 11, 0), "warning"},
		"leader election over five seconds":    {time.Minute, time.Hour, waited("leader-election", 1000, 11, 11), "critical"},
		"just started":                         {time.Minute, 9 * time.Minute, waited("leader-election", 1000, 11, 11), "info"},
		"99 requests":                          {time.Minute, time.Hour, waited("leader-election", 99, 90, 90), "not-applicable"},
		"100 requests":                         {time.Minute, time.Hour, waited("workload-low", 100, 90, 90), "warning"},
		"since the start only":                 {0, time.Hour, waited("leader-election", 1000, 500, 500), "info"},
		"since the start only, and never long": {0, time.Hour, waited("leader-election", 1000, 0, 0), "pass"},
		"no queue":                             {time.Minute, time.Hour, apfFamilies{fcDispatched: served(1, 1)}, "not-applicable"},
	} {
		t.Run(name, func(t *testing.T) {
			v := watchedOf(apfScrapes("cp-1", tc.window, tc.age, apfFamilies{}, tc.last), saturationDefaults).waits(saturationDefaults)
			if got, want := said([]checks.Verdict{v})[0], tc.want+" kube-apiserver/cp-1 queue wait"; got != want {
				t.Errorf("got %q, want %q: %s", got, want, v.Message)
			}
		})
	}
}

// A critical wait of a protected level is not told of the level that merely waits longest.
func TestAPFQueueWaitNamesTheLevel(t *testing.T) {
	h := func(bound float64) evidence.Histogram {
		return evidence.Histogram{Count: 1000, Buckets: []evidence.Bucket{{LE: bound, Count: 0}, {LE: 2 * bound, Count: 1000}}}
	}
	last := apfFamilies{fcDispatched: served(1, 1), fcWait: hist([]string{"priority_level"}, row{h(15), "workload-low"}, row{h(5), "leader-election"})}
	v := watchedOf(apfScrapes("cp-1", time.Minute, time.Hour, apfFamilies{}, last), saturationDefaults).waits(saturationDefaults)
	if v.Severity != checks.Critical || !strings.Contains(v.Message, "leader-election") {
		t.Errorf("got %s %q, want a critical one of leader-election", v.Severity, v.Message)
	}
}

func TestAPFSeatsInUse(t *testing.T) {
	level := []string{"priority_level"}
	// seats in use and the limit of workload-low, how many wait, and the share of time over 90%.
	use := func(used, limit, waiting, busy float64) apfFamilies {
		return apfFamilies{
			fcDispatched: served(1, 1),
			"apiserver_flowcontrol_current_executing_seats": gauge(level, row{used, "workload-low"}, row{9.0, "exempt"}),
			"apiserver_flowcontrol_current_limit_seats":     gauge(level, row{limit, "workload-low"}, row{2.0, "exempt"}),
			fcQueued: gauge(ofLevel, row{waiting, "workload-low", "s"}),
			fcUse:    hist(level, row{evidence.Histogram{Count: 1e9, Buckets: []evidence.Bucket{{LE: 0.9, Count: 1e9 * (1 - busy)}, {LE: 1, Count: 1e9}}}, "workload-low"}),
		}
	}
	older := func(used, limit, waiting float64) apfFamilies {
		return apfFamilies{
			fcDispatched: served(1, 1),
			"apiserver_flowcontrol_request_concurrency_in_use": gauge(level, row{used, "workload-low"}),
			"apiserver_flowcontrol_request_concurrency_limit":  gauge(level, row{limit, "workload-low"}),
			fcQueued: gauge(ofLevel, row{waiting, "workload-low", "s"}),
		}
	}
	idle := use(0, 245, 0, 0)
	idle[fcUse] = nil
	delete(idle, fcUse)
	for name, tc := range map[string]struct {
		window, age time.Duration
		first, last apfFamilies
		want        string
	}{
		"idle":                               {10 * time.Second, time.Hour, idle, use(1, 245, 0, 0), "pass"},
		"full and waiting half the time":     {10 * time.Second, time.Hour, idle, use(245, 245, 3, 0.5), "warning"},
		"full and waiting less than that":    {10 * time.Second, time.Hour, idle, use(245, 245, 3, 0.49), "pass"},
		"full, but nobody waits":             {10 * time.Second, time.Hour, idle, use(245, 245, 0, 1), "pass"},
		"just started":                       {10 * time.Second, 9 * time.Minute, idle, use(245, 245, 3, 1), "info"},
		"by gauges, up to 1.24":              {10 * time.Second, time.Hour, older(90, 100, 1), older(90, 100, 1), "warning"},
		"by gauges, just under":              {10 * time.Second, time.Hour, older(90, 100, 1), older(89, 100, 1), "pass"},
		"one moment proves nothing":          {0, time.Hour, nil, use(245, 245, 3, 1), "skipped"},
		"no seats told":                      {10 * time.Second, time.Hour, apfFamilies{}, apfFamilies{fcDispatched: served(1, 1)}, "skipped"},
		"seats lent away are no fault alone": {10 * time.Second, time.Hour, idle, use(20, 24, 0, 0), "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			v := watchedOf(apfScrapes("cp-1", tc.window, tc.age, tc.first, tc.last), saturationDefaults).seats(saturationDefaults)
			if got, want := said([]checks.Verdict{v})[0], tc.want+" kube-apiserver/cp-1 seats"; got != want {
				t.Errorf("got %q, want %q: %s", got, want, v.Message)
			}
		})
	}
}

func TestAPFSaturation(t *testing.T) {
	requests := func(other429, evictions, all float64) *evidence.Family {
		return counts([]string{"code", "subresource"}, row{other429, "429", ""}, row{evictions, "429", "eviction"}, row{all - other429 - evictions, "200", ""})
	}
	catchAll := counts(ofLevel, row{1.0, "catch-all", "catch-all"}, row{500.0, "workload-low", "service-accounts"})
	at := func(age time.Duration, last apfFamilies) *evidence.Snapshot {
		return &evidence.Snapshot{APIServerMetrics: evidence.Instances[evidence.Scrapes]{apfScrapes("cp-1", 10*time.Second, age, apfFamilies{}, last)}}
	}
	const cp = " kube-apiserver/cp-1"
	quiet := []string{"pass" + cp + " rejections", "not-applicable" + cp + " queue wait", "skipped" + cp + " seats"}
	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"APF off":                   {at(time.Hour, apfFamilies{"apiserver_request_total": requests(0, 0, 10)}), []string{"skipped" + cp}},
		"quiet":                     {at(time.Hour, apfFamilies{fcDispatched: served(500, 10)}), append(quiet[:3:3], "pass"+cp+" catch-all", "skipped"+cp+" other 429")},
		"catch-all takes one":       {at(time.Hour, apfFamilies{fcDispatched: catchAll}), append(quiet[:3:3], "warning"+cp+" catch-all", "skipped"+cp+" other 429")},
		"catch-all, just started":   {at(time.Minute, apfFamilies{fcDispatched: catchAll}), append(quiet[:3:3], "info"+cp+" catch-all", "skipped"+cp+" other 429")},
		"other 429s, exactly 1%":    {at(time.Hour, apfFamilies{fcDispatched: served(500, 10), "apiserver_request_total": requests(10, 0, 1000)}), append(quiet[:3:3], "pass"+cp+" catch-all", "pass"+cp+" other 429")},
		"other 429s, over 1%":       {at(time.Hour, apfFamilies{fcDispatched: served(500, 10), "apiserver_request_total": requests(11, 0, 1000)}), append(quiet[:3:3], "pass"+cp+" catch-all", "info"+cp+" other 429")},
		"evictions are no overload": {at(time.Hour, apfFamilies{fcDispatched: served(500, 10), "apiserver_request_total": requests(0, 300, 1000)}), append(quiet[:3:3], "pass"+cp+" catch-all", "pass"+cp+" other 429")},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, said(runSaturation(tc.snapshot, saturationDefaults))); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}

// What the checks read must be kept of a scrape, with the labels they tell series apart by.
func TestAPFFamiliesAreKept(t *testing.T) {
	keep := evidence.Families("kube-apiserver")
	for family, labels := range map[string][]string{
		fcRejected: ofReason, fcDispatched: ofLevel, fcQueued: {"priority_level"}, fcNoSeat: {"priority_level"}, fcUse: {"priority_level"},
		fcWait: {"priority_level", "execute"},
		"apiserver_flowcontrol_current_executing_seats":    {"priority_level"},
		"apiserver_flowcontrol_request_concurrency_in_use": {"priority_level"},
		"apiserver_flowcontrol_current_limit_seats":        {"priority_level"},
		"apiserver_flowcontrol_request_concurrency_limit":  {"priority_level"},
		"apiserver_flowcontrol_nominal_limit_seats":        {"priority_level"},
		"apiserver_request_total":                          {"code", "subresource"},
		"apiserver_selfrequest_total":                      nil,
		"apiserver_resource_objects":                       nil,
		"apiserver_storage_objects":                        nil,
		"kubernetes_feature_enabled":                       {"name"},
	} {
		k, ok := keep[family]
		if !ok {
			t.Errorf("%s: got nothing kept, want the family", family)
		}
		for _, l := range labels {
			if !slices.Contains(k.Labels, l) {
				t.Errorf("%s: got labels %v, want %s among them", family, k.Labels, l)
			}
		}
	}
}
