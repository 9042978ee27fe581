package apiserver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// counters are counters of one kube-apiserver, by family and labels.
type counters map[string]map[string]float64

// listing is a cluster of one kube-apiserver of a minor, whose counters grew by what is given in the
// window before taken, and were 0 before. Gauges are as given.
func listing(minor int, age, window time.Duration, grown, gauges counters) *evidence.Snapshot {
	first, second := map[string]*evidence.Family{}, map[string]*evidence.Family{}
	for name, values := range grown {
		zero := map[string]float64{}
		for labels := range values {
			zero[labels] = 0
		}
		first[name], second[name] = metricOf("counter", zero), metricOf("counter", values)
	}
	for name, values := range gauges {
		first[name], second[name] = metricOf("gauge", values), metricOf("gauge", values)
	}
	return &evidence.Snapshot{
		Taken:            taken,
		Version:          evidence.See("cluster", evidence.Version{Major: 1, Minor: minor}, evidence.Source{}),
		APIServerMetrics: evidence.Instances[evidence.Scrapes]{evidence.See("kube-apiserver/cp-1", scrapes(age, window, first, second), evidence.Source{})},
	}
}

var listRVDefaults = listRVParams{EtcdShare: 0.5, EtcdObjects: 1000, EtcdLists: 1, LargeResource: 5000, OverfetchEtcd: 20, OverfetchCache: 100, OverfetchObjects: 10_000, ChurnPer10Min: 5, SettleMinutes: 10, ClientObjects: 200, ClientLists: 1, Refusals: 10}

// old130 are the counters of 1.30, where a resource is one label and the cache names its key prefix.
func old130(lists, etcd, cache float64) (grown, gauges counters) {
	return counters{
		"apiserver_storage_list_total":                  {"resource=deployments.apps": lists},
		"apiserver_storage_list_fetched_objects_total":  {"resource=deployments.apps": etcd},
		"apiserver_storage_list_returned_objects_total": {"resource=deployments.apps": etcd},
		"apiserver_cache_list_fetched_objects_total":    {"resource_prefix=/deployments": cache},
		"apiserver_cache_list_returned_objects_total":   {"resource_prefix=/deployments": cache},
		"apiserver_watch_cache_initializations_total":   {"resource=deployments.apps": 0},
	}, counters{"apiserver_storage_objects": {"resource=deployments.apps": 6000}}
}

// new137 are the counters of 1.37, of pods, where a label tells etcd from the cache.
func new137(lists, etcd, cache, compared float64) (grown, gauges counters) {
	return counters{
		"apiserver_storage_list_total":                  {"resource=pods,storage=etcd": lists, "resource=pods,storage=watchcache": 10},
		"apiserver_storage_list_fetched_objects_total":  {"resource=pods,storage=etcd": etcd, "resource=pods,storage=watchcache": cache},
		"apiserver_storage_list_returned_objects_total": {"resource=pods,storage=etcd": etcd, "resource=pods,storage=watchcache": cache},
		"apiserver_watch_cache_initializations_total":   {"resource=pods": 0},
		"apiserver_storage_consistency_checks_total":    {"resource=pods,status=success": compared},
	}, counters{"apiserver_resource_objects": {"resource=pods": 100_000}}
}

func TestListRV(t *testing.T) {
	const day, ten = 24 * time.Hour, 10 * time.Second
	// A day's reading: counters since the start are what they grew by, so a long window is a life too.
	at := func(minor int, age, window time.Duration) func(grown, gauges counters) *evidence.Snapshot {
		return func(grown, gauges counters) *evidence.Snapshot { return listing(minor, age, window, grown, gauges) }
	}
	uncachedPods := func() *evidence.Snapshot {
		grown, gauges := old130(60, 120_000, 0)
		grown["apiserver_watch_cache_initializations_total"] = map[string]float64{"resource=pods": 1}
		return listing(30, day, time.Minute, grown, gauges)
	}
	hidden := func() *evidence.Snapshot {
		grown, gauges := new137(60, 120_000, 0, 0)
		return listing(37, day, time.Minute, grown, counters{"other": gauges["apiserver_resource_objects"]})
	}
	// 1.32: every consistent read from the cache counts as a LIST from etcd that reads nothing.
	probes := func() *evidence.Snapshot {
		grown, gauges := old130(6000, 0, 600_000)
		grown["apiserver_watch_cache_consistent_read_total"] = map[string]float64{"resource=/deployments,success=true,fallback=false": 6000}
		return listing(32, day, time.Minute, grown, gauges)
	}
	often := func(probes float64) *evidence.Snapshot {
		grown, gauges := old130(60+probes, 6000, 600_000)
		grown["apiserver_watch_cache_consistent_read_total"] = map[string]float64{"resource=/deployments,success=true,fallback=false": probes}
		return listing(32, day, time.Minute, grown, gauges)
	}
	blind := func() *evidence.Snapshot {
		grown, gauges := old130(60, 6000, 0)
		delete(grown, "apiserver_cache_list_fetched_objects_total")
		return listing(32, day, time.Minute, grown, gauges)
	}
	events := counters{
		"apiserver_storage_list_total":                 {"resource=events": 60},
		"apiserver_storage_list_fetched_objects_total": {"resource=events": 120_000},
		"apiserver_cache_list_fetched_objects_total":   {"resource_prefix=/pods": 1},
		"apiserver_watch_cache_initializations_total":  {"resource=pods": 1},
	}
	scan := func(returned float64) *evidence.Snapshot {
		grown, gauges := old130(0, 0, 600_000)
		grown["apiserver_cache_list_returned_objects_total"] = map[string]float64{"resource_prefix=/deployments": returned}
		return listing(30, day, time.Minute, grown, gauges)
	}
	churn := func(sent float64) *evidence.Snapshot {
		grown, gauges := old130(0, 0, 0)
		grown["apiserver_init_events_total"] = map[string]float64{"resource=deployments.apps": sent}
		return listing(30, day, time.Minute, grown, gauges)
	}
	life := func(now float64) *evidence.Snapshot {
		grown, gauges := old130(100_000, 1000*86_400+1, 0)
		s := listing(30, day, ten, grown, gauges)
		for name, f := range s.APIServerMetrics[0].Value.Second.Families {
			for i, se := range f.Series {
				if f.Type == "counter" {
					s.APIServerMetrics[0].Value.First.Families[name].Series[i].Value = se.Value - min(now, se.Value)
				}
			}
		}
		return s
	}

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"1.30, exactly at the bound, a minute":     {at(30, day, time.Minute)(old130(60, 60_000, 60_000)), []string{"warning resource/deployments.apps"}},
		"1.30, just under the rate":                {at(30, day, time.Minute)(old130(59, 59_999, 0)), []string{"pass cluster"}},
		"1.30, mostly from the cache":              {at(30, day, time.Minute)(old130(59, 60_000, 60_001)), []string{"pass cluster"}},
		"1.30, one busy moment":                    {at(30, day, ten)(old130(20, 40_000, 0)), []string{"info resource/deployments.apps"}},
		"1.30, a habit of a day, still so":         {life(100), []string{"warning resource/deployments.apps"}},
		"1.30, a habit of a day, that is over":     {life(0), []string{"info resource/deployments.apps"}},
		"1.32, probes are no LISTs":                {probes(), []string{"pass cluster"}},
		"1.32, a LIST a second of a large one":     {often(0), []string{"warning resource/deployments.apps"}},
		"1.32, nothing told of the cache":          {blind(), []string{"warning resource/deployments.apps"}},
		"1.32, the same among probes":              {often(6000), []string{"warning resource/deployments.apps"}},
		"1.37, kube-apiserver compares its cache":  {at(37, day, ten)(new137(10, 100_000, 100_000, 1)), []string{"pass cluster"}},
		"1.37, a comparison under way":             {at(37, day, ten)(new137(10, 100_000, 100_000, 0)), []string{"pass cluster"}},
		"1.37, a client besides":                   {at(37, day, time.Minute)(new137(100, 1_000_000, 100_000, 1)), []string{"warning resource/pods"}},
		"1.37, objects are not counted":            {hidden(), []string{"skipped cluster"}},
		"no watch cache is another check's matter": {uncachedPods(), []string{"pass cluster"}},
		"events": {listing(30, day, time.Minute, events, counters{}), []string{"info resource/events"}},
		"a scan of the cache, exactly at the bound": {scan(6000), []string{"warning resource/deployments.apps overfetch"}},
		"a scan that returns more":                  {scan(6001), []string{"pass cluster"}},
		"watches at the bound":                      {churn(5 * 6000 * 144), []string{"pass cluster"}},
		"watches that start over":                   {churn(5*6000*144 + 1), []string{"info resource/deployments.apps watch-churn on cp-1"}},
		"9 minutes old":                             {at(30, 9*time.Minute, time.Minute)(old130(600, 600_000, 0)), []string{"skipped cluster"}},
		"no counters":                               {listing(30, day, ten, counters{}, counters{}), []string{"skipped cluster"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := runListRV(tc.snapshot, listRVDefaults)
			if d := cmp.Diff(tc.want, said(got)); d != "" {
				t.Errorf("verdicts (-want +got):\n%s\n%s", d, got[0].Message)
			}
			if strings.Contains(got[0].Message, "NaN") {
				t.Errorf("got %q, want no number that is none", got[0].Message)
			}
		})
	}
}

func TestListRVWithOneScrape(t *testing.T) {
	grown, gauges := old130(60, 60_000, 0)
	timeless := listing(30, 24*time.Hour, time.Minute, grown, gauges)
	timeless.APIServerMetrics[0].Value.First.Start, timeless.APIServerMetrics[0].Value.Second.Start = 0, 0
	if v := runListRV(timeless, listRVDefaults)[0]; v.Outcome != checks.Skipped || !strings.Contains(v.Message, "tells when it started") {
		t.Errorf("of unknown age: got %s %q, want it to say so", v.Outcome, v.Message)
	}
	young := listing(30, 30*time.Minute, time.Minute, grown, gauges)
	young.APIServerMetrics[0].Value.Second = nil
	if d := cmp.Diff([]string{"skipped cluster"}, said(runListRV(young, listRVDefaults))); d != "" {
		t.Errorf("half an hour old (-want +got):\n%s", d)
	}
	old := listing(30, 24*time.Hour, time.Minute, grown, gauges)
	old.APIServerMetrics[0].Value.First, old.APIServerMetrics[0].Value.Second = *old.APIServerMetrics[0].Value.Second, nil
	if d := cmp.Diff([]string{"pass cluster"}, said(runListRV(old, listRVDefaults))); d != "" {
		t.Errorf("a day old (-want +got):\n%s", d)
	}
}

func TestResourceNames(t *testing.T) {
	n := names{[]string{"deployments.apps", "events", "httproutes.gateway.networking.k8s.io", "ingresses.networking.k8s.io"}}
	for labels, want := range map[string]string{
		"resource=pods":                                            "pods",
		"resource=deployments.apps":                                "deployments.apps",
		"group=apps,resource=deployments":                          "deployments.apps",
		"resource_prefix=/deployments":                             "deployments.apps",
		"resource=/minions":                                        "nodes",
		"resource_prefix=/services/specs":                          "services",
		"resource_prefix=/ingress":                                 "ingresses.networking.k8s.io",
		"resource_prefix=/events":                                  "events",
		"resource_prefix=/unheard":                                 "unheard",
		"resource_prefix=/example.org/foos":                        "foos.example.org",
		"resource_prefix=/controllers":                             "replicationcontrollers",
		"resource=/apiextensions.k8s.io/customresourcedefinitions": "customresourcedefinitions.apiextensions.k8s.io",
		"resource_prefix=/gateway.networking.k8s.io/httproutes":    "httproutes.gateway.networking.k8s.io",
	} {
		if got := n.of(parseLabels(labels)); got != want {
			t.Errorf("of %q: got %q, want %q", labels, got, want)
		}
	}
}

func TestNoAuditLogIsSaid(t *testing.T) {
	flags := func(policy string) evidence.Observed[evidence.Flags] {
		f := evidence.Flags{Component: "kube-apiserver", Values: map[string][]evidence.FlagValue{"audit-policy-file": {{Value: policy, From: evidence.FromFlagz}}}}
		return evidence.See("kube-apiserver/cp-1", f, evidence.Source{})
	}
	for name, tc := range map[string]struct {
		flags evidence.Instances[evidence.Flags]
		want  bool
	}{
		"no server is known":  {nil, false},
		"none has a policy":   {evidence.Instances[evidence.Flags]{flags(""), flags("")}, true},
		"one has":             {evidence.Instances[evidence.Flags]{flags(""), flags("/etc/policy.yaml")}, false},
		"one could not be":    {evidence.Instances[evidence.Flags]{flags(""), evidence.Miss[evidence.Flags]("kube-apiserver/cp-2", evidence.Gap{Why: evidence.Forbidden}, evidence.Source{})}, false},
		"one does not say so": {evidence.Instances[evidence.Flags]{evidence.See("kube-apiserver/cp-1", evidence.Flags{}, evidence.Source{})}, false},
	} {
		got := findClient(&evidence.Snapshot{APIServerFlags: tc.flags}, "deployments.apps")
		if said := strings.Contains(got, "give kube-apiserver an audit log, which none has"); said != tc.want || !strings.Contains(got, "--resource deployments") {
			t.Errorf("%s: got %q, want it to tell of the missing audit log: %t", name, got, tc.want)
		}
	}
}
