package scheduler

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func said(vs []checks.Verdict) []string {
	var out []string
	for _, v := range vs {
		word := v.Outcome.String()
		if v.Outcome == checks.Finding {
			word = v.Severity.String()
		}
		out = append(out, word+" "+v.Subject)
	}
	return out
}

// judge runs the check as the engine does, so that severities are filled in.
func judge(s *evidence.Snapshot) []string {
	return said(checks.Run(s, []checks.Check{queue})[0].Verdicts)
}

func pod(owner, reason, message string, age time.Duration) evidence.PendingPod {
	p := evidence.PendingPod{Namespace: "shop", Name: "p", Owner: owner, Scheduler: "default-scheduler", Created: now.Add(-age)}
	if reason != "" {
		p.Status, p.Reason, p.Message, p.Since = "False", reason, message, now.Add(-age)
	}
	return p
}

func TestQueueWaiting(t *testing.T) {
	const full = "0/3 nodes are available: 3 Insufficient cpu. preemption: none"
	bound := pod("DaemonSet/agent", "Unschedulable", full, time.Hour)
	bound.NodeBound = true
	for name, tc := range map[string]struct {
		pods []evidence.PendingPod
		want []string
	}{
		"none":                            {nil, []string{"pass pending pods"}},
		"unschedulable, at the threshold": {[]evidence.PendingPod{pod("Deployment/a", "Unschedulable", full, 15*time.Minute)}, []string{"pass pending pods"}},
		"unschedulable, just over":        {[]evidence.PendingPod{pod("Deployment/a", "Unschedulable", full, 15*time.Minute+time.Second)}, []string{"warning workload/shop/Deployment/a"}},
		"unschedulable for days":          {[]evidence.PendingPod{pod("Deployment/a", "Unschedulable", full, 25*time.Hour)}, []string{"info workload/shop/Deployment/a"}},
		"many of one owner are one":       {[]evidence.PendingPod{pod("Deployment/a", "Unschedulable", full, time.Hour), pod("Deployment/a", "Unschedulable", full, 2*time.Hour)}, []string{"warning workload/shop/Deployment/a"}},
		"worst first":                     {[]evidence.PendingPod{pod("Deployment/a", "Unschedulable", full, time.Hour), pod("Deployment/b", "SchedulerError", "boom", time.Hour)}, []string{"critical workload/shop/Deployment/b", "warning workload/shop/Deployment/a"}},
		"the scheduler's error, fresh":    {[]evidence.PendingPod{pod("Deployment/b", "SchedulerError", "boom", 5*time.Minute)}, []string{"pass pending pods"}},
		"no scheduler looked, yet":        {[]evidence.PendingPod{pod("Job/x", "", "", time.Minute)}, []string{"pass pending pods"}},
		"no scheduler looked":             {[]evidence.PendingPod{pod("Job/x", "", "", 61*time.Second)}, []string{"warning workload/shop/Job/x"}},
		"gated for an hour":               {[]evidence.PendingPod{pod("Job/x", "SchedulingGated", "", time.Hour)}, []string{"pass pending pods"}},
		"gated for days":                  {[]evidence.PendingPod{pod("Job/x", "SchedulingGated", "", 25*time.Hour)}, []string{"info workload/shop/Job/x"}},
		"a full node's daemon":            {[]evidence.PendingPod{bound}, []string{"info workload/shop/DaemonSet/agent"}},
		"a volume":                        {[]evidence.PendingPod{pod("StatefulSet/db", "Unschedulable", "pod has unbound immediate PersistentVolumeClaims", time.Hour)}, []string{"info workload/shop/StatefulSet/db"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{Taken: now, PendingPods: evidence.See("pending pods", evidence.PendingPods{Total: len(tc.pods), Items: tc.pods}, evidence.Source{})}
			if d := cmp.Diff(tc.want, judge(s)); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}

func TestQueueSaysWhatTheSchedulerSaid(t *testing.T) {
	const full = "0/3 nodes are available: 3 Insufficient cpu. preemption: none"
	one, bare := pod("Deployment/a", "Unschedulable", full, time.Hour), pod("", "Unschedulable", full, time.Hour)
	for name, tc := range map[string]struct {
		pods          []evidence.PendingPod
		subject, want string
	}{
		"one of an owner":   {[]evidence.PendingPod{one}, "workload/shop/Deployment/a", "has 1 pod that fits no node for 60 min (over 15 min): 0/3 nodes are available: 3 Insufficient cpu"},
		"two of an owner":   {[]evidence.PendingPod{one, one}, "workload/shop/Deployment/a", "has 2 pods that fit no node for 60 min (over 15 min): 0/3 nodes are available: 3 Insufficient cpu"},
		"one without owner": {[]evidence.PendingPod{bare}, "pod/shop/p", "fits no node for 60 min (over 15 min): 0/3 nodes are available: 3 Insufficient cpu"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{Taken: now, PendingPods: evidence.See("pending pods", evidence.PendingPods{Total: len(tc.pods), Items: tc.pods}, evidence.Source{})}
			got := checks.Run(s, []checks.Check{queue})[0].Verdicts[0]
			if got.Subject != tc.subject || got.Message != tc.want || got.Recommended != "a node that fits it" {
				t.Errorf("got %q %q, wanted is %q; want %q %q", got.Subject, got.Message, got.Recommended, tc.subject, tc.want)
			}
		})
	}
}

func TestQueueTruncatedIsNoPass(t *testing.T) {
	s := &evidence.Snapshot{Taken: now, PendingPods: evidence.See("pending pods", evidence.PendingPods{Total: 500, Truncated: true}, evidence.Source{})}
	if d := cmp.Diff([]string{"skipped pending pods"}, judge(s)); d != "" {
		t.Errorf("verdicts (-want +got):\n%s", d)
	}
}

func TestQueueLeader(t *testing.T) {
	for name, tc := range map[string]struct {
		leases []evidence.Lease
		want   string
	}{
		"renewed":          {[]evidence.Lease{{Name: "kube-scheduler", Renewed: now.Add(-2 * time.Second)}}, "pass"},
		"at the threshold": {[]evidence.Lease{{Name: "kube-scheduler", Renewed: now.Add(-time.Minute)}}, "pass"},
		"stale":            {[]evidence.Lease{{Name: "kube-scheduler", Renewed: now.Add(-61 * time.Second)}}, "critical"},
		"none":             {[]evidence.Lease{{Name: "kube-controller-manager", Renewed: now}}, "not-applicable"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{Taken: now, LeaderLeases: evidence.See("leader Leases", tc.leases, evidence.Source{})}
			if d := cmp.Diff([]string{tc.want + " kube-scheduler leader"}, judge(s)); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}

func scrape(at time.Duration, activePods, errs, fast, slow float64) evidence.Scrape {
	return evidence.Scrape{At: now.Add(at), Start: 1, Families: map[string]*evidence.Family{
		"scheduler_pending_pods":            {Type: "gauge", Series: []evidence.Series{{Labels: map[string]string{"queue": "active"}, Value: activePods}}},
		"scheduler_schedule_attempts_total": {Type: "counter", Series: []evidence.Series{{Labels: map[string]string{"result": "error"}, Value: errs}}},
		"scheduler_pod_scheduling_sli_duration_seconds": {Type: "histogram", Series: []evidence.Series{{Labels: map[string]string{"attempts": "1"}, Histogram: &evidence.Histogram{
			Buckets: []evidence.Bucket{{LE: 0.1, Count: fast}, {LE: 5.12, Count: fast}, {LE: 10.24, Count: fast + slow}}, Count: fast + slow,
		}}}},
	}}
}

func TestQueuePace(t *testing.T) {
	const subject = "kube-scheduler/cp-1 "
	for name, tc := range map[string]struct {
		first, second evidence.Scrape
		want          []string
	}{
		"idle":                     {scrape(0, 0, 0, 0, 0), scrape(10*time.Second, 0, 0, 0, 0), []string{"pass active-queue", "pass errors", "skipped first-attempt"}},
		"a burst that empties":     {scrape(0, 900, 0, 0, 0), scrape(10*time.Second, 800, 0, 200, 0), []string{"pass active-queue", "pass errors", "pass first-attempt"}},
		"at the threshold":         {scrape(0, 100, 0, 0, 0), scrape(10*time.Second, 100, 0, 0, 0), []string{"pass active-queue", "pass errors", "skipped first-attempt"}},
		"growing, short window":    {scrape(0, 100, 0, 0, 0), scrape(10*time.Second, 101, 0, 0, 0), []string{"info active-queue", "pass errors", "skipped first-attempt"}},
		"growing, long window":     {scrape(0, 100, 0, 0, 0), scrape(5*time.Minute, 101, 0, 0, 0), []string{"warning active-queue", "pass errors", "skipped first-attempt"}},
		"errors":                   {scrape(0, 0, 7, 0, 0), scrape(10*time.Second, 0, 8, 0, 0), []string{"pass active-queue", "warning errors", "skipped first-attempt"}},
		"slow in the window":       {scrape(0, 0, 0, 100, 0), scrape(10*time.Second, 0, 0, 198, 2), []string{"pass active-queue", "pass errors", "warning first-attempt"}},
		"slow once, before":        {scrape(0, 0, 0, 98, 2), scrape(10*time.Second, 0, 0, 98, 2), []string{"pass active-queue", "pass errors", "info first-attempt"}},
		"one in a hundred is slow": {scrape(0, 0, 0, 0, 0), scrape(10*time.Second, 0, 0, 99, 1), []string{"pass active-queue", "pass errors", "pass first-attempt"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{Taken: now, SchedulerMetrics: evidence.Instances[evidence.Scrapes]{
				evidence.See("kube-scheduler/cp-1", evidence.Scrapes{First: tc.first, Second: &tc.second}, evidence.Source{}),
			}}
			var want []string
			for _, w := range tc.want {
				var outcome, aspect string
				for i := range w {
					if w[i] == ' ' {
						outcome, aspect = w[:i], w[i+1:]
					}
				}
				want = append(want, outcome+" "+subject+aspect)
			}
			if d := cmp.Diff(want, judge(s)); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}

func TestQueueSettings(t *testing.T) {
	flags := func(v string) evidence.Observed[evidence.Flags] {
		return evidence.See("kube-scheduler/cp-1", evidence.Flags{Component: "kube-scheduler", Values: map[string][]evidence.FlagValue{
			"pod-max-in-unschedulable-pods-duration": {{Value: v, From: evidence.FromCommandLine}},
		}}, evidence.Source{})
	}
	backoff := func(d time.Duration) evidence.Observed[evidence.SchedulerConfig] {
		return evidence.See("kube-scheduler/cp-1", evidence.SchedulerConfig{PodMaxBackoff: &d}, evidence.Source{})
	}
	for name, tc := range map[string]struct {
		flush   string
		backoff time.Duration
		want    []string
	}{
		"defaults":     {"5m0s", 10 * time.Second, []string{"pass kube-scheduler/cp-1 flush", "pass kube-scheduler/cp-1 backoff"}},
		"raised":       {"5m1s", time.Minute, []string{"warning kube-scheduler/cp-1 flush", "pass kube-scheduler/cp-1 backoff"}},
		"long backoff": {"60s", 61 * time.Second, []string{"pass kube-scheduler/cp-1 flush", "info kube-scheduler/cp-1 backoff"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{Taken: now, SchedulerFlags: evidence.Instances[evidence.Flags]{flags(tc.flush)}, SchedulerConfig: evidence.Instances[evidence.SchedulerConfig]{backoff(tc.backoff)}}
			if d := cmp.Diff(tc.want, judge(s)); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}
