package apiserver

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func TestGoaway(t *testing.T) {
	chance := func(v string) map[string]string { return map[string]string{"goaway-chance": v} }
	flags := func(values ...map[string]string) *evidence.Snapshot {
		s := instances(len(values))
		for i, v := range values {
			s.APIServerFlags = append(s.APIServerFlags, apiserverFlags(cp(i), v))
		}
		return s
	}
	watched := func(counts ...float64) *evidence.Snapshot {
		s := flags(chance("0"), chance("0"))
		s.APIServerMetrics = watching(counts...)
		return s
	}
	endpoint := func(ep string) *evidence.Snapshot {
		s := flags(chance("0"), chance("0"))
		s.KubeadmConfig = evidence.See("cluster", evidence.KubeadmConfig{ControlPlaneEndpoint: ep}, evidence.Source{})
		return s
	}
	off := chance("0.001")
	off["disable-http2-serving"] = "true"
	deaf := chance("0")
	deaf["disable-http2-serving"] = "true"
	unread := flags(chance("0"), chance("0"))
	unread.KubeadmConfig = evidence.Miss[evidence.KubeadmConfig]("cluster", evidence.Gap{Why: evidence.Forbidden, Note: "may not get configmaps"}, evidence.Source{})
	lost := endpoint("10.0.0.1:6443")
	lost.ControlPods, lost.APIServerEndpoints = evidence.Observed[[]evidence.ControlPod]{}, evidence.Observed[[]evidence.Endpoint]{}
	// One manifest on a disk says nothing of how many instances there are.
	file := func(v string) *evidence.Snapshot {
		s := flags(chance(v))
		s.ControlPods, s.APIServerLeases, s.APIServerEndpoints = evidence.Observed[[]evidence.ControlPod]{}, evidence.Observed[[]evidence.Lease]{}, evidence.Observed[[]evidence.Endpoint]{}
		return s
	}
	hidden := flags(chance("0"))
	hidden.ControlPods = instances(2).ControlPods

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"one instance, off":                     {flags(chance("0")), []string{"not-applicable kube-apiserver/cp-1"}},
		"one instance, on":                      {flags(chance("0.001")), []string{"info kube-apiserver/cp-1"}},
		"a file, off, of who knows how many":    {file("0"), []string{"skipped kube-apiserver/cp-1"}},
		"a file, on, of who knows how many":     {file("0.001"), []string{"pass kube-apiserver/cp-1"}},
		"two pods, the flags of one":            {hidden, []string{"info kube-apiserver/cp-1"}},
		"two, on":                               {flags(chance("0.001"), chance("0.001")), []string{"pass kube-apiserver/cp-1", "pass kube-apiserver/cp-2"}},
		"two, on, differently":                  {flags(chance("0.001"), chance("0.02")), []string{"pass kube-apiserver/cp-1", "info kube-apiserver/cp-2"}},
		"two, one of them off":                  {flags(chance("0.001"), chance("0")), []string{"pass kube-apiserver/cp-1", "info kube-apiserver/cp-2"}},
		"two, off, watches uneven":              {watched(1000, 300), []string{"warning kube-apiserver/cp-1", "warning kube-apiserver/cp-2"}},
		"two, off, uneven but by local clients": {watched(500, 260), []string{"info kube-apiserver/cp-1", "info kube-apiserver/cp-2"}},
		"two, off, just under the bound":        {watched(649, 351), []string{"info kube-apiserver/cp-1", "info kube-apiserver/cp-2"}},
		"two, off, no common address":           {endpoint(""), []string{"not-applicable kube-apiserver/cp-1", "not-applicable kube-apiserver/cp-2"}},
		"two, off, the address of one":          {endpoint("10.0.0.1:6443"), []string{"not-applicable kube-apiserver/cp-1", "not-applicable kube-apiserver/cp-2"}},
		"two, off, a balancer on one machine":   {endpoint("10.0.0.1:8443"), []string{"info kube-apiserver/cp-1", "info kube-apiserver/cp-2"}},
		"on without HTTP/2 does nothing":        {flags(off, off), []string{"info kube-apiserver/cp-1", "info kube-apiserver/cp-2"}},
		"off without HTTP/2":                    {flags(deaf, deaf), []string{"not-applicable kube-apiserver/cp-1", "not-applicable kube-apiserver/cp-2"}},
		"two, off, kubeadm-config forbidden":    {unread, []string{"skipped kube-apiserver/cp-1", "skipped kube-apiserver/cp-2"}},
		"two, off, addresses unseen":            {lost, []string{"skipped kube-apiserver/cp-1", "skipped kube-apiserver/cp-2"}},
		"a value that is none is no zero":       {flags(chance("often"), chance("0.001")), []string{"skipped kube-apiserver/cp-1", "pass kube-apiserver/cp-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := said(runGoaway(tc.snapshot, goawayParams{Recommended: 0.001, Imbalance: 0.3}))
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}
