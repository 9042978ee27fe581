package apiserver

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// tended is a cluster of n instances on which apiserver-replicas has nothing to say.
func tended(n int) *evidence.Snapshot {
	s := instances(n)
	s.KubeadmConfig = evidence.See("cluster", evidence.KubeadmConfig{ControlPlaneEndpoint: "api.example.org:6443"}, evidence.Source{})
	for i := range n {
		s.APIServerFlags = append(s.APIServerFlags, apiserverFlags(cp(i), map[string]string{"shutdown-delay-duration": "15s", "endpoint-reconciler-type": "lease", "secure-port": "6443"}))
		f := map[string]*evidence.Family{"kubernetes_build_info": metricOf("gauge", map[string]float64{"git_version=v1.37.2": 1})}
		s.APIServerMetrics = append(s.APIServerMetrics, evidence.See("kube-apiserver/"+cp(i), scrapes(72*time.Hour+time.Duration(i)*time.Second, 10*time.Second, f, f), evidence.Source{}))
	}
	return s
}

// raised are the findings among verdicts.
func raised(vs []checks.Verdict) []string {
	return said(slices.DeleteFunc(slices.Clone(vs), func(v checks.Verdict) bool { return v.Outcome != checks.Finding }))
}

func setFlag(s *evidence.Snapshot, i int, name, value string) {
	s.APIServerFlags[i].Value.Values[name] = []evidence.FlagValue{{Value: value, From: evidence.FromCommandLine}}
}

func setVersion(s *evidence.Snapshot, i int, git string) {
	f := metricOf("gauge", map[string]float64{"git_version=" + git: 1})
	s.APIServerMetrics[i].Value.Second.Families = map[string]*evidence.Family{"kubernetes_build_info": f}
}

func TestReplicas(t *testing.T) {
	pods := func(s *evidence.Snapshot) []evidence.ControlPod { return *s.ControlPods.Value }
	for name, tc := range map[string]struct {
		n    int
		do   func(s *evidence.Snapshot)
		want []string
	}{
		"three, well kept": {3, func(*evidence.Snapshot) {}, nil},
		"two, well kept":   {2, func(*evidence.Snapshot) {}, nil},
		"one for many":     {1, func(*evidence.Snapshot) {}, []string{"warning kube-apiserver"}},
		"one for eleven":   {1, func(s *evidence.Snapshot) { s.Nodes.Value.Items = s.Nodes.Value.Items[:11] }, []string{"warning kube-apiserver"}},
		"one for ten":      {1, func(s *evidence.Snapshot) { s.Nodes.Value.Items = s.Nodes.Value.Items[:10] }, []string{"info kube-apiserver"}},
		"one for itself":   {1, func(s *evidence.Snapshot) { s.Nodes.Value.Items = s.Nodes.Value.Items[:1] }, nil},
		"one by kind":      {1, func(s *evidence.Snapshot) { s.Cluster.Distribution = "kind" }, nil},
		"one seen, of nobody knows how many": {1, func(s *evidence.Snapshot) {
			s.ControlPods, s.APIServerLeases = evidence.Observed[[]evidence.ControlPod]{}, evidence.Observed[[]evidence.Lease]{}
		}, nil},
		"managed":                   {1, func(s *evidence.Snapshot) { s.Cluster.Managed = true }, nil},
		"one of two is not ready":   {2, func(s *evidence.Snapshot) { pods(s)[1].Ready = false }, []string{"warning kube-apiserver", "warning kube-apiserver/cp-2"}},
		"one of three is not ready": {3, func(s *evidence.Snapshot) { pods(s)[1].Ready = false }, []string{"warning kube-apiserver/cp-2"}},
		"one of three just started": {3, func(s *evidence.Snapshot) { pods(s)[1].Ready, pods(s)[1].LastRestart = false, taken.Add(-time.Minute) }, nil},
		"one of three crashes":      {3, func(s *evidence.Snapshot) { pods(s)[1].Waiting = "CrashLoopBackOff" }, []string{"warning kube-apiserver/cp-2"}},
		"restarts of a year": {3, func(s *evidence.Snapshot) {
			pods(s)[1].Restarts, pods(s)[1].Started, pods(s)[1].LastRestart = 30, taken.Add(-365*24*time.Hour), taken.Add(-time.Minute)
		}, nil},
		"restarts of a morning": {3, func(s *evidence.Snapshot) {
			pods(s)[1].Restarts, pods(s)[1].Started, pods(s)[1].LastRestart = 12, taken.Add(-4*time.Hour), taken.Add(-time.Minute)
		}, []string{"warning kube-apiserver/cp-2"}},
		"restarts that stopped": {3, func(s *evidence.Snapshot) {
			pods(s)[1].Restarts, pods(s)[1].Started, pods(s)[1].LastRestart = 12, taken.Add(-4*time.Hour), taken.Add(-61*time.Minute)
		}, nil},
		"a Lease is not renewed": {3, func(s *evidence.Snapshot) { (*s.APIServerLeases.Value)[2].Renewed = taken.Add(-20 * time.Minute) }, []string{"info kube-apiserver"}},
		"a Lease of long ago": {3, func(s *evidence.Snapshot) {
			*s.APIServerLeases.Value = append(*s.APIServerLeases.Value, evidence.Lease{Name: "apiserver-old", Hostname: "gone", Renewed: taken.Add(-121 * time.Minute)})
		}, []string{"info kube-apiserver leases"}},
		"a Lease that the collector will take": {3, func(s *evidence.Snapshot) {
			*s.APIServerLeases.Value = append(*s.APIServerLeases.Value, evidence.Lease{Name: "apiserver-old", Hostname: "gone", Renewed: taken.Add(-119 * time.Minute)})
		}, nil},
		"no common address":         {3, func(s *evidence.Snapshot) { s.KubeadmConfig.Value.ControlPlaneEndpoint = "" }, []string{"warning kube-apiserver address"}},
		"the address of one":        {3, func(s *evidence.Snapshot) { s.KubeadmConfig.Value.ControlPlaneEndpoint = "10.0.0.2" }, []string{"warning kube-apiserver address"}},
		"a balancer on one of them": {3, func(s *evidence.Snapshot) { s.KubeadmConfig.Value.ControlPlaneEndpoint = "10.0.0.2:8443" }, nil},
		"a proxy on each machine":   {3, func(s *evidence.Snapshot) { s.KubeadmConfig.Value.ControlPlaneEndpoint = "127.0.0.1:6443" }, nil},
		"the address of one, but nobody tells": {3, func(s *evidence.Snapshot) {
			s.KubeadmConfig.Value.ControlPlaneEndpoint = "10.0.0.2"
			s.ControlPods, s.APIServerEndpoints = evidence.Observed[[]evidence.ControlPod]{}, evidence.Observed[[]evidence.Endpoint]{}
		}, nil},
		"one for nobody knows how many": {1, func(s *evidence.Snapshot) { s.Nodes = evidence.Observed[evidence.Nodes]{} }, nil},
		"an address in IPv6":            {3, func(s *evidence.Snapshot) { s.KubeadmConfig.Value.ControlPlaneEndpoint = "[fd00::9]:6443" }, nil},
		"nobody reconciles": {2, func(s *evidence.Snapshot) {
			setFlag(s, 0, "endpoint-reconciler-type", "none")
			setFlag(s, 1, "endpoint-reconciler-type", "none")
			*s.APIServerEndpoints.Value = nil
		}, []string{"warning kube-apiserver endpoints"}},
		"somebody else reconciles": {2, func(s *evidence.Snapshot) {
			setFlag(s, 0, "endpoint-reconciler-type", "none")
			setFlag(s, 1, "endpoint-reconciler-type", "none")
		}, []string{"info kube-apiserver endpoints"}},
		"a wrong count": {2, func(s *evidence.Snapshot) {
			for i := range 2 {
				setFlag(s, i, "endpoint-reconciler-type", "master-count")
				setFlag(s, i, "apiserver-count", "1")
			}
		}, []string{"warning kube-apiserver endpoints"}},
		"an address is missing": {3, func(s *evidence.Snapshot) { *s.APIServerEndpoints.Value = (*s.APIServerEndpoints.Value)[:2] }, []string{"warning kube-apiserver endpoints"}},
		"an address is missing, the reconciler unknown": {3, func(s *evidence.Snapshot) {
			*s.APIServerEndpoints.Value = (*s.APIServerEndpoints.Value)[:1]
			for i := range 3 {
				delete(s.APIServerFlags[i].Value.Values, "endpoint-reconciler-type")
				s.APIServerFlags[i].Value.Opaque = "a wrapper"
			}
		}, []string{"info kube-apiserver endpoints"}},
		"abrupt": {3, func(s *evidence.Snapshot) { setFlag(s, 1, "shutdown-delay-duration", "0s") }, []string{"warning kube-apiserver shutdown"}},
		"abrupt, with no known balancer": {3, func(s *evidence.Snapshot) {
			setFlag(s, 1, "shutdown-delay-duration", "0s")
			s.KubeadmConfig = evidence.Observed[evidence.KubeadmConfig]{}
		}, []string{"info kube-apiserver shutdown"}},
		"a delay just under the grace period": {3, func(s *evidence.Snapshot) { setFlag(s, 1, "shutdown-delay-duration", "29s") }, nil},
		"a delay as long as the grace period": {3, func(s *evidence.Snapshot) { setFlag(s, 1, "shutdown-delay-duration", "30s") }, []string{"warning kube-apiserver shutdown"}},
		"two on one machine":                  {3, func(s *evidence.Snapshot) { pods(s)[1].Node = "cp-1" }, []string{"warning kube-apiserver spread"}},
		"all in one zone": {3, func(s *evidence.Snapshot) {
			for i := range 3 {
				s.Nodes.Value.Items[i].Zone = "a"
			}
		}, []string{"warning kube-apiserver spread"}},
		"no zones": {3, func(s *evidence.Snapshot) {
			for i := range s.Nodes.Value.Items {
				s.Nodes.Value.Items[i].Zone = ""
			}
		}, nil},
		"a patch apart":    {3, func(s *evidence.Snapshot) { setVersion(s, 1, "v1.37.1") }, []string{"info kube-apiserver version"}},
		"a minor apart":    {3, func(s *evidence.Snapshot) { setVersion(s, 1, "v1.36.3") }, []string{"warning kube-apiserver version"}},
		"two minors apart": {3, func(s *evidence.Snapshot) { setVersion(s, 1, "v1.35.3") }, []string{"warning kube-apiserver version"}},
		"an upgrade goes on": {3, func(s *evidence.Snapshot) {
			setVersion(s, 1, "v1.36.3")
			s.APIServerMetrics[0].Value.Second.Start = float64(taken.Add(-time.Hour).Unix())
		}, []string{"info kube-apiserver version"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := tended(tc.n)
			tc.do(s)
			got := runReplicas(s, replicasParams{SingleNodes: 10})
			if d := cmp.Diff(tc.want, raised(got)); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
			for _, v := range got {
				if v.Message == "" || v.Outcome == 0 {
					t.Errorf("got a verdict that says nothing: %+v", v)
				}
			}
		})
	}
}

func TestReplicasSaysWhatItDoesNotKnow(t *testing.T) {
	want := []string{"skipped kube-apiserver", "skipped kube-apiserver pods"}
	if d := cmp.Diff(want, said(runReplicas(&evidence.Snapshot{}, replicasParams{}))); d != "" {
		t.Errorf("of nothing (-want +got):\n%s", d)
	}
	s := instances(3)
	s.Nodes = evidence.Observed[evidence.Nodes]{}
	s.APIServerEndpoints = evidence.Miss[[]evidence.Endpoint]("kube-apiserver", evidence.Gap{Why: evidence.Forbidden, Note: "may not list endpointslices"}, evidence.Source{})
	want = []string{
		"pass kube-apiserver", "skipped kube-apiserver endpoints", "skipped kube-apiserver address", "skipped kube-apiserver shutdown",
		"skipped kube-apiserver spread", "pass kube-apiserver version", "pass kube-apiserver/cp-1", "pass kube-apiserver/cp-2", "pass kube-apiserver/cp-3",
	}
	if d := cmp.Diff(want, said(runReplicas(s, replicasParams{}))); d != "" {
		t.Errorf("without nodes, endpoints, flags and kubeadm-config (-want +got):\n%s", d)
	}
}
