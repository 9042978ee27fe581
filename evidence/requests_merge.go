package evidence

import (
	"cmp"
	"slices"
	"time"
)

// Merge adds what another reduction tells. Below the bound of clients the result is the same in
// whatever order parts are merged, and the same as of one pass over all; above it only the bounds of
// what is missed differ.
func (r *Requests) Merge(o *Requests) {
	r.Begin = earlier(r.Start(), o.Start())
	r.From, r.To = earlier(r.From, o.From), later(r.To, o.To)
	r.Events += o.Events
	r.Malformed += o.Malformed
	r.Logs = slices.Concat(r.Logs, o.Logs)
	slices.SortFunc(r.Logs, func(a, b Log) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Events, b.Events),
			cmp.Compare(a.Malformed, b.Malformed), cmp.Compare(a.Cut, b.Cut))
	})
	r.Faults = slices.Concat(r.Faults, o.Faults)
	slices.SortFunc(r.Faults, func(a, b LogFault) int {
		return cmp.Or(cmp.Compare(a.Log, b.Log), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Why, b.Why))
	})
	r.Faults = r.Faults[:min(len(r.Faults), FaultsKept)]
	for _, m := range []struct {
		to   *map[string]int64
		from map[string]int64
	}{{&r.Levels, o.Levels}, {&r.Stages, o.Stages}, {&r.Verbs, o.Verbs}, {&r.Servers, o.Servers}} {
		addCounts(m.to, m.from)
	}
	r.Lists.Add(o.Lists)
	r.Others.Lists.Add(o.Others.Lists)
	r.Others.Watches += o.Others.Watches
	r.mergeClients(o)
	r.Bound()
	r.sumWatches()
}

// mergeClients takes two sorted lists of clients together. A client that only one part knows may stand
// under the Others of the other.
func (r *Requests) mergeClients(o *Requests) {
	all := make([]Client, 0, len(r.Clients)+len(o.Clients))
	take := func(from *[]Client, missed int64) {
		c := (*from)[0].clone()
		c.Missed += missed
		all, *from = append(all, c), (*from)[1:]
	}
	a, b := r.Clients, o.Clients
	for len(a) > 0 && len(b) > 0 {
		switch order := a[0].Compare(&b[0]); {
		case order < 0:
			take(&a, o.Others.AtMost)
		case order > 0:
			take(&b, r.Others.AtMost)
		default:
			take(&a, 0)
			all[len(all)-1].merge(&b[0])
			b = b[1:]
		}
	}
	for len(a) > 0 {
		take(&a, o.Others.AtMost)
	}
	for len(b) > 0 {
		take(&b, r.Others.AtMost)
	}
	r.Clients = all
	r.Others.AtMost += o.Others.AtMost
}

// Bound drops the clients with the fewest requests into Others until no more than ClientsKept are left.
// By this rule (Misra and Gries) no client loses more than one request in ClientsKept of all.
func (r *Requests) Bound() {
	if len(r.Clients) <= ClientsKept {
		return
	}
	weights := make([]int64, len(r.Clients))
	for i := range r.Clients {
		weights[i] = r.Clients[i].weight()
	}
	bar := Bar(weights, r.Others.AtMost)
	r.Others.AtMost = bar
	r.Clients = slices.DeleteFunc(r.Clients, func(c Client) bool {
		if c.weight() > bar {
			return false
		}
		r.Others.Take(&c)
		return true
	})
}

// Bar is the weight (Count and Missed together) above which at most ClientsKept stay; no lower than before.
func Bar(weights []int64, before int64) int64 {
	if len(weights) <= ClientsKept {
		return before
	}
	slices.Sort(weights)
	return max(before, weights[len(weights)-ClientsKept-1])
}

func (c *Client) weight() int64 { return c.Count + c.Missed }

// Take counts the requests of a client that is not kept.
func (o *Others) Take(c *Client) {
	if c.Verb == "watch" {
		o.Watches += c.Count
		return
	}
	o.Lists.Add(c.Lists())
}

// Lists are the counts of a client as a part of those of all.
func (c *Client) Lists() ListCounts {
	return ListCounts{Total: c.Count, Unset: c.Unset, Zero: c.Zero, Exact: c.Exact, Paged: c.Paged, Continued: c.Continued}
}

func (r *Requests) sumWatches() {
	r.Watches = r.Others.Watches
	for i := range r.Clients {
		if r.Clients[i].Verb == "watch" {
			r.Watches += r.Clients[i].Count
		}
	}
}

// Add adds other counts.
func (l *ListCounts) Add(o ListCounts) {
	l.Total += o.Total
	l.Unset += o.Unset
	l.Zero += o.Zero
	l.Exact += o.Exact
	l.Paged += o.Paged
	l.Continued += o.Continued
}

// Count counts n LISTs of one shape.
func (l *ListCounts) Count(s Shape, n int64) {
	l.Total += n
	switch {
	case s.RV == RVUnset && s.Continue == "":
		l.Unset += n
	case s.RV == RVZero:
		l.Zero += n
	case s.RV == RVExact:
		l.Exact += n
	}
	if s.Limit {
		l.Paged += n
	}
	if s.Continue != "" {
		l.Continued += n
	}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func addCounts(to *map[string]int64, from map[string]int64) {
	if *to == nil && len(from) > 0 {
		*to = make(map[string]int64, len(from))
	}
	for k, n := range from {
		(*to)[k] += n
	}
}
