package requests

import (
	"strings"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// few is how many requests are too few to tell a habit.
const few = 10

// normal says why there is nothing to do about a client; "" if there may be.
func (j judge) normal(c *evidence.Client, g *Judgement) string {
	switch {
	case isOwn(c, g):
		return "a component of Kubernetes itself"
	case c.Verb == "watch" && c.Count == g.by(Refused) && c.Count == count(c, initial):
		return "asks for a WatchList, which these servers refuse: the client lists instead"
	case c.Count == g.by(Refused):
		return "refused by the servers: nothing is read"
	case c.Count == g.by(Key, Refused):
		return "reads one object by its name"
	case c.Count == g.by(Elsewhere):
		return "not served from etcd or its cache, but by another server"
	case c.Count < few && g.Cost.EtcdPerSecond < heavy:
		return "asks too rarely to matter"
	case c.Verb == "watch":
		return "" // advise says more
	case g.informs(c, j.watches[whoIs(c)]) && !j.relists(g):
		return "an informer's first LIST: it watches from there on"
	case g.Agent.Product == "kubectl" && !g.polls(c):
		return "kubectl, by hand"
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
	switch c.User {
	case "system:apiserver":
		return g.Agent.Product == "kube-apiserver"
	case "system:kube-controller-manager":
		return g.Agent.Product == "kube-controller-manager"
	case "system:kube-scheduler":
		return g.Agent.Product == "kube-scheduler"
	case evidence.NodeUser:
		return g.Agent.Product == "kubelet"
	case "system:kube-proxy", "system:serviceaccount:kube-system:kube-proxy":
		return g.Agent.Product == "kube-proxy"
	}
	return strings.HasPrefix(c.User, "system:serviceaccount:kube-system:") && g.Agent.Product == "kube-controller-manager"
}

// informs reports whether LISTs are those of client-go's reflectors: from the cache, or after a 410 from a newer state,
// and no more of them than watches.
func (g *Judgement) informs(c *evidence.Client, watches int64) bool {
	return watches > 0 && c.Count <= 2*watches && c.Zero >= c.Count/2 && c.Zero > 0 && !g.polls(c)
}

// polls reports whether every instance asks anew all the time: steadily, and more than once a minute.
func (g *Judgement) polls(c *evidence.Client) bool {
	return c.Verb == "list" && g.Interval > 0 && g.Interval < time.Minute
}

// cheap reports whether what is known of the cost is next to nothing, and so is the number of requests.
func (j judge) cheap(c *evidence.Client, g *Judgement) bool {
	return g.Cost.Known && g.by(Unknown) == 0 && g.PerMinute < 60 && g.Cost.EtcdPerSecond < 1 && perSecond(g.Cost.CacheObjects, j.window) < 10
}
