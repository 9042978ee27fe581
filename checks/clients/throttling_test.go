package clients

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// said is what a person learns from verdicts: outcome, severity and subject of each.
func said(vs []checks.Verdict) []string {
	var out []string
	for _, v := range vs {
		outcome := v.Outcome.String()
		if v.Outcome == checks.Finding {
			outcome = v.Severity.String()
		}
		out = append(out, outcome+" "+v.Subject)
	}
	return out
}

var taken = time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC)

// client is how many requests a process sent, how many of them waited over 0.25 s and over 1 s,
// and how many were answered with 429.
type client struct{ requests, over250ms, over1s, refused float64 }

func (c client) families() map[string]*evidence.Family {
	h := evidence.Histogram{Count: c.requests, Buckets: []evidence.Bucket{
		{LE: 0.005, Count: c.requests - c.over250ms}, {LE: 0.25, Count: c.requests - c.over250ms}, {LE: 1, Count: c.requests - c.over1s}, {LE: 60, Count: c.requests},
	}}
	return map[string]*evidence.Family{
		limiterFamily: {Type: "histogram", Series: []evidence.Series{{Histogram: &h}}},
		requestsFamily: {Type: "counter", Series: []evidence.Series{
			{Labels: map[string]string{"code": "200"}, Value: c.requests - c.refused}, {Labels: map[string]string{"code": "429"}, Value: c.refused},
		}},
	}
}

// scraped is a process that had sent before, and sent now more in a minute; with one scrape only, now since its start.
func scraped(of string, before *client, now client) evidence.Observed[evidence.Scrapes] {
	return scrapedAt(of, 24*time.Hour, before, now)
}

func scrapedAt(of string, age time.Duration, before *client, now client) evidence.Observed[evidence.Scrapes] {
	start := float64(taken.Add(-age).Unix())
	s := evidence.Scrapes{First: evidence.Scrape{At: taken, Start: start, Families: now.families()}}
	if before != nil {
		s.First = evidence.Scrape{At: taken.Add(-time.Minute), Start: start, Families: before.families()}
		sum := client{before.requests + now.requests, before.over250ms + now.over250ms, before.over1s + now.over1s, before.refused + now.refused}
		s.Second = &evidence.Scrape{At: taken, Start: start, Families: sum.families()}
	}
	return evidence.See(of, s, evidence.Source{Via: "port-forward", From: of})
}

func TestThrottling(t *testing.T) {
	for name, tc := range map[string]struct {
		before *client
		now    client
		want   string
	}{
		"samples near zero are normal":          {&client{}, client{requests: 5000}, "pass"},
		"1% over a second":                      {&client{}, client{requests: 1000, over250ms: 10, over1s: 10}, "pass"},
		"more than 1% over a second":            {&client{}, client{requests: 1000, over250ms: 11, over1s: 11}, "warning"},
		"5% over 0.25 s":                        {&client{}, client{requests: 1000, over250ms: 50}, "pass"},
		"more than 5% over 0.25 s":              {&client{}, client{requests: 1000, over250ms: 51}, "warning"},
		"99 requests, and 99 since the start":   {&client{}, client{requests: 99, over1s: 99, over250ms: 99, refused: 99}, "not-applicable"},
		"100 requests":                          {&client{}, client{requests: 100, over250ms: 6}, "warning"},
		"quiet now, held back since the start":  {&client{requests: 10000, over250ms: 5000, over1s: 5000}, client{requests: 10}, "info"},
		"busy now, held back before the window": {&client{requests: 10000, over250ms: 5000, over1s: 5000}, client{requests: 1000}, "pass"},
		"quiet now, and never held back":        {&client{requests: 10000}, client{requests: 10}, "pass"},
		"one scrape, held back":                 {nil, client{requests: 1000, over250ms: 500}, "info"},
		"one scrape, not held back":             {nil, client{requests: 1000}, "pass"},
		"1% refused":                            {&client{}, client{requests: 1000, refused: 10}, "pass"},
		"more than 1% refused":                  {&client{}, client{requests: 1000, refused: 11}, "warning"},
		"one scrape, refused":                   {nil, client{requests: 1000, refused: 500}, "info"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{ControllerManagerMetrics: evidence.Instances[evidence.Scrapes]{scraped("kube-controller-manager/cp-1", tc.before, tc.now)}}
			vs := runThrottling(s, throttlingDefaults)
			if d := cmp.Diff([]string{tc.want + " kube-controller-manager/cp-1"}, said(vs)); d != "" {
				t.Errorf("verdicts (-want +got):\n%s%s", d, vs[0].Message)
			}
		})
	}
}

// The burst of a start is most of what young counters hold: a lab just filled waited for 42% of its
// requests and was idle a minute later.
func TestThrottlingJustStarted(t *testing.T) {
	burst, calm := client{requests: 1585, over250ms: 660, over1s: 300}, client{requests: 1585}
	for name, tc := range map[string]struct {
		age  time.Duration
		now  client
		want string
	}{
		"just under a day":       {24*time.Hour - time.Second, burst, "skipped"},
		"a day":                  {24 * time.Hour, burst, "info"},
		"just started, and calm": {time.Minute, calm, "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{ControllerManagerMetrics: evidence.Instances[evidence.Scrapes]{scrapedAt("kube-controller-manager/cp-1", tc.age, nil, tc.now)}}
			if d := cmp.Diff([]string{tc.want + " kube-controller-manager/cp-1"}, said(runThrottling(s, throttlingDefaults))); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}

// A limiter that is switched off observes nothing: that is no wait, and requests are still judged.
func TestThrottlingWithoutLimiter(t *testing.T) {
	o := scraped("kube-scheduler/cp-1", &client{}, client{requests: 1000, refused: 11})
	for _, sc := range []*evidence.Scrape{&o.Value.First, o.Value.Second} {
		delete(sc.Families, limiterFamily)
	}
	got := said(runThrottling(&evidence.Snapshot{SchedulerMetrics: evidence.Instances[evidence.Scrapes]{o}}, throttlingDefaults))
	if d := cmp.Diff([]string{"warning kube-scheduler/cp-1"}, got); d != "" {
		t.Errorf("verdicts (-want +got):\n%s", d)
	}
	calm := scraped("kube-scheduler/cp-1", &client{}, client{requests: 1000})
	for _, sc := range []*evidence.Scrape{&calm.Value.First, calm.Value.Second} {
		delete(sc.Families, limiterFamily)
	}
	v := runThrottling(&evidence.Snapshot{SchedulerMetrics: evidence.Instances[evidence.Scrapes]{calm}}, throttlingDefaults)[0]
	if !strings.HasPrefix(v.Message, "is not refused: ") {
		t.Errorf("got %q, want no word of waits that were not seen", v.Message)
	}
}

func TestKubeletThrottling(t *testing.T) {
	kubelets := func(fine, quiet, bad int) *evidence.Snapshot {
		s := &evidence.Snapshot{}
		add := func(n int, kind string, c client) {
			for i := range n {
				s.KubeletMetrics = append(s.KubeletMetrics, scraped(fmt.Sprintf("kubelet/%s-%02d", kind, i), &client{}, c))
			}
		}
		add(fine, "fine", client{requests: 1000})
		add(quiet, "quiet", client{requests: 5})
		add(bad, "bad", client{requests: 1000, over250ms: 500})
		return s
	}
	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"fine ones are one verdict":     {kubelets(50, 3, 0), []string{"pass kubelets"}},
		"quiet ones are one verdict":    {kubelets(0, 50, 0), []string{"not-applicable kubelets"}},
		"bad ones are named":            {kubelets(3, 0, 2), []string{"warning kubelet/bad-00", "warning kubelet/bad-01", "pass kubelets"}},
		"none read, nothing to say":     {kubelets(0, 0, 0), nil},
		"too many bad ones are counted": {kubelets(0, 0, 12), []string{"warning kubelet/bad-00", "warning kubelet/bad-01", "warning kubelets more"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := throttlingDefaults
			p.Named = 2
			if d := cmp.Diff(tc.want, said(runThrottling(tc.snapshot, p))); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}

// What the checks read must be kept of a scrape, with the labels they tell series apart by.
func TestClientFamiliesAreKept(t *testing.T) {
	for _, component := range []string{"kube-controller-manager", "kube-scheduler", "kubelet"} {
		keep := evidence.Families(component)
		if _, ok := keep[limiterFamily]; !ok {
			t.Errorf("%s of %s: got nothing kept, want the family", limiterFamily, component)
		}
		if got := keep[requestsFamily].Labels; !cmp.Equal(got, []string{"code"}) {
			t.Errorf("labels of %s of %s: got %v, want code", requestsFamily, component, got)
		}
	}
	if _, ok := evidence.Families("kubelet")["kubelet_running_pods"]; !ok {
		t.Error("kubelet_running_pods: got nothing kept, want the family")
	}
}

// With --node-sample 0 both checks have one skip for all kubelets, whatever else was seen.
func TestNoKubeletWasSampled(t *testing.T) {
	gap := evidence.Gap{Why: evidence.NotAsked, Note: "no node was sampled", Unlock: "--node-sample 20"}
	s := &evidence.Snapshot{
		KubeletConfigs:   evidence.Instances[evidence.KubeletConfig]{evidence.Miss[evidence.KubeletConfig]("kubelet", gap, evidence.Source{})},
		KubeletMetrics:   evidence.Instances[evidence.Scrapes]{evidence.Miss[evidence.Scrapes]("kubelet", gap, evidence.Source{})},
		SchedulerConfig:  evidence.Instances[evidence.SchedulerConfig]{evidence.See("kube-scheduler/a", evidence.SchedulerConfig{}, evidence.Source{})},
		SchedulerMetrics: evidence.Instances[evidence.Scrapes]{evidence.See("kube-scheduler/a", evidence.Scrapes{}, evidence.Source{})},
	}
	for _, r := range checks.Run(s, []checks.Check{qps, throttling}) {
		var got []string
		for _, v := range r.Verdicts {
			if strings.HasPrefix(v.Subject, "kubelet") {
				got = append(got, v.Outcome.String()+" "+v.Subject+": "+v.Message+", "+v.Unlock)
			}
		}
		if d := cmp.Diff([]string{"skipped kubelet: no node was sampled, --node-sample 20"}, got); d != "" {
			t.Errorf("%s: verdicts (-want +got):\n%s", r.Check.ID, d)
		}
	}
}
