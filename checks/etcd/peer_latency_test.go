package etcd

import (
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// roundTrip is a histogram of etcd's round-trip buckets (0.1 ms · 2ⁿ) with n observations up to le.
func roundTrip(le, n float64) evidence.Histogram {
	h := evidence.Histogram{Count: n}
	bound := 0.0001
	for range 16 {
		b := evidence.Bucket{LE: bound}
		if bound >= le {
			b.Count = n
		}
		h.Buckets = append(h.Buckets, b)
		bound *= 2
	}
	return h
}

// probing is a member that has probed peers, by their ids.
func probing(age time.Duration, peers map[string]evidence.Histogram, more ...labelled) evidence.Scrape {
	sc := scrape(age, values{"etcd_server_leader_changes_seen_total": 1}, more...)
	f := &evidence.Family{Type: "histogram"}
	for id, h := range peers {
		f.Series = append(f.Series, evidence.Series{Labels: map[string]string{"To": id}, Histogram: &h})
	}
	sc.Families[peerRTT] = f
	return sc
}

func TestPeerLatency(t *testing.T) {
	const day = 24 * time.Hour
	to := func(le float64) map[string]evidence.Histogram {
		return map[string]evidence.Histogram{"b": roundTrip(le, 5000)}
	}
	of := func(sc evidence.Scrape, set map[string]string) *evidence.Snapshot {
		s := &evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{"etcd/cp-1": sc})}
		if set != nil {
			s.EtcdFlags = etcdFlags(map[string]map[string]string{"etcd/cp-1": set})
		}
		return s
	}
	unstable := probing(day, to(0.4096))
	unstable.Families["etcd_server_leader_changes_seen_total"].Series[0].Value = 26
	worst := probing(day, map[string]evidence.Histogram{"b": roundTrip(0.0016, 5000), "c": roundTrip(0.4096, 5000)})
	known := func(n int) evidence.Scrape {
		sc := scrape(day, nil)
		for i := range n {
			id := string(rune('a' + i))
			sc.Families["etcd_network_known_peers"] = appendSeries(sc.Families["etcd_network_known_peers"], map[string]string{"Local": "a", "Remote": id}, 1)
		}
		return sc
	}
	onePod := of(scrape(day, nil), nil)
	onePod.ControlPods = pods("etcd", 1)
	quiet := "pass etcd/cp-1 send-failures"
	hidden := of(probing(day, to(0.2048)), map[string]string{})
	hidden.EtcdFlags[0].Value.Opaque = "--config-file, which could not be read"
	slowTimers := map[string]string{"heartbeat-interval": "500", "election-timeout": "5000"}
	fastTimers := map[string]string{"heartbeat-interval": "50", "election-timeout": "300"}

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"1.6 ms":                               {of(probing(day, to(0.0016)), nil), []string{"pass etcd/cp-1", quiet}},
		"up to 51.2 ms":                        {of(probing(day, to(0.0512)), nil), []string{"pass etcd/cp-1", quiet}},
		"over 51.2 ms, maybe 100":              {of(probing(day, to(0.1024)), nil), []string{"info etcd/cp-1", quiet}},
		"over 102.4 ms":                        {of(probing(day, to(0.2048)), map[string]string{}), []string{"warning etcd/cp-1", quiet}},
		"over 102.4 ms, timers not known":      {of(probing(day, to(0.2048)), nil), []string{"info etcd/cp-1", quiet}},
		"over 102.4 ms, timers in a file":      {hidden, []string{"info etcd/cp-1", quiet}},
		"over 102.4 ms, timers of k3s":         {of(probing(day, to(0.2048)), slowTimers), []string{"info etcd/cp-1", quiet}},
		"over 204.8 ms, whatever the timers":   {of(probing(day, to(0.4096)), slowTimers), []string{"warning etcd/cp-1", quiet}},
		"25 to 51 ms, a tenth is 30 ms":        {of(probing(day, to(0.0512)), fastTimers), []string{"info etcd/cp-1", quiet}},
		"slow, and 25 elections in a day":      {of(unstable, nil), []string{"critical etcd/cp-1", quiet}},
		"the worst peer counts":                {of(worst, nil), []string{"warning etcd/cp-1", quiet}},
		"up for 59 minutes":                    {of(probing(59*time.Minute, to(0.4096)), nil), []string{"skipped etcd/cp-1", quiet}},
		"199 observations":                     {of(probing(day, map[string]evidence.Histogram{"b": roundTrip(0.4096, 199)}), nil), []string{"skipped etcd/cp-1", quiet}},
		"200 observations":                     {of(probing(day, map[string]evidence.Histogram{"b": roundTrip(0.4096, 200)}), nil), []string{"warning etcd/cp-1", quiet}},
		"no observations at all":               {of(probing(day, map[string]evidence.Histogram{"b": roundTrip(0.1, 0)}), nil), []string{"skipped etcd/cp-1", quiet}},
		"knows itself only":                    {of(known(1), nil), []string{"not-applicable etcd/cp-1"}},
		"knows others, tells no round trips":   {of(known(3), nil), []string{"skipped etcd/cp-1"}},
		"one pod, and no peers in its metrics": {onePod, []string{"not-applicable etcd/cp-1"}},
		"nothing tells how many there are":     {of(scrape(day, nil), nil), []string{"skipped etcd/cp-1"}},
	} {
		t.Run(name, func(t *testing.T) { wantSaid(t, tc.want, runPeerLatency(tc.snapshot, peerLatencyDefaults)) })
	}
}

func appendSeries(f *evidence.Family, labels map[string]string, v float64) *evidence.Family {
	if f == nil {
		f = &evidence.Family{Type: "gauge"}
	}
	f.Series = append(f.Series, evidence.Series{Labels: labels, Value: v})
	return f
}

func TestPeerFailures(t *testing.T) {
	peers := map[string]evidence.Histogram{"b": roundTrip(0.0016, 5000)}
	failing := func(age time.Duration, n float64) evidence.Scrape {
		sc := probing(age, peers)
		sc.Families[peerFailures] = &evidence.Family{Type: "counter", Series: []evidence.Series{{Labels: map[string]string{"To": "b"}, Value: n}}}
		return sc
	}
	twice := func(before, after float64) evidence.Scrapes {
		first, second := failing(100*time.Hour, before), failing(100*time.Hour, after)
		second.At = first.At.Add(10 * time.Second)
		return evidence.Scrapes{First: first, Second: &second}
	}
	members := func(ids ...string) evidence.Observed[[]evidence.EtcdMember] {
		var ms []evidence.EtcdMember
		for _, id := range ids {
			ms = append(ms, evidence.EtcdMember{ID: id, Name: "etcd-" + id, ClientURLs: []string{"https://10.0.0.1:2379"}})
		}
		return evidence.See("etcd cluster", ms, evidence.Source{})
	}
	none := evidence.Observed[[]evidence.EtcdMember]{}
	once := func(sc evidence.Scrape) evidence.Scrapes { return evidence.Scrapes{First: sc} }

	for name, tc := range map[string]struct {
		scrapes evidence.Scrapes
		members evidence.Observed[[]evidence.EtcdMember]
		want    string
		message string
	}{
		"none since start":              {once(probing(100*time.Hour, peers)), none, "pass", "are none"},
		"one every hundred seconds":     {once(failing(100*time.Hour, 3600)), none, "pass", "are few"},
		"more than that":                {once(failing(100*time.Hour, 3601)), none, "warning", "3601 messages to member b"},
		"more, in under an hour":        {once(failing(50*time.Minute, 3601)), none, "pass", ""},
		"4 in the window are no rate":   {twice(0, 4), none, "pass", ""},
		"5 in the window":               {twice(0, 5), none, "warning", "in the last 10 s"},
		"many since start, none now":    {twice(9999, 9999), none, "pass", ""},
		"many since start, and one now": {twice(9999, 10000), none, "warning", ""},
		"by name":                       {twice(0, 50), members("a", "b"), "warning", "to etcd-b"},
		"to a member that was removed":  {twice(0, 50), members("a", "c"), "info", "no longer a member"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{
				EtcdMetrics: evidence.Instances[evidence.Scrapes]{evidence.See("etcd/cp-1", tc.scrapes, evidence.Source{})},
				EtcdMembers: tc.members,
			}
			got := runPeerLatency(s, peerLatencyDefaults)
			if line := said(got)[1]; line != tc.want+" etcd/cp-1 send-failures" || !strings.Contains(got[1].Message, tc.message) {
				t.Errorf("got %s: %s, want %s with %q", line, got[1].Message, tc.want, tc.message)
			}
		})
	}
}
