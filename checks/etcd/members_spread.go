package etcd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// spread judges whether one failure takes more than one voter: a machine, or a zone.
func spread(s *evidence.Snapshot, c roll) (checks.Verdict, bool) {
	n := len(c.voters)
	on := checks.About(wholeOf(c.component), c.sources...).Aspect("spread")
	if n < 2 {
		return checks.Verdict{}, false // nothing to spread; the count says what there is to say
	}
	if !slices.ContainsFunc(c.voters, func(v voter) bool { return !allLoopback(v) }) {
		return on.NotApplicable("cannot be had: all members talk over loopback, a set-up for trials on one machine"), true
	}
	if !s.Nodes.Seen() {
		return on.Skip("is not known: the cluster's nodes were not read").Unlocked("permission to list nodes"), true
	}
	on = on.With(s.Nodes.Source, "%s", checks.Count(len(s.Nodes.Value.Items), "node"))
	byNode := map[string][]string{}
	var nodes []*evidence.Node
	var lost []string
	for _, v := range c.voters {
		node := voterNode(s, c.component, v)
		if node == nil {
			lost = append(lost, v.called())
			continue
		}
		nodes = append(nodes, node)
		byNode[node.Name] = append(byNode[node.Name], v.called())
	}
	for _, name := range sortedKeys(byNode) {
		if who := byNode[name]; len(who) > 1 {
			return on.Find(checks.Critical, "puts %d of %d voting members on one node, %s: %s", len(who), n, name, strings.Join(who, ", ")).
				Want("every member on a node of its own").WithFix("add a member on another node, promote it, then remove one of these"), true
		}
	}
	if len(lost) > 0 {
		return on.Skip("is not known: no node of this cluster was found for %s", strings.Join(lost, ", ")), true
	}
	return zones(s, on, nodes), true
}

// zones judges failure domains, once every voter has a node of its own.
func zones(s *evidence.Snapshot, on checks.Subject, nodes []*evidence.Node) checks.Verdict {
	n := len(nodes)
	var all []string
	for _, node := range s.Nodes.Value.Items {
		if node.Zone != "" {
			all = append(all, node.Zone)
		}
	}
	votes := map[string]int{}
	for _, node := range nodes {
		if node.Zone == "" {
			return on.Pass("has every voting member, %d, on a node of its own; zones are not known, as node %s has no topology.kubernetes.io/zone", n, node.Name)
		}
		votes[node.Zone]++
	}
	there := distinct(all)
	var each []string
	most := ""
	for _, z := range sortedKeys(votes) {
		each = append(each, fmt.Sprintf("%s %d", z, votes[z]))
		if votes[z] > votes[most] {
			most = z
		}
	}
	saw := strings.Join(each, ", ")
	majority := votes[most] > n/2
	switch {
	case majority && len(there) >= 3:
		return on.Find(checks.Warning, "puts %d of %d voting members into zone %s, of %d zones: losing that zone stops writes", votes[most], n, most, len(there)).
			Saw("%s", saw).Want("no majority in one zone").WithFix("add a member in another zone, promote it, then remove one of these")
	case majority && len(there) == 2:
		return on.Find(checks.Info, "has a majority of its voting members in zone %s, as two zones always have it somewhere: losing that zone stops writes", most).
			Saw("%s", saw).Want("a third zone, if only for one member")
	}
	return on.Pass("has every voting member, %d, on a node of its own, in zones: %s", n, saw).Saw("%s", saw)
}

func allLoopback(v voter) bool {
	return len(v.peers) > 0 && !slices.ContainsFunc(parseServers(v.peers), func(s server) bool { return !s.loopback() })
}

// voterNode finds a voter's node: by its pod, by the address that its peers use, by its name.
func voterNode(s *evidence.Snapshot, component string, v voter) *evidence.Node {
	if v.name != "" {
		if node := nodeOf(s, component+"/"+v.name); node != nil {
			return node
		}
	}
	for _, peer := range parseServers(v.peers) {
		for i, node := range s.Nodes.Value.Items {
			if slices.Contains(node.Addresses, peer.host) {
				return &s.Nodes.Value.Items[i]
			}
		}
	}
	return nodeNamed(s, v.name)
}
