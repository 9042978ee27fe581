package etcd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// openShiftMax is the largest backendQuotaGiB that OpenShift supports.
const openShiftMax = 32 * gib

// member is a member with its quota.
type member struct {
	subject string
	limit   limit
}

// quotaVerdict judges one quota: first what is wrong by itself, then whether it is enough.
func quotaVerdict(s *evidence.Snapshot, on checks.Subject, subject string, l limit, p quotaParams) checks.Verdict {
	note := ""
	if l.Pending != "" {
		note = "; its configuration says otherwise (" + l.Pending + ") and awaits a restart"
	}
	want := checks.Bytes(p.RecommendedBytes)
	fix := fmt.Sprintf("--quota-backend-bytes=%d on every member, one after the other; check first that memory and disk hold it", p.RecommendedBytes)
	done := func(v checks.Verdict) checks.Verdict {
		if v = v.Saw("%s (%s)", size(l.Bytes), l.How); v.Outcome == checks.Finding {
			v = v.Want("%s", want)
		}
		return v
	}
	mend := func(v checks.Verdict) checks.Verdict {
		return done(v).WithFix(fix).Setting(subject, "quota-backend-bytes", strconv.FormatInt(p.RecommendedBytes, 10))
	}
	q := l.Bytes
	if node := nodeOf(s, subject); node != nil && tooLarge(s, subject, q, node.MemoryBytes, p) {
		v := on.With(s.Nodes.Source, "node %s has %s of memory", node.Name, checks.Bytes(node.MemoryBytes)).
			Find(checks.Warning, "has a quota of %s but its node only %s of memory: etcd maps the whole file, and slows down once it does not fit%s", size(q), checks.Bytes(node.MemoryBytes), note)
		fix := "more memory for node " + node.Name
		if q > defaultQuota {
			fix += ", or a smaller --quota-backend-bytes, not under etcd's default of 2147483648"
		}
		return v.Saw("%s (%s)", size(q), l.How).Want("at most the memory of the node").WithFix(fix)
	}
	switch openShift := strings.EqualFold(s.Cluster.Distribution, "openshift"); {
	case q < 0:
		return mend(on.Find(checks.Warning, "has no quota: a full disk takes the place of a refused write, and is harder to recover from%s", note))
	case q < defaultQuota:
		return mend(on.Find(checks.Warning, "has a quota of %s, less than etcd's default of 2 GiB%s", size(q), note))
	case q > p.RecommendedBytes && (!openShift || q > openShiftMax):
		return done(on.Find(checks.Info, "has a quota of %s; etcd obeys, but over %s a member takes long to restart, to restore and to catch up%s", size(q), want, note)).
			WithFix("keep the database small enough for " + want + ", or measure how long a restore takes and accept it")
	case q == defaultQuota && componentOf(subject) == eventsEtcd:
		return done(on.Pass("has the default quota of 2 GiB, plenty for events, which live an hour%s", note))
	case q == defaultQuota:
		return mend(enough(s, on, subject, p, note))
	}
	return done(on.Pass("has a quota of %s%s", size(q), note))
}

// tooLarge reports a quota over the memory of its node. Nobody chose the default, and a smaller one is
// no remedy: it is too large only once the database is on its way there.
func tooLarge(s *evidence.Snapshot, subject string, quota, memory int64, p quotaParams) bool {
	if quota <= 0 || memory <= 0 || quota <= memory {
		return false
	}
	used, ok := dbBytes(s, subject)
	return quota > defaultQuota || ok && float64(used) > p.HighShare*float64(quota)
}

// enough judges the default quota by how much of it is used and by how large the cluster is. Where one
// of the two is not known, the other may still tell that it is not enough, never that it is.
func enough(s *evidence.Snapshot, on checks.Subject, subject string, p quotaParams, note string) checks.Verdict {
	used, usedKnown := dbBytes(s, subject)
	share := float64(used) / float64(defaultQuota)
	nodes, nodesKnown := 0, s.Nodes.Seen()
	if nodesKnown {
		nodes = len(s.Nodes.Value.Items)
	}
	var facts []string
	if usedKnown {
		facts = append(facts, fmt.Sprintf("%s, %.0f%% of it, is used", checks.Bytes(used), 100*share))
	} else {
		facts = append(facts, "how much of it is used is not known")
	}
	if nodesKnown {
		facts = append(facts, "the cluster has "+checks.Count(nodes, "node"))
	} else {
		facts = append(facts, "how many nodes there are is not known")
	}
	about := strings.Join(facts, ", ") + note
	way := "its metrics"
	if !asked(s) {
		way += ", or " + unlockEtcd
	}
	switch {
	case usedKnown && share > p.HighShare, nodesKnown && nodes >= p.LargeNodes:
		return on.Find(checks.Warning, "has etcd's default quota of 2 GiB: %s", about)
	case usedKnown && share > p.SmallShare, nodesKnown && nodes > p.SmallNodes:
		return on.Find(checks.Info, "has etcd's default quota of 2 GiB: %s", about)
	case !usedKnown && !s.Cluster.Files && (lost(s.EtcdMetrics, subject) || s.EtcdMetrics.Of(subject).Seen()):
		return on.Skip("has etcd's default quota of 2 GiB; whether that is enough cannot be told: %s", about).Unlocked(way)
	case s.Cluster.Files:
		return on.Skip("has etcd's default quota of 2 GiB; whether that is enough depends on how large the cluster is, which no file tells").
			Unlocked("--quota-backend-bytes in the file (up to 8589934592), or a live cluster")
	case s.Nodes.Gap != nil:
		return on.Skip("has etcd's default quota of 2 GiB; whether that is enough cannot be told: %s", about).Unlocked("permission to list nodes")
	case !usedKnown || !nodesKnown: // of a manifest alone the default is worth a word
		return on.Find(checks.Info, "has etcd's default quota of 2 GiB: %s", about)
	}
	return on.Pass("has etcd's default quota of 2 GiB, enough for now: %s", about)
}

// dbBytes is the allocated size of a member's database, which the quota is held against.
func dbBytes(s *evidence.Snapshot, subject string) (int64, bool) {
	if st := s.EtcdStatus.Of(subject); st.Seen() && st.Value.DBBytes > 0 {
		return st.Value.DBBytes, true
	}
	if m := s.EtcdMetrics.Of(subject); m.Seen() {
		if v, ok := m.Value.Latest().Max("etcd_mvcc_db_total_size_in_bytes"); ok && v > 0 {
			return int64(v), true
		}
	}
	return 0, false
}

// commonQuota is what members with different quotas are brought to: the ceiling that etcd suggests.
const commonQuota = 8 * gib

// quotasAgree compares the members of one cluster: the smallest quota stops writes for all of them.
func quotasAgree(component string, ms []member) (checks.Verdict, bool) {
	if len(ms) < 2 {
		return checks.Verdict{}, false
	}
	on := checks.About(wholeOf(component))
	var each []string
	least, differ := ms[0], false
	for _, m := range ms {
		on = on.With(m.limit.Source, "%s: quota %s", m.subject, size(m.limit.Bytes))
		each = append(each, nameOf(m.subject)+" "+size(m.limit.Bytes))
		differ = differ || m.limit.Bytes != least.limit.Bytes
		if m.limit.Bytes > 0 && (least.limit.Bytes < 0 || m.limit.Bytes < least.limit.Bytes) {
			least = m
		}
	}
	if !differ {
		return on.Pass("has the same quota of %s on the %d members that were seen", size(least.limit.Bytes), len(ms)), true
	}
	v := on.Find(checks.Warning, "has members with different quotas: the first to be full, at %s on %s, stops writes for all", size(least.limit.Bytes), nameOf(least.subject)).
		Saw("%s", strings.Join(each, ", ")).Want("the same on every member").
		WithFix("--quota-backend-bytes=8589934592   # the same on every member, one restart after the other")
	for _, m := range ms {
		if m.limit.Bytes != commonQuota {
			v = v.Setting(m.subject, "quota-backend-bytes", strconv.FormatInt(commonQuota, 10))
		}
	}
	return v, true
}
