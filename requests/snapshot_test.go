package requests

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func flagsOf(of, version string, values map[string]string) evidence.Observed[evidence.Flags] {
	f := evidence.Flags{Component: "kube-apiserver", Version: version, Values: map[string][]evidence.FlagValue{}}
	for name, v := range values {
		f.Values[name] = []evidence.FlagValue{{Value: v, From: evidence.FromCommandLine}}
	}
	return evidence.See(of, f, evidence.Source{})
}

func metricsOf(of string, gates map[string]float64) evidence.Observed[evidence.Scrapes] {
	f := &evidence.Family{Type: "gauge"}
	for name, v := range gates {
		f.Series = append(f.Series, evidence.Series{Labels: map[string]string{"name": name}, Value: v})
	}
	return evidence.See(of, evidence.Scrapes{First: evidence.Scrape{Families: map[string]*evidence.Family{"kubernetes_feature_enabled": f}}}, evidence.Source{})
}

func TestFromSnapshot(t *testing.T) {
	etcd := func(version string) evidence.Observed[evidence.EtcdStatus] {
		return evidence.See("etcd/"+version, evidence.EtcdStatus{Version: version}, evidence.Source{})
	}
	version := func(minor, emulated int) evidence.Observed[evidence.Version] {
		return evidence.See("kube-apiserver", evidence.Version{Major: 1, Minor: minor, Emulated: emulated}, evidence.Source{})
	}
	for name, tc := range map[string]struct {
		s    evidence.Snapshot
		want Server
	}{
		"nothing seen": {evidence.Snapshot{}, Server{From: "snapshot"}},
		"extension servers": {
			evidence.Snapshot{APIServices: evidence.See("cluster", []evidence.APIService{
				{Name: "v1.packages.operators.coreos.com", Service: "olm/packageserver"},
				{Name: "v1beta1.metrics.k8s.io", Service: "kube-system/metrics-server"},
				{Name: "v1.apps"},
				{Name: "v1beta2.metrics.k8s.io", Service: "kube-system/metrics-server"},
			}, evidence.Source{})},
			Server{From: "snapshot", Extended: []string{"metrics.k8s.io", "packages.operators.coreos.com"}, Groups: Yes},
		},
		"no extension server": {
			evidence.Snapshot{APIServices: evidence.See("cluster", []evidence.APIService{}, evidence.Source{})}, Server{From: "snapshot", Groups: Yes},
		},
		"an upgrade under way": {
			evidence.Snapshot{Version: version(31, 0), APIServerFlags: evidence.Instances[evidence.Flags]{
				flagsOf("kube-apiserver/cp-1", "1.31.2", map[string]string{"watch-cache": "true"}), flagsOf("kube-apiserver/cp-2", "1.30.9", map[string]string{"watch-cache": "true"}),
			}}, Server{Minors: []int{30, 31}, From: "snapshot", WatchCache: Yes},
		},
		"an emulated version decides": {
			evidence.Snapshot{Version: version(34, 33), APIServerFlags: evidence.Instances[evidence.Flags]{flagsOf("kube-apiserver/cp-1", "1.34.0", nil)}},
			Server{Minors: []int{33}, From: "snapshot"},
		},
		"caches that are off": {
			evidence.Snapshot{APIServerFlags: evidence.Instances[evidence.Flags]{
				flagsOf("kube-apiserver/cp-1", "", map[string]string{"watch-cache": "false", "watch-cache-sizes": "secrets#0,events#100,pods#0"}),
				flagsOf("kube-apiserver/cp-2", "", map[string]string{"watch-cache": "false", "watch-cache-sizes": "secrets#0,events#100,pods#200"}),
			}}, Server{From: "snapshot", WatchCache: No, Uncached: []string{"secrets"}, Cached: []string{"events"}},
		},
		"instances that differ tell nothing": {
			evidence.Snapshot{APIServerFlags: evidence.Instances[evidence.Flags]{
				flagsOf("kube-apiserver/cp-1", "", map[string]string{"watch-cache": "false", "feature-gates": "ConsistentListFromCache=false"}),
				flagsOf("kube-apiserver/cp-2", "", map[string]string{"watch-cache": "true", "feature-gates": "ConsistentListFromCache=true"}),
			}}, Server{From: "snapshot"},
		},
		"the metric is in force, the flag only set": {
			evidence.Snapshot{
				APIServerFlags:   evidence.Instances[evidence.Flags]{flagsOf("kube-apiserver/cp-1", "", map[string]string{"feature-gates": "ConsistentListFromCache=true,WatchList=true"})},
				APIServerMetrics: evidence.Instances[evidence.Scrapes]{metricsOf("kube-apiserver/cp-1", map[string]float64{"ConsistentListFromCache": 0, "ListFromCacheSnapshot": 1})},
			}, Server{From: "snapshot", ConsistentList: No, Snapshots: Yes, WatchList: Yes},
		},
		"etcd is new enough":     {evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{etcd("3.5.13"), etcd("3.6.0")}}, Server{From: "snapshot", WatchProgress: Yes}},
		"one etcd is too old":    {evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{etcd("3.5.12"), etcd("3.6.0")}}, Server{From: "snapshot", WatchProgress: No}},
		"3.4.31 is new enough":   {evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{etcd("3.4.31")}}, Server{From: "snapshot", WatchProgress: Yes}},
		"a patch that is untold": {evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{etcd("3.5")}}, Server{From: "snapshot"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, FromSnapshot(&tc.s)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestWatchProgressOfMembersNotSeen(t *testing.T) {
	see := func(version string) evidence.Observed[evidence.EtcdStatus] {
		return evidence.See("etcd/"+version, evidence.EtcdStatus{Version: version}, evidence.Source{})
	}
	unseen := evidence.Miss[evidence.EtcdStatus]("etcd/gone", evidence.Gap{Why: evidence.NotAsked}, evidence.Source{})
	for name, tt := range map[string]struct {
		members evidence.Instances[evidence.EtcdStatus]
		want    Known
	}{
		"all able":           {evidence.Instances[evidence.EtcdStatus]{see("3.5.13"), see("3.6.0")}, Yes},
		"one too old":        {evidence.Instances[evidence.EtcdStatus]{see("3.5.13"), see("3.5.12")}, No},
		"one not seen":       {evidence.Instances[evidence.EtcdStatus]{see("3.5.13"), unseen}, ""},
		"old, one not seen":  {evidence.Instances[evidence.EtcdStatus]{unseen, see("3.4.30")}, No},
		"the patch not told": {evidence.Instances[evidence.EtcdStatus]{see("3.5")}, ""},
		"none":               {nil, ""},
	} {
		if got := FromSnapshot(&evidence.Snapshot{EtcdStatus: tt.members}).WatchProgress; got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
