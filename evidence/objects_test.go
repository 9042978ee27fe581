package evidence

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObjectCounts(t *testing.T) {
	count := func(v float64, labels ...string) Series {
		m := map[string]string{}
		for i := 0; i < len(labels); i += 2 {
			m[labels[i]] = labels[i+1]
		}
		return Series{Labels: m, Value: v}
	}
	of := func(families map[string]*Family) Scrapes { return Scrapes{First: Scrape{Families: families}} }
	s := &Snapshot{APIServerMetrics: Instances[Scrapes]{
		See("kube-apiserver/cp-1", of(map[string]*Family{"apiserver_storage_objects": {Type: "gauge", Series: []Series{
			count(100, "resource", "pods"), count(7, "resource", "deployments.apps"), count(-1, "resource", "secrets"), count(0, "resource", "jobs.batch"),
		}}}), Source{}),
		See("kube-apiserver/cp-2", of(map[string]*Family{"apiserver_resource_objects": {Type: "gauge", Series: []Series{
			count(120, "group", "", "resource", "pods"), count(6, "group", "apps", "resource", "deployments"), count(9, "group", "", "resource", "events"),
		}}}), Source{}),
		Miss[Scrapes]("kube-apiserver/cp-3", Gap{Why: Forbidden}, Source{}),
	}}
	want := map[string]float64{"pods": 120, "deployments.apps": 7, "jobs.batch": 0, "events": 9, "events.events.k8s.io": 9}
	if d := cmp.Diff(want, s.ObjectCounts()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
