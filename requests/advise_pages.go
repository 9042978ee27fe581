package requests

import (
	"fmt"

	"github.com/kaudit/kaudit/evidence"
)

// pages is for reading in pages: small ones, or in versions where only the first comes from the cache.
func (j judge) pages(c *evidence.Client, g *Judgement) *Advice {
	const small = 100
	next := count(c, func(s evidence.Shape) bool { return s.Continue != "" })
	if c.Verb != "list" || share(next, c) < 0.3 {
		return nil
	}
	if j.would(c, Etcd) >= next && !j.Server.uncached(c.GroupResource()) && j.all31() && !j.readsEtcd() {
		return &Advice{AdvicePaging, fmt.Sprintf("In %s only the first page comes from the watch cache, each further one from etcd. Leave out the limit, so that the cache serves all of it at once, "+
			"or use an informer; from 1.34 on the cache serves pages, too.", j.Server.Versions())}
	}
	var limits int64
	for _, s := range c.Shapes {
		limits += s.Limits
	}
	if each := limits / max(c.Paged, 1); next >= 10*few && each > 0 && each < small && g.Agent.Product != "kubectl" {
		return &Advice{AdvicePaging, fmt.Sprintf("Reads pages of about %d objects. Larger ones (client-go and kubectl ask for 500) are fewer requests, and the continue token expires less often.", each)}
	}
	return nil
}

// all31 reports whether all servers are known to serve the newest state from the cache unless something is amiss.
func (j judge) all31() bool { return len(j.Server.Minors) > 0 && j.Server.Minors[0] >= 31 }

// readsEtcd reports whether even the simplest LIST of the newest state is known to go to etcd.
func (j judge) readsEtcd() bool {
	return ServedBy(evidence.Shape{RV: evidence.RVUnset}, "pods", "list", j.Server).By == Etcd
}

// ignored is for a limit that does nothing.
func (j judge) ignored(c *evidence.Client, g *Judgement) *Advice {
	var n int64
	for _, s := range g.Served {
		if s.LimitIgnored {
			n += s.Count
		}
	}
	// Every informer of client-go asks so, once or twice. Where the start of watches is not recorded, who is one cannot be told.
	if share(n, c) < 0.5 || j.watches[whoIs(c)] > 0 || j.all.Stages["ResponseStarted"] == 0 || c.Count < 4*max(g.FanOut, 1) {
		return nil
	}
	return &Advice{AdviceIgnored, "A limit does nothing together with resourceVersion=0: each LIST returns everything at once. To page, leave out resourceVersion=0" + j.pagesFrom() + "; or use an informer."}
}

// pagesFrom says what paging costs, where it is not all from the cache.
func (j judge) pagesFrom() string {
	var from []string
	for _, s := range []evidence.Shape{{RV: evidence.RVUnset, Limit: true}, {RV: evidence.RVUnset, Limit: true, Continue: evidence.ContinueAt}} {
		from = append(from, string(ServedBy(s, "pods", "list", j.Server).By))
	}
	switch from[0] + " " + from[1] {
	case "etcd etcd":
		return " (pages then come from etcd)"
	case "consistent etcd":
		return " (pages after the first then come from etcd)"
	case "consistent cache":
		return ""
	}
	return " (in versions before 1.34 pages come from etcd, from 1.31 on all but the first)"
}
