package evidence

import (
	"fmt"
	"math"
	"time"
)

// Histogram is a classic Prometheus histogram: cumulative counts up to each finite bound.
type Histogram struct {
	Buckets []Bucket `json:"buckets,omitempty"` // ascending, without +Inf
	Count   float64  `json:"count"`
	Sum     float64  `json:"sum"`
}

// Bucket counts the observations at or below LE.
type Bucket struct {
	LE    float64 `json:"le"`
	Count float64 `json:"count"`
}

// Plus adds two histograms of the same buckets; an empty one adds nothing.
func (h Histogram) Plus(o Histogram) Histogram {
	if len(h.Buckets) == 0 && h.Count == 0 {
		return o
	}
	sum, ok := h.combine(o, 1)
	if !ok {
		return h
	}
	return sum
}

// Minus subtracts an earlier reading; false if the histogram was reset in between.
func (h Histogram) Minus(o Histogram) (Histogram, bool) { return h.combine(o, -1) }

func (h Histogram) combine(o Histogram, sign float64) (Histogram, bool) {
	if len(h.Buckets) != len(o.Buckets) {
		return Histogram{}, false
	}
	out := Histogram{Buckets: make([]Bucket, len(h.Buckets)), Count: h.Count + sign*o.Count, Sum: h.Sum + sign*o.Sum}
	for i, b := range h.Buckets {
		if b.LE != o.Buckets[i].LE {
			return Histogram{}, false
		}
		out.Buckets[i] = Bucket{b.LE, b.Count + sign*o.Buckets[i].Count}
		if out.Buckets[i].Count < 0 {
			return Histogram{}, false
		}
	}
	return out, out.Count >= 0
}

// Bounds is what a histogram tells of a quantile: it lies over Low and at or below High.
type Bounds struct {
	Low, High float64 // High is +Inf above the last finite bound
	Estimate  float64 // linear within the bucket; Low where High is infinite
}

// Quantile tells in which bucket the q-quantile lies, 0 < q < 1; false if nothing was observed.
func (h Histogram) Quantile(q float64) (Bounds, bool) {
	if h.Count == 0 {
		return Bounds{}, false
	}
	rank := q * h.Count
	low, below := 0.0, 0.0
	for _, b := range h.Buckets {
		if b.Count >= rank {
			est := low
			if b.Count > below {
				est += (b.LE - low) * (rank - below) / (b.Count - below)
			}
			return Bounds{low, b.LE, est}, true
		}
		low, below = b.LE, b.Count
	}
	return Bounds{low, math.Inf(1), low}, true
}

// A Side says on which side of a threshold a quantile lies.
type Side int

// A quantile within the bucket that holds the threshold is on neither side for sure.
const (
	Under Side = iota + 1
	Over
	Unsure
)

// Against holds the q-quantile against a threshold without pretending to more than the buckets tell.
// Of an empty histogram nothing is sure.
func (h Histogram) Against(q, threshold float64) Side {
	b, ok := h.Quantile(q)
	switch {
	case !ok:
		return Unsure
	case b.High <= threshold:
		return Under
	case b.Low >= threshold:
		return Over
	}
	return Unsure
}

// ShareOver is the share of observations above a bucket bound; false if le is no bound.
func (h Histogram) ShareOver(le float64) (float64, bool) {
	for _, b := range h.Buckets {
		if b.LE == le && h.Count > 0 {
			return 1 - b.Count/h.Count, true
		}
	}
	return 0, false
}

// String puts the bounds as a person would: "between 8 ms and 16 ms (about 11 ms)".
func (b Bounds) String() string {
	if math.IsInf(b.High, 1) {
		return "over " + Seconds(b.Low)
	}
	if b.Low == 0 {
		return "at most " + Seconds(b.High)
	}
	return fmt.Sprintf("between %s and %s (about %s)", Seconds(b.Low), Seconds(b.High), Seconds(b.Estimate))
}

// Seconds prints a time in seconds with the unit that fits: "1.5 ms", "10 s".
func Seconds(s float64) string {
	switch d := math.Abs(s); {
	case d >= 1:
		return fmt.Sprintf("%.4g s", s)
	case d >= 1e-3 || d == 0:
		return fmt.Sprintf("%.3g ms", s*1e3)
	}
	return fmt.Sprintf("%.3g µs", s*1e6)
}

// Ago prints how long a process or state has lasted: "41 d", "3 h", "12 min", "8 s".
func Ago(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.0f d", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
