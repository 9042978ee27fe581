package requests

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// asked makes a client that listed pods at these times.
func asked(shape evidence.Shape, at ...time.Time) evidence.Client {
	c := evidence.Client{User: "bob", UserAgent: "agent/v1", Verb: "list", Resource: "pods", Scope: "cluster", Shapes: []evidence.ShapeCount{{Shape: shape, Count: int64(len(at))}}}
	c.Sum()
	for i, t := range at {
		c.Timeline.Add(t, 1)
		if i == 0 || t.Before(c.First) {
			c.First = t
		}
		if t.After(c.Last) {
			c.Last = t
		}
	}
	return c
}

// every is a time each period, from a time on, with a jitter.
func every(period, over, jitter time.Duration, from time.Time) []time.Time {
	r := rand.New(rand.NewPCG(1, uint64(period)))
	var out []time.Time
	for d := time.Duration(0); d < over; d += period {
		out = append(out, from.Add(d).Add(time.Duration(r.Float64()*float64(jitter))))
	}
	return out
}

func byChance(n int, over time.Duration, seed uint64) []time.Time {
	r := rand.New(rand.NewPCG(seed, 2))
	out := make([]time.Time, n)
	for i := range out {
		out[i] = noon.Add(time.Duration(r.Int64N(int64(over))))
	}
	return out
}

func TestInterval(t *testing.T) {
	unset := evidence.Shape{RV: "unset"}
	for name, tt := range map[string]struct {
		at        []time.Time
		instances int64
		want      time.Duration
	}{
		"every 10 s for an hour":                {every(10*time.Second, time.Hour, 0, noon), 0, 10 * time.Second},
		"with a jitter":                         {every(10*time.Second, time.Hour, 4*time.Second, noon), 0, 10 * time.Second},
		"every 30 s for 20 minutes":             {every(30*time.Second, 20*time.Minute, 0, noon), 0, 30 * time.Second},
		"every second for a minute":             {every(time.Second, time.Minute, 0, noon), 0, time.Second},
		"every 5 min for a day":                 {every(5*time.Minute, 24*time.Hour, 0, noon), 0, 5 * time.Minute},
		"from 50 nodes, every minute":           {every(1200*time.Millisecond, time.Hour, time.Second, noon), 50, time.Minute},
		"from 5,000 nodes, for a month":         {every(12*time.Second, 30*24*time.Hour, time.Second, noon), 5000, 60000 * time.Second},
		"too few":                               {every(10*time.Second, 80*time.Second, 0, noon), 0, 0},
		"by chance":                             {byChance(2000, time.Hour, 3), 0, 0},
		"in two bursts":                         {append(every(time.Second, time.Minute, 0, noon), every(time.Second, time.Minute, 0, noon.Add(time.Hour))...), 0, 0},
		"all at once":                           {make([]time.Time, 100), 0, 0},
		"in the second half of a log, steadily": {every(10*time.Second, 30*time.Minute, 0, noon.Add(30*time.Minute)), 0, 10 * time.Second},
	} {
		c := asked(unset, tt.at...)
		got := interval(&c, tt.instances)
		if off := math.Abs(float64(got-tt.want)) / float64(max(tt.want, 1)); tt.want == 0 && got != 0 || tt.want != 0 && off > 0.05 {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

// A log that a long exec ends in has requests of before it began.
func TestBeganInAShortLog(t *testing.T) {
	c := asked(evidence.Shape{RV: "unset"}, every(10*time.Second, time.Hour, 0, noon)...)
	r := &evidence.Requests{From: noon.Add(-24 * time.Hour), Begin: noon, To: noon.Add(time.Hour), Clients: []evidence.Client{c}}
	if got := began(&c, r); !got.IsZero() {
		t.Errorf("got began at %s, want the time of the whole log", got)
	}
	if got := Judge(r, Options{}).Window; got != time.Hour {
		t.Errorf("got a window of %s, want an hour", got)
	}
}

// Requests that come by chance are hardly ever taken for steady.
func TestIntervalOfChance(t *testing.T) {
	taken := 0
	const rounds = 500
	for seed := range uint64(rounds) {
		c := asked(evidence.Shape{RV: "unset"}, byChance(20+int(seed)*2, time.Hour, seed)...)
		if interval(&c, 1) != 0 {
			taken++
		}
	}
	if taken > rounds/100 {
		t.Errorf("got %d of %d taken for steady, want at most 1%%", taken, rounds)
	}
}

func TestBegan(t *testing.T) {
	unset := evidence.Shape{RV: "unset"}
	r := &evidence.Requests{From: noon, To: noon.Add(time.Hour)}
	later := noon.Add(20 * time.Minute)
	for name, tt := range map[string]struct {
		at   []time.Time
		want time.Time
	}{
		"from the start":         {every(10*time.Second, time.Hour, 0, noon), time.Time{}},
		"20 minutes in":          {every(10*time.Second, 40*time.Minute, 0, later), later},
		"20 minutes in, a burst": {every(time.Second, time.Minute, 0, later), later},
		"ten times as often":     {append(every(60*time.Second, 20*time.Minute, 0, noon), every(3*time.Second, 40*time.Minute, 0, later)...), later},
		"twice as often":         {append(every(60*time.Second, 20*time.Minute, 0, noon), every(30*time.Second, 40*time.Minute, 0, later)...), time.Time{}},
		"too few":                {every(60*time.Second, 10*time.Minute, 0, later), time.Time{}},
		"that ended":             {every(time.Second, 20*time.Minute, 0, noon), time.Time{}},
		"by chance":              {byChance(500, time.Hour, 1), time.Time{}},
	} {
		c := asked(unset, tt.at...)
		got := began(&c, r)
		if got.IsZero() != tt.want.IsZero() || got.Sub(tt.want).Abs() > c.Timeline.Width {
			t.Errorf("%s: got %s, want %s to within %s", name, got, tt.want, c.Timeline.Width)
		}
	}
}

func TestFanOut(t *testing.T) {
	var one, many evidence.Distinct
	one.Add("a")
	for i := range 500 {
		many.Add(fmt.Sprint(i))
	}
	for name, tt := range map[string]struct {
		c    evidence.Client
		want int64
		of   string
	}{
		"not told":           {evidence.Client{}, 0, ""},
		"one":                {evidence.Client{Nodes: one, Addresses: many}, 0, ""},
		"nodes before pods":  {evidence.Client{Nodes: many, Pods: one}, many.Count(), "nodes"},
		"pods":               {evidence.Client{Pods: many, Addresses: one}, many.Count(), "pods"},
		"addresses, if need": {evidence.Client{Addresses: many}, many.Count(), "addresses"},
	} {
		if n, of := fanOut(&tt.c); n != tt.want || of != tt.of {
			t.Errorf("%s: got %d %s, want %d %s", name, n, of, tt.want, tt.of)
		}
	}
}
