package auditgen

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Truth is what is in a log, known from who asked and not from what was written. Its names are those of a RequestReport.
type Truth struct {
	Events  int64            `json:"events"`
	From    time.Time        `json:"from"`
	To      time.Time        `json:"to"`
	Levels  map[string]int64 `json:"levels"`
	Stages  map[string]int64 `json:"stages"`
	Lists   Lists            `json:"lists"`
	Watches int64            `json:"watches"` // that started
	Clients []Client         `json:"clients"`
}

// Lists counts LISTs that finished.
type Lists struct {
	Total     int64 `json:"total"`
	Unset     int64 `json:"unset"`
	Zero      int64 `json:"zero"`
	Exact     int64 `json:"exact"`
	Paged     int64 `json:"paged"`
	Continued int64 `json:"continued"`
}

// A Client is a user with an agent, and what it did with one resource: LISTs that finished, WATCHes that started.
type Client struct {
	User      string `json:"user"` // the nodes are one: system:node:*
	UserAgent string `json:"userAgent"`
	Verb      string `json:"verb"`
	APIGroup  string `json:"apiGroup,omitempty"`
	Resource  string `json:"resource"`
	Scope     string `json:"scope"`

	Count        int64 `json:"count"`
	Unset        int64 `json:"unset"`
	Zero         int64 `json:"zero"`
	Exact        int64 `json:"exact"`
	Paged        int64 `json:"paged"`
	Continued    int64 `json:"continued"`
	Throttled    int64 `json:"throttled,omitempty"`
	ServerErrors int64 `json:"serverErrors,omitempty"`
	Expired      int64 `json:"expired,omitempty"`
	ClientErrors int64 `json:"clientErrors,omitempty"`
}

type tally struct {
	g      *Generator
	truth  Truth
	first  int64
	last   int64
	counts map[counted]*Client
	level  map[*habit]string
}

// counted is what makes requests those of one client with one resource.
type counted struct {
	habit  *habit
	member int
}

func newTally(g *Generator) *tally {
	t := &tally{g: g, counts: map[counted]*Client{}, level: map[*habit]string{}}
	t.truth.Levels, t.truth.Stages = map[string]int64{}, map[string]int64{}
	for _, h := range g.habits {
		t.level[h] = h.level(&g.o)
	}
	return t
}

func (t *tally) count(r *request) {
	t.truth.Events++
	t.truth.Levels[t.level[r.habit]]++
	t.truth.Stages[r.stage]++
	if t.first == 0 || r.received < t.first {
		t.first = r.received
	}
	t.last = max(t.last, r.at)
	list := r.habit.verb == "list" && (r.stage == complete || r.stage == panicky)
	if !list && (r.habit.verb != "watch" || r.stage != started) {
		return
	}
	k := counted{r.habit, 0}
	if m := r.habit.persona.many; m == ofClients || m == ofPeople {
		k.member = r.member
	}
	c := t.counts[k]
	if c == nil {
		c = t.client(r)
		t.counts[k] = c
	}
	c.Count++
	switch {
	case r.code == 429:
		c.Throttled++
	case r.code == 410:
		c.Expired++
	case r.code >= 500 || r.code == panicked:
		c.ServerErrors++
	case r.code >= 400:
		c.ClientErrors++
	}
}

// client names who asks, and what.
func (t *tally) client(r *request) *Client {
	p := r.habit.persona
	c := &Client{
		User: string(compile(p.user).append(nil, t.g, r)), UserAgent: string(compile(p.agent).append(nil, t.g, r)),
		Verb: r.habit.verb, APIGroup: r.habit.at.group, Resource: r.habit.at.resource, Scope: "cluster",
	}
	if strings.HasPrefix(c.User, "system:node:") {
		c.User = "system:node:*"
	}
	if p.as != "" {
		c.User = p.as
	}
	switch {
	case r.habit.at.name != "":
		c.Scope = "resource"
	case r.habit.at.namespace != "":
		c.Scope = "namespace"
	}
	return c
}

// Truth is of what was written so far: clients that differ, the busiest first.
func (g *Generator) Truth() Truth {
	t := g.truth.truth
	t.From, t.To = time.UnixMicro(g.truth.first).UTC(), time.UnixMicro(g.truth.last).UTC()
	type name struct{ user, agent, verb, group, resource, scope string }
	rows := map[name]*Client{}
	for k, c := range g.truth.counts {
		n := name{c.User, c.UserAgent, c.Verb, c.APIGroup, c.Resource, c.Scope}
		row := rows[n]
		if row == nil {
			row = &Client{User: c.User, UserAgent: c.UserAgent, Verb: c.Verb, APIGroup: c.APIGroup, Resource: c.Resource, Scope: c.Scope}
			rows[n] = row
		}
		row.add(c, k.habit.list)
		if c.Verb == "watch" {
			t.Watches += c.Count
		}
	}
	t.Clients = make([]Client, 0, len(rows))
	for _, row := range rows {
		t.Clients = append(t.Clients, *row)
		if row.Verb == "list" {
			t.Lists.add(row)
		}
	}
	slices.SortFunc(t.Clients, func(a, b Client) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.User, b.User), cmp.Compare(a.UserAgent, b.UserAgent), cmp.Compare(a.Verb, b.Verb),
			cmp.Compare(a.APIGroup, b.APIGroup), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Scope, b.Scope))
	})
	return t
}

// add the requests of one habit.
func (c *Client) add(o *Client, l listing) {
	c.Count += o.Count
	switch {
	case l.rv == zero:
		c.Zero += o.Count
	case l.rv == exact:
		c.Exact += o.Count
	case !l.continued:
		c.Unset += o.Count
	}
	if l.paged {
		c.Paged += o.Count
	}
	if l.continued {
		c.Continued += o.Count
	}
	c.Throttled += o.Throttled
	c.Expired += o.Expired
	c.ServerErrors += o.ServerErrors
	c.ClientErrors += o.ClientErrors
}

func (l *Lists) add(c *Client) {
	l.Total += c.Count
	l.Unset += c.Unset
	l.Zero += c.Zero
	l.Exact += c.Exact
	l.Paged += c.Paged
	l.Continued += c.Continued
}
