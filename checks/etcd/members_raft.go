package etcd

import (
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// raft judges what the members of a cluster say of leaders and of the log they share.
func raft(s *evidence.Snapshot, c roll, p membersParams) []checks.Verdict {
	var vs []checks.Verdict
	if v, ok := agreement(s, c); ok {
		vs = append(vs, v)
	}
	vs = append(vs, elections(s, c, p))
	for _, v := range c.voters {
		if v, ok := lag(s, c.component, v, p); ok {
			vs = append(vs, v)
		}
	}
	return vs
}

// agreement holds what members name as their leader against each other, at one term.
func agreement(s *evidence.Snapshot, c roll) (checks.Verdict, bool) {
	on := checks.About(wholeOf(c.component)).Aspect("leader")
	leaders := map[uint64]map[string]bool{}
	seen, clusters := 0, map[string]bool{}
	for _, o := range oneCluster(s, c) {
		seen++
		clusters[o.Value.ClusterID] = true
		on = on.With(o.Source, "%s: leader %s at term %d, cluster %s", nameOf(o.Of), o.Value.Leader, o.Value.RaftTerm, o.Value.ClusterID)
		if leaders[o.Value.RaftTerm] == nil {
			leaders[o.Value.RaftTerm] = map[string]bool{}
		}
		leaders[o.Value.RaftTerm][o.Value.Leader] = true
	}
	if seen < 2 {
		i := slices.IndexFunc(s.EtcdStatus, func(o evidence.Observed[evidence.EtcdStatus]) bool {
			return o.Gap != nil && o.Gap.Why != evidence.NotAsked && componentOf(o.Of) == c.component
		})
		if len(c.voters) < 2 || i < 0 {
			return checks.Verdict{}, false
		}
		return on.Skip("cannot be compared: %s answered with a leader, and two are needed (%s: %s)", checks.Count(seen, "member"), s.EtcdStatus[i].Of, s.EtcdStatus[i].Gap.Note).
			Unlocked(s.EtcdStatus[i].Gap.Unlock), true
	}
	if len(clusters) > 1 {
		return on.Find(checks.Critical, "is more than one: its members answer with the cluster ids %s", strings.Join(sortedKeys(clusters), ", ")).
			Want("one cluster id").WithFix("find which members were started with a new data directory or --force-new-cluster, and join them anew"), true
	}
	for term, ids := range leaders {
		if len(ids) > 1 {
			return on.Find(checks.Critical, "is disputed: at term %d members follow %s", term, strings.Join(sortedKeys(ids), " and ")).Want("one leader at a term"), true
		}
	}
	return on.Pass("is the same for all %d members that were asked", seen), true
}

// oneCluster are the members with a leader that ought to be of one cluster: its voters, and whatever
// kube-apiserver lists beside them.
func oneCluster(s *evidence.Snapshot, c roll) []evidence.Observed[evidence.EtcdStatus] {
	listed := map[string]bool{}
	for o := range s.APIServerFlags.Seen() {
		if set := o.Value.Setting("etcd-servers"); c.component == mainEtcd && set.Known() {
			for _, at := range addresses(parseServers(split(set))) {
				listed[at] = true
			}
		}
	}
	var out []evidence.Observed[evidence.EtcdStatus]
	for o := range s.EtcdStatus.Seen() {
		votes := slices.ContainsFunc(c.voters, func(v voter) bool { return statusOf(s, c.component, v).Of == o.Of })
		if o.Value.Leader != "" && componentOf(o.Of) == c.component && (votes || listed[parseServer(o.Value.Endpoint).at()]) {
			out = append(out, o)
		}
	}
	return out
}

// elections judges how often leaders were lost, by the member that saw most of it per hour.
func elections(s *evidence.Snapshot, c roll, p membersParams) checks.Verdict {
	var worst unrest
	var of evidence.Observed[evidence.Scrapes]
	rate := func(u unrest) float64 { return u.AllElections / max(u.Age.Hours(), 0.25) }
	for _, v := range c.voters {
		o := metricsOf(s, c.component, v)
		if !o.Seen() || !o.Value.Latest().Has("etcd_server_leader_changes_seen_total") {
			continue
		}
		u := unrestOf(*o.Value)
		if !of.Seen() || u.Elections > worst.Elections || u.Elections == worst.Elections && rate(u) > rate(worst) {
			worst, of = u, o
		}
	}
	on := checks.About(wholeOf(c.component)).Aspect("elections")
	if !of.Seen() {
		return untold(on, s, c.component, "are not known: no member's metrics tell leader changes")
	}
	on = on.With(of.Source, "%s saw %s", nameOf(of.Of), checks.Count(worst.AllElections, "leader change")+sinceStart(worst.Age))
	facts := "brought " + checks.Count(worst.AllElections, "leader change") + " as " + nameOf(of.Of) + " counts" + sinceStart(worst.Age) + " (that of its own start left out)"
	hourly := worst.AllElections >= 4 && worst.Age > 0 && rate(worst) >= p.ElectionsHourly
	switch {
	case worst.Elections > 0:
		sev := checks.Info
		if hourly || worst.Elections >= 4 {
			sev = checks.Warning
		}
		return on.Find(sev, "%s; %.0f of them in the last %s", facts, worst.Elections, evidence.Ago(worst.Window)).Want("none").WithFix(electionFix)
	case hourly:
		return on.Find(checks.Warning, "%s: %.0f an hour, of at most %.0f", facts, rate(worst), p.ElectionsHourly).Want("none").WithFix(electionFix)
	case worst.AllElections >= 3 && worst.Age > 0 && worst.AllElections > worst.Age.Hours()/24:
		return on.Find(checks.Info, "%s: more than one a day", facts).Want("none but for maintenance").WithFix(electionFix)
	}
	return on.Pass("%s", facts)
}

// untold is a skip for want of metrics, with what collecting them came to.
func untold(on checks.Subject, s *evidence.Snapshot, component, what string) checks.Verdict {
	for _, o := range s.EtcdMetrics {
		if o.Gap != nil && componentOf(o.Of) == component {
			return on.Skip("%s (%s)", what, o.Gap.Note).Unlocked(o.Gap.Unlock)
		}
	}
	return on.Skip("%s", what).Unlocked("the metrics of etcd")
}

const electionFix = "look at etcd-disk-latency and etcd-peer-latency first, then at CPU limits of etcd and at restarts of its members"

// lag judges how far a member applies behind what is committed, and proposals that fail.
func lag(s *evidence.Snapshot, component string, v voter, p membersParams) (checks.Verdict, bool) {
	if v.name == "" && v.id == "" {
		return checks.Verdict{}, false
	}
	on := checks.About(component + "/" + v.called()).Aspect("raft-lag")
	metrics := metricsOf(s, component, v)
	if rate, n, ok := failing(metrics); ok && rate > p.FailedPerSecond {
		return on.With(metrics.Source, "%.0f failed proposals", n).
			Find(checks.Warning, "fails %.1f proposals a second, of at most %.0f", rate, p.FailedPerSecond).Want("none").WithFix(electionFix), true
	}
	behind, src, ok := uint64(0), evidence.Source{}, false
	if o := statusOf(s, component, v); o.Seen() {
		behind, src, ok = minusOrZero(o.Value.RaftIndex, o.Value.RaftApplied), o.Source, o.Value.RaftApplied > 0
	} else if metrics.Seen() {
		committed, hasCommitted := metrics.Value.Latest().Max("etcd_server_proposals_committed_total")
		applied, hasApplied := metrics.Value.Latest().Max("etcd_server_proposals_applied_total")
		behind, src, ok = minusOrZero(uint64(committed), uint64(applied)), metrics.Source, hasCommitted && hasApplied && applied > 0
	}
	if !ok {
		return untold(on, s, component, "is not known: neither its status nor its metrics tell"), true
	}
	on = on.With(src, "%d committed entries not applied", behind)
	switch {
	case behind > p.RefusedEntries:
		return on.Find(checks.Critical, "is %d entries behind what is committed; over %d it refuses writes", behind, p.RefusedEntries).Want("under %d", p.LagEntries).WithFix(electionFix), true
	case behind > p.LagEntries:
		return on.Find(checks.Warning, "is %d entries behind what is committed, of at most %d", behind, p.LagEntries).Want("under %d", p.LagEntries).WithFix(electionFix), true
	}
	return on.Pass("is %d behind the index of what is committed, at most %d is wanted", behind, p.LagEntries), true
}

func minusOrZero(a, b uint64) uint64 {
	if a < b {
		return 0 // read at different moments
	}
	return a - b
}

// failing is the rate of failed proposals in the window; a handful is no rate.
func failing(o evidence.Observed[evidence.Scrapes]) (perSecond, n float64, ok bool) {
	if !o.Seen() {
		return 0, 0, false
	}
	d, over, why := o.Value.Delta()
	if why != "" || over <= 0 {
		return 0, 0, false
	}
	n, ok = d.Sum("etcd_server_proposals_failed_total")
	return n / over.Seconds(), n, ok && n >= 50
}
