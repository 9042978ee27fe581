package requests

import (
	"strings"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// few is how many requests are too few to tell a habit.
const few = 10

// Own is Judgement.Normal of Kubernetes' own components.
const Own = "a component of Kubernetes itself"

// normal says why there is nothing to do about a client; "" if there may be.
func (j judge) normal(c *evidence.Client, g *Judgement) string {
	switch {
	case isOwn(c, g):
		return Own
	case c.Verb == "watch" && c.Count == j.would(c, Refused) && c.Count == count(c, initial):
		return "asks for a WatchList, which these servers refuse: the client lists instead"
	case c.Count == g.by(Refused) && c.Throttled < c.Count/2:
		return "refused by the servers: nothing is read"
	case c.Count == j.would(c, Key, Refused):
		return "reads one object by its name"
	case c.Count == j.would(c, Elsewhere):
		return "not served from etcd or its cache, but by another server"
	case c.Count < few && g.Cost.EtcdPerSecond < heavy:
		return "asks too rarely to matter"
	case c.Verb == "watch":
		return "" // advise says more
	case j.informs(c) && j.restarts(c.Count, c, g) < tooMany && !j.relists(g):
		return "an informer's first LIST: it watches from there on"
	case g.Agent.Product == "kubectl" && !steady(g) && (c.Count < 2*few || j.each(c, g) < fast):
		return "kubectl, now and then"
	case j.cheap(c, g):
		return "reads little: there are few objects of this kind"
	}
	return ""
}

// heavy is how many objects a second from etcd matter however few requests they are of; kaudit's own heuristic.
const heavy = 100

// relists reports whether the watch cache is read at a rate that costs the servers memory; kaudit's own heuristic.
func (j judge) relists(g *Judgement) bool { return perSecond(g.Cost.CacheObjects, j.window) >= 1000 }

func initial(s evidence.Shape) bool { return s.Initial }

// watches says how a client watches whose watches are as they should be.
func watches(c *evidence.Client) string {
	switch {
	case c.Exact > c.Count/2:
		return "a watch that resumes: only changes are sent"
	case count(c, initial) > c.Count/2:
		return "a WatchList: everything as a stream, then changes"
	}
	return "a watch: everything once, then changes"
}

// isOwn reports whether a component of Kubernetes made the requests, by whom it is authenticated as and what it calls
// itself. Who else uses the identity of a node is not.
func isOwn(c *evidence.Client, g *Judgement) bool {
	is := func(component string) bool { return g.Agent.Product == component || g.Agent.Product == evidence.K3s }
	switch c.User {
	case "system:apiserver":
		return is("kube-apiserver")
	case "system:kube-controller-manager":
		return is("kube-controller-manager")
	case "system:kube-scheduler":
		return is("kube-scheduler")
	case evidence.NodeUser:
		return is("kubelet")
	case "system:kube-proxy", "system:serviceaccount:kube-system:kube-proxy":
		return is("kube-proxy")
	}
	return strings.HasPrefix(c.User, "system:serviceaccount:kube-system:") && g.Agent.Product == "kube-controller-manager"
}

// informs reports whether LISTs are those of client-go's reflectors: from the cache, or after a 410 from a newer state,
// and each is followed by a watch.
func (j judge) informs(c *evidence.Client) bool {
	watches := j.watches[whoIs(c)]
	return c.Verb == "list" && c.Zero > 0 && c.Zero >= c.Count/2 && c.Count <= 2*watches
}

// each is how often one instance asks in a minute: further pages belong to one LIST.
func (j judge) each(c *evidence.Client, g *Judgement) float64 {
	return 60 * perSecond(float64(c.Count-c.Continued)/float64(max(g.FanOut, 1)), j.window)
}

// polls reports whether every instance asks anew all the time: more than once a minute.
func (j judge) polls(c *evidence.Client, g *Judgement) bool {
	return c.Verb == "list" && (steady(g) || c.Count-c.Continued >= 2*few && j.each(c, g) >= 1)
}

// steady reports whether it does so like a clock, as no person does.
func steady(g *Judgement) bool { return g.Interval > 0 && g.Interval < time.Minute }

// fast is how often in a minute nobody asks by hand.
const fast = 10

// restarts is how many times an hour each informer or watch of a client begins anew; 0 if it is only a few times. There
// may be one for each namespace.
func (j judge) restarts(n int64, c *evidence.Client, g *Judgement) float64 {
	informers := float64(max(g.FanOut, 1))
	if c.Scope == evidence.ScopeNamespace {
		informers *= float64(max(c.Namespaces.Count(), 1))
	}
	if float64(n) < 4*informers {
		return 0 // a rollout starts each once or twice
	}
	return 3600 * perSecond(float64(n)/informers, j.window)
}

// tooMany is how many times an hour an informer begins anew where something is amiss: by itself it hardly ever does.
const tooMany = 30

// cheap reports whether what is known of the cost is next to nothing, and so is the number of requests.
func (j judge) cheap(c *evidence.Client, g *Judgement) bool {
	return g.Cost.Known && j.would(c, Unknown) == 0 && g.PerMinute < 60 && g.Cost.EtcdPerSecond < 1 && perSecond(g.Cost.CacheObjects, j.window) < 10
}
