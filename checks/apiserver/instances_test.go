package apiserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// taken is when every snapshot of these tests was taken.
var taken = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// cp is the name of the i-th machine.
func cp(i int) string { return fmt.Sprintf("cp-%d", i+1) }

// instances is a healthy cluster of n kube-apiservers on as many machines in three zones, and workers.
func instances(n int) *evidence.Snapshot {
	src := evidence.Source{Via: "apiserver", At: taken}
	var pods []evidence.ControlPod
	var leases []evidence.Lease
	var eps []evidence.Endpoint
	var nodes []evidence.Node
	for i := range n {
		ip := fmt.Sprintf("10.0.0.%d", i+1)
		pods = append(pods, evidence.ControlPod{
			Component: "kube-apiserver", Subject: "kube-apiserver/" + cp(i), Namespace: "kube-system", Name: "kube-apiserver-" + cp(i), Node: cp(i),
			HostIP: ip, ImageVersion: "1.37.2", Phase: "Running", Ready: true, Started: taken.Add(-72 * time.Hour), GraceSeconds: 30,
		})
		leases = append(leases, evidence.Lease{Name: "apiserver-" + cp(i), Hostname: cp(i), Renewed: taken.Add(-time.Duration(i) * time.Second)})
		eps = append(eps, evidence.Endpoint{Address: ip, Port: 6443, Ready: true})
		nodes = append(nodes, evidence.Node{Name: cp(i), ControlPlane: true, Zone: string(rune('a' + i%3))})
	}
	for i := range 20 {
		nodes = append(nodes, evidence.Node{Name: fmt.Sprintf("worker-%d", i), Zone: string(rune('a' + i%3))})
	}
	return &evidence.Snapshot{
		Taken:              taken,
		Version:            evidence.See("cluster", evidence.Version{Git: "v1.37.2", Major: 1, Minor: 37}, src),
		ControlPods:        evidence.See("cluster", pods, src),
		APIServerLeases:    evidence.See("kube-apiserver", leases, src),
		APIServerEndpoints: evidence.See("kube-apiserver", eps, src),
		Nodes:              evidence.See("cluster", evidence.Nodes{Items: nodes}, src),
	}
}

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

// metricOf is one metric family: a value for each set of labels, "verb=WATCH,code=200".
func metricOf(kind string, values map[string]float64) *evidence.Family {
	f := &evidence.Family{Type: kind}
	for labels, v := range values {
		f.Series = append(f.Series, evidence.Series{Labels: parseLabels(labels), Value: v})
	}
	return f
}

func parseLabels(s string) map[string]string {
	m := map[string]string{}
	for pair := range strings.SplitSeq(s, ",") {
		if k, v, ok := strings.Cut(pair, "="); ok {
			m[k] = v
		}
	}
	return m
}

// scrapes are two readings of one process, window apart, that started age before the second.
func scrapes(age, window time.Duration, first, second map[string]*evidence.Family) evidence.Scrapes {
	start := float64(taken.Add(-age).UnixNano()) / 1e9
	return evidence.Scrapes{
		First:  evidence.Scrape{At: taken.Add(-window), Start: start, Families: first},
		Second: &evidence.Scrape{At: taken, Start: start, Families: second},
	}
}

// watching are metrics of instances, two days old, with so many open watches each.
func watching(counts ...float64) evidence.Instances[evidence.Scrapes] {
	var in evidence.Instances[evidence.Scrapes]
	for i, n := range counts {
		f := map[string]*evidence.Family{"apiserver_longrunning_requests": metricOf("gauge", map[string]float64{"verb=WATCH": n, "verb=CONNECT": 7})}
		in = append(in, evidence.See("kube-apiserver/"+cp(i), scrapes(48*time.Hour+time.Duration(i)*time.Second, 10*time.Second, f, f), evidence.Source{}))
	}
	return in
}

func TestCensus(t *testing.T) {
	stale := instances(2)
	(*stale.APIServerLeases.Value)[1].Renewed = taken.Add(-61 * time.Second)
	// Our clock an hour ahead of the servers': Leases are held against each other, not against it.
	skewed := instances(2)
	for i := range *skewed.APIServerLeases.Value {
		(*skewed.APIServerLeases.Value)[i].Renewed = taken.Add(-time.Hour)
	}
	shared := instances(2)
	*shared.APIServerLeases.Value = (*shared.APIServerLeases.Value)[:1]
	twice := &evidence.Snapshot{APIServerMetrics: watching(1, 1)}
	twice.APIServerMetrics[1].Value.Second.Start = twice.APIServerMetrics[0].Value.Second.Start

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     string
	}{
		"all agree":                  {instances(3), "3 true: 3 pods, 3 live identity Leases, 3 endpoint addresses"},
		"one Lease is not renewed":   {stale, "2 true: 2 pods, 1 live identity Lease, 2 endpoint addresses"},
		"a clock that differs":       {skewed, "2 true: 2 pods, 2 live identity Leases, 2 endpoint addresses"},
		"two hosts of one name":      {shared, "2 true: 2 pods, 1 live identity Lease, 2 endpoint addresses"},
		"one process, two addresses": {twice, "1 false: 1 process"},
		"nothing":                    {&evidence.Snapshot{}, "0 false: "},
	} {
		t.Run(name, func(t *testing.T) {
			c := takeCensus(tc.snapshot)
			if got := fmt.Sprintf("%d %t: %s", c.n, c.complete, c); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestFamiliesAreKept holds what the checks of this area read against what is kept of a scrape.
func TestFamiliesAreKept(t *testing.T) {
	kept := evidence.Families("kube-apiserver")
	for name, labels := range map[string]string{
		"apiserver_longrunning_requests":                    "verb",
		"apiserver_request_total":                           "resource verb",
		"process_cpu_seconds_total":                         "",
		"kubernetes_build_info":                             "git_version",
		"kubernetes_feature_enabled":                        "name",
		"apiserver_storage_list_total":                      "group resource storage",
		"apiserver_storage_list_fetched_objects_total":      "group resource storage",
		"apiserver_storage_list_returned_objects_total":     "group resource storage",
		"apiserver_cache_list_fetched_objects_total":        "group resource resource_prefix",
		"apiserver_cache_list_returned_objects_total":       "group resource resource_prefix",
		"apiserver_watch_cache_consistent_read_total":       "group resource success fallback",
		"apiserver_watch_cache_read_wait_seconds":           "",
		"apiserver_watch_cache_initializations_total":       "group resource",
		"apiserver_storage_consistency_checks_total":        "group resource status",
		"apiserver_init_events_total":                       "group resource",
		"apiserver_storage_objects":                         "resource",
		"apiserver_resource_objects":                        "group resource",
		"apiserver_crd_conversion_webhook_duration_seconds": "crd_name succeeded",
		"apiserver_crd_webhook_conversion_duration_seconds": "crd_name succeeded",
	} {
		k, ok := kept[name]
		if !ok {
			t.Errorf("%s: got nothing kept of it", name)
		}
		for label := range strings.FieldsSeq(labels) {
			if !slices.Contains(k.Labels, label) {
				t.Errorf("%s: got the labels %v, want %s among them", name, k.Labels, label)
			}
		}
	}
}
