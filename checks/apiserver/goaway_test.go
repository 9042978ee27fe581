package apiserver

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// apiserverFlags are the flags of one instance, all read from its command line.
func apiserverFlags(node string, values map[string]string) evidence.Observed[evidence.Flags] {
	src := evidence.Source{Via: "apiserver", From: "pod kube-system/kube-apiserver-" + node}
	f := evidence.Flags{
		Component: "kube-apiserver", Version: "1.37.2", Values: map[string][]evidence.FlagValue{},
		Read: []evidence.Source{src}, From: []evidence.Provenance{evidence.FromCommandLine},
	}
	for k, v := range values {
		f.Values[k] = []evidence.FlagValue{{Value: v, From: evidence.FromCommandLine, Source: src}}
	}
	return evidence.See("kube-apiserver/"+node, f, src)
}

// said is what a person learns from verdicts: outcome, severity and subject of each.
func said(vs []checks.Verdict) []string {
	var out []string
	for _, v := range vs {
		line := v.Outcome.String() + " " + v.Subject
		if v.Outcome == checks.Finding {
			line = v.Severity.String() + " " + v.Subject
		}
		out = append(out, line)
	}
	return out
}

// watching are metrics of instances with so many open watches each.
func watching(counts ...float64) evidence.Instances[evidence.Scrapes] {
	var in evidence.Instances[evidence.Scrapes]
	for i, n := range counts {
		in = append(in, evidence.See(fmt.Sprintf("kube-apiserver/cp-%d", i+1), evidence.Scrapes{First: evidence.Scrape{Families: map[string]*evidence.Family{
			"apiserver_longrunning_requests": {Type: "gauge", Series: []evidence.Series{{Labels: map[string]string{"verb": "WATCH"}, Value: n}}},
		}}}, evidence.Source{}))
	}
	return in
}

func TestGoaway(t *testing.T) {
	chance := func(v string) map[string]string { return map[string]string{"goaway-chance": v} }
	two := func(a, b map[string]string) *evidence.Snapshot {
		return &evidence.Snapshot{APIServerFlags: evidence.Instances[evidence.Flags]{apiserverFlags("cp-1", a), apiserverFlags("cp-2", b)}}
	}
	one := func(a map[string]string) *evidence.Snapshot {
		return &evidence.Snapshot{APIServerFlags: evidence.Instances[evidence.Flags]{apiserverFlags("cp-1", a)}}
	}
	uneven, even := two(chance("0"), chance("0")), two(chance("0"), chance("0"))
	uneven.APIServerMetrics, even.APIServerMetrics = watching(65, 35), watching(64, 36)
	noBalancer := two(chance("0"), chance("0"))
	noBalancer.KubeadmConfig = evidence.See("kubeadm-config", evidence.KubeadmConfig{}, evidence.Source{})
	off := chance("0.001")
	off["disable-http2-serving"] = "true"

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"one instance, off":               {one(chance("0")), []string{"not-applicable kube-apiserver/cp-1"}},
		"one instance, on":                {one(chance("0.001")), []string{"info kube-apiserver/cp-1"}},
		"two, on":                         {two(chance("0.001"), chance("0.02")), []string{"pass kube-apiserver/cp-1", "pass kube-apiserver/cp-2"}},
		"two, one of them off":            {two(chance("0.001"), chance("0")), []string{"pass kube-apiserver/cp-1", "info kube-apiserver/cp-2"}},
		"two, off, watches uneven":        {uneven, []string{"warning kube-apiserver/cp-1", "warning kube-apiserver/cp-2"}},
		"two, off, just under the bound":  {even, []string{"info kube-apiserver/cp-1", "info kube-apiserver/cp-2"}},
		"two, off, no common address":     {noBalancer, []string{"not-applicable kube-apiserver/cp-1", "not-applicable kube-apiserver/cp-2"}},
		"on without HTTP/2 does nothing":  {two(off, off), []string{"info kube-apiserver/cp-1", "info kube-apiserver/cp-2"}},
		"a value that is none is no zero": {two(chance("often"), chance("0.001")), []string{"skipped kube-apiserver/cp-1", "pass kube-apiserver/cp-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := said(runGoaway(tc.snapshot, goawayParams{Recommended: 0.001, Imbalance: 0.3}))
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}
