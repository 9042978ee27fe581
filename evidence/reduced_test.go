package evidence

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTimelineIsCanonical(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for round := range 200 {
		span := int64(1) << (1 + r.IntN(40))
		base := r.Int64N(4e9) - 1e9
		var seconds []int64
		for range 1 + r.IntN(200) {
			seconds = append(seconds, base+r.Int64N(span))
		}
		var want, left, right Timeline
		for _, s := range seconds {
			want.AddSecond(s, 1)
		}
		r.Shuffle(len(seconds), func(i, j int) { seconds[i], seconds[j] = seconds[j], seconds[i] })
		var other Timeline
		for _, s := range seconds {
			other.AddSecond(s, 1)
		}
		if diff := cmp.Diff(want, other); diff != "" {
			t.Fatalf("round %d: another order: want-, got+:\n%s", round, diff)
		}
		for i, s := range seconds {
			if i%3 == 0 {
				left.AddSecond(s, 1)
			} else {
				right.AddSecond(s, 1)
			}
		}
		ab, ba := left, right
		ab.Counts, ba.Counts = append([]int64(nil), left.Counts...), append([]int64(nil), right.Counts...)
		ab.Merge(right)
		ba.Merge(left)
		if diff := cmp.Diff(want, ab); diff != "" {
			t.Fatalf("round %d: merged: want-, got+:\n%s", round, diff)
		}
		if diff := cmp.Diff(want, ba); diff != "" {
			t.Fatalf("round %d: merged the other way: want-, got+:\n%s", round, diff)
		}
		if want.Count() != int64(len(seconds)) || len(want.Counts) > TimelineBuckets {
			t.Errorf("got %d of %d in %d buckets", want.Count(), len(seconds), len(want.Counts))
		}
	}
}

func TestTimelineBuckets(t *testing.T) {
	var got Timeline
	at := time.Date(2026, 3, 1, 10, 0, 1, 0, time.FixedZone("east", 3600))
	got.Add(at, 2)
	got.Add(at.Add(63*time.Second), 1)
	if want := (Timeline{Width: time.Second, First: at.Unix(), Counts: append(append([]int64{2}, make([]int64, 62)...), 1)}); !cmp.Equal(want, got) {
		t.Errorf("want-, got+:\n%s", cmp.Diff(want, got))
	}
	got.Add(at.Add(64*time.Second), 1)
	if got.Width != 2*time.Second || len(got.Counts) != 33 || got.Start(0) != at.UTC().Add(-time.Second) {
		t.Errorf("got %d buckets of %s from %s, want 33 of 2s from the even second", len(got.Counts), got.Width, got.Start(0))
	}
	got.AddSecond(math.MaxInt64, 1) // no clock says so, but a log might
	got.AddSecond(math.MinInt64, 1)
	if got.Count() != 6 || len(got.Counts) > TimelineBuckets {
		t.Errorf("got %d in %d buckets, want 6", got.Count(), len(got.Counts))
	}
}

func TestLatency(t *testing.T) {
	var l Latency
	for i := range LatencyBuckets - 1 {
		bound := LatencyBound(i)
		if got := latencyBucket(bound - 1); got != i {
			t.Errorf("just under %s: got bucket %d, want %d", bound, got, i)
		}
		if got := latencyBucket(bound); got != i+1 {
			t.Errorf("%s: got bucket %d, want %d", bound, got, i+1)
		}
	}
	for range 99 {
		l.Add(3 * time.Millisecond)
	}
	l.Add(time.Hour)
	l.Add(-time.Second)
	if l.Count() != 101 || l.Max != time.Hour || l.Sum != 99*3*time.Millisecond+time.Hour {
		t.Errorf("got %d, max %s, sum %s", l.Count(), l.Max, l.Sum)
	}
	for q, want := range map[float64]time.Duration{0: time.Millisecond, 0.5: 4 * time.Millisecond, 0.99: 4 * time.Millisecond, 1: time.Hour} {
		if got := l.Quantile(q); got != want {
			t.Errorf("quantile %g: got %s, want %s", q, got, want)
		}
	}
	if got := (Latency{}).Quantile(0.5); got != 0 {
		t.Errorf("got %s of nothing, want 0", got)
	}
}

func TestDistinct(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 129, 1000, 20_000} {
		var one, left, right Distinct
		for i := range n {
			name := fmt.Sprintf("node-%d.example", i)
			one.Add(name)
			one.Add(name)
			left.Add(name)
			if i%2 == 0 {
				right.Add(name)
			}
		}
		for range 2 {
			left.Merge(right)
		}
		if diff := cmp.Diff(one, left); diff != "" {
			t.Errorf("%d names: want-, got+:\n%s", n, diff)
		}
		got := float64(one.Count())
		if off := math.Abs(got-float64(n)) / math.Max(float64(n), 1); n <= DistinctExact && off != 0 || off > 0.2 {
			t.Errorf("got about %g of %d names", got, n)
		}
	}
}

// The hashes go into reports, so they must never change: a value of another implementation.
func TestHashName(t *testing.T) {
	if a, b := HashName("node-1"), HashName([]byte("node-1")); a != b || a != 0x91dd3f4c04e1eb05 {
		t.Errorf("got %#x and %#x", a, b)
	}
}

func TestHashSurvivesJSON(t *testing.T) {
	want := Distinct{Hashes: []Hash{0, 1, 1<<53 + 1, math.MaxUint64}, More: true}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if text := `{"hashes":["0000000000000000","0000000000000001","0020000000000001","ffffffffffffffff"],"more":true}`; string(data) != text {
		t.Errorf("got %s, want %s", data, text)
	}
	var got Distinct
	if err := json.Unmarshal(data, &got); err != nil || !cmp.Equal(want, got) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{`"1"`, `"00000000000000000"`, `"000000000000000g"`, `""`, `5`} {
		if err := json.Unmarshal([]byte(`{"hashes":[`+bad+`]}`), &got); err == nil {
			t.Errorf("got %s read, want an error", bad)
		}
	}
}
