package evidence

import (
	"math/bits"
	"time"
)

// LatencyBuckets bounds the buckets of a Latency.
const LatencyBuckets = 40

// Add counts one duration. One under 0 counts as 0: clocks are set back.
func (l *Latency) Add(d time.Duration) {
	d = max(d, 0)
	i := latencyBucket(d)
	for len(l.Counts) <= i {
		l.Counts = append(l.Counts, 0)
	}
	l.Counts[i]++
	l.Sum += d
	l.Max = max(l.Max, d)
}

// latencyBucket is the first bucket whose bound is over d. The bounds are whole microseconds, as the
// audit log has them.
func latencyBucket(d time.Duration) int {
	const least = time.Millisecond
	if d < least {
		return 0
	}
	octave := bits.Len64(uint64(d/least)) - 1 // d is at least least<<octave
	i := 2*octave + 1
	if d >= LatencyBound(i) {
		i++
	}
	return min(i, LatencyBuckets-1)
}

// LatencyBound is what the durations of a bucket are under.
func LatencyBound(bucket int) time.Duration {
	d := time.Millisecond << (bucket / 2)
	if bucket%2 == 1 {
		d = time.Duration(float64(d)*1.4142135623730951) / time.Microsecond * time.Microsecond
	}
	return d
}

// Merge adds what another counted.
func (l *Latency) Merge(o Latency) {
	for len(l.Counts) < len(o.Counts) {
		l.Counts = append(l.Counts, 0)
	}
	for i, n := range o.Counts {
		l.Counts[i] += n
	}
	l.Sum += o.Sum
	l.Max = max(l.Max, o.Max)
}

// Count is how many durations were counted.
func (l Latency) Count() int64 {
	var sum int64
	for _, n := range l.Counts {
		sum += n
	}
	return sum
}

// Quantile is what a share q of the durations is under: the bound of a bucket, or the longest of all
// where that is less. 0 if there is none.
func (l Latency) Quantile(q float64) time.Duration {
	total := l.Count()
	if total == 0 {
		return 0
	}
	want := max(1, int64(q*float64(total)+0.999999))
	var seen int64
	for i, n := range l.Counts {
		if seen += n; seen >= want && i < LatencyBuckets-1 {
			return min(LatencyBound(i), l.Max)
		}
	}
	return l.Max
}
