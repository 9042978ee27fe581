package collect

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"github.com/kaudit/kaudit/evidence"
)

// sampleNodes chooses at most n nodes to ask, spread over what tells nodes apart: control-plane nodes
// first, up to half of the sample, then up to a fifth for nodes that are not ready, then the rest by
// turns over kubelet version, operating system and zone, so that a lone old kubelet is not lost among
// thousands of others. Within each, the order is that of a hash of the name: the same nodes every
// time, and no neighbours by name, which are often neighbours in the rack.
func sampleNodes(nodes evidence.Nodes, n int) []string {
	if n <= 0 {
		return nil
	}
	all := shuffled(nodes.Items)
	s := &sampler{left: n, taken: map[string]bool{}}
	if len(all) <= n {
		s.take(all, n)
	} else {
		s.take(filter(all, func(x evidence.Node) bool { return x.ControlPlane }), max(1, n/2))
		s.take(filter(all, func(x evidence.Node) bool { return x.Ready != "True" && !x.ControlPlane }), n/5)
		s.byTurns(strata(filter(all, func(x evidence.Node) bool { return !x.ControlPlane })))
		s.take(all, n) // control-plane nodes are left if there is nothing else
	}
	slices.Sort(s.names)
	return s.names
}

type sampler struct {
	left  int
	taken map[string]bool
	names []string
}

// take takes up to n nodes.
func (s *sampler) take(from []evidence.Node, n int) {
	for _, x := range from {
		if n == 0 || s.left == 0 {
			return
		}
		if !s.taken[x.Name] {
			s.taken[x.Name] = true
			s.names = append(s.names, x.Name)
			s.left--
			n--
		}
	}
}

// byTurns takes one node of each group after the other until none is left or wanted.
func (s *sampler) byTurns(groups [][]evidence.Node) {
	for i, more := 0, true; more && s.left > 0; i++ {
		more = false
		for _, g := range groups {
			if i < len(g) {
				s.take(g[i:i+1], 1)
				more = true
			}
		}
	}
}

// strata groups nodes that are alike, the largest group first.
func strata(nodes []evidence.Node) [][]evidence.Node {
	type kind struct{ version, os, zone string }
	by := map[kind][]evidence.Node{}
	var kinds []kind
	for _, x := range nodes {
		k := kind{x.KubeletVersion, x.OS, x.Zone}
		if by[k] == nil {
			kinds = append(kinds, k)
		}
		by[k] = append(by[k], x)
	}
	slices.SortFunc(kinds, func(a, b kind) int {
		return cmp.Or(cmp.Compare(len(by[b]), len(by[a])), cmp.Compare(a.version, b.version), cmp.Compare(a.os, b.os), cmp.Compare(a.zone, b.zone))
	})
	groups := make([][]evidence.Node, 0, len(kinds))
	for _, k := range kinds {
		groups = append(groups, by[k])
	}
	return groups
}

func filter(nodes []evidence.Node, keep func(evidence.Node) bool) []evidence.Node {
	var out []evidence.Node
	for _, x := range nodes {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}

// shuffled orders nodes by a hash that leaves no trace of the order of their names.
func shuffled(nodes []evidence.Node) []evidence.Node {
	rank := make(map[string]string, len(nodes))
	for _, x := range nodes {
		sum := sha256.Sum256([]byte(x.Name))
		rank[x.Name] = string(sum[:])
	}
	all := slices.Clone(nodes)
	slices.SortFunc(all, func(a, b evidence.Node) int { return cmp.Compare(rank[a.Name], rank[b.Name]) })
	return all
}
