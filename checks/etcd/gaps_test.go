package etcd

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// TestGapsShow takes one piece of evidence away from a healthy cluster. What it carried must turn into
// skipped: it may neither vanish nor become a finding.
func TestGapsShow(t *testing.T) {
	gap := evidence.Gap{Why: evidence.Forbidden, Note: "may not be read", Unlock: "permission"}
	whole := func() *evidence.Snapshot {
		s := cluster(1)
		s.APIServerFlags = apiservers("https://10.0.0.1:2379", "")
		s.EtcdMetrics = metrics(map[string]evidence.Scrape{"etcd/cp-1": scrape(time.Hour, values{
			"etcd_server_leader_changes_seen_total": 1, quotaGauge: float64(8 * gib), "etcd_mvcc_db_total_size_in_bytes": 1 << 20,
		})})
		return s
	}
	for name, tc := range map[string]struct {
		lose  func(*evidence.Snapshot)
		check checks.Check
		want  string
	}{
		"the member list": {func(s *evidence.Snapshot) {
			s.EtcdMembers = evidence.Miss[[]evidence.EtcdMember]("etcd cluster", gap, evidence.Source{})
		}, members, "skipped kube-apiserver etcd-servers"},
		"flags of kube-apiserver": {func(s *evidence.Snapshot) {
			s.APIServerFlags[0] = evidence.Miss[evidence.Flags]("kube-apiserver/cp-1", gap, evidence.Source{})
		}, members, "skipped kube-apiserver/cp-1 etcd-servers"},
		"metrics: elections": {func(s *evidence.Snapshot) {
			s.EtcdMetrics[0] = evidence.Miss[evidence.Scrapes]("etcd/cp-1", gap, evidence.Source{})
		}, members, "skipped etcd cluster elections"},
		"status and metrics: raft": {func(s *evidence.Snapshot) {
			s.EtcdMetrics[0] = evidence.Miss[evidence.Scrapes]("etcd/cp-1", gap, evidence.Source{})
			s.EtcdStatus[0] = evidence.Miss[evidence.EtcdStatus]("etcd/cp-1", gap, evidence.Source{})
		}, members, "skipped etcd/cp-1 raft-lag"},
		"nodes": {func(s *evidence.Snapshot) {
			s.Nodes = evidence.Miss[evidence.Nodes]("cluster", gap, evidence.Source{})
		}, members, "skipped etcd cluster count"},
		"the size": {func(s *evidence.Snapshot) {
			delete(s.EtcdMetrics[0].Value.First.Families, "etcd_mvcc_db_total_size_in_bytes")
		}, space, "skipped etcd/cp-1"},
		"the size, for its quota": {func(s *evidence.Snapshot) {
			s.EtcdMetrics = metrics(map[string]evidence.Scrape{"etcd/cp-1": scrape(time.Hour, values{quotaGauge: float64(2 * gib)})})
			s.EtcdStatus = nil
		}, quota, "skipped etcd/cp-1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := whole()
			tc.lose(s)
			got := checks.Run(s, []checks.Check{tc.check})[0].Verdicts
			if !slices.Contains(said(got), tc.want) {
				t.Errorf("got %v, want %q among them", said(got), tc.want)
			}
			for _, line := range said(got) {
				if word, _, _ := strings.Cut(line, " "); word == "critical" || word == "warning" || word == "info" {
					t.Errorf("got %q of a healthy cluster, want no finding for want of evidence", line)
				}
			}
		})
	}
}

func TestManagedSizeIsNotHeldAgainstTheDefault(t *testing.T) {
	of := func(bytes float64, managed bool) *evidence.Snapshot {
		return &evidence.Snapshot{
			Cluster:          evidence.Cluster{Managed: managed},
			APIServerMetrics: metrics(map[string]evidence.Scrape{"kube-apiserver/a": scrape(time.Hour, values{"apiserver_storage_db_total_size_in_bytes": bytes})}),
		}
	}
	for _, tc := range []struct {
		bytes   float64
		managed bool
		want    string
	}{
		{1.9 * float64(gib), false, "info etcd cluster"},
		{1.9 * float64(gib), true, "skipped etcd cluster"},
		{7.9 * float64(gib), true, "info etcd cluster"},
	} {
		if got := said(runSpace(of(tc.bytes, tc.managed), spaceDefaults)); !slices.Contains(got, tc.want) {
			t.Errorf("%.0f bytes, managed %t: got %v, want %q", tc.bytes, tc.managed, got, tc.want)
		}
	}
}

func TestEventsWithoutEtcd(t *testing.T) {
	s := &evidence.Snapshot{Nodes: nodes(1001), APIServerFlags: apiservers("unix:///var/lib/rancher/k3s/server/kine.sock", "")}
	wantSaid(t, []string{"not-applicable cluster"}, runEventsSeparation(s, eventsDefaults))
}
