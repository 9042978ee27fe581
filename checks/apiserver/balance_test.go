package apiserver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// loaded are instances with open watches, and requests and CPU seconds between two scrapes.
func loaded(age time.Duration, watches, requests, cpu []float64) *evidence.Snapshot {
	s := instances(len(watches))
	for i := range watches {
		at := func(share float64) map[string]*evidence.Family {
			return map[string]*evidence.Family{
				"apiserver_longrunning_requests": metricOf("gauge", map[string]float64{"verb=WATCH": watches[i]}),
				"apiserver_request_total": metricOf("counter", map[string]float64{
					"verb=GET,resource=other": share * requests[i], "verb=CONNECT,resource=other": share * 1e6, "verb=GET": share * 1e6 * float64(i),
				}),
				"process_cpu_seconds_total": metricOf("counter", map[string]float64{"": share * cpu[i]}),
			}
		}
		x := scrapes(age+time.Duration(i)*time.Second, 10*time.Second, at(0), at(1))
		s.APIServerMetrics = append(s.APIServerMetrics, evidence.See("kube-apiserver/"+cp(i), x, evidence.Source{}))
	}
	return s
}

func TestBalance(t *testing.T) {
	const old = 48 * time.Hour
	even := []float64{1000, 1000, 1000}
	idle := []float64{0.1, 0.1, 0.1}
	missing := loaded(old, []float64{2000, 10}, []float64{9, 9}, []float64{1, 1})
	missing.APIServerMetrics[1] = evidence.Miss[evidence.Scrapes]("kube-apiserver/cp-2", evidence.Gap{Why: evidence.Unreachable, Note: "no answer"}, evidence.Source{})
	restarted := loaded(old, []float64{2000, 10}, []float64{9000, 90}, []float64{1, 1})
	restarted.APIServerMetrics[1].Value.Second.Start = float64(taken.Add(-time.Minute).Unix())
	managed := loaded(old, []float64{2000}, []float64{9000}, []float64{1})
	managed.Cluster.Managed = true
	alone := &evidence.Snapshot{APIServerMetrics: watching(500)}

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     string
	}{
		"even":                              {loaded(old, even, even, idle), "pass kube-apiserver"},
		"exactly at the bound":              {loaded(old, []float64{4100, 2100}, []float64{9, 9}, idle), "warning kube-apiserver"},
		"just under it":                     {loaded(old, []float64{4099, 2101}, []float64{9, 9}, idle), "pass kube-apiserver"},
		"all on one of three":               {loaded(old, []float64{5000, 60, 60}, even, idle), "warning kube-apiserver"},
		"local controllers explain it":      {loaded(old, []float64{560, 260}, []float64{9, 9}, idle), "pass kube-apiserver"},
		"too few watches to say":            {loaded(old, []float64{400, 60}, []float64{9, 9}, idle), "not-applicable kube-apiserver"},
		"29 minutes old":                    {loaded(29*time.Minute, []float64{5000, 60}, []float64{9, 9}, idle), "skipped kube-apiserver"},
		"30 minutes old":                    {loaded(30*time.Minute, []float64{5000, 60}, []float64{9, 9}, idle), "warning kube-apiserver"},
		"requests only":                     {loaded(old, even, []float64{8000, 1000, 1000}, idle), "info kube-apiserver"},
		"too few requests":                  {loaded(old, even, []float64{2400, 299, 299}, idle), "pass kube-apiserver"},
		"CPU only":                          {loaded(old, even, even, []float64{9, 1, 1}), "info kube-apiserver"},
		"hardly any CPU":                    {loaded(old, even, even, []float64{0.9, 0.1, 0.1}), "pass kube-apiserver"},
		"one was not scraped":               {missing, "skipped kube-apiserver"},
		"one restarted between the scrapes": {restarted, "skipped kube-apiserver"},
		"one instance":                      {loaded(old, []float64{5000}, []float64{9000}, []float64{5}), "not-applicable kube-apiserver"},
		"one of nobody knows how many":      {alone, "skipped kube-apiserver"},
		"managed":                           {managed, "not-applicable kube-apiserver"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runBalance(tc.snapshot, usualBalance())
			if d := cmp.Diff([]string{tc.want}, said(got)); d != "" {
				t.Errorf("verdicts (-want +got):\n%s\n%s", d, got[0].Message)
			}
		})
	}
}

func TestBalanceSaysTheShares(t *testing.T) {
	got := runBalance(loaded(48*time.Hour, []float64{3000, 1000}, []float64{3000, 1000}, []float64{3, 1}), usualBalance())[0]
	for _, want := range []string{"leaves cp-1 with most", "watches are spread 75% cp-1, 25% cp-2", "from 65% on one of 2 instances", "requests 75% cp-1", "CPU 75% cp-1"} {
		if !strings.Contains(got.Message+"\n"+got.Observed, want) {
			t.Errorf("message %q, seen %q: neither says %q", got.Message, got.Observed, want)
		}
	}
	if got.Fix == "" || got.Outcome != checks.Finding {
		t.Errorf("got outcome %s and fix %q, want a finding with a fix", got.Outcome, got.Fix)
	}
}
