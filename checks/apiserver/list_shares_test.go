package apiserver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// What etcd served, of LISTs and of objects, is read from each version's metrics in their own way.
func TestSharesByVersion(t *testing.T) {
	const day, prefix = 24 * time.Hour, "resource_prefix=/deployments"
	old := func(minor int, probes float64) *evidence.Snapshot {
		grown, gauges := old130(60+probes, 60_000, 20_000)
		grown["apiserver_storage_list_returned_objects_total"] = map[string]float64{"resource=deployments.apps": 3000}
		grown["apiserver_cache_list_total"] = map[string]float64{prefix: 180}
		if probes > 0 {
			grown["apiserver_watch_cache_consistent_read_total"] = map[string]float64{"resource=/deployments,success=true,fallback=false": probes}
		}
		return listing(minor, day, time.Minute, grown, gauges)
	}
	without := func(s *evidence.Snapshot, families ...string) *evidence.Snapshot {
		for _, f := range families {
			delete(s.APIServerMetrics[0].Value.First.Families, f)
			delete(s.APIServerMetrics[0].Value.Second.Families, f)
		}
		return s
	}
	// Two comparisons were counted and one more may have been under way: of 11 LISTs each, as 100,000 objects
	// come in pages of 10,000 and a tenth more is allowed for, and of one from the cache.
	new137At := func(minor int) *evidence.Snapshot {
		grown, gauges := new137(63, 390_000, 330_000, 2)
		return listing(minor, day, time.Minute, grown, gauges)
	}
	for name, tc := range map[string]struct {
		snapshot      *evidence.Snapshot
		of            string
		want, certain string
	}{
		"1.30": {
			old(30, 0), "deployments.apps",
			"25% of LISTs and 75% of objects from etcd, 20 read for each returned", "etcd's own counters",
		},
		"1.32, as many probes as there are consistent reads": {
			old(32, 6000), "deployments.apps",
			"25% of LISTs and 75% of objects from etcd, 20 read for each returned",
			"objects are counted exactly, LISTs are those left after one probe of etcd for each consistent read",
		},
		"1.37": {
			new137At(37), "pods",
			"79% of LISTs and 100% of objects from etcd, at least 1 read for each returned",
			"counted apart for etcd and the watch cache, up to 5500 objects/s taken off as kube-apiserver's own",
		},
		"what the cache served is not told": {
			without(old(30, 0), "apiserver_cache_list_total", "apiserver_cache_list_fetched_objects_total", "apiserver_cache_list_returned_objects_total"), "deployments.apps",
			"no share known, 20 read for each returned", "etcd's own counters, what the cache served is not told",
		},
		"nor how many LISTs": {
			without(old(30, 0), "apiserver_cache_list_total"), "deployments.apps",
			"75% of objects from etcd, 20 read for each returned", "etcd's own counters",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := windowBook(tc.snapshot, listRVDefaults).flows[tc.of]
			if d := cmp.Diff([]string{tc.want, tc.certain}, []string{f.shares(), f.certain()}); d != "" {
				t.Errorf("(-want +got):\n%s\n%+v", d, f)
			}
		})
	}
}

func TestSharesInWords(t *testing.T) {
	for share, want := range map[float64]string{0: "0%", 0.001: "under 1%", 0.5: "50%", 0.996: "over 99%", 1: "100%"} {
		if got := percent(share); got != want {
			t.Errorf("%g: got %s, want %s", share, got, want)
		}
	}
	b := book{during: "in the last 60 s", flows: map[string]flow{
		"nodes": {lists: 1, cLists: 1, cFetched: 50, cRead: 50, cReturn: 5},
		"pods":  {lists: 1, fetched: 10, read: 10, returned: 10},
		"jobs":  {lists: 1},
	}}
	want := []string{
		"pods 10 objects/s (100% of LISTs and 100% of objects from etcd, 1 read for each returned)",
		"nodes under 1 object/s (50% of LISTs and 0% of objects from etcd, 10 read for each returned)",
	}
	if d := cmp.Diff(want, b.table(tableShort)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	v := b.tabled(checks.About("cluster"), evidence.Source{Via: "apiserver"}).Pass("")
	if len(v.Seen) != 2 || v.Seen[0].Detail != "LISTs served by etcd in the last 60 s: "+want[0] {
		t.Errorf("got %+v, want the table", v.Seen)
	}
}

// What a server does not count is unknown, and what only the cache served is seen.
func TestFlowsOfWhatIsNotTold(t *testing.T) {
	etcd := listing(30, 2*time.Hour, time.Minute, counters{
		"apiserver_storage_list_total":                 {"resource=deployments.apps": 600},
		"apiserver_storage_list_fetched_objects_total": {"resource=deployments.apps": 3.6e6},
	}, counters{"apiserver_storage_objects": {"resource=deployments.apps": 6000}})
	got := runListRV(etcd, listRVDefaults)
	if d := cmp.Diff([]string{"warning resource/deployments.apps"}, said(got)); d != "" {
		t.Errorf("no count of what is returned: verdicts (-want +got):\n%s", d)
	}
	if strings.Contains(got[0].Message, "returned") {
		t.Errorf("got %q, want no word on what is returned", got[0].Message)
	}
	cache := listing(37, 2*time.Hour, time.Minute, counters{
		"apiserver_storage_list_total":                  {"group=apps,resource=deployments,storage=watchcache,index=": 6000},
		"apiserver_storage_list_fetched_objects_total":  {"group=apps,resource=deployments,storage=watchcache,index=": 36e6},
		"apiserver_storage_list_returned_objects_total": {"group=apps,resource=deployments,storage=watchcache": 60},
	}, counters{"apiserver_resource_objects": {"group=apps,resource=deployments": 6000}})
	if d := cmp.Diff([]string{"warning resource/deployments.apps overfetch"}, said(runListRV(cache, listRVDefaults))); d != "" {
		t.Errorf("served by the cache alone: verdicts (-want +got):\n%s", d)
	}
}
