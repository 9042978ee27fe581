package requests

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// mostAdvice bounds the advice for one client: who is told everything does nothing.
const mostAdvice = 3

// advise says what a client could do, what matters most first. What holds of most of its requests counts, and what
// fits the versions of the servers.
func (j judge) advise(c *evidence.Client, g *Judgement) []Advice {
	var out []Advice
	for _, rule := range []func(*evidence.Client, *Judgement) *Advice{
		j.again, j.uncached, j.nodeAgent, j.expired, j.pages, j.ignored, j.informer, j.zero, j.selector, j.upgrade, j.watchList,
	} {
		if a := rule(c, g); a != nil && len(out) < mostAdvice {
			out = append(out, *a)
		}
	}
	return out
}

// share is how much of a client's requests some of them are.
func share(n int64, c *evidence.Client) float64 { return float64(n) / float64(max(c.Count, 1)) }

// count adds up the requests whose shape has a property.
func count(c *evidence.Client, has func(evidence.Shape) bool) int64 {
	var n int64
	for _, s := range c.Shapes {
		if has(s.Shape) {
			n += s.Count
		}
	}
	return n
}

// would adds up the requests that are of a shape to be served in one of some ways, those that were refused among them.
func (j judge) would(c *evidence.Client, ways ...By) int64 {
	return count(c, func(s evidence.Shape) bool {
		return slices.Contains(ways, ServedBy(s, c.GroupResource(), c.Verb, j.Server).By)
	})
}

// again is for informers and watches that are sent everything anew each time.
func (j judge) again(c *evidence.Client, g *Judgement) *Advice {
	n := c.Count
	if c.Verb == "watch" {
		n = count(c, func(s evidence.Shape) bool {
			return (s.Initial || s.RV != evidence.RVExact) && s.Selector != evidence.SelectName && s.Selector != evidence.SelectNode && !s.Many
		})
	} else if !j.informs(c) {
		return nil
	}
	perHour := j.restarts(n, c, g)
	if n < 3*few || perHour < tooMany {
		return nil
	}
	often := fmt.Sprintf("about %.0f times an hour", perHour)
	if perHour >= 120 {
		often = fmt.Sprintf("about %.0f times a minute", perHour/60)
	}
	text := "Starts to watch from nothing " + often
	if c.Verb == "list" {
		text = "Its informers start over " + often
	}
	return &Advice{AdviceRewatch, text + ": every object is sent again each time. An informer resumes from the last resourceVersion it saw: look for crashes, for clients too slow to read " +
		"their watch, and for a balancer that cuts connections (its idle timeout should exceed 10 minutes)."}
}

// uncached is for resources that etcd serves whatever is asked.
func (j judge) uncached(c *evidence.Client, _ *Judgement) *Advice {
	name := c.GroupResource()
	if c.Verb != "list" || !j.Server.uncached(name) || j.would(c, Etcd) == 0 {
		return nil
	}
	if name == "events" || name == "events.events.k8s.io" {
		return &Advice{AdviceEvents, "Events have no watch cache in any version: each LIST reads them from etcd, with resourceVersion=0 and with selectors as well. " +
			"Watch them instead of listing again; a shorter --event-ttl or an etcd of their own makes what is left cheaper."}
	}
	return &Advice{AdviceUncached, "The servers keep no watch cache of this (--watch-cache, --watch-cache-sizes): each LIST reads all of it from etcd, with resourceVersion=0 as well. Turn the cache on, or watch."}
}

// nodeAgent is for what asks for pods from most nodes: replicas of one controller are on a few.
func (j judge) nodeAgent(c *evidence.Client, g *Judgement) *Advice {
	if c.Verb != "list" || c.GroupResource() != "pods" || c.Scope != evidence.ScopeCluster || g.FanOutOf != "nodes" || float64(g.FanOut) < j.mostNodes {
		return nil
	}
	byNode := count(c, func(s evidence.Shape) bool { return s.Selector == evidence.SelectNode })
	switch {
	case share(byNode, c) < 0.5:
		return &Advice{AdviceNodeAgent, fmt.Sprintf("Asks for the pods of all nodes, from each of %s. If each wants only those of its own, ask with fieldSelector=spec.nodeName=NODE "+
			"and resourceVersion=0: the watch cache has an index of it, etcd has none.", g.instances())}
	case j.would(c, Etcd) > c.Count/2:
		return &Advice{AdviceNodeAgent, fmt.Sprintf("Asks for the pods of its node, from each of %s, and each time etcd reads all pods of the cluster: only the watch cache "+
			"has an index of spec.nodeName. Add resourceVersion=0, or use an informer with that selector.", g.instances())}
	}
	return nil
}

// mostNodes is from how many nodes on a client is one of every node: half of them, at least three; ten where it is not
// known how many there are.
func mostNodes(r *evidence.Requests, nodes float64) float64 {
	for i := range r.Clients {
		if c := &r.Clients[i]; c.User == evidence.NodeUser {
			nodes = max(nodes, float64(c.Nodes.Count()))
		}
	}
	if nodes == 0 {
		return 10
	}
	return max(nodes/2, 3)
}

func (j judge) expired(c *evidence.Client, _ *Judgement) *Advice {
	if c.Expired < 5 || share(c.Expired, c) < 0.05 {
		return nil
	}
	return &Advice{AdviceExpired, fmt.Sprintf("%s were answered 410: the resourceVersion or continue token was older than what is kept (5 minutes by default), so all that was read "+
		"before is read again. Read pages without pauses, in larger ones, and do not store a resourceVersion.", plural(c.Expired, "LIST"))}
}

// zero is for LISTs that would come from the cache if they asked for less certainty.
func (j judge) zero(c *evidence.Client, g *Judgement) *Advice {
	unset := count(c, func(s evidence.Shape) bool { return s.RV == evidence.RVUnset && s.Continue == "" && !s.Many })
	if c.Verb != "list" || share(unset, c) < 0.5 || j.Server.uncached(c.GroupResource()) || g.Agent.Product == "kubectl" {
		return nil
	}
	if j.nodeAgent(c, g) != nil {
		return nil // it says so
	}
	const when = "Where data a moment old will do, ask with resourceVersion=0, which the watch cache serves (without paging: a limit is then ignored). " +
		"Not where it must see its own last write, or nothing older than it saw before."
	switch {
	case j.would(c, Etcd) >= unset:
		return &Advice{AdviceZero, when}
	case j.would(c, Unknown) >= unset && len(j.Server.Minors) == 0:
		return &Advice{AdviceZero, "If the servers are of 1.30 or earlier, these LISTs read etcd. " + when}
	}
	return nil
}

// selector is for selections that no index helps with.
func (j judge) selector(c *evidence.Client, g *Judgement) *Advice {
	n := count(c, func(s evidence.Shape) bool {
		return s.Selector == evidence.SelectField || s.Selector == evidence.SelectLabel || s.Selector == evidence.SelectNameAnywhere
	})
	if c.Verb != "list" || c.Scope == evidence.ScopeNamespace || g.Agent.Product == "kubectl" || share(n, c) < 0.5 || j.would(c, Etcd, Unknown) == 0 && !j.polls(c, g) {
		return nil
	}
	where := "looks at every object in the watch cache"
	if j.would(c, Etcd) > c.Count/2 {
		where = "does not reduce what is read from etcd: every object is"
	}
	fix := "Name a namespace"
	if c.GroupResource() == "pods" {
		fix += ", or for pods of a node spec.nodeName, which has an index in the cache"
	}
	return &Advice{AdviceSelector, fmt.Sprintf("Its selector %s. %s; or keep an informer with this selector, which is sent only what matches.", where, fix)}
}

// informer is for asking again and again.
func (j judge) informer(c *evidence.Client, g *Judgement) *Advice {
	if c.Verb != "list" || j.Server.uncached(c.GroupResource()) || j.informs(c) {
		return nil
	}
	costly := j.would(c, Etcd, Unknown) > c.Count/2
	if !j.polls(c, g) && !(costly && j.each(c, g) >= 0.2) {
		return nil
	}
	often := ""
	switch each := j.each(c, g); {
	case g.Interval > 0:
		often = "Asks again every " + about(g.Interval)
	case each >= 1:
		often = fmt.Sprintf("Asks again about %.0f times a minute", each)
	}
	if often != "" && g.FanOut > 1 {
		often += " from each of " + g.instances()
	}
	if often != "" {
		often += ". "
	}
	if g.Agent.Product == "kubectl" {
		return &Advice{AdviceInformer, often + "A script that polls with kubectl can wait for what it wants: kubectl wait, or kubectl get --watch."}
	}
	if j.watches[whoIs(c)] > 0 {
		return &Advice{AdviceInformer, often + "It watches the same resource as well: let it read from its informer's cache (a lister, in controller-runtime the manager's client) instead of the API."}
	}
	return &Advice{AdviceInformer, often + "Use an informer: it lists once and is sent changes from there on."}
}

// instances are how many there are, in words.
func (g *Judgement) instances() string {
	about := ""
	if g.FanOut > evidence.DistinctExact {
		about = "about "
	}
	return fmt.Sprintf("%s%d %s", about, g.FanOut, g.FanOutOf)
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// about rounds a duration as a person would.
func about(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
