package etcd

import (
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

func TestMembersRaft(t *testing.T) {
	with := func(change func(*evidence.EtcdStatus)) *evidence.Snapshot {
		s := cluster(3)
		change(s.EtcdStatus[1].Value)
		return s
	}
	stranger := cluster(3)
	stranger.EtcdStatus = append(stranger.EtcdStatus, evidence.See("etcd/cp-4", evidence.EtcdStatus{Endpoint: "10.0.0.4:2379", ClusterID: "c2", MemberID: "z", Leader: "z", RaftTerm: 9}, evidence.Source{}))
	events := stranger
	listed := cluster(3)
	listed.EtcdStatus = stranger.EtcdStatus
	listed.APIServerFlags = apiservers("https://10.0.0.1:2379,https://10.0.0.4:2379", "")
	alone := unreachable(cluster(3), 0, 1)
	judged(t, "etcd cluster leader", membersCases{
		"only one answers":                      {alone, "skipped"},
		"one":                                   {cluster(3), "pass"},
		"two at one term":                       {with(func(st *evidence.EtcdStatus) { st.Leader = "b" }), "critical"},
		"another at another term":               {with(func(st *evidence.EtcdStatus) { st.Leader, st.RaftTerm = "b", 3 }), "pass"},
		"two cluster ids":                       {with(func(st *evidence.EtcdStatus) { st.ClusterID = "c2" }), "critical"},
		"a member of another cluster beside it": {events, "pass"},
		"one that kube-apiserver uses alike":    {listed, "critical"},
	})
	behind := func(n uint64) *evidence.Snapshot {
		return with(func(st *evidence.EtcdStatus) { st.RaftIndex, st.RaftApplied = 100_000, 100_000-n })
	}
	failed := func(n float64) *evidence.Snapshot {
		s := cluster(3)
		first, second := scrape(time.Hour, values{}), scrape(time.Hour, values{})
		second.At = first.At.Add(10 * time.Second)
		for sc, v := range map[*evidence.Scrape]float64{&first: 10, &second: 10 + n} {
			sc.Families["etcd_server_proposals_failed_total"] = &evidence.Family{Type: "counter", Series: []evidence.Series{{Value: v}}}
		}
		s.EtcdMetrics = evidence.Instances[evidence.Scrapes]{evidence.See("etcd/cp-2", evidence.Scrapes{First: first, Second: &second}, evidence.Source{})}
		return s
	}
	ahead := with(func(st *evidence.EtcdStatus) { st.RaftIndex, st.RaftApplied = 100, 101 })
	judged(t, "etcd/cp-2 raft-lag", membersCases{
		"1000 behind":           {behind(1000), "pass"},
		"1001 behind":           {behind(1001), "warning"},
		"5000 behind":           {behind(5000), "warning"},
		"5001 behind":           {behind(5001), "critical"},
		"ahead, by read order":  {ahead, "pass"},
		"5 failures a second":   {failed(50), "pass"},
		"more than that":        {failed(51), "warning"},
		"none fails, none lags": {failed(0), "pass"},
	})
}

func TestMembersElections(t *testing.T) {
	of := func(age time.Duration, changes float64) *evidence.Snapshot {
		s := cluster(3)
		s.EtcdMetrics = metrics(map[string]evidence.Scrape{"etcd/cp-1": scrape(age, values{"etcd_server_leader_changes_seen_total": changes})})
		return s
	}
	recent := func(n float64) *evidence.Snapshot {
		s := cluster(3)
		s.EtcdMetrics = evidence.Instances[evidence.Scrapes]{evidence.See("etcd/cp-1", later(disk(240*time.Hour, nil, nil, 1, 0), nil, nil, n, 0), evidence.Source{})}
		return s
	}
	judged(t, "etcd cluster elections", membersCases{
		"its own start":               {of(time.Hour, 1), "pass"},
		"a counter of 0":              {of(time.Hour, 0), "pass"},
		"a rolling restart":           {of(time.Hour, 3), "pass"},
		"three in a day":              {of(25*time.Hour, 4), "info"},
		"three in four days":          {of(96*time.Hour, 4), "pass"},
		"four in an hour":             {of(time.Hour, 5), "warning"},
		"four in two hours":           {of(2*time.Hour, 5), "info"},
		"none in the window":          {recent(0), "pass"},
		"one in the window":           {recent(1), "info"},
		"four in the window":          {recent(4), "warning"},
		"start not told says no rate": {of(0, 1), "pass"},
	})
}
