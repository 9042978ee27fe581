package etcd

import (
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// TestEndpointsThatWereGivenAreNotAdvised wants people who gave endpoints told what failed, and those
// who gave none what to give.
func TestEndpointsThatWereGivenAreNotAdvised(t *testing.T) {
	missed := func(of string, why evidence.Why, note, unlock string) evidence.Observed[evidence.EtcdStatus] {
		return evidence.Miss[evidence.EtcdStatus](of, evidence.Gap{Why: why, Note: note, Unlock: unlock}, evidence.Source{})
	}
	told := evidence.See("etcd/a", evidence.EtcdStatus{}, evidence.Source{})
	for name, tc := range map[string]struct {
		status       evidence.Instances[evidence.EtcdStatus]
		subject      string
		said, unlock string
	}{
		"nothing was given":        {nil, "etcd", "is dark", unlockEtcd},
		"nobody asked":             {evidence.Instances[evidence.EtcdStatus]{missed("etcd", evidence.NotAsked, "not asked", "x")}, "etcd", "is dark", unlockEtcd},
		"none by the provider":     {evidence.Instances[evidence.EtcdStatus]{missed("etcd", evidence.Absent, "managed", "")}, "etcd", "is dark", unlockEtcd},
		"refused":                  {evidence.Instances[evidence.EtcdStatus]{missed("etcd/a", evidence.Forbidden, "not its CA", "another --etcd-cacert")}, "etcd cluster alarms", "is dark; etcd/a was asked: not its CA", "another --etcd-cacert"},
		"of another member":        {evidence.Instances[evidence.EtcdStatus]{told, missed("etcd/b", evidence.Unreachable, "refused", "start it")}, "etcd/a raft-lag", "is dark", ""},
		"a member was not named":   {evidence.Instances[evidence.EtcdStatus]{told, missed("etcd/b", evidence.NotAsked, "not named", "--etcd-endpoints b")}, "etcd cluster health", "is dark", "--etcd-endpoints b"},
		"failed before not named":  {evidence.Instances[evidence.EtcdStatus]{missed("etcd/b", evidence.NotAsked, "not named", "x"), missed("etcd/c", evidence.Unreachable, "refused", "start it")}, "etcd", "is dark; etcd/c was asked: refused", "start it"},
		"all answered, none tells": {evidence.Instances[evidence.EtcdStatus]{told}, "etcd", "is dark", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := unlock(&evidence.Snapshot{EtcdStatus: tc.status}, checks.About(tc.subject).Skip("is dark"))
			if got.Message != tc.said || got.Unlock != tc.unlock {
				t.Errorf("got %q by %q, want %q by %q", got.Message, got.Unlock, tc.said, tc.unlock)
			}
		})
	}
}

func TestAlarmsThatWereRefusedSaySo(t *testing.T) {
	gap := evidence.Gap{Why: evidence.Forbidden, Note: "user may not", Unlock: "a certificate of root"}
	s := &evidence.Snapshot{
		EtcdMetrics: metrics(map[string]evidence.Scrape{"etcd/a": scrape(time.Hour, values{"etcd_mvcc_db_total_size_in_bytes": 1 << 20})}),
		EtcdStatus:  evidence.Instances[evidence.EtcdStatus]{evidence.Miss[evidence.EtcdStatus]("etcd/a", gap, evidence.Source{})},
		EtcdAlarms:  evidence.Miss[[]evidence.EtcdAlarm]("etcd cluster", gap, evidence.Source{}),
	}
	got := alarms(s)[0]
	if !strings.Contains(got.Message, gap.Note) || got.Unlock != gap.Unlock {
		t.Errorf("got %q by %q, want why they could not be read, and %q", got.Message, got.Unlock, gap.Unlock)
	}
}
