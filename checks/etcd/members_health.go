package etcd

import (
	"fmt"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// state is what is known of one voter.
type state int

const (
	unknown    state = iota
	well             // it follows a leader, or its peers are connected to it
	leaderless       // it answers, and has no leader
	unstarted        // added to the cluster, never started
	gone             // its peers are not connected to it, or its pod is not ready
	silent           // it did not answer kaudit; others may well reach it
)

// health judges how many losses are left before writes stop.
func health(s *evidence.Snapshot, c roll) checks.Verdict {
	n := len(c.voters)
	quorum := n/2 + 1
	on := checks.About(wholeOf(c.component)).Aspect("health")
	by := map[state][]string{}
	leader := ""
	names := names(s)
	for _, v := range c.voters {
		st, src, detail := stateOf(s, c.component, v)
		by[st] = append(by[st], v.called())
		if detail != "" {
			on = on.With(src, "%s: %s", v.called(), detail)
		}
		if o := statusOf(s, c.component, v); o.Seen() && o.Value.Leader != "" {
			leader = ", led by " + called(names, o.Value.Leader)
		}
	}
	down := len(by[leaderless]) + len(by[unstarted]) + len(by[gone])
	left := n - down - len(by[silent])
	bad := troubles(by)
	switch {
	case len(by[leaderless]) > 0 && len(by[well]) == 0 && (len(by[leaderless]) < quorum || !c.sure):
		return on.Find(checks.Critical, "has no leader where anybody tells, so it most likely takes no writes: %s", bad).Saw("%d of %s without a leader", len(by[leaderless]), checks.Count(n, "member")).Want("a leader").WithFix(quorumFix)
	case len(by[leaderless]) > 0 && len(by[well]) == 0:
		return on.Find(checks.Critical, "has no leader, so it takes no writes: %s", bad).Saw("0 of %s with a leader", checks.Count(n, "member")).Want("a leader").WithFix(quorumFix)
	case down+len(by[silent]) > 0 && len(by[well]) == 0:
		return unlock(s, on.Skip("cannot be told: %s", bad))
	case down > 0 && n >= 3 && n-down <= quorum:
		return on.Find(checks.Critical, "has no member to spare: %d of %d are well and %d must agree, so the next loss stops writes (%s)", left, n, quorum, bad).
			Saw("%d of %s well", left, checks.Count(n, "member")).Want("%d", n).WithFix(repairFix)
	case down == 0 && len(by[silent]) > 0:
		return on.Find(checks.Warning, "may have lost members: %s; %d of %d are well, %d must agree", bad, left, n, quorum).
			Saw("%d of %s well", left, checks.Count(n, "member")).Want("%d", n).WithFix("see whether it runs: kaudit may lack the way to it that others have; then " + repairFix)
	case down > 0:
		return on.Find(checks.Warning, "has members that are not well: %s; %d of %d are, %d must agree", bad, left, n, quorum).
			Saw("%d of %s well", left, checks.Count(n, "member")).Want("%d", n).WithFix(repairFix)
	case len(by[well]) == 0:
		return unlock(s, on.Skip("is not known: no member told"))
	case len(by[unknown]) == 0 && !c.sure:
		return unlock(s, on.Skip("is good for the %d that told, but %s", n, c.doubt))
	case len(by[unknown]) > 0:
		return unlock(s, on.Skip("is told by %d of %s only, and these are well", len(by[well]), checks.Count(n, "member")))
	}
	return on.Pass("is good: all voting members, %d, have a leader%s", n, leader)
}

const (
	quorumFix = "bring back as many members as are missing for a majority; only if they are lost for good, restore from a snapshot: https://etcd.io/docs/latest/op-guide/recovery/"
	repairFix = "bring the member back; if it is lost for good, remove it before adding another: etcdctl member remove ID, then etcdctl member add NAME --learner --peer-urls=URL"
)

// troubles puts the unwell members into words.
func troubles(by map[state][]string) string {
	var parts []string
	for _, t := range []struct {
		state state
		words string
	}{
		{leaderless, "no leader on"},
		{gone, "not reached by its peers or not ready:"},
		{unstarted, "added but never started:"},
		{silent, "no answer to kaudit from"},
	} {
		if len(by[t.state]) > 0 {
			parts = append(parts, t.words+" "+strings.Join(by[t.state], ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// stateOf asks the member first, then those that talk to it, then its pod.
func stateOf(s *evidence.Snapshot, component string, v voter) (state, evidence.Source, string) {
	if !v.started {
		return unstarted, s.EtcdMembers.Source, "no name or client URL in the member list"
	}
	status := statusOf(s, component, v)
	if status.Seen() {
		if status.Value.Leader == "" {
			return leaderless, status.Source, "no leader"
		}
		return well, status.Source, "leader " + status.Value.Leader
	}
	if m := metricsOf(s, component, v); m.Seen() {
		if has, ok := m.Value.Latest().Sum("etcd_server_has_leader"); ok {
			if has == 0 {
				return leaderless, m.Source, "etcd_server_has_leader 0"
			}
			return well, m.Source, "etcd_server_has_leader 1"
		}
	}
	if active, src, ok := reached(s, component, v.id); ok {
		if active {
			return well, src, "connected to its peers"
		}
		return gone, src, "etcd_network_active_peers 0"
	}
	if p := podNamed(s, component, v.name); p != nil && !p.Ready && (p.Waiting != "" || p.Phase != "Running") {
		return gone, s.ControlPods.Source, fmt.Sprintf("pod %s %s %s", p.Name, p.Phase, p.Waiting)
	}
	if status.Gap != nil && status.Gap.Why == evidence.Unreachable {
		return silent, status.Source, status.Gap.Note
	}
	return unknown, evidence.Source{}, ""
}

// reached reports whether any of the other members is connected to one; false if none tells.
func reached(s *evidence.Snapshot, component, id string) (active bool, src evidence.Source, ok bool) {
	if id == "" {
		return false, src, false
	}
	for o := range s.EtcdMetrics.Seen() {
		if componentOf(o.Of) != component {
			continue
		}
		if n, told := o.Value.Latest().By("etcd_network_active_peers", "Remote")[id]; told {
			ok, src = true, o.Source
			active = active || n > 0
		}
	}
	return active, src, ok
}

func podNamed(s *evidence.Snapshot, component, name string) *evidence.ControlPod {
	pods := podsOf(s, component)
	for i := range pods {
		if pods[i].Subject == component+"/"+name {
			return &pods[i]
		}
	}
	return nil
}

// stragglers are members that the list has but that do not vote or never started.
func stragglers(s *evidence.Snapshot) []checks.Verdict {
	if !s.EtcdMembers.Seen() {
		return nil
	}
	var vs []checks.Verdict
	for _, m := range *s.EtcdMembers.Value {
		on := checks.About(mainEtcd+"/"+voter{id: m.ID, name: m.Name}.called(), s.EtcdMembers.Source)
		if m.Learner {
			vs = append(vs, learner(s, on.Aspect("learner"), m))
		} else if m.Name == "" || len(m.ClientURLs) == 0 {
			vs = append(vs, on.Aspect("started").Find(checks.Warning, "was added to the cluster and never started: it counts for the majority and cannot vote (peer URLs %s)", strings.Join(m.PeerURLs, ", ")).
				Want("a running member").WithFix("start it with --initial-cluster-state=existing, or etcdctl member remove "+m.ID))
		}
	}
	return vs
}

// learner judges a member that does not vote yet. Minutes of it are how a member should join.
func learner(s *evidence.Snapshot, on checks.Subject, m evidence.EtcdMember) checks.Verdict {
	fix := "etcdctl member promote " + m.ID + " when it has caught up, or etcdctl member remove " + m.ID
	if o := metricsOf(s, mainEtcd, voter{id: m.ID, name: m.Name}); o.Seen() {
		if age := o.Value.Latest().Age(); age.Hours() >= 1 && isLearner(o.Value.Latest()) {
			return on.Find(checks.Warning, "has run for %s and still does not vote", evidence.Ago(age)).Want("promoted once it has caught up").WithFix(fix)
		}
	}
	return on.Find(checks.Info, "is a learner: it has the data, and does not vote until it is promoted").Want("promoted once it has caught up").WithFix(fix)
}
