package auditlog

import (
	"hash/maphash"
	"slices"

	"github.com/kaudit/kaudit/evidence"
)

// rows are the clients that are being counted: those of evidence.Requests and half as many more, so that dropping the
// rarest is rare.
type rows struct {
	seed   maphash.Seed // of this process: nobody can make names that collide
	byHash map[uint64]*row
	count  int
	others evidence.Others
}

const rowsHeld = evidence.ClientsKept + evidence.ClientsKept/2

// A row counts one client.
type row struct {
	evidence.Client
	verb   byte
	folded bool // its shapes are
	next   *row // of the same hash
	last   *evidence.ShapeCount
}

// A key is what tells clients apart, as slices of an event.
type key struct {
	user, userAgent, group, resource []byte
	verb                             byte
	scope                            string
}

// of finds or makes the row of a key.
func (t *rows) of(k *key) *row {
	h := maphash.Bytes(t.seed, k.user)
	for _, part := range [...][]byte{k.userAgent, k.resource, k.group} {
		h = h*0x9e3779b97f4a7c15 ^ maphash.Bytes(t.seed, part)
	}
	h = h*31 + uint64(k.verb)*7 + uint64(len(k.scope))
	for r := t.byHash[h]; r != nil; r = r.next {
		if r.verb == k.verb && r.Scope == k.scope && r.User == string(k.user) && r.UserAgent == string(k.userAgent) &&
			r.Resource == string(k.resource) && r.APIGroup == string(k.group) {
			return r
		}
	}
	if t.count >= rowsHeld {
		t.prune()
	}
	if t.byHash == nil {
		t.byHash = map[uint64]*row{}
	}
	r := &row{verb: k.verb, next: t.byHash[h]}
	r.User, r.UserAgent, r.APIGroup, r.Resource = string(k.user), string(k.userAgent), string(k.group), string(k.resource)
	r.Verb, r.Scope, r.Missed = verbNames[k.verb], k.scope, t.others.AtMost
	t.byHash[h] = r
	t.count++
	return r
}

// prune drops the rarest, by the rule that evidence.Requests.Bound states.
func (t *rows) prune() {
	weights := make([]int64, 0, t.count)
	for _, r := range t.byHash {
		for ; r != nil; r = r.next {
			weights = append(weights, r.weight())
		}
	}
	bar := evidence.Bar(weights, t.others.AtMost)
	t.others.AtMost = bar
	for h, r := range t.byHash {
		var kept *row
		for r != nil {
			this := r
			r = r.next
			if this.weight() > bar {
				this.next, kept = kept, this
				continue
			}
			this.Sum()
			t.others.Take(&this.Client)
			t.count--
		}
		if kept == nil {
			delete(t.byHash, h)
		} else {
			t.byHash[h] = kept
		}
	}
}

// weight is what evidence.Bar is of. The counts that follow from the shapes are only computed in the end.
func (r *row) weight() int64 {
	n := r.Missed
	for i := range r.Shapes {
		s := &r.Shapes[i]
		n += max(s.Count, s.Started, s.Ended)
	}
	return n
}

// clients are the rows in order.
func (t *rows) clients() []evidence.Client {
	out := make([]evidence.Client, 0, t.count)
	for _, r := range t.byHash {
		for ; r != nil; r = r.next {
			r.Sum()
			r.last = nil
			out = append(out, r.Client)
		}
	}
	slices.SortFunc(out, func(a, b evidence.Client) int { return a.Compare(&b) })
	return out
}

// shape finds or makes the count of a shape.
func (r *row) shape(s evidence.Shape) *evidence.ShapeCount {
	if r.folded {
		s = s.Fold()
	}
	if r.last != nil && r.last.Shape == s {
		return r.last
	}
	i := slices.IndexFunc(r.Shapes, func(have evidence.ShapeCount) bool { return have.Shape == s })
	if i < 0 && len(r.Shapes) >= evidence.ShapesKept && !r.folded {
		r.FoldShapes()
		r.folded, r.last = true, nil
		return r.shape(s)
	}
	if i < 0 {
		i = len(r.Shapes)
		r.Shapes = append(r.Shapes, evidence.ShapeCount{Shape: s})
	}
	r.last = &r.Shapes[i]
	return r.last
}
