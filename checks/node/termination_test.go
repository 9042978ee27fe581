package node

import (
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

func terminating(grace int64, late time.Duration) evidence.TerminatingPod {
	return evidence.TerminatingPod{Namespace: "shop", Name: "db-0", Node: "n1", Grace: grace, Deadline: now.Add(-late)}
}

func read(pods ...evidence.TerminatingPod) evidence.Observed[evidence.Pods] {
	return evidence.See("pods", evidence.Pods{NodesRead: 1, NodesTotal: 1, PodsRead: 10, AllMetadata: true, Counted: 10, Terminating: pods}, evidence.Source{})
}

func TestTerminationStuck(t *testing.T) {
	for name, tc := range map[string]struct {
		pod  evidence.TerminatingPod
		want string
	}{
		"still in its grace period":        {terminating(30, -10*time.Second), "pass terminating pods"},
		"a minute late":                    {terminating(30, time.Minute), "pass terminating pods"},
		"just over":                        {terminating(30, 61*time.Second), "warning pod/shop/db-0"},
		"a long grace allows as much more": {terminating(600, 10*time.Minute), "pass terminating pods"},
		"a day":                            {terminating(30, 24*time.Hour), "warning pod/shop/db-0"},
		"over a day":                       {terminating(30, 24*time.Hour+time.Second), "critical pod/shop/db-0"},
		"zero grace, late":                 {terminating(0, 2*time.Minute), "warning pod/shop/db-0"},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, &evidence.Snapshot{Pods: read(tc.pod)}, termination, tc.want, "not-applicable workloads")
		})
	}
}

func TestTerminationCause(t *testing.T) {
	held := terminating(30, time.Hour)
	held.Finalizers = []string{"example.com/hold"}
	for name, tc := range map[string]struct {
		pod   evidence.TerminatingPod
		nodes []evidence.Node
		want  string
	}{
		"a finalizer":      {held, nil, "finalizer example.com/hold"},
		"a node down":      {terminating(30, time.Hour), []evidence.Node{{Name: "n1", Ready: "Unknown"}}, "n1 is not ready"},
		"a node gone":      {terminating(30, time.Hour), []evidence.Node{{Name: "n2", Ready: "True"}}, "n1 does not exist"},
		"a node that runs": {terminating(30, time.Hour), []evidence.Node{{Name: "n1", Ready: "True"}}, "the kubelet or the runtime on n1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{Taken: now, Pods: read(tc.pod)}
			if tc.nodes != nil {
				s.Nodes = nodes(tc.nodes...)
			}
			if got := checks.Run(s, []checks.Check{termination})[0].Verdicts[0].Message; !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want a word of %q", got, tc.want)
			}
		})
	}
}

func TestTerminationWorkloads(t *testing.T) {
	for name, tc := range map[string]struct {
		w    evidence.Workload
		want string
	}{
		"default":                {evidence.Workload{Owner: "Deployment/a", Grace: 30}, "pass workloads"},
		"zero":                   {evidence.Workload{Owner: "Deployment/a"}, "warning workload/shop/Deployment/a"},
		"zero, with an identity": {evidence.Workload{Owner: "StatefulSet/a"}, "critical workload/shop/StatefulSet/a"},
		"zero, on every node":    {evidence.Workload{Owner: "DaemonSet/a"}, "info workload/shop/DaemonSet/a"},
		"preStop just fits":      {evidence.Workload{Owner: "Deployment/a", Grace: 30, PreStop: evidence.PreStop{Known: true, Duration: 29 * time.Second}}, "pass workloads"},
		"preStop takes it all":   {evidence.Workload{Owner: "Deployment/a", Grace: 30, PreStop: evidence.PreStop{Known: true, Duration: 30 * time.Second}}, "critical workload/shop/Deployment/a"},
		"a hook nobody can read": {evidence.Workload{Owner: "Deployment/a", Grace: 30, PreStop: evidence.PreStop{Hook: "exec"}}, "pass workloads"},
		"ten minutes":            {evidence.Workload{Owner: "Deployment/a", Grace: 600}, "pass workloads"},
		"over ten minutes":       {evidence.Workload{Owner: "Deployment/a", Grace: 601}, "info workload/shop/Deployment/a"},
		"over an hour":           {evidence.Workload{Owner: "Deployment/a", Grace: 3601}, "warning workload/shop/Deployment/a"},
	} {
		t.Run(name, func(t *testing.T) {
			o := read()
			tc.w.Namespace = "shop"
			o.Value.Workloads = []evidence.Workload{tc.w}
			want(t, &evidence.Snapshot{Pods: o}, termination, "pass terminating pods", tc.want)
		})
	}
}

func TestTerminationNoPodsRead(t *testing.T) {
	o := evidence.See("pods", evidence.Pods{AllMetadata: true, Counted: 3}, evidence.Source{})
	want(t, &evidence.Snapshot{Pods: o}, termination, "pass terminating pods", "skipped workloads")
}

func TestTerminationNothingRead(t *testing.T) {
	o := evidence.See("pods", evidence.Pods{NodesTotal: 9}, evidence.Source{})
	want(t, &evidence.Snapshot{Pods: o}, termination, "skipped terminating pods", "skipped workloads")
}

func TestTerminationWithoutNodesNamesWhatIsMissing(t *testing.T) {
	s := &evidence.Snapshot{
		Pods:  evidence.See("pods", evidence.Pods{AllMetadata: true, Counted: 3}, evidence.Source{}),
		Nodes: evidence.Miss[evidence.Nodes]("nodes", evidence.Gap{Why: evidence.Forbidden, Note: "forbidden", Unlock: "list nodes"}, evidence.Source{}),
	}
	s.Taken = now
	for _, v := range checks.Run(s, []checks.Check{termination})[0].Verdicts {
		if v.Subject == "workloads" && (v.Outcome != checks.Skipped || v.Unlock != "list nodes") {
			t.Errorf("got %s, unlocked by %q, want it skipped and unlocked by the permission", v.Outcome, v.Unlock)
		}
	}
}
