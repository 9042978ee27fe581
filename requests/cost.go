package requests

import (
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// costOf estimates what the requests of a client make servers read. A watch is sent everything once, unless it resumes.
func costOf(c *evidence.Client, o Options, window time.Duration) Cost {
	count, known := o.Objects[c.GroupResource()]
	if !known {
		return Cost{}
	}
	cost := Cost{Known: true}
	for _, s := range c.Shapes {
		etcd, cache := perRequest(s, c, count, o.Server)
		n := float64(s.Count - min(s.Refused, s.Count)) // for those nothing was read
		cost.EtcdObjects += n * etcd
		cost.CacheObjects += n * cache
	}
	cost.AtMost = c.Scope == evidence.ScopeNamespace && cost.EtcdObjects+cost.CacheObjects > 0
	cost.EtcdPerSecond = perSecond(cost.EtcdObjects, window)
	return cost
}

// perRequest is how many objects one request makes etcd and the cache read. What is not known costs nothing here: the
// report says so elsewhere.
func perRequest(s evidence.ShapeCount, c *evidence.Client, count float64, server Server) (etcd, cache float64) {
	if c.Verb == "watch" && s.RV == evidence.RVExact && !s.Initial {
		return 0, 0
	}
	by := ServedBy(s.Shape, c.GroupResource(), c.Verb, server)
	paged := count
	if s.Limit && !by.LimitIgnored && s.Selector == "" {
		paged = min(float64(s.Limits)/float64(max(s.Count, 1)), count)
	}
	switch by.By {
	case Etcd:
		return paged, 0 // selectors never make it less
	case Cache, Consistent:
		if s.Selector == evidence.SelectNode {
			return 0, 0 // by the index: what is on one node
		}
		return 0, paged
	case Key:
		return 0, 0
	}
	return 0, 0
}

func (c *Cost) add(o Cost) {
	c.Known = c.Known || o.Known
	c.AtMost = c.AtMost || o.AtMost
	c.EtcdObjects += o.EtcdObjects
	c.CacheObjects += o.CacheObjects
}
