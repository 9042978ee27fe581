package report

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func TestSpread(t *testing.T) {
	from := time.Unix(1_000, 0)
	for name, tc := range map[string]struct {
		line    evidence.Timeline
		seconds int
		columns int
		want    []float64
	}{
		"one bucket a column":            {evidence.Timeline{Width: time.Second, First: 1_000, Counts: []int64{1, 2, 3, 4}}, 4, 4, []float64{1, 2, 3, 4}},
		"two buckets a column":           {evidence.Timeline{Width: time.Second, First: 1_000, Counts: []int64{1, 2, 3, 4}}, 4, 2, []float64{3, 7}},
		"one bucket over two columns":    {evidence.Timeline{Width: 2 * time.Second, First: 500, Counts: []int64{4, 2}}, 4, 4, []float64{2, 2, 1, 1}},
		"begins later":                   {evidence.Timeline{Width: time.Second, First: 1_002, Counts: []int64{5}}, 4, 4, []float64{0, 0, 5, 0}},
		"the first bucket begins before": {evidence.Timeline{Width: 4 * time.Second, First: 249, Counts: []int64{6, 4}}, 4, 2, []float64{2, 2}},
		"requests at the very end":       {evidence.Timeline{Width: time.Second, First: 1_004, Counts: []int64{5}}, 4, 4, []float64{0, 0, 0, 5}},
		"no time at all":                 {evidence.Timeline{Width: time.Second, First: 1_000, Counts: []int64{5}}, 0, 2, []float64{0, 0}},
		"nothing":                        {evidence.Timeline{}, 4, 2, []float64{0, 0}},
	} {
		got := spread(tc.line, from, from.Add(time.Duration(tc.seconds)*time.Second), tc.columns)
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestSpark(t *testing.T) {
	if got, want := spark([]float64{0, 0.1, 1, 4, 7, 8}), "·▁▂▅██"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := spark([]float64{0, 0}), "··"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRise(t *testing.T) {
	from := time.Unix(60*1_000, 0).UTC()
	to := from.Add(64 * time.Minute)
	line := func(rate func(minute int) int64) evidence.Timeline {
		l := evidence.Timeline{Width: time.Minute, First: from.Unix() / 60}
		for i := range 64 {
			l.Counts = append(l.Counts, rate(i))
		}
		return l
	}
	for name, tc := range map[string]struct {
		rate func(int) int64
		want rise
		ok   bool
	}{
		"steady":  {func(int) int64 { return 10 }, rise{}, false},
		"doubles": {func(i int) int64 { return int64(10 + 10*(i/32)) }, rise{}, false},
		"begins": {func(i int) int64 {
			if i < 20 {
				return 0
			}
			return 118
		}, rise{from.Add(20 * time.Minute), 0, 118}, true},
		"grows": {func(i int) int64 {
			if i < 40 {
				return 3
			}
			return 120
		}, rise{from.Add(40 * time.Minute), 3, 120}, true},
		"ends": {func(i int) int64 {
			if i > 20 {
				return 0
			}
			return 118
		}, rise{}, false},
		"a burst at the end": {func(i int) int64 {
			if i == 63 {
				return 1_000
			}
			return 1
		}, rise{}, false},
		"nothing": {func(int) int64 { return 0 }, rise{}, false},
	} {
		got, ok := riseOf(line(tc.rate), from, to)
		if ok != tc.ok || (ok && got != tc.want) {
			t.Errorf("%s: got %v, %t, want %v, %t", name, got, ok, tc.want, tc.ok)
		}
	}
}

// Requests that come by chance rise by chance only.
func TestRiseOfChance(t *testing.T) {
	const rounds = 1_000
	from := time.Unix(60*1_000, 0).UTC()
	for _, requests := range []int{20, 40, 100} {
		told, r := 0, rand.New(rand.NewPCG(1, uint64(requests)))
		for range rounds {
			l := evidence.Timeline{Width: time.Minute, First: from.Unix() / 60, Counts: make([]int64, 64)}
			for range requests {
				l.Counts[r.IntN(64)]++
			}
			if _, ok := riseOf(l, from, from.Add(64*time.Minute)); ok {
				told++
			}
		}
		if told > rounds/200 {
			t.Errorf("%d requests: got %d of %d said to rise, want at most %d", requests, told, rounds, rounds/200)
		}
	}
}

func TestLasting(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 10: "<1 ms", 40 * time.Millisecond: "40 ms", 1_234 * time.Millisecond: "1.2 s", 12 * time.Second: "12 s",
		125 * time.Second: "2m5s", time.Hour: "1h", 130 * time.Second: "2m10s", 70 * time.Minute: "1h10m", 25*time.Hour + 10*time.Second: "25h", 50 * time.Minute: "50m", 42*time.Minute + 8*time.Second: "42m8s", 72 * time.Hour: "3.0 days",
	} {
		if got := lasting(d); got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
	}
}
