package etcd

import (
	_ "embed"
	"errors"
	"fmt"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed space.md
var spaceDoc string

var space = checks.New(checks.Spec{
	ID:        "etcd-space",
	Component: "etcd",
	Severity:  checks.Warning,
	AnyOf: []evidence.Kind{
		evidence.KindEtcdStatus, evidence.KindEtcdMetrics, evidence.KindEtcdAlarms, evidence.KindAPIServerMetrics,
	},
	Uses: []evidence.Kind{evidence.KindEtcdFlags, evidence.KindEtcdMembers},
	Doc:  spaceDoc,
}, spaceDefaults, runSpace)

type spaceParams struct {
	HighShare     float64 `json:"highShare" doc:"share of its quota a member may use before it is a warning; kaudit's own estimate"`
	CriticalShare float64 `json:"criticalShare" doc:"share of its quota from which it is critical; etcd's own alerting rules page there"`
	FreeShare     float64 `json:"freeShare" doc:"share of free pages over which a database counts as fragmented; etcd's own alerting rules"`
	FragmentBytes int64   `json:"fragmentBytes" doc:"size under which fragmentation is of no interest; etcd's own alerting rules"`
	WastedShare   float64 `json:"wastedShare" doc:"share of the quota a fragmented file must occupy before it is a warning; kaudit's own estimate"`
}

var spaceDefaults = spaceParams{HighShare: 0.80, CriticalShare: 0.95, FreeShare: 0.5, FragmentBytes: 100 << 20, WastedShare: 0.5}

func (p spaceParams) Validate() error {
	for _, share := range []float64{p.HighShare, p.CriticalShare, p.FreeShare, p.WastedShare} {
		if share <= 0 || share > 1 {
			return errors.New("shares must be over 0 and at most 1")
		}
	}
	if p.HighShare > p.CriticalShare {
		return errors.New("highShare must be at most criticalShare")
	}
	return nil
}

func runSpace(s *evidence.Snapshot, p spaceParams) []checks.Verdict {
	vs := alarms(s)
	for _, subject := range subjects(s) {
		if u, ok := usageOf(s, subject); ok {
			vs = append(vs, spaceVerdict(s, u, p))
		} else if s.EtcdMetrics.Of(subject).Seen() || s.EtcdStatus.Of(subject).Seen() {
			vs = append(vs, unlock(s, checks.About(subject).Skip("does not tell the size of its database: neither its metrics nor its status have it")))
		}
	}
	if !sized(s) {
		vs = append(vs, fromAPIServer(s, p)...)
	}
	if len(vs) > 0 {
		return vs
	}
	if s.Cluster.Managed {
		return []checks.Verdict{checks.About(mainEtcd).NotApplicable("is run by the provider of this control plane, who shows not even its size")}
	}
	return []checks.Verdict{unlock(s, checks.About(mainEtcd).Skip("does not tell its size, nor does kube-apiserver"))}
}

// sized reports whether any member told its own size.
func sized(s *evidence.Snapshot) bool {
	for _, subject := range subjects(s) {
		if _, ok := dbBytes(s, subject); ok {
			return true
		}
	}
	return false
}

// usage is how much of its file a member uses, both read at one time.
type usage struct {
	subject   string
	source    evidence.Source
	allocated int64
	inUse     int64 // 0: not told
	learner   bool
}

func (u usage) free() float64 { return 1 - float64(u.inUse)/float64(u.allocated) }

func usageOf(s *evidence.Snapshot, subject string) (usage, bool) {
	if st := s.EtcdStatus.Of(subject); st.Seen() && st.Value.DBBytes > 0 {
		return usage{subject, st.Source, st.Value.DBBytes, st.Value.DBInUseBytes, st.Value.Learner}, true
	}
	if m := s.EtcdMetrics.Of(subject); m.Seen() {
		sc := m.Value.Latest()
		if total, ok := sc.Max("etcd_mvcc_db_total_size_in_bytes"); ok && total > 0 {
			used, _ := sc.Max("etcd_mvcc_db_total_size_in_use_in_bytes")
			return usage{subject, m.Source, int64(total), int64(used), isLearner(sc)}, true
		}
	}
	return usage{}, false
}

// spaceVerdict judges one member: how near its quota is, which remedy helps, and free pages.
func spaceVerdict(s *evidence.Snapshot, u usage, p spaceParams) checks.Verdict {
	on := checks.About(u.subject).With(u.source, "database %s, in use %s", checks.Bytes(u.allocated), checks.Bytes(u.inUse))
	l, ok := quotaOf(s, u.subject)
	if !ok {
		way := "its metrics, or its flags, or --etcd-endpoints with etcd 3.6 or later"
		if asked(s) {
			way = "its metrics or its flags; its status tells its quota from etcd 3.6 on"
		}
		return on.Skip("has a database of %s, and its quota is not known", checks.Bytes(u.allocated)).Unlocked(way)
	}
	on = on.With(l.Source, "quota %s (%s)", size(l.Bytes), l.How)
	if l.Bytes < 0 {
		return on.Skip("has a database of %s and no quota: only the disk limits it, and that was not looked at", checks.Bytes(u.allocated))
	}
	share := float64(u.allocated) / float64(l.Bytes)
	facts := fmt.Sprintf("uses %.0f%% of its %s quota", 100*share, size(l.Bytes))
	saw := func(v checks.Verdict) checks.Verdict {
		return v.Saw("%s allocated, %s in use, quota %s", checks.Bytes(u.allocated), checks.Bytes(u.inUse), size(l.Bytes))
	}
	if share > p.HighShare {
		sev, bound := checks.Warning, p.HighShare
		if share > p.CriticalShare {
			sev, bound = checks.Critical, p.CriticalShare
		}
		advice, fix := remedy(u, l, p)
		return saw(on.Find(sev, "%s, over %.0f%%: %s", facts, 100*bound, advice)).Want("at most %.0f%% of the quota", 100*p.HighShare).WithFix(fix)
	}
	if v, ok := fragmented(on, u, share, p); ok {
		return saw(v).Want("under %.0f%% free pages", 100*p.FreeShare)
	}
	return saw(on.Pass("%s, at most %.0f%% is wanted", facts, 100*p.HighShare))
}

// remedy says what helps a member that is nearly full: free pages count against the quota until the
// file is written anew, but where there are few of them a defragmentation gains nothing.
func remedy(u usage, l limit, p spaceParams) (advice, fix string) {
	if u.inUse > 0 && float64(u.inUse)/float64(l.Bytes) <= p.HighShare {
		return fmt.Sprintf("%.0f%% of the file is free pages, so a defragmentation gives %s back", 100*u.free(), checks.Bytes(u.allocated-u.inUse)), defragFix
	}
	advice = "nearly all of it is in use, so a defragmentation would not help"
	if u.inUse == 0 {
		advice = "how much of it is free pages is not known"
	}
	fix = "find what grows (apiserver_resource_objects, large Secrets and ConfigMaps, custom resources) and delete it"
	if l.Bytes < 8*gib {
		fix += ", or raise --quota-backend-bytes on every member, one after the other, up to 8589934592"
	}
	return advice, fix
}

const defragFix = "etcdctl --endpoints=URL-OF-ONE-MEMBER defrag; wait until it is healthy, then the next; the leader last. It blocks that member meanwhile, and needs etcd 3.5.23, 3.6.5 or later to be safe"

// fragmented judges free pages. Later writes use them up again, so by themselves they are no fault;
// a learner has just received its file.
func fragmented(on checks.Subject, u usage, share float64, p spaceParams) (checks.Verdict, bool) {
	if u.learner || u.inUse <= 0 || u.allocated <= p.FragmentBytes || u.free() <= p.FreeShare {
		return checks.Verdict{}, false
	}
	facts := fmt.Sprintf("has %.0f%% free pages in a file of %s", 100*u.free(), checks.Bytes(u.allocated))
	if share > p.WastedShare {
		return on.Find(checks.Warning, "%s, which takes %.0f%% of its quota: they count as used until a defragmentation", facts, 100*share).WithFix(defragFix), true
	}
	if u.inUse <= p.FragmentBytes {
		return on.Pass("%s, %.0f%% of its quota: later writes use them up again", facts, 100*share), true
	}
	return on.Find(checks.Info, "%s: later writes use them up again, meanwhile they cost disk, memory and restore time", facts).WithFix(defragFix), true
}
