package node

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// want runs a check as the engine does and compares outcome (severity of a finding) and subject.
func want(t *testing.T, s *evidence.Snapshot, c checks.Check, lines ...string) {
	t.Helper()
	s.Taken = now
	var got []string
	for _, v := range checks.Run(s, []checks.Check{c})[0].Verdicts {
		word := v.Outcome.String()
		if v.Outcome == checks.Finding {
			word = v.Severity.String()
		}
		got = append(got, word+" "+v.Subject)
	}
	if d := cmp.Diff(lines, got); d != "" {
		t.Errorf("verdicts (-want +got):\n%s", d)
	}
}

func nodes(ns ...evidence.Node) evidence.Observed[evidence.Nodes] {
	return evidence.See("nodes", evidence.Nodes{Items: ns}, evidence.Source{})
}

// With --node-sample 0 every check of kubelets has one skip for all of them.
func TestNoKubeletWasSampled(t *testing.T) {
	gap := evidence.Gap{Why: evidence.NotAsked, Note: "no node was sampled", Unlock: "--node-sample 20"}
	s := &evidence.Snapshot{
		Nodes:          nodes(evidence.Node{Name: "n1", Ready: "True"}),
		KubeletConfigs: evidence.Instances[evidence.KubeletConfig]{evidence.Miss[evidence.KubeletConfig]("kubelet", gap, evidence.Source{})},
		KubeletMetrics: evidence.Instances[evidence.Scrapes]{evidence.Miss[evidence.Scrapes]("kubelet", gap, evidence.Source{})},
		ControlPods:    evidence.See("control plane", []evidence.ControlPod{{Subject: "kube-apiserver/n1", Static: true, Phase: "Running", Ready: true, Node: "n1"}}, evidence.Source{}),
	}
	want(t, s, pleg, "pass nodes", "skipped kubelet")
	want(t, s, podSources, "pass kube-apiserver/n1 static-pod", "skipped kubelet")
	vs := checks.Run(s, []checks.Check{pleg})[0].Verdicts
	if got := vs[len(vs)-1].Unlock; got != gap.Unlock {
		t.Errorf("got unlock %q, want %q", got, gap.Unlock)
	}
}
