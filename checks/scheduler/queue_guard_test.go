package scheduler

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

// TestQueueGapsShow wants every piece of evidence that could not be had to show as skipped, however
// much was seen of the rest: none is made up for by another.
func TestQueueGapsShow(t *testing.T) {
	second := scrape(10*time.Second, 0, 0, 200, 0)
	backoff := 10 * time.Second
	all := func() *evidence.Snapshot {
		return &evidence.Snapshot{
			Taken:            now,
			PendingPods:      evidence.See("kube-scheduler", evidence.PendingPods{}, evidence.Source{}),
			LeaderLeases:     evidence.See("cluster", []evidence.Lease{{Name: "kube-scheduler", Renewed: now}}, evidence.Source{}),
			SchedulerMetrics: evidence.Instances[evidence.Scrapes]{evidence.See("kube-scheduler/cp-1", evidence.Scrapes{First: scrape(0, 0, 0, 0, 0), Second: &second}, evidence.Source{})},
			SchedulerConfig:  evidence.Instances[evidence.SchedulerConfig]{evidence.See("kube-scheduler/cp-1", evidence.SchedulerConfig{PodMaxBackoff: &backoff}, evidence.Source{})},
		}
	}
	gap := evidence.Gap{Why: evidence.Forbidden, Note: "403", Unlock: "permission"}
	for name, tc := range map[string]struct {
		lose func(*evidence.Snapshot)
		want string
	}{
		"pending pods": {func(s *evidence.Snapshot) {
			s.PendingPods = evidence.Miss[evidence.PendingPods]("kube-scheduler", gap, evidence.Source{})
		}, "skipped pending pods"},
		"leader leases": {func(s *evidence.Snapshot) {
			s.LeaderLeases = evidence.Miss[[]evidence.Lease]("cluster", gap, evidence.Source{})
		}, "skipped kube-scheduler leader"},
		"metrics": {func(s *evidence.Snapshot) {
			s.SchedulerMetrics = evidence.Instances[evidence.Scrapes]{evidence.Miss[evidence.Scrapes]("kube-scheduler/cp-1", gap, evidence.Source{})}
		}, "skipped kube-scheduler/cp-1 pace"},
		"a wrapper hides flags": {func(s *evidence.Snapshot) {
			s.SchedulerFlags = evidence.Instances[evidence.Flags]{evidence.See("kube-scheduler/cp-1", evidence.Flags{Component: "kube-scheduler", Opaque: "a wrapper"}, evidence.Source{})}
		}, "skipped kube-scheduler/cp-1 flush"},
		"configz without it": {func(s *evidence.Snapshot) {
			s.SchedulerConfig[0].Value.PodMaxBackoff = nil
		}, "skipped kube-scheduler/cp-1 backoff"},
	} {
		t.Run(name, func(t *testing.T) {
			s := all()
			tc.lose(s)
			if got := judge(s); !slices.Contains(got, tc.want) {
				t.Errorf("got %v, want %q among them", got, tc.want)
			}
		})
	}
}

func TestQueueStandby(t *testing.T) {
	of := func(leads float64) *evidence.Snapshot {
		first, second := scrape(0, 300, 0, 0, 0), scrape(5*time.Minute, 300, 0, 0, 0)
		second.Families["leader_election_master_status"] = &evidence.Family{Type: "gauge", Series: []evidence.Series{{Labels: map[string]string{"name": "kube-scheduler"}, Value: leads}}}
		return &evidence.Snapshot{Taken: now, SchedulerMetrics: evidence.Instances[evidence.Scrapes]{evidence.See("kube-scheduler/cp-2", evidence.Scrapes{First: first, Second: &second}, evidence.Source{})}}
	}
	if d := cmp.Diff([]string{"not-applicable kube-scheduler/cp-2 pace"}, judge(of(0))); d != "" {
		t.Errorf("stands by (-want +got):\n%s", d)
	}
	if got := judge(of(1)); !slices.Contains(got, "warning kube-scheduler/cp-2 active-queue") {
		t.Errorf("leads: got %v, want a warning of its active queue", got)
	}
}

func TestQueueRestartedInTheWindow(t *testing.T) {
	first, second := scrape(0, 0, 0, 0, 0), scrape(10*time.Second, 300, 0, 0, 0)
	second.Start = 2
	s := &evidence.Snapshot{Taken: now, SchedulerMetrics: evidence.Instances[evidence.Scrapes]{evidence.See("kube-scheduler/cp-1", evidence.Scrapes{First: first, Second: &second}, evidence.Source{})}}
	if got := judge(s); !slices.Contains(got, "skipped kube-scheduler/cp-1 active-queue") {
		t.Errorf("got %v, want nothing concluded from the queues of two processes", got)
	}
}

func TestQueueOtherLease(t *testing.T) {
	s := &evidence.Snapshot{
		Taken:        now,
		LeaderLeases: evidence.See("cluster", []evidence.Lease{{Name: "kube-scheduler", Renewed: now.Add(-time.Hour)}}, evidence.Source{}),
		SchedulerFlags: evidence.Instances[evidence.Flags]{evidence.See("kube-scheduler/cp-1", evidence.Flags{Component: "kube-scheduler", Values: map[string][]evidence.FlagValue{
			"leader-elect": {{Value: "false", From: evidence.FromCommandLine}},
		}}, evidence.Source{})},
	}
	if got := judge(s); !slices.Contains(got, "not-applicable kube-scheduler leader") {
		t.Errorf("got %v, want a Lease of an earlier set-up not to be judged", got)
	}
}

func TestQueueBatchSchedulersMayTakeTheirTime(t *testing.T) {
	of := func(age time.Duration) []string {
		p := pod("Job/x", "", "", age)
		p.Scheduler = "volcano"
		return judge(&evidence.Snapshot{Taken: now, PendingPods: evidence.See("pending pods", evidence.PendingPods{Total: 1, Items: []evidence.PendingPod{p}}, evidence.Source{})})
	}
	if d := cmp.Diff([]string{"pass pending pods"}, of(15*time.Minute)); d != "" {
		t.Errorf("at 15 min (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"warning workload/shop/Job/x"}, of(15*time.Minute+time.Second)); d != "" {
		t.Errorf("over 15 min (-want +got):\n%s", d)
	}
}

// TestQueueTruncatedSaysNoNumber: that not all was read is no finding of its own.
func TestQueueTruncatedSaysNoNumber(t *testing.T) {
	items := []evidence.PendingPod{pod("Deployment/a", "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.", time.Hour)}
	s := &evidence.Snapshot{Taken: now, PendingPods: evidence.See("pending pods", evidence.PendingPods{Total: 500, Truncated: true, Items: items}, evidence.Source{})}
	if d := cmp.Diff([]string{"warning workload/shop/Deployment/a", "skipped pending pods"}, judge(s)); d != "" {
		t.Errorf("verdicts (-want +got):\n%s", d)
	}
}
