package etcd

import (
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// latency is a histogram of etcd's disk buckets (1 ms · 2ⁿ) by how many observations fell into each;
// the key is the upper bound in milliseconds, 0 stands for over 8192.
type latency map[int]float64

func (l latency) histogram() evidence.Histogram {
	var h evidence.Histogram
	for le := 1; le <= 8192; le *= 2 {
		h.Count += l[le]
		h.Buckets = append(h.Buckets, evidence.Bucket{LE: float64(le) / 1000, Count: h.Count})
	}
	h.Count += l[0]
	return h
}

func histogram(family string, h evidence.Histogram, sc evidence.Scrape) evidence.Scrape {
	sc.Families[family] = &evidence.Family{Type: "histogram", Series: []evidence.Series{{Histogram: &h}}}
	return sc
}

const (
	fsyncFamily  = "etcd_disk_wal_fsync_duration_seconds"
	commitFamily = "etcd_disk_backend_commit_duration_seconds"
)

// disk is one scrape of a member with such latencies.
func disk(age time.Duration, fsync, commit latency, changes, late float64) evidence.Scrape {
	sc := scrape(age, nil)
	for name, v := range map[string]float64{"etcd_server_leader_changes_seen_total": changes, "etcd_server_heartbeat_send_failures_total": late} {
		sc.Families[name] = &evidence.Family{Type: "counter", Series: []evidence.Series{{Value: v}}}
	}
	return histogram(commitFamily, commit.histogram(), histogram(fsyncFamily, fsync.histogram(), sc))
}

// later adds a second scrape ten seconds after the first, with that much more.
func later(first evidence.Scrape, fsync, commit latency, changes, late float64) evidence.Scrapes {
	value := func(name string) float64 { v, _ := first.Sum(name); return v }
	second := disk(0, nil, nil, value("etcd_server_leader_changes_seen_total")+changes, value("etcd_server_heartbeat_send_failures_total")+late)
	for family, more := range map[string]latency{fsyncFamily: fsync, commitFamily: commit} {
		before, _ := first.Hist(family)
		second = histogram(family, before.Plus(more.histogram()), second)
	}
	second.At, second.Start = first.At.Add(10*time.Second), first.Start
	return evidence.Scrapes{First: first, Second: &second}
}

func TestDiskLatency(t *testing.T) {
	const day = 24 * time.Hour
	good, idle := latency{8: 5000}, latency{1: 100}
	edge, over := latency{8: 4950, 16: 50}, latency{16: 4950, 32: 50} // exactly 1% over the bound
	first := func(fsync latency, changes, late float64) evidence.Scrapes {
		return evidence.Scrapes{First: disk(10*day, fsync, good, changes, late)}
	}
	young := func(age time.Duration, fsync latency, changes, late float64) evidence.Scrapes {
		return evidence.Scrapes{First: disk(age, fsync, good, changes, late)}
	}
	then := func(fsync latency, changes, late float64) evidence.Scrapes {
		return later(disk(10*day, good, good, 1, 0), fsync, latency{8: 100}, changes, late)
	}
	untold := disk(10*day, good, good, 1, 0)
	delete(untold.Families, fsyncFamily)

	for name, tc := range map[string]struct {
		scrapes evidence.Scrapes
		want    string // of wal-fsync
	}{
		"well":                                         {first(good, 1, 0), "pass"},
		"exactly 1% over 8 ms":                         {first(edge, 1, 0), "pass"},
		"more than 1% over 8 ms, none over 16":         {first(latency{8: 4949, 16: 51}, 1, 0), "info"},
		"exactly 1% over 16 ms":                        {first(over, 1, 0), "info"},
		"more than 1% over 16 ms, no harm":             {first(latency{16: 4949, 32: 51}, 1, 0), "info"},
		"the same, leaders lost daily":                 {first(latency{16: 4949, 32: 51}, 12, 0), "warning"},
		"the same, leaders lost in ten days of upkeep": {first(latency{16: 4949, 32: 51}, 4, 0), "info"},
		"the same, heartbeats late hourly":             {first(latency{16: 4949, 32: 51}, 1, 241), "warning"},
		"99th percentile over 128 ms, no harm":         {first(latency{256: 5000}, 1, 0), "warning"},
		"the same, harm, since ten days":               {first(latency{256: 5000}, 12, 0), "warning"},
		"the same, harm, since this morning":           {young(6*time.Hour, latency{256: 5000}, 5, 0), "critical"},
		"199 observations are too few":                 {first(latency{32: 199}, 1, 0), "skipped"},
		"200 are weak":                                 {first(latency{32: 200}, 1, 0), "info"},
		"none at all":                                  {first(nil, 1, 0), "skipped"},
		"not told":                                     {evidence.Scrapes{First: untold}, "skipped"},
		"started 9 minutes ago":                        {young(9*time.Minute, latency{256: 5000}, 9, 9), "skipped"},
		"started 10 minutes ago":                       {young(10*time.Minute, good, 1, 0), "pass"},

		"enough in the window, slow":                  {then(latency{32: 1000}, 0, 0), "warning"},
		"999 in the window, slow":                     {then(latency{32: 999}, 0, 0), "info"},
		"enough in the window, well after bad days":   {later(disk(10*day, latency{256: 5000}, good, 50, 0), latency{4: 1000}, nil, 0, 0), "pass"},
		"few in the window say nothing by themselves": {then(idle, 0, 0), "pass"},
		"window over 128 ms and a leader lost":        {then(latency{256: 1000}, 1, 0), "critical"},
		"window over 128 ms and no harm":              {then(latency{256: 1000}, 0, 0), "warning"},
		"window over 1 s":                             {then(latency{2048: 1000}, 0, 0), "critical"},
		"one stall among few, and a leader lost":      {then(latency{1: 40, 1024: 1}, 1, 0), "critical"},
		"one stall among few, and a late heartbeat":   {then(latency{1: 40, 1024: 1}, 0, 1), "critical"},
		"one stall of half a second, no harm":         {then(latency{1: 40, 1024: 1}, 0, 0), "pass"},
		"one stall of a second, no harm":              {then(latency{1: 40, 2048: 1}, 0, 0), "warning"},
		"a leader lost, and the disk quick":           {then(latency{1: 1000}, 1, 0), "pass"},

		"long stalls since start, leaders lost daily": {first(latency{1: 1e6, 2048: 11}, 12, 0), "warning"},
		"long stalls since start, no leader lost":     {first(latency{1: 1e6, 2048: 11}, 1, 0), "pass"},
		"a thousandth stalls":                         {first(latency{1: 9990, 1024: 10}, 1, 0), "pass"},
		"more than a thousandth stalls":               {first(latency{1: 9989, 1024: 11}, 1, 0), "info"},
		"the same, and a leader lost":                 {first(latency{1: 9989, 1024: 11}, 2, 0), "warning"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{EtcdMetrics: evidence.Instances[evidence.Scrapes]{evidence.See("etcd/cp-1", tc.scrapes, evidence.Source{})}}
			got := runDiskLatency(s, diskLatencyDefaults)
			if line := said(got)[0]; line != tc.want+" etcd/cp-1 wal-fsync" {
				t.Errorf("got %s: %s, want %s", line, got[0].Message, tc.want)
			}
		})
	}
}

// TestDiskLatencyCommit wants the bounds of backend commits, and the hint which of the two is at fault.
func TestDiskLatencyCommit(t *testing.T) {
	const day = 24 * time.Hour
	good, slow := latency{4: 5000}, latency{64: 5000}
	for name, tc := range map[string]struct {
		fsync, commit latency
		want          []string
		hint          string
	}{
		"16 ms":            {good, latency{16: 5000}, []string{"pass etcd/cp-1 wal-fsync", "pass etcd/cp-1 backend-commit"}, ""},
		"up to 32 ms":      {good, latency{32: 5000}, []string{"pass etcd/cp-1 wal-fsync", "info etcd/cp-1 backend-commit"}, "cannot tell"},
		"only commit slow": {good, slow, []string{"pass etcd/cp-1 wal-fsync", "info etcd/cp-1 backend-commit"}, "look at CPU limits"},
		"both slow":        {slow, slow, []string{"info etcd/cp-1 wal-fsync", "info etcd/cp-1 backend-commit"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{"etcd/cp-1": disk(10*day, tc.fsync, tc.commit, 1, 0)})}
			got := runDiskLatency(s, diskLatencyDefaults)
			wantSaid(t, tc.want, got)
			if !strings.Contains(got[1].Message, tc.hint) || tc.hint == "" && strings.Contains(got[1].Message, "CPU limits") {
				t.Errorf("got %q, want the hint %q", got[1].Message, tc.hint)
			}
		})
	}
	t.Run("slow fsync, fast write", func(t *testing.T) {
		sc := histogram("etcd_disk_wal_write_duration_seconds", good.histogram(), disk(10*day, slow, slow, 1, 0))
		got := runDiskLatency(&evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{"etcd/cp-1": sc})}, diskLatencyDefaults)
		if !strings.Contains(got[0].Message, "flush") {
			t.Errorf("got %q, want it to name the device's flush", got[0].Message)
		}
	})
}

func TestDiskLatencyUnsafe(t *testing.T) {
	s := &evidence.Snapshot{
		EtcdMetrics: metrics(map[string]evidence.Scrape{"etcd/cp-1": disk(time.Hour, latency{256: 5000}, latency{256: 5000}, 1, 0)}),
		EtcdFlags:   etcdFlags(map[string]map[string]string{"etcd/cp-1": {"unsafe-no-fsync": "true"}}),
	}
	wantSaid(t, []string{"not-applicable etcd/cp-1 wal-fsync", "not-applicable etcd/cp-1 backend-commit"}, runDiskLatency(s, diskLatencyDefaults))
}

// TestDiskLatencyRestart wants what happened in the window left out where it cannot be told.
func TestDiskLatencyRestart(t *testing.T) {
	sc := later(disk(240*time.Hour, latency{4: 5000}, latency{4: 5000}, 1, 0), latency{2048: 1000}, nil, 3, 3)
	sc.Second.Start++
	got := runDiskLatency(&evidence.Snapshot{EtcdMetrics: evidence.Instances[evidence.Scrapes]{evidence.See("etcd/cp-1", sc, evidence.Source{})}}, diskLatencyDefaults)
	for _, v := range got {
		if v.Severity == checks.Critical || strings.Contains(v.Message, "in the last") {
			t.Errorf("got %s %q, want nothing about a window with a restart in it", v.Severity, v.Message)
		}
	}
}
