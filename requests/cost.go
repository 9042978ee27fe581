package requests

import (
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// costOf estimates what the requests of a client make servers read. A watch is sent everything once, unless it resumes.
func costOf(c *evidence.Client, o Options, window time.Duration) Cost {
	objects, known := o.Objects[c.GroupResource()]
	if !known {
		return Cost{}
	}
	if c.Scope == evidence.ScopeNamespace {
		// As if each of the namespaces was asked for as often: together they have no more than all.
		objects /= float64(max(c.Namespaces.Count(), 1))
	}
	cost := Cost{Known: true}
	for _, s := range c.Shapes {
		etcd, cache, most := perRequest(s, c, objects, o.Server)
		n := float64(s.Count - min(s.Refused, s.Count)) // for those nothing was read
		cost.EtcdObjects += n * etcd
		cost.CacheObjects += n * cache
		cost.AtMost = cost.AtMost || most && n > 0
	}
	cost.EtcdPerSecond = perSecond(cost.EtcdObjects, window)
	return cost
}

// perRequest is how many objects one request makes etcd and the cache read, and whether it may be less. Where it is not
// known who serves it, it may be etcd. Selectors never reduce what is read from etcd; a limit does, unless a selector
// makes it read on until enough match.
func perRequest(s evidence.ShapeCount, c *evidence.Client, objects float64, server Server) (etcd, cache float64, most bool) {
	if c.Verb == "watch" && s.RV == evidence.RVExact && !s.Initial {
		return 0, 0, false
	}
	by := ServedBy(s.Shape, c.GroupResource(), c.Verb, server)
	reads, most := objects, c.Scope == evidence.ScopeNamespace && objects > 0
	if s.Limit && !by.LimitIgnored {
		if s.Selector == "" {
			reads = min(float64(s.Limits)/float64(max(s.Count, 1)), objects)
		}
		most = true // the last page is shorter
	}
	most = most || s.Continue != ""
	switch by.By {
	case Etcd:
		return reads, 0, most
	case Unknown:
		return reads, 0, true
	case Cache, Consistent:
		if s.Selector == evidence.SelectNode {
			return 0, 0, false // by the index: what is on one node
		}
		return 0, reads, most
	default:
		return 0, 0, false
	}
}

func (c *Cost) add(o Cost) {
	c.Known = c.Known || o.Known
	c.AtMost = c.AtMost || o.AtMost
	c.EtcdObjects += o.EtcdObjects
	c.CacheObjects += o.CacheObjects
}
