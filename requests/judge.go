package requests

import (
	"cmp"
	"slices"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// Judge says of every client what its requests mean, the worst first. The order is the same for the same input.
func Judge(r *evidence.Requests, o Options) Report {
	if len(o.Server.Minors) == 0 {
		from := FromLog(r)
		o.Server.Minors, o.Server.From = from.Minors, from.From
	}
	rep := Report{Server: o.Server, Window: r.To.Sub(r.From), Clients: make([]Judged, 0, len(r.Clients))}
	for i := range r.Clients {
		c := &r.Clients[i]
		j := judge(c, r, o)
		rep.Cost.add(j.Cost)
		rep.Clients = append(rep.Clients, Judged{Client: c, Judgement: j})
	}
	rep.Cost.EtcdPerSecond = perSecond(rep.Cost.EtcdObjects, rep.Window)
	rep.Notes = notes(r, o)
	slices.SortStableFunc(rep.Clients, worse)
	return rep
}

// judge looks at one client.
func judge(c *evidence.Client, r *evidence.Requests, o Options) Judgement {
	window := r.To.Sub(r.From)
	j := Judgement{Agent: evidence.ParseUserAgent(c.UserAgent), PerMinute: 60 * perSecond(float64(c.Count), window)}
	total := r.Lists.Total
	if c.Verb == "watch" {
		total = r.Watches
	}
	j.Share = float64(c.Count) / float64(max(total, 1))
	j.Asks = asks(c)
	j.Served = served(c, o.Server)
	j.ServedBy = words(j.Served, c.Count)
	j.Cost = costOf(c, o, window)
	j.FanOut, j.FanOutOf = fanOut(c)
	j.Interval = interval(c, j.FanOut, window)
	j.Began = began(c, r)
	j.Normal, j.Advice = advise(c, &j, o)
	return j
}

// perSecond is 0 for what has no duration: one event tells no rate.
func perSecond(n float64, over time.Duration) float64 {
	if over <= 0 {
		return 0
	}
	return n / over.Seconds()
}

// served adds up who serves the requests of a client, the most first.
func served(c *evidence.Client, s Server) []ServedCount {
	var out []ServedCount
	for _, shape := range c.Shapes {
		by := ServedBy(shape.Shape, c.GroupResource(), c.Verb, s)
		if i := slices.IndexFunc(out, func(have ServedCount) bool { return have.Served == by }); i >= 0 {
			out[i].Count += shape.Count
			continue
		}
		out = append(out, ServedCount{Served: by, Count: shape.Count})
	}
	slices.SortStableFunc(out, func(a, b ServedCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.By, b.By))
	})
	return out
}

// worse orders clients: by objects that etcd had to read if they are known, then by the LISTs that go there, those of
// the whole cluster first, then by those whose way is not known, then by what the cache does and by count.
func worse(a, b Judged) int {
	return cmp.Or(
		cmp.Compare(b.Cost.EtcdObjects, a.Cost.EtcdObjects),
		cmp.Compare(b.weight(Etcd), a.weight(Etcd)),
		cmp.Compare(b.weight(Unknown), a.weight(Unknown)),
		cmp.Compare(b.Cost.CacheObjects, a.Cost.CacheObjects),
		cmp.Compare(b.weight(Consistent)+b.weight(Cache), a.weight(Consistent)+a.weight(Cache)),
		cmp.Compare(b.Count, a.Count),
		a.Client.Compare(b.Client),
	)
}

// weight is how many LISTs are served in one way: one of a namespace counts a hundredth.
func (j Judged) weight(by By) float64 {
	var n int64
	for _, s := range j.Served {
		if s.By == by && j.Verb == "list" {
			n += s.Count
		}
	}
	if j.Scope == evidence.ScopeNamespace {
		return float64(n) / 100
	}
	return float64(n)
}
