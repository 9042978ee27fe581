package apiserver

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

var consistentListDefaults = consistentListParams{FallbackShare: 0.01, MinReads: 100, ReadWaitSeconds: 0.2, LargeNodes: 100}

// onVersion is a cluster of a minor whose etcd members have these versions, and nothing else seen.
func onVersion(minor int, etcd ...string) *evidence.Snapshot {
	s := &evidence.Snapshot{Taken: taken, Version: evidence.See("cluster", evidence.Version{Git: "v1.x", Major: 1, Minor: minor}, evidence.Source{})}
	for i, v := range etcd {
		s.EtcdStatus = append(s.EtcdStatus, evidence.See("etcd/"+cp(i), evidence.EtcdStatus{Version: v}, evidence.Source{}))
	}
	return s
}

func TestConsistentListByVersion(t *testing.T) {
	gate := func(minor int, value float64, flag string) *evidence.Snapshot {
		s := onVersion(minor, "3.5.24")
		if flag != "" {
			s.APIServerFlags = append(s.APIServerFlags, apiserverFlags("cp-1", map[string]string{"feature-gates": flag}))
			return s
		}
		f := map[string]*evidence.Family{"kubernetes_feature_enabled": metricOf("gauge", map[string]float64{"name=ConsistentListFromCache": value})}
		s.APIServerMetrics = append(s.APIServerMetrics, evidence.See("kube-apiserver/cp-1", scrapes(time.Hour, time.Minute, f, f), evidence.Source{}))
		return s
	}
	image := func(tag string) *evidence.Snapshot {
		s := onVersion(31)
		s.ControlPods = evidence.See("cluster", []evidence.ControlPod{{Component: "etcd", Subject: "etcd/cp-1", ImageVersion: tag}}, evidence.Source{})
		return s
	}
	served := listing(31, time.Hour, time.Minute, counters{"apiserver_watch_cache_consistent_read_total": {"resource=/pods,success=true,fallback=false": 9}}, counters{})
	served.EtcdStatus = onVersion(31, "3.5.12").EtcdStatus
	emulated := onVersion(37, "3.5.24")
	emulated.Version.Value.Emulated = 30

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     string
	}{
		"1.24":                            {onVersion(24, "3.5.6"), "not-applicable kube-apiserver"},
		"1.30":                            {onVersion(30, "3.5.24"), "not-applicable kube-apiserver"},
		"1.30 with the alpha gate":        {gate(30, 1, ""), "warning kube-apiserver"},
		"1.30, the alpha gate off":        {gate(30, 0, ""), "not-applicable kube-apiserver"},
		"1.30 with the alpha gate, asked": {gate(30, 0, "AllAlpha=false,ConsistentListFromCache=true"), "warning kube-apiserver"},
		"1.37 that behaves like 1.30":     {emulated, "not-applicable kube-apiserver"},
		"1.31":                            {onVersion(31, "3.5.24"), "pass kube-apiserver"},
		"1.31, gate off":                  {gate(31, 0, ""), "warning kube-apiserver"},
		"1.33, gate off by flag":          {gate(33, 0, "ConsistentListFromCache=false"), "warning kube-apiserver"},
		"1.31, 3.5.13 just enough":        {onVersion(31, "3.5.13"), "pass kube-apiserver"},
		"1.31, 3.5.12":                    {onVersion(31, "3.5.24", "3.5.12"), "warning kube-apiserver"},
		"1.31, 3.4.31 just enough":        {onVersion(31, "3.4.31"), "pass kube-apiserver"},
		"1.31, 3.4.30":                    {onVersion(31, "3.4.30"), "warning kube-apiserver"},
		"1.31, 3.5.0":                     {onVersion(31, "3.5.0"), "warning kube-apiserver"},
		"1.37, 3.6":                       {onVersion(37, "3.6.5"), "pass kube-apiserver"},
		"1.31, by the image":              {image("3.5.9"), "warning kube-apiserver"},
		"1.31, a vendor's tag":            {image("1.2.3"), "skipped kube-apiserver"},
		"1.31, etcd unseen":               {onVersion(31), "skipped kube-apiserver"},
		"1.33, a minor alone":             {image("3.5"), "skipped kube-apiserver"},
		"1.31, 3.5.12 that came later":    {served, "info kube-apiserver"},
	} {
		t.Run(name, func(t *testing.T) {
			got := servedFromCache(tc.snapshot)
			if d := cmp.Diff([]string{tc.want}, said(one(got))); d != "" {
				t.Errorf("verdicts (-want +got):\n%s\n%s", d, got.Message)
			}
		})
	}
}

func TestConsistentListByWhatHappens(t *testing.T) {
	reads := func(ok, fallback float64) counters {
		return counters{"apiserver_watch_cache_consistent_read_total": {"resource=pods,success=true,fallback=false": ok, "resource=pods,success=true,fallback=true": fallback}}
	}
	waits := func(below, over float64) *evidence.Snapshot {
		s := listing(37, 24*time.Hour, 10*time.Second, reads(1000, 0), counters{})
		h := func(n float64) *evidence.Family {
			return &evidence.Family{Type: "histogram", Series: []evidence.Series{{Histogram: &evidence.Histogram{
				Buckets: []evidence.Bucket{{LE: 0.1, Count: n * below}, {LE: 0.2, Count: n * below}, {LE: 0.4, Count: n * (below + over)}}, Count: n * (below + over),
			}}}}
		}
		x := s.APIServerMetrics[0].Value
		x.First.Families["apiserver_watch_cache_read_wait_seconds"], x.Second.Families["apiserver_watch_cache_read_wait_seconds"] = h(0), h(1)
		return s
	}
	compared := func(failures float64) *evidence.Snapshot {
		return listing(37, 24*time.Hour, 10*time.Second, counters{"apiserver_storage_consistency_checks_total": {"resource=pods,status=success": 200, "resource=pods,status=failure": failures}}, counters{})
	}
	const served, consistent, agree = "pass kube-apiserver", "kube-apiserver/cp-1 consistent-reads", "kube-apiserver/cp-1 consistency"
	const uncompared = "skipped " + agree
	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"1 in 100 falls back":        {listing(37, 24*time.Hour, 10*time.Second, reads(990, 10), counters{}), []string{served, "pass " + consistent, uncompared}},
		"more fall back":             {listing(37, 24*time.Hour, 10*time.Second, reads(989, 11), counters{}), []string{served, "warning " + consistent, uncompared}},
		"too few to say":             {listing(37, 24*time.Hour, 10*time.Second, reads(90, 9), counters{}), []string{served, "not-applicable " + consistent, uncompared}},
		"just started":               {listing(37, 9*time.Minute, 10*time.Second, reads(500, 500), counters{}), []string{served, "skipped " + consistent, uncompared}},
		"1 in 100 waits":             {waits(990, 10), []string{served, "pass " + consistent, uncompared}},
		"2 in 100 wait":              {waits(980, 20), []string{served, "warning " + consistent, uncompared}},
		"the cache equals etcd":      {compared(0), []string{"skipped kube-apiserver", "skipped " + consistent, "pass " + agree}},
		"the cache differs":          {compared(1), []string{"skipped kube-apiserver", "skipped " + consistent, "critical " + agree}},
		"no reads and no comparison": {listing(37, 24*time.Hour, 10*time.Second, counters{}, counters{}), []string{"skipped kube-apiserver", "skipped " + consistent, uncompared}},
		"1.33 need not compare":      {listing(33, 24*time.Hour, 10*time.Second, reads(990, 10), counters{}), []string{served, "pass " + consistent}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, said(runConsistentList(tc.snapshot, consistentListDefaults))); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
	past := listing(37, 24*time.Hour, 10*time.Second, reads(500, 500), counters{})
	past.APIServerMetrics[0].Value.First.Families = past.APIServerMetrics[0].Value.Second.Families
	if d := cmp.Diff([]string{served, "info " + consistent, uncompared}, said(runConsistentList(past, consistentListDefaults))); d != "" {
		t.Errorf("fallbacks of the past (-want +got):\n%s", d)
	}
}

func TestWatchCaches(t *testing.T) {
	for name, tc := range map[string]struct {
		flags  map[string]string
		nodes  int
		want   []string
		opaque string
	}{
		"on":                      {map[string]string{"watch-cache": "true"}, 500, []string{"pass kube-apiserver/cp-1 watch-cache"}, ""},
		"off, 100 nodes":          {map[string]string{"watch-cache": "false"}, 100, []string{"warning kube-apiserver/cp-1 watch-cache"}, ""},
		"off, 101 nodes":          {map[string]string{"watch-cache": "false"}, 101, []string{"critical kube-apiserver/cp-1 watch-cache"}, ""},
		"off for pods":            {map[string]string{"watch-cache": "true", "watch-cache-sizes": "events#0,pods#0"}, 5, []string{"warning kube-apiserver/cp-1 watch-cache"}, ""},
		"off for events":          {map[string]string{"watch-cache": "true", "watch-cache-sizes": "events#0"}, 5, []string{"pass kube-apiserver/cp-1 watch-cache"}, ""},
		"sizes without effect":    {map[string]string{"watch-cache": "true", "watch-cache-sizes": "pods#1000"}, 5, []string{"pass kube-apiserver/cp-1 watch-cache"}, ""},
		"sizes that nobody tells": {map[string]string{"watch-cache": "true"}, 5, []string{"skipped kube-apiserver/cp-1 watch-cache"}, "a file that nobody could read"},
		"an empty list in /flagz": {map[string]string{"watch-cache": "true", "watch-cache-sizes": "[]"}, 5, []string{"pass kube-apiserver/cp-1 watch-cache"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := onVersion(37)
			s.Nodes = evidence.See("cluster", evidence.Nodes{Items: make([]evidence.Node, tc.nodes)}, evidence.Source{})
			s.APIServerFlags = append(s.APIServerFlags, apiserverFlags("cp-1", tc.flags))
			s.APIServerFlags[0].Value.Opaque = tc.opaque
			if d := cmp.Diff(tc.want, said(watchCaches(s, consistentListDefaults))); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}
