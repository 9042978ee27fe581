package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func TestSilentEtcdIsNamed(t *testing.T) {
	src := evidence.Source{Via: "etcd", From: "10.0.0.1:2379"}
	down := evidence.Gap{Why: evidence.Unreachable, Note: "connection refused", Unlock: "run kaudit elsewhere"}
	miss := func(of string, gap evidence.Gap) evidence.Observed[evidence.EtcdStatus] {
		return evidence.Miss[evidence.EtcdStatus](of, gap, src)
	}
	s := &evidence.Snapshot{
		EtcdStatus: evidence.Instances[evidence.EtcdStatus]{
			evidence.See("etcd/a", evidence.EtcdStatus{}, src), miss("etcd/b", down), miss("etcd/c", down),
			miss("etcd/d", evidence.Gap{Why: evidence.NotAsked, Note: "not named"}),
			{Of: "etcd/e", Source: src},
		},
		EtcdMetrics: evidence.Instances[evidence.Scrapes]{
			evidence.See("etcd/b", evidence.Scrapes{}, evidence.Source{Via: "port-forward"}), // by another way than the flags'
			evidence.See("etcd/c", evidence.Scrapes{}, src),                                  // a port for metrics alone
		},
	}
	want := []string{"etcd/b, of --etcd-endpoints, was asked in vain: connection refused; run kaudit elsewhere"}
	if diff := cmp.Diff(want, silentEtcd(s)); diff != "" {
		t.Errorf("silent (-want +got):\n%s", diff)
	}
}

func TestProgressNamesWhatIsStillWaitedFor(t *testing.T) {
	var s stages
	s.line("nodes", 0, 1, 0)
	s.line("leases", 0, 2, 0)
	if got, want := s.line("leases", 1, 2, 10*time.Second), "collecting 1/2, with 10s between two scrapes: nodes"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.line("pods", 1, 3, 0)
	if got, want := s.line("nodes", 2, 3, 0), "collecting 2/3: pods"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
