package etcd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

const noSpaceFix = `in this order:
1. find what grows and stop it (apiserver_resource_objects names the kind)
2. compact: etcdctl compact REVISION, with the revision of "etcdctl endpoint status -w json" (kube-apiserver cannot: its own compaction writes a key first)
3. etcdctl --endpoints=URL-OF-ONE-MEMBER defrag, member by member, the leader last
4. etcdctl alarm disarm
5. raise --quota-backend-bytes on every member, if what is there is meant to be there`

const corruptFix = "stop: do not restart, compact or defragment a member before the one that differs is known; take a snapshot of each, then https://etcd.io/docs/latest/op-guide/data_corruption/"

// alarms judges what is raised in the whole cluster: an alarm is replicated, and stays until somebody
// disarms it, space or no space.
func alarms(s *evidence.Snapshot) []checks.Verdict {
	raised, sources, known := raisedAlarms(s)
	on := checks.About(wholeOf(mainEtcd), sources...).Aspect("alarms")
	if !known {
		if !sized(s) {
			return nil // of an etcd that shows nothing there is more to say than this
		}
		return []checks.Verdict{unlock(s, on.Skip("could not be read: metrics do not tell them"))}
	}
	names := names(s)
	var noSpace, corrupt []string
	for _, a := range raised {
		switch a.Alarm {
		case "NOSPACE":
			noSpace = append(noSpace, called(names, a.MemberID))
		case "CORRUPT":
			corrupt = append(corrupt, called(names, a.MemberID))
		}
	}
	switch {
	case len(corrupt) > 0:
		also := ""
		if len(noSpace) > 0 {
			also = "; NOSPACE is raised as well, by " + strings.Join(noSpace, ", ")
		}
		return []checks.Verdict{on.Find(checks.Critical, "are raised: CORRUPT by %s, whose data differs from that of the others%s", strings.Join(corrupt, ", "), also).
			Saw("%s", checks.Count(len(raised), "alarm")).Want("none").WithFix(corruptFix)}
	case len(noSpace) > 0:
		return []checks.Verdict{on.Find(checks.Critical, "are raised: NOSPACE by %s, so every write to the cluster is refused until it is disarmed", strings.Join(noSpace, ", ")).
			Saw("%s", checks.Count(len(raised), "alarm")).Want("none").WithFix(noSpaceFix)}
	case len(raised) > 0:
		return []checks.Verdict{on.Find(checks.Warning, "are raised, of a kind that kaudit does not know: %s", raised[0].Alarm).Saw("%s", checks.Count(len(raised), "alarm")).Want("none")}
	}
	return []checks.Verdict{on.Pass("are not raised by any member")}
}

// raisedAlarms reads the alarm list, and what status calls repeat of it. One answer is enough to know
// of none: every member answers for the whole cluster.
func raisedAlarms(s *evidence.Snapshot) (raised []evidence.EtcdAlarm, sources []evidence.Source, known bool) {
	if s.EtcdAlarms.Seen() {
		raised, sources, known = slices.Clone(*s.EtcdAlarms.Value), append(sources, s.EtcdAlarms.Source), true
	}
	for o := range s.EtcdStatus.Seen() {
		known = true
		for _, e := range o.Value.Errors {
			for _, kind := range []string{"NOSPACE", "CORRUPT"} {
				a := evidence.EtcdAlarm{MemberID: alarmMember(e, o.Value.MemberID), Alarm: kind}
				if strings.Contains(e, kind) && !slices.Contains(raised, a) {
					raised, sources = append(raised, a), append(sources, o.Source)
				}
			}
		}
	}
	return raised, sources, known
}

// alarmMember reads the member out of "memberID:10276657743932975437 alarm:NOSPACE", where it is
// decimal. The member that answered stands in if it cannot be read.
func alarmMember(text, fallback string) string {
	for word := range strings.FieldsSeq(text) {
		if id, ok := strings.CutPrefix(word, "memberID:"); ok {
			var n uint64
			if _, err := fmt.Sscanf(id, "%d", &n); err == nil {
				return fmt.Sprintf("%x", n)
			}
		}
	}
	return fallback
}

// fromAPIServer says what can be said with no access to etcd: the size of the database of whichever
// member each kube-apiserver happened to ask. It never passes: another member may be larger, the
// quota is assumed or may differ, and alarms do not show.
func fromAPIServer(s *evidence.Snapshot, p spaceParams) []checks.Verdict {
	sizes, sources := storageSizes(s)
	var vs []checks.Verdict
	for _, id := range sortedKeys(sizes) {
		on := checks.About(wholeOf(mainEtcd))
		if id != "" && id != "etcd-0" && len(sizes) > 1 {
			on = on.Aspect(id)
		}
		on = on.With(sources[id], "database %s, as kube-apiserver was told by one member", checks.Bytes(sizes[id]))
		vs = append(vs, sizeOnly(s, on, sizes[id], p))
	}
	return vs
}

// sizeOnly holds a size against the smallest quota that flags tell, else against the default.
func sizeOnly(s *evidence.Snapshot, on checks.Subject, bytes int64, p spaceParams) checks.Verdict {
	l, known := smallestFlag(s)
	if known && l.Bytes > 0 {
		on = on.With(l.Source, "quota %s (%s)", size(l.Bytes), l.How)
		share := float64(bytes) / float64(l.Bytes)
		facts := fmt.Sprintf("uses at least %.0f%% of its %s quota (%s), by kube-apiserver's metrics", 100*share, size(l.Bytes), l.How)
		switch {
		case share > p.CriticalShare:
			return on.Find(checks.Critical, "%s, over %.0f%%", facts, 100*p.CriticalShare).Saw("%s", checks.Bytes(bytes)).WithFix(noSpaceFix)
		case share > p.HighShare:
			return on.Find(checks.Warning, "%s, over %.0f%%", facts, 100*p.HighShare).Saw("%s", checks.Bytes(bytes)).WithFix(defragFix)
		}
		return unlock(s, on.Skip("%s; other members, free pages and alarms do not show there", facts).Saw("%s", checks.Bytes(bytes)))
	}
	half := fmt.Sprintf("has a database of %s by kube-apiserver's metrics", checks.Bytes(bytes))
	likely := []int64{defaultQuota, 8 * gib}
	if s.Cluster.Managed {
		likely = likely[1:] // no provider runs etcd with its default
	}
	for _, assumed := range likely {
		if bytes <= assumed && float64(bytes) > p.HighShare*float64(assumed) {
			return on.Find(checks.Info, "%s: over %.0f%% of %s, if that is its quota, which could not be read", half, 100*p.HighShare, checks.Bytes(assumed)).
				Saw("%s", checks.Bytes(bytes)).Want("at most %.0f%% of the quota", 100*p.HighShare)
		}
	}
	if bytes > 8*gib {
		return on.Find(checks.Info, "%s, over the 8 GiB that etcd suggests as the most", half).Saw("%s", checks.Bytes(bytes)).Want("at most 8 GiB")
	}
	return unlock(s, on.Skip("%s, and neither its quota, nor free pages, nor alarms show there", half).Saw("%s", checks.Bytes(bytes)))
}

// smallestFlag is the smallest quota among the members whose flags were read.
func smallestFlag(s *evidence.Snapshot) (least limit, ok bool) {
	for o := range s.EtcdFlags.Seen() {
		if l, known := quotaFlag(o); known && componentOf(o.Of) == mainEtcd && l.Bytes > 0 && (!ok || l.Bytes < least.Bytes) {
			least, ok = l, true
		}
	}
	return least, ok
}

// storageSizes is the largest size that any instance tells, by storage cluster. Each asks a member
// that its client happens to pick, so the largest is the nearest to the truth.
func storageSizes(s *evidence.Snapshot) (map[string]int64, map[string]evidence.Source) {
	sizes, sources := map[string]int64{}, map[string]evidence.Source{}
	for o := range s.APIServerMetrics.Seen() {
		scrapes := []*evidence.Scrape{&o.Value.First, o.Value.Second}
		for _, sc := range scrapes {
			if sc == nil {
				continue
			}
			for id, v := range storageSize(sc) {
				if int64(v) > sizes[id] {
					sizes[id], sources[id] = int64(v), o.Source
				}
			}
		}
	}
	return sizes, sources
}

// storageSize reads the name that this version has for it; sizes by endpoint are of one cluster.
func storageSize(sc *evidence.Scrape) map[string]float64 {
	for _, label := range []string{"storage_cluster_id", "cluster"} {
		if m := sc.By("apiserver_storage_size_bytes", label); m != nil {
			if _, unlabelled := m[""]; !unlabelled {
				return m
			}
		}
	}
	for _, family := range []string{"apiserver_storage_db_total_size_in_bytes", "etcd_db_total_size_in_bytes"} {
		if v, ok := sc.Max(family); ok {
			return map[string]float64{"": v}
		}
	}
	return nil
}
