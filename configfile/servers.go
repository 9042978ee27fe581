package configfile

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// Clusters that are made from one template, or that stand in networks of their own, call different servers by
// the same names. So servers tell less than directories do: they unite only what nothing else speaks against.

// uniteByServers unites etcd members that name each other, and a kube-apiserver with the etcd beside it.
func uniteByServers(pieces []*piece, u *union) {
	members := map[string][]claim{}
	eachProcess(pieces, func(i int, p *Process) {
		for _, key := range p.members {
			members[key] = append(members[key], claim{i, cmp.Or(strings.Join(p.peers, ","), p.name)})
		}
	})
	before := make([]int, len(pieces))
	for i := range pieces {
		before[i] = u.find(i)
	}
	for _, key := range inUse(members) {
		claims := members[key]
		if templated := anyTwo(claims, func(a, b claim) bool {
			return before[a.piece] != before[b.piece] && (a.id == b.id || a.id == "" || b.id == "")
		}); templated {
			continue // one member stands in two places: they are copies, of as many clusters
		}
		for _, c := range claims[1:] {
			if u.find(claims[0].piece) != u.find(c.piece) && !conflict(pieces, u, claims[0].piece, c.piece) {
				u.unite(claims[0].piece, c.piece)
			}
		}
	}
	uniteWithEtcd(pieces, u)
}

// claim is a piece whose process names a server.
type claim struct {
	piece int
	id    string // of the member that it is
}

// uniteWithEtcd unites a kube-apiserver with the etcd that it asks, if no other one asks it and it stands beside
// or below: eu/api and eu/db.
func uniteWithEtcd(pieces []*piece, u *union) {
	asks, serves := map[string][]claim{}, map[string][]claim{}
	hasAPI := map[int]bool{}
	eachProcess(pieces, func(i int, p *Process) {
		hasAPI[u.find(i)] = hasAPI[u.find(i)] || p.Component == "kube-apiserver"
		for _, server := range p.clients {
			if p.Component == "kube-apiserver" {
				asks[server] = append(asks[server], claim{piece: i})
			} else {
				serves[server] = append(serves[server], claim{piece: i})
			}
		}
	})
	apart := func(a, b claim) bool { return u.find(a.piece) != u.find(b.piece) }
	for _, server := range inUse(asks) {
		from, to := asks[server], serves[server]
		if len(to) == 0 || anyTwo(from, apart) || anyTwo(to, apart) || hasAPI[u.find(to[0].piece)] {
			continue
		}
		a, e := from[0].piece, to[0].piece
		if beside(pieces[a], pieces[e]) && !conflict(pieces, u, a, e) {
			u.unite(a, e)
			hasAPI[u.find(a)] = true
		}
	}
}

// beside reports whether two pieces stand in one directory that is not the root, or in ones right below it.
func beside(a, b *piece) bool {
	ha, hb := homeOf(a), homeOf(b)
	at := common(ha, hb)
	return a.file.dir == b.file.dir && at != "." && (at == ha || at == path.Dir(ha)) && (at == hb || at == path.Dir(hb))
}

func eachProcess(pieces []*piece, do func(i int, p *Process)) {
	for i, p := range pieces {
		for _, proc := range p.processes {
			do(i, proc)
		}
	}
}

// inUse are the keys of a map, in an order that does not change.
func inUse(m map[string][]claim) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// anyTwo reports whether some two claims are as asked.
func anyTwo(cs []claim, are func(a, b claim) bool) bool {
	for i, a := range cs {
		for _, b := range cs[:i] {
			if are(a, b) {
				return true
			}
		}
	}
	return false
}
