package etcd

import (
	"fmt"
	"slices"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// A roll is who votes in one etcd cluster, and how well that is known.
type roll struct {
	component string
	voters    []voter
	sources   []evidence.Source
	how       string // "by its member list"
	certain   bool   // etcd itself says so
	sure      bool   // certain, or nothing speaks against it
	doubt     string // where not sure
}

// worst is how severe too few members are: the data of an etcd for events can be lost.
func (r roll) worst() checks.Severity {
	if r.component == eventsEtcd {
		return checks.Warning
	}
	return checks.Critical
}

// A voter is a member that votes, or is taken for one.
type voter struct {
	id      string // "" if only its pod was seen
	name    string
	peers   []string
	started bool
}

func (v voter) called() string {
	if v.name != "" {
		return v.name
	}
	return "member " + v.id
}

// rollOf finds the voters of a cluster, best evidence first: the member list, what members know of
// each other, their pods, who answered, their flags.
func rollOf(s *evidence.Snapshot, component string) roll {
	for _, find := range []func(*evidence.Snapshot, string) roll{fromList, fromPeers, fromPods, fromStatus, fromFlags} {
		if r := find(s, component); len(r.voters) > 0 {
			r.component = component
			return r
		}
	}
	return roll{component: component}
}

// fromList reads MemberList, which is of the main cluster.
func fromList(s *evidence.Snapshot, component string) roll {
	r := roll{how: "by its member list", certain: true, sure: true}
	if component != mainEtcd || !s.EtcdMembers.Seen() {
		return r
	}
	r.sources = []evidence.Source{s.EtcdMembers.Source}
	for _, m := range *s.EtcdMembers.Value {
		if !m.Learner {
			r.voters = append(r.voters, voter{m.ID, m.Name, m.PeerURLs, m.Name != "" && len(m.ClientURLs) > 0})
		}
	}
	return r
}

// fromPeers reads etcd_network_known_peers (3.6+). It lists learners too, so the number of voters is
// sure only where every member told whether it is one.
func fromPeers(s *evidence.Snapshot, component string) roll {
	r := roll{how: "by what they know of each other"}
	known, learners, told := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for o := range s.EtcdMetrics.Seen() {
		sc := o.Value.Latest()
		if componentOf(o.Of) != component {
			continue
		}
		r.sources = append(r.sources, o.Source)
		for id, v := range sc.By("etcd_network_known_peers", "Remote") {
			known[id] = known[id] || v > 0
		}
		if id := ownID(sc); id != "" {
			told[id], learners[id] = true, isLearner(sc)
		}
	}
	names := names(s)
	silent := 0
	for _, id := range sortedKeys(known) {
		if !known[id] || learners[id] {
			continue
		}
		r.voters = append(r.voters, voter{id: id, name: names[id], started: true})
		if !told[id] {
			silent++
		}
	}
	nameLast(r.voters, podsOf(s, component))
	r.certain, r.sure = silent == 0, silent == 0
	if silent > 0 && len(podsOf(s, component)) == len(r.voters) {
		r.how, r.sure = "by their pods and what they know of each other", true
	}
	r.doubt = fmt.Sprintf("%s did not tell whether it votes", checks.Count(silent, "member"))
	return r
}

// nameLast names the one voter that did not tell its name after the one pod that is nobody else's: a
// member that is down is what people look for, by name.
func nameLast(voters []voter, pods []evidence.ControlPod) {
	nameless := -1
	taken := map[string]bool{}
	for i, v := range voters {
		if taken[v.name] = true; v.name == "" {
			if nameless >= 0 {
				return
			}
			nameless = i
		}
	}
	pods = slices.DeleteFunc(slices.Clone(pods), func(p evidence.ControlPod) bool { return taken[nameOf(p.Subject)] })
	if nameless >= 0 && len(pods) == 1 {
		voters[nameless].name = nameOf(pods[0].Subject)
	}
}

// fromPods takes every pod of etcd for a member, unless a member's configuration names more.
func fromPods(s *evidence.Snapshot, component string) roll {
	r := roll{how: "by its pods", sure: true}
	pods := podsOf(s, component)
	for _, p := range pods {
		r.voters = append(r.voters, voter{name: nameOf(p.Subject), started: true})
	}
	if len(pods) > 0 {
		r.sources = []evidence.Source{s.ControlPods.Source}
	}
	if n := initialCluster(s, component); n > len(pods) {
		r.sure, r.doubt = false, fmt.Sprintf("--initial-cluster names %d", n)
	}
	return r
}

// fromStatus takes those that answered for members. It is what is left when there is no majority: the
// member list itself needs one.
func fromStatus(s *evidence.Snapshot, component string) roll {
	r := roll{doubt: "these are those that answered, and the member list could not be read"}
	for o := range s.EtcdStatus.Seen() {
		if componentOf(o.Of) == component && !o.Value.Learner {
			r.voters = append(r.voters, voter{id: o.Value.MemberID, name: nameOf(o.Of), started: true})
			r.sources = append(r.sources, o.Source)
		}
	}
	return r
}

// fromFlags reads --initial-cluster, which tells who was there when that member first started: those
// who joined or left since are not in it.
func fromFlags(s *evidence.Snapshot, component string) roll {
	r := roll{doubt: "flags name those that were there when it was set up, not those that joined or left since"}
	for o := range s.EtcdFlags.Seen() {
		if componentOf(o.Of) == component {
			r.voters = append(r.voters, voter{name: nameOf(o.Of), started: true})
			r.sources = append(r.sources, o.Source)
		}
	}
	for n := initialCluster(s, component); len(r.voters) > 0 && len(r.voters) < n; {
		r.voters = append(r.voters, voter{started: true})
	}
	return r
}

// initialCluster is the largest number of members that --initial-cluster of any instance names.
func initialCluster(s *evidence.Snapshot, component string) int {
	most := 0
	for o := range s.EtcdFlags.Seen() {
		if set := o.Value.Setting("initial-cluster"); componentOf(o.Of) == component && set.Known() && !set.Assumed() {
			most = max(most, len(split(set)))
		}
	}
	return most
}

// statusOf finds the status of a voter, by id, else by name.
func statusOf(s *evidence.Snapshot, component string, v voter) evidence.Observed[evidence.EtcdStatus] {
	for _, o := range s.EtcdStatus {
		if o.Seen() && v.id != "" && o.Value.MemberID == v.id {
			return o
		}
	}
	if v.name == "" {
		return evidence.Observed[evidence.EtcdStatus]{}
	}
	o := s.EtcdStatus.Of(component + "/" + v.name)
	if o.Seen() && v.id != "" && o.Value.MemberID != v.id {
		return evidence.Observed[evidence.EtcdStatus]{} // of another cluster's member of that name
	}
	return o
}

// metricsOf finds the metrics of a voter, by id, else by name.
func metricsOf(s *evidence.Snapshot, component string, v voter) evidence.Observed[evidence.Scrapes] {
	i := slices.IndexFunc(s.EtcdMetrics, func(o evidence.Observed[evidence.Scrapes]) bool {
		return o.Seen() && v.id != "" && ownID(o.Value.Latest()) == v.id
	})
	if i >= 0 {
		return s.EtcdMetrics[i]
	}
	return s.EtcdMetrics.Of(component + "/" + v.name)
}
