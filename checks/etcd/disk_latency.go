package etcd

import (
	_ "embed"
	"errors"
	"fmt"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed disk_latency.md
var diskLatencyDoc string

var diskLatency = checks.New(checks.Spec{
	ID:        "etcd-disk-latency",
	Component: "etcd",
	Severity:  checks.Warning,
	Needs:     []evidence.Kind{evidence.KindEtcdMetrics},
	Uses:      []evidence.Kind{evidence.KindEtcdFlags},
	InFiles:   []evidence.Kind{evidence.KindEtcdMetrics, evidence.KindEtcdFlags},
	Doc:       diskLatencyDoc,
}, diskLatencyDefaults, runDiskLatency)

type diskLatencyParams struct {
	FsyncSeconds   float64 `json:"fsyncSeconds" doc:"what 99% of WAL fsyncs must stay under; etcd's FAQ"`
	CommitSeconds  float64 `json:"commitSeconds" doc:"what 99% of backend commits must stay under; etcd's FAQ"`
	HarmfulSeconds float64 `json:"harmfulSeconds" doc:"99th percentile from which elections or late heartbeats are put down to the disk; kaudit's own estimate, a tenth of the default election timeout"`
	EnoughSamples  float64 `json:"enoughSamples" doc:"observations from which a 99th percentile is taken seriously: ten lie above it"`
	FewSamples     float64 `json:"fewSamples" doc:"observations under which nothing is said of a 99th percentile"`
	StalledShare   float64 `json:"stalledShare" doc:"share of observations over half a second that is too many though the 99th percentile is fine; kaudit's own estimate"`
}

var diskLatencyDefaults = diskLatencyParams{
	FsyncSeconds: 0.010, CommitSeconds: 0.025, HarmfulSeconds: 0.1,
	EnoughSamples: 1000, FewSamples: 200, StalledShare: 0.001,
}

func (p diskLatencyParams) Validate() error {
	if p.FsyncSeconds <= 0 || p.CommitSeconds <= 0 || p.HarmfulSeconds <= 0 {
		return errors.New("thresholds must be over 0 seconds")
	}
	if p.FewSamples < 100 || p.EnoughSamples < p.FewSamples {
		return errors.New("a 99th percentile needs 100 observations: fewSamples must be at least 100, enoughSamples at least fewSamples")
	}
	return nil
}

// A disk operation that etcd times, with what is asked of it.
type operation struct {
	aspect, family, noun string
	threshold            float64
	// etcd's own alerting rules page for 99th percentiles over these; 0: no such rule.
	warn, page float64
}

func (p diskLatencyParams) operations() (fsync, commit operation) {
	return operation{"wal-fsync", "etcd_disk_wal_fsync_duration_seconds", "WAL fsync", p.FsyncSeconds, 0.5, 1},
		operation{"backend-commit", "etcd_disk_backend_commit_duration_seconds", "backend commit", p.CommitSeconds, 0.25, 0}
}

func runDiskLatency(s *evidence.Snapshot, p diskLatencyParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.EtcdMetrics.Seen() {
		vs = append(vs, diskLatencyOf(o, s.EtcdFlags.Of(o.Of), p)...)
	}
	if s.Cluster.Files {
		vs = append(vs, unsafeInFiles(s)...)
	}
	return vs
}

// unsafeInFiles finds members that are told not to write to their disk before they answer. How fast the disks
// are no file tells.
func unsafeInFiles(s *evidence.Snapshot) []checks.Verdict {
	vs := checks.Missing(s.EtcdMetrics, "latency")
	for o := range s.EtcdFlags.Seen() {
		set := o.Value.Setting("unsafe-no-fsync")
		if !noFsync(o) {
			continue
		}
		sev := checks.Critical
		if componentOf(o.Of) == eventsEtcd {
			sev = checks.Warning
		}
		vs = append(vs, checks.On(o).Aspect("fsync").With(set.Source, "--unsafe-no-fsync: %s", set).
			Find(sev, "is started with --unsafe-no-fsync: it says that data is safe before its disk has it, and loses it when the machine fails").
			Saw("%s", set).Want("no --unsafe-no-fsync").WithFix("remove --unsafe-no-fsync from every member").
			Unsetting(o.Of, "unsafe-no-fsync"))
	}
	return vs
}

// diskLatencyOf judges both operations of one member: each says where the other's fault may lie.
func diskLatencyOf(o evidence.Observed[evidence.Scrapes], flags evidence.Observed[evidence.Flags], p diskLatencyParams) []checks.Verdict {
	fsync, commit := p.operations()
	each := func(say func(checks.Subject, operation) checks.Verdict) []checks.Verdict {
		return []checks.Verdict{say(checks.On(o).Aspect(fsync.aspect), fsync), say(checks.On(o).Aspect(commit.aspect), commit)}
	}
	if noFsync(flags) {
		return each(func(s checks.Subject, _ operation) checks.Verdict {
			return s.NotApplicable("runs with --unsafe-no-fsync: it never waits for its disk, and loses data when the machine fails")
		})
	}
	u := unrestOf(*o.Value)
	if u.Age > 0 && u.Age < young {
		return each(func(s checks.Subject, op operation) checks.Verdict {
			return s.Skip("started %s ago: so far its %ss tell of its start", evidence.Ago(u.Age), op.noun).Unlocked("run again when it has been up for 10 minutes")
		})
	}
	a, b := sampleOf(*o.Value, fsync, p), sampleOf(*o.Value, commit, p)
	return each(func(s checks.Subject, op operation) checks.Verdict {
		if op.aspect == fsync.aspect {
			return a.judge(s, u, p, fsyncHint(a, *o.Value))
		}
		return b.judge(s, u, p, commitHint(a, b))
	})
}

func noFsync(flags evidence.Observed[evidence.Flags]) bool {
	return flags.Seen() && flags.Value.Setting("unsafe-no-fsync").Value == "true"
}

// fsyncHint tells a slow flush of the device from a slow disk, where etcd times both (3.5.15+).
func fsyncHint(fsync sample, sc evidence.Scrapes) string {
	w, ok := sc.Latest().Hist("etcd_disk_wal_write_duration_seconds")
	if !ok || fsync.side != evidence.Over || w.Against(0.99, 0.008) != evidence.Under {
		return ""
	}
	return "; writing without fsync is fast, so it is the device's flush that is slow"
}

// commitHint tells bbolt from the disk: a commit is mostly an fdatasync of the database file.
func commitHint(fsync, commit sample) string {
	if fsync.side == evidence.Under && commit.side == evidence.Over {
		return "; WAL fsyncs on the same member are fast: look at CPU limits, memory pressure and the size of the free list before the disk"
	}
	return ""
}

const diskFix = "give etcd's data directory, or at least --wal-dir, a low-latency SSD with guaranteed IOPS that it shares with no images, logs or other databases; measure it first: fio --rw=write --ioengine=sync --fdatasync=1 --size=22m --bs=2300 --name=etcd --directory=DIR"

// unlockSamples says how to see more.
func unlockSamples(got, want float64, per string) string {
	return fmt.Sprintf("scan with a longer --window: %.0f %ss are needed, %.0f were seen", want, per, got)
}
