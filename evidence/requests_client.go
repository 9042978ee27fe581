package evidence

import (
	"cmp"
	"slices"
)

// Compare orders clients by what tells them apart.
func (c *Client) Compare(o *Client) int {
	return cmp.Or(cmp.Compare(c.User, o.User), cmp.Compare(c.UserAgent, o.UserAgent), cmp.Compare(c.Verb, o.Verb),
		cmp.Compare(c.APIGroup, o.APIGroup), cmp.Compare(c.Resource, o.Resource), cmp.Compare(c.Scope, o.Scope))
}

// GroupResource is how metrics name the resource: "pods", "deployments.apps".
func (c *Client) GroupResource() string {
	if c.APIGroup == "" {
		return c.Resource
	}
	return c.Resource + "." + c.APIGroup
}

// Sum puts the shapes in order and computes from them what follows from them.
func (c *Client) Sum() {
	slices.SortFunc(c.Shapes, func(a, b ShapeCount) int { return a.compare(b.Shape) })
	var sum ListCounts
	for i := range c.Shapes {
		s := &c.Shapes[i]
		if c.Verb == "watch" {
			s.Count = max(s.Started, s.Ended)
		}
		sum.Count(s.Shape, s.Count)
	}
	c.Count, c.Unset, c.Zero, c.Exact, c.Paged, c.Continued = sum.Total, sum.Unset, sum.Zero, sum.Exact, sum.Paged, sum.Continued
}

func (s Shape) compare(o Shape) int {
	return cmp.Or(cmp.Compare(s.RV, o.RV), cmp.Compare(s.Match, o.Match), cmp.Compare(yes(s.Limit), yes(o.Limit)), cmp.Compare(s.Continue, o.Continue),
		cmp.Compare(s.Selector, o.Selector), cmp.Compare(yes(s.Initial), yes(o.Initial)), cmp.Compare(yes(s.Many), yes(o.Many)))
}

func yes(b bool) int {
	if b {
		return 1
	}
	return 0
}

// merge adds what the same client did elsewhere.
func (c *Client) merge(o *Client) {
	if c.Via != o.Via {
		c.Via = ""
	}
	for _, s := range o.Shapes {
		c.Shapes = addShape(c.Shapes, s)
	}
	if len(c.Shapes) > ShapesKept || c.Folded() || o.Folded() {
		c.FoldShapes()
	}
	c.Throttled += o.Throttled
	c.ServerErrors += o.ServerErrors
	c.Expired += o.Expired
	c.ClientErrors += o.ClientErrors
	c.First, c.Last = earlier(c.First, o.First), later(c.Last, o.Last)
	c.Timeline.Merge(o.Timeline)
	c.Latency.Merge(o.Latency)
	c.Answers += o.Answers
	c.Bytes += o.Bytes
	c.Objects += o.Objects
	c.Nodes.Merge(o.Nodes)
	c.Pods.Merge(o.Pods)
	c.Addresses.Merge(o.Addresses)
	c.Namespaces.Merge(o.Namespaces)
	c.Missed += o.Missed
	c.Sum()
}

func addShape(to []ShapeCount, s ShapeCount) []ShapeCount {
	i := slices.IndexFunc(to, func(have ShapeCount) bool { return have.Shape == s.Shape })
	if i < 0 {
		return append(to, s)
	}
	have := &to[i]
	have.Count += s.Count
	have.Started += s.Started
	have.Ended += s.Ended
	have.Limits += s.Limits
	have.Refused += s.Refused
	have.Slow += s.Slow
	have.Etcd += s.Etcd
	return to
}

// Folded reports whether the client asked in more ways than are told apart.
func (c *Client) Folded() bool {
	return slices.ContainsFunc(c.Shapes, func(s ShapeCount) bool { return s.Many })
}

// FoldShapes folds all of them.
func (c *Client) FoldShapes() {
	var out []ShapeCount
	for _, s := range c.Shapes {
		s.Shape = s.Fold()
		out = addShape(out, s)
	}
	c.Shapes = out
}

// clone shares no memory with the original.
func (c *Client) clone() Client {
	out := *c
	out.Shapes = slices.Clone(c.Shapes)
	out.Timeline.Counts = slices.Clone(c.Timeline.Counts)
	out.Latency.Counts = slices.Clone(c.Latency.Counts)
	for _, d := range []*Distinct{&out.Nodes, &out.Pods, &out.Addresses, &out.Namespaces} {
		d.Hashes = slices.Clone(d.Hashes)
	}
	return out
}
