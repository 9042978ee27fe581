package requests

import (
	"cmp"
	"slices"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// Judge says of every client what its requests mean, the worst first. The order is the same for the same input.
func Judge(r *evidence.Requests, o Options) Report {
	o.Server = o.Server.with(FromLog(r))
	j := judge{Options: o, all: r, window: r.To.Sub(r.Start()), mostNodes: mostNodes(r, o.Objects["nodes"]), watches: map[who]int64{}}
	for i := range r.Clients {
		if c := &r.Clients[i]; c.Verb == "watch" {
			j.watches[whoIs(c)] += c.Count
		}
	}
	out := Report{Server: o.Server, Window: j.window, Clients: make([]Judged, 0, len(r.Clients))}
	for i := range r.Clients {
		c := Judged{Client: &r.Clients[i], Judgement: j.of(&r.Clients[i])}
		out.Cost.add(c.Cost)
		out.Clients = append(out.Clients, c)
	}
	out.Cost.EtcdPerSecond = perSecond(out.Cost.EtcdObjects, j.window)
	j.rank(out.Clients)
	out.Notes = j.notes(out.Clients)
	return out
}

// A judge knows what is common to the clients of a log.
type judge struct {
	Options
	all    *evidence.Requests
	window time.Duration
	// mostNodes is from how many nodes on a client is one of every node.
	mostNodes float64
	watches   map[who]int64 // how often each client started to watch what it may list, too
}

// who is a client and what it asks for, whatever the verb and scope.
type who struct{ user, userAgent, resource string }

func whoIs(c *evidence.Client) who { return who{c.User, c.UserAgent, c.GroupResource()} }

// of judges one client.
func (j judge) of(c *evidence.Client) Judgement {
	g := Judgement{Agent: evidence.ParseUserAgent(c.UserAgent), PerMinute: 60 * perSecond(float64(c.Count), j.window)}
	total := j.all.Lists.Total
	if c.Verb == "watch" {
		total = j.all.Watches
	}
	g.Share = float64(c.Count) / float64(max(total, 1))
	g.Asks = asks(c)
	g.Served = served(c, j.Server)
	g.ServedBy = words(g.Served, c.Count)
	g.Cost = costOf(c, j.Options, j.window)
	g.FanOut, g.FanOutOf = fanOut(c)
	g.Interval = interval(c, g.FanOut)
	g.Began = began(c, j.all)
	if g.Normal = j.normal(c, &g); g.Normal == "" {
		g.Advice = j.advise(c, &g)
	}
	if c.Verb == "watch" && g.Normal == "" && len(g.Advice) == 0 {
		g.Normal = watches(c)
	}
	return g
}

// perSecond is 0 for what has no duration: one event tells no rate.
func perSecond(n float64, over time.Duration) float64 {
	if over <= 0 {
		return 0
	}
	return n / over.Seconds()
}

// served adds up who served the requests of a client, the most first. Those that were answered 4xx nobody did, but for
// what is expired: that is only known by looking.
func served(c *evidence.Client, s Server) []ServedCount {
	var out []ServedCount
	add := func(by Served, n int64) {
		switch i := slices.IndexFunc(out, func(have ServedCount) bool { return have.Served == by }); {
		case i >= 0:
			out[i].Count += n
		case n > 0:
			out = append(out, ServedCount{Served: by, Count: n})
		}
	}
	expired := c.Expired
	for _, shape := range c.Shapes {
		refused := min(shape.Refused, shape.Count)
		if shape.Continue != "" || shape.RV == evidence.RVExact {
			looked := min(refused, expired)
			refused, expired = refused-looked, expired-looked
		}
		add(ServedBy(shape.Shape, c.GroupResource(), c.Verb, s), shape.Count-refused)
		add(Served{By: Refused}, refused)
	}
	slices.SortStableFunc(out, func(a, b ServedCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.By, b.By))
	})
	return out
}

// by is how many requests are served in one of some ways.
func (g *Judgement) by(ways ...By) int64 {
	var n int64
	for _, s := range g.Served {
		if slices.Contains(ways, s.By) {
			n += s.Count
		}
	}
	return n
}
