package requests

import (
	"cmp"
	"slices"

	"github.com/kaudit/kaudit/evidence"
)

// What clients are ranked by is kaudit's own heuristic: objects that etcd reads for them, with some share for those that
// only the watch cache reads. Where the objects of a resource, or of one namespace, are not counted, a usual number is taken.
const (
	cacheShare      = 0.01
	usualObjects    = 1000 // no resource was counted
	rareObjects     = 100  // others were, this one was not
	usualNamespaces = 100
)

// rank puts the worst first. Clients that weigh the same are in the order of their count and names.
func (j judge) rank(clients []Judged) {
	weights := make(map[*evidence.Client]float64, len(clients))
	for _, c := range clients {
		weights[c.Client] = j.weight(c.Client)
	}
	slices.SortStableFunc(clients, func(a, b Judged) int {
		return cmp.Or(cmp.Compare(weights[b.Client], weights[a.Client]), cmp.Compare(b.Count, a.Count), a.Compare(b.Client))
	})
}

func (j judge) weight(c *evidence.Client) float64 {
	objects, known := j.Objects[c.GroupResource()]
	switch {
	case known:
	case len(j.Objects) > 0:
		objects = rareObjects
	default:
		objects = usualObjects
	}
	if c.Scope == evidence.ScopeNamespace {
		namespaces := j.Objects["namespaces"]
		if namespaces == 0 {
			namespaces = usualNamespaces
		}
		objects /= namespaces
	}
	weight := 0.0
	for _, s := range c.Shapes {
		etcd, cache, _ := perRequest(s, c, objects, j.Server)
		weight += float64(s.Count-min(s.Refused, s.Count)) * (etcd + cacheShare*cache)
	}
	return weight
}
