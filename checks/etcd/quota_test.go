package etcd

import (
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

const quotaGauge = "etcd_server_quota_backend_bytes"

// memberSized is a member by its metrics: quota and size.
func memberSized(quotaBytes, db int64) evidence.Scrape {
	return scrape(time.Hour, values{quotaGauge: float64(quotaBytes), "etcd_mvcc_db_total_size_in_bytes": float64(db)})
}

func TestQuota(t *testing.T) {
	one := func(quotaBytes, db int64, n int) *evidence.Snapshot {
		s := &evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{"etcd/cp-1": memberSized(quotaBytes, db)})}
		if n > 0 {
			s.Nodes = nodes(n)
		}
		return s
	}
	flag := func(set map[string]string) *evidence.Snapshot {
		return &evidence.Snapshot{EtcdFlags: etcdFlags(map[string]map[string]string{"etcd/cp-1": set})}
	}
	status := func(version string, quotaBytes *int64) *evidence.Snapshot {
		return &evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{
			evidence.See("etcd/cp-1", evidence.EtcdStatus{Version: version, QuotaBytes: quotaBytes, DBBytes: 1 << 20}, evidence.Source{}),
		}}
	}
	zero, nine := int64(0), 9*gib
	openShift, openShift33 := one(16*gib, 0, 0), one(33*gib, 0, 0)
	openShift.Cluster.Distribution, openShift33.Cluster.Distribution = "openshift", "openshift"
	opaque := flag(nil)
	opaque.EtcdFlags[0].Value.Opaque = "a wrapper starts it"
	future := flag(nil)
	future.EtcdFlags[0].Value.Version = "3.9.0"
	small := one(8*gib, 0, 3)
	small.ControlPods = pods("etcd", 1)
	small.Nodes.Value.Items[0].MemoryBytes = 4 * gib
	differ := &evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{
		"etcd/cp-1": memberSized(8*gib, 0), "etcd/cp-2": memberSized(4*gib, 0), "etcd-events/cp-1": memberSized(2*gib, 0),
	})}
	agree := &evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{"etcd/cp-1": memberSized(8*gib, 0), "etcd/cp-2": memberSized(8*gib, 0)})}
	half := defaultQuota / 2
	tiny := func(used int64) *evidence.Snapshot {
		s := one(2*gib, used, 1)
		s.ControlPods = pods("etcd", 1)
		s.Nodes.Value.Items[0].MemoryBytes = 2*gib - 1<<27
		return s
	}
	gap := evidence.Gap{Why: evidence.Forbidden, Note: "403"}
	noNodes := one(2*gib, 1<<20, 0)
	noNodes.Nodes = evidence.Miss[evidence.Nodes]("cluster", gap, evidence.Source{})
	manyUsed := one(2*gib, half+1, 0)
	manyUsed.Nodes = noNodes.Nodes
	noSize := func(n int) *evidence.Snapshot {
		s := flag(nil)
		s.Nodes = nodes(n)
		s.EtcdMetrics = evidence.Instances[evidence.Scrapes]{evidence.Miss[evidence.Scrapes]("etcd/cp-1", gap, evidence.Source{})}
		return s
	}

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"8 GiB":                                   {one(8*gib, 0, 0), []string{"pass etcd/cp-1"}},
		"a byte over 8 GiB":                       {one(8*gib+1, 0, 0), []string{"info etcd/cp-1"}},
		"OpenShift may have 16":                   {openShift, []string{"pass etcd/cp-1"}},
		"OpenShift may not have 33":               {openShift33, []string{"info etcd/cp-1"}},
		"a byte under the default":                {one(2*gib-1, 0, 10), []string{"warning etcd/cp-1"}},
		"none at all":                             {one(-1, 0, 10), []string{"warning etcd/cp-1"}},
		"default, small and empty":                {one(2*gib, 100<<20, 10), []string{"pass etcd/cp-1"}},
		"default, 100 nodes, a quarter used":      {one(2*gib, half/2, 100), []string{"pass etcd/cp-1"}},
		"default, 101 nodes":                      {one(2*gib, 100<<20, 101), []string{"info etcd/cp-1"}},
		"default, over a quarter used":            {one(2*gib, half/2+1, 10), []string{"info etcd/cp-1"}},
		"default, half used":                      {one(2*gib, half, 10), []string{"info etcd/cp-1"}},
		"default, over half used":                 {one(2*gib, half+1, 10), []string{"warning etcd/cp-1"}},
		"default, 999 nodes":                      {one(2*gib, 1<<20, 999), []string{"info etcd/cp-1"}},
		"default, 1000 nodes":                     {one(2*gib, 1<<20, 1000), []string{"warning etcd/cp-1"}},
		"default, nodes forbidden":                {noNodes, []string{"skipped etcd/cp-1"}},
		"default, nodes forbidden, half used":     {manyUsed, []string{"warning etcd/cp-1"}},
		"default, size forbidden":                 {noSize(10), []string{"skipped etcd/cp-1"}},
		"default, size forbidden, 101 nodes":      {noSize(101), []string{"info etcd/cp-1"}},
		"default on a machine of under 2 GiB":     {tiny(100 << 20), []string{"pass etcd/cp-1"}},
		"the same, and half of it used":           {tiny(half + 1), []string{"warning etcd/cp-1"}},
		"default, nodes unknown":                  {one(2*gib, 1<<20, 0), []string{"info etcd/cp-1"}},
		"a gauge of 0 is not set yet":             {one(0, 1<<20, 10), []string{"skipped etcd/cp-1"}},
		"no flag, all read":                       {flag(nil), []string{"info etcd/cp-1"}},
		"no flag, a version kaudit does not know": {future, []string{"info etcd/cp-1"}},
		"no flag, not all read":                   {opaque, []string{"skipped etcd/cp-1"}},
		"flag 0 is the default":                   {flag(map[string]string{"quota-backend-bytes": "0"}), []string{"info etcd/cp-1"}},
		"flag of 8 GiB":                           {flag(map[string]string{"quota-backend-bytes": "8589934592"}), []string{"pass etcd/cp-1"}},
		"flag that is no number":                  {flag(map[string]string{"quota-backend-bytes": "8GiB"}), []string{"skipped etcd/cp-1"}},
		"status of 3.5 has none":                  {status("3.5.24", nil), []string{"skipped etcd/cp-1"}},
		"status 0 of 3.6.5 is the default":        {status("3.6.5", &zero), []string{"info etcd/cp-1"}},
		"status 0 of 3.6.6 is unknown":            {status("3.6.6", &zero), []string{"skipped etcd/cp-1"}},
		"status of 9 GiB":                         {status("3.7.3", &nine), []string{"info etcd/cp-1"}},
		"more than the node's memory":             {small, []string{"warning etcd/cp-1"}},
		"members differ, events do not count":     {differ, []string{"pass etcd-events/cp-1", "pass etcd/cp-1", "pass etcd/cp-2", "warning etcd cluster"}},
		"members agree":                           {agree, []string{"pass etcd/cp-1", "pass etcd/cp-2", "pass etcd cluster"}},
	} {
		t.Run(name, func(t *testing.T) { wantSaid(t, tc.want, runQuota(tc.snapshot, quotaDefaults)) })
	}
}

// TestQuotaPending wants the verdict on what is in force, and a word on what is not yet.
func TestQuotaPending(t *testing.T) {
	s := &evidence.Snapshot{
		EtcdMetrics: metrics(map[string]evidence.Scrape{"etcd/cp-1": memberSized(2*gib, 1<<20)}),
		EtcdFlags:   etcdFlags(map[string]map[string]string{"etcd/cp-1": {"quota-backend-bytes": "8589934592"}}),
	}
	got := runQuota(s, quotaDefaults)
	wantSaid(t, []string{"info etcd/cp-1"}, got)
	if !strings.Contains(got[0].Message, "awaits a restart") {
		t.Errorf("got %q, want it to say that the configuration awaits a restart", got[0].Message)
	}
}
