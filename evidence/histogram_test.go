package evidence

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func hist(count float64, buckets ...float64) Histogram {
	h := Histogram{Count: count}
	for i := 0; i < len(buckets); i += 2 {
		h.Buckets = append(h.Buckets, Bucket{buckets[i], buckets[i+1]})
	}
	return h
}

func TestQuantile(t *testing.T) {
	h := hist(100, 0.008, 90, 0.016, 98, 0.032, 99)
	for _, tt := range []struct {
		name string
		h    Histogram
		q    float64
		want Bounds
		ok   bool
		text string
	}{
		{"empty", Histogram{}, 0.99, Bounds{}, false, ""},
		{"in the first bucket", h, 0.45, Bounds{0, 0.008, 0.004}, true, "at most 8 ms"},
		{"exactly at a bucket's count", h, 0.90, Bounds{0, 0.008, 0.008}, true, "at most 8 ms"},
		{"within a bucket", h, 0.94, Bounds{0.008, 0.016, 0.012}, true, "between 8 ms and 16 ms (about 12 ms)"},
		{"in the last finite bucket", h, 0.99, Bounds{0.016, 0.032, 0.032}, true, "between 16 ms and 32 ms (about 32 ms)"},
		{"above the last bound", h, 0.999, Bounds{0.032, math.Inf(1), 0.032}, true, "over 32 ms"},
		{"no finite bucket", hist(3), 0.5, Bounds{0, math.Inf(1), 0}, true, "over 0 ms"},
		{"an empty bucket is passed over", hist(10, 1, 0, 2, 0, 4, 10), 0.5, Bounds{2, 4, 3}, true, "between 2 s and 4 s (about 3 s)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.h.Quantile(tt.q)
			if ok != tt.ok {
				t.Fatalf("got %v, want %v", ok, tt.ok)
			}
			near := cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) < 1e-12 })
			if d := cmp.Diff(tt.want, got, near); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if ok && got.String() != tt.text {
				t.Errorf("got %q, want %q", got, tt.text)
			}
		})
	}
}

func TestAgainst(t *testing.T) {
	for _, tt := range []struct {
		name      string
		h         Histogram
		threshold float64
		want      Side
	}{
		{"99 of 100 at most 8 ms", hist(100, 0.008, 99, 0.016, 100), 0.010, Under},
		{"98 of 100 at most 8 ms, the rest by 16", hist(100, 0.008, 98, 0.016, 100), 0.010, Unsure},
		{"98 of 100 at most 16 ms", hist(100, 0.008, 90, 0.016, 98, 0.032, 100), 0.010, Over},
		{"the threshold is the bound above", hist(100, 0.008, 90, 0.016, 99), 0.016, Under},
		{"the threshold is the bound below", hist(100, 0.008, 90, 0.016, 99), 0.008, Over},
		{"above the last bound, threshold below it", hist(100, 0.008, 90), 0.004, Over},
		{"above the last bound, threshold above it", hist(100, 0.008, 90), 1, Unsure},
		{"empty", Histogram{}, 1, Unsure},
	} {
		if got := tt.h.Against(0.99, tt.threshold); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestMinus(t *testing.T) {
	before, after := hist(10, 1, 5, 2, 9), hist(14, 1, 6, 2, 12)
	before.Sum, after.Sum = 3, 4.5
	got, ok := after.Minus(before)
	want := hist(4, 1, 1, 2, 3)
	want.Sum = 1.5
	if d := cmp.Diff(want, got); !ok || d != "" {
		t.Errorf("got %v (-want +got)\n%s", ok, d)
	}
	for name, h := range map[string]Histogram{
		"reset":              hist(3, 1, 2, 2, 3),
		"one bucket reset":   hist(14, 1, 4, 2, 12),
		"count alone":        hist(9, 1, 5, 2, 9),
		"other bounds":       hist(14, 1, 6, 3, 12),
		"other bucket count": hist(14, 1, 6),
	} {
		if got, ok := h.Minus(before); ok {
			t.Errorf("%s: got %+v, want none", name, got)
		}
	}
	if got, ok := before.Minus(before); !ok || got.Count != 0 {
		t.Errorf("unchanged: got %+v, %v, want an empty one", got, ok)
	}
}

func TestPlus(t *testing.T) {
	a := hist(1, 1, 1)
	if d := cmp.Diff(a, Histogram{}.Plus(a)); d != "" {
		t.Errorf("onto nothing (-want +got)\n%s", d)
	}
	if d := cmp.Diff(hist(3, 1, 2), a.Plus(hist(2, 1, 1))); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestShareOver(t *testing.T) {
	h := hist(200, 0.25, 199, 1, 200)
	if got, ok := h.ShareOver(0.25); !ok || math.Abs(got-0.005) > 1e-12 {
		t.Errorf("got %v, %v, want 0.005", got, ok)
	}
	if _, ok := h.ShareOver(0.3); ok {
		t.Error("got a share over what is no bound")
	}
	if _, ok := hist(0, 1, 0).ShareOver(1); ok {
		t.Error("got a share of nothing")
	}
}

func TestUnits(t *testing.T) {
	for s, want := range map[float64]string{0: "0 ms", 0.0000015: "1.5 µs", 0.0015: "1.5 ms", 0.999: "999 ms", 1: "1 s", 8.192: "8.192 s"} {
		if got := Seconds(s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for d, want := range map[time.Duration]string{8 * time.Second: "8 s", 12 * time.Minute: "12 min", 3 * time.Hour: "3 h", 41 * 24 * time.Hour: "41 d"} {
		if got := Ago(d); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
