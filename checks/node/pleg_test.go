package node

import (
	"testing"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

func TestPLEGNodes(t *testing.T) {
	sick := evidence.Node{Name: "n1", Created: now.Add(-time.Hour), Ready: "False", ReadyMessage: "PLEG is not healthy: pleg was last seen active 4m ago; threshold is 3m0s"}
	fresh := sick
	fresh.Created = now.Add(-4 * time.Minute)
	starting, stuck, silent := sick, sick, sick
	starting.ReadyMessage, starting.ReadySince = "[PLEG is not healthy: pleg has yet to be successful]", now.Add(-10*time.Second)
	stuck.ReadyMessage, stuck.ReadySince = starting.ReadyMessage, now.Add(-5*time.Minute)
	silent.Ready, silent.ReadyMessage = "Unknown", "Kubelet stopped posting node status."
	other := sick
	other.ReadyMessage = "container runtime network not ready"
	for name, tc := range map[string]struct {
		node evidence.Node
		want string
	}{
		"healthy":              {evidence.Node{Name: "n1", Ready: "True"}, "pass nodes"},
		"unhealthy":            {sick, "critical kubelet/n1"},
		"not ready, otherwise": {other, "pass nodes"},
		"booting":              {fresh, "pass nodes"},
		"kubelet starts anew":  {starting, "pass nodes"},
		"it never gets there":  {stuck, "critical kubelet/n1"},
		"says nothing at all":  {silent, "skipped nodes"},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, &evidence.Snapshot{Nodes: nodes(tc.node)}, pleg, tc.want)
		})
	}
}

func TestPLEGSilentNodesAreCounted(t *testing.T) {
	well, silent := evidence.Node{Name: "n1", Ready: "True"}, evidence.Node{Name: "n2", Ready: "Unknown"}
	for want, ns := range map[string][]evidence.Node{
		"are one, which reports no unhealthy PLEG":                                                {well},
		"none of 2 nodes reports an unhealthy PLEG":                                               {well, well},
		"none of the 1 that report has an unhealthy PLEG; the kubelets of 1 do not report at all": {well, silent},
	} {
		s := &evidence.Snapshot{Taken: now, Nodes: nodes(ns...)}
		if got := checks.Run(s, []checks.Check{pleg})[0].Verdicts[0].Message; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func kubelet(discarded float64, h evidence.Histogram) evidence.Instances[evidence.Scrapes] {
	return evidence.Instances[evidence.Scrapes]{evidence.See("kubelet/n1", evidence.Scrapes{First: evidence.Scrape{At: now, Start: 1, Families: map[string]*evidence.Family{
		"kubelet_pleg_relist_duration_seconds": {Type: "histogram", Series: []evidence.Series{{Histogram: &h}}},
		"kubelet_pleg_discard_events":          {Type: "counter", Series: []evidence.Series{{Value: discarded}}},
	}}}, evidence.Source{})}
}

func TestPLEGMetrics(t *testing.T) {
	relists := func(fast, middle, slow, beyond float64) evidence.Histogram {
		return evidence.Histogram{
			Buckets: []evidence.Bucket{{LE: 0.5, Count: fast}, {LE: 1, Count: fast}, {LE: 2.5, Count: fast + middle}, {LE: 10, Count: fast + middle + slow}},
			Count:   fast + middle + slow + beyond,
		}
	}
	for name, tc := range map[string]struct {
		discarded    float64
		h            evidence.Histogram
		relist, lost string
	}{
		"healthy":              {0, relists(1000, 0, 0, 0), "pass", "pass"},
		"99 in 100 are fast":   {0, relists(990, 10, 0, 0), "pass", "pass"},
		"98 in 100 are fast":   {0, relists(980, 20, 0, 0), "info", "pass"},
		"beyond the buckets":   {0, relists(980, 0, 0, 20), "warning", "pass"},
		"too few to tell":      {0, relists(150, 0, 0, 49), "skipped", "pass"},
		"events thrown away":   {1, relists(1000, 0, 0, 0), "pass", "warning"},
		"nothing happened yet": {0, evidence.Histogram{}, "skipped", "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{Nodes: nodes(evidence.Node{Name: "n1", Ready: "True"}), KubeletMetrics: kubelet(tc.discarded, tc.h)}
			want(t, s, pleg, "pass nodes", tc.relist+" kubelet/n1 relist", tc.lost+" kubelet/n1 events")
		})
	}
}

func TestPLEGMetricsForbidden(t *testing.T) {
	s := &evidence.Snapshot{
		Nodes:          nodes(evidence.Node{Name: "n1", Ready: "True"}),
		KubeletMetrics: evidence.Instances[evidence.Scrapes]{evidence.Miss[evidence.Scrapes]("kubelet", evidence.Gap{Why: evidence.Forbidden, Note: "get nodes/proxy is not granted"}, evidence.Source{})},
	}
	want(t, s, pleg, "pass nodes", "skipped kubelet relist")
}

func TestEventedPLEG(t *testing.T) {
	for name, tc := range map[string]struct {
		version string
		gates   map[string]bool
		want    string
	}{
		"not set":       {"v1.30.1", nil, "pass"},
		"off":           {"v1.30.1", map[string]bool{"EventedPLEG": false}, "pass"},
		"on in 1.36":    {"v1.36.9", map[string]bool{"EventedPLEG": true}, "warning"},
		"on in 1.37":    {"v1.37.0", map[string]bool{"EventedPLEG": true}, "pass"},
		"on, somewhere": {"", map[string]bool{"EventedPLEG": true}, "skipped"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{
				Nodes:          nodes(evidence.Node{Name: "n1", Ready: "True", KubeletVersion: tc.version}),
				KubeletConfigs: evidence.Instances[evidence.KubeletConfig]{evidence.See("kubelet/n1", evidence.KubeletConfig{FeatureGates: tc.gates}, evidence.Source{})},
			}
			want(t, s, pleg, "pass nodes", tc.want+" kubelet/n1 evented-pleg")
		})
	}
}
