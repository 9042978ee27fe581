package evidence

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// oneEvent is a reduction of a single request.
func oneEvent(r *rand.Rand) *Requests {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(int64(20 * time.Hour)))).Truncate(time.Microsecond)
	shape := Shape{RV: []string{RVUnset, RVZero, RVExact, RVInvalid}[r.IntN(4)], Limit: r.IntN(2) == 0}
	if r.IntN(4) == 0 {
		shape.Continue = ContinueAt
	}
	s := ShapeCount{Shape: shape, Count: 1}
	c := Client{
		User: fmt.Sprintf("user-%d", r.IntN(7)), UserAgent: "agent/v1", Verb: "list", Resource: "pods", Scope: ScopeCluster,
		First: at, Last: at, Throttled: r.Int64N(2), Bytes: r.Int64N(1000),
	}
	out := &Requests{
		From: at, To: at.Add(time.Second), Events: 1, Levels: map[string]int64{"Metadata": 1}, Stages: map[string]int64{"ResponseComplete": 1},
		Verbs: map[string]int64{"list": 1}, Faults: []LogFault{{Log: "a", Line: r.Int64N(1000), Why: "cut off"}},
	}
	if r.IntN(3) == 0 {
		c.Verb, s.Count = "watch", 0
		if r.IntN(2) == 0 {
			s.Started = 1
		} else {
			s.Ended = 1
		}
	}
	c.Via = []string{"", "admin"}[r.IntN(20)/19]
	c.Shapes = []ShapeCount{s}
	c.Sum()
	if c.Verb == "list" {
		out.Lists = c.Lists()
		c.Latency.Add(time.Duration(r.Int64N(int64(3 * time.Second))))
		c.Timeline.Add(at, 1)
	}
	c.Nodes.Add(fmt.Sprintf("node-%d", r.IntN(400)))
	out.Clients = []Client{c}
	out.sumWatches()
	return out
}

func TestMergeDoesNotDependOnOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 2000
	parts := make([]*Requests, n)
	for i := range parts {
		parts[i] = oneEvent(r)
	}
	want := &Requests{}
	for _, p := range parts {
		want.Merge(p)
	}
	if got := want.Lists.Total + want.Watches; got >= n || got < n/2 || want.Events != n {
		t.Errorf("got %d requests of %d events, want some watches to be counted once for two stages", got, want.Events)
	}
	for round := range 5 {
		r.Shuffle(n, func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		got := tree(parts, r)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d: want-, got+:\n%s", round, diff)
		}
	}
}

// tree merges parts in some grouping, on either side.
func tree(parts []*Requests, r *rand.Rand) *Requests {
	if len(parts) == 1 {
		out := &Requests{}
		out.Merge(parts[0])
		return out
	}
	cut := 1 + r.IntN(len(parts)-1)
	a, b := tree(parts[:cut], r), tree(parts[cut:], r)
	if r.IntN(2) == 0 {
		a, b = b, a
	}
	a.Merge(b)
	return a
}

func TestMergeLeavesTheOtherAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	a, b := &Requests{}, &Requests{}
	for range 300 {
		b.Merge(oneEvent(r))
	}
	before, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	a.Merge(b)
	for range 300 {
		a.Merge(oneEvent(r))
	}
	after, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("got another part changed by what was merged after it, want it left alone")
	}
}

func TestRequestsSurviveJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	want := &Requests{Servers: map[string]int64{"kube-apiserver/v1.37.2": 3}, Logs: []Log{{Name: "-", Bytes: 5, Cut: "cut off"}}}
	for range 3000 {
		want.Merge(oneEvent(r))
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got := &Requests{}
	if err := json.Unmarshal(data, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want-, got+:\n%s", diff)
	}
}

// many clients: no client loses more than the bound says, and what is kept and what is not add up.
func TestBoundStatesItsError(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	truth := map[string]int64{}
	parts := []*Requests{{}, {}, {}}
	var total int64
	for p, part := range parts {
		for range 3 {
			batch := &Requests{}
			for u := range ClientsKept {
				name := fmt.Sprintf("rare-%d-%d", p, r.IntN(1_000_000))
				n := int64(1)
				if u%100 == 0 {
					name, n = fmt.Sprintf("often-%d", u), 1+r.Int64N(50)
				}
				c := Client{User: name, Verb: "list", Shapes: []ShapeCount{{Shape: Shape{RV: RVUnset}, Count: n}}}
				c.Sum()
				batch.Clients = append(batch.Clients, c)
				batch.Lists.Add(c.Lists())
				truth[name] += n
				total += n
			}
			slices.SortFunc(batch.Clients, func(a, b Client) int { return a.Compare(&b) })
			part.Merge(batch)
		}
	}
	all := &Requests{}
	for _, p := range parts {
		all.Merge(p)
	}
	kept := map[string]bool{}
	sum := all.Others.Lists.Total
	for _, c := range all.Clients {
		kept[c.User] = true
		sum += c.Count
		if n := truth[c.User]; n < c.Count || n > c.Count+c.Missed {
			t.Errorf("%s: got %d requests and %d missed at most, want them to hold the true %d", c.User, c.Count, c.Missed, n)
		}
	}
	for name, n := range truth {
		if !kept[name] && n > all.Others.AtMost {
			t.Errorf("%s: got it dropped with %d requests, want at most the stated %d", name, n, all.Others.AtMost)
		}
	}
	if sum != total || all.Lists.Total != total || all.Lists.Unset != total {
		t.Errorf("got %d kept and not, %+v counted; want %d", sum, all.Lists, total)
	}
	if most := total / ClientsKept; all.Others.AtMost > most || len(all.Clients) > ClientsKept {
		t.Errorf("got an error of %d over %d clients, want at most %d", all.Others.AtMost, len(all.Clients), most)
	}
}
