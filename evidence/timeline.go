package evidence

import "time"

// The years 0 to 9999, as RFC 3339 has them.
const (
	minSecond = -62167219200
	maxSecond = 253402300799
)

// Add counts n requests at a time.
func (t *Timeline) Add(at time.Time, n int64) { t.AddSecond(at.Unix(), n) }

// AddSecond counts n requests in a second since the Unix epoch.
func (t *Timeline) AddSecond(second, n int64) {
	if n == 0 {
		return
	}
	second = min(max(second, minSecond), maxSecond)
	if len(t.Counts) == 0 {
		*t = Timeline{Width: time.Second, First: second, Counts: append(t.Counts[:0], n)}
		return
	}
	for {
		i := floorDiv(second, t.seconds())
		if t.reach(i, i) {
			t.Counts[i-t.First] += n
			return
		}
		t.double()
	}
}

// Merge adds what another timeline counted.
func (t *Timeline) Merge(o Timeline) {
	if len(o.Counts) == 0 {
		return
	}
	o.Counts = append([]int64(nil), o.Counts...)
	if len(t.Counts) == 0 {
		*t = o
		return
	}
	for o.Width > t.Width {
		t.double()
	}
	for {
		for o.Width < t.Width {
			o.double()
		}
		if t.reach(o.First, o.First+int64(len(o.Counts))-1) {
			break
		}
		t.double()
	}
	for i, n := range o.Counts {
		t.Counts[o.First-t.First+int64(i)] += n
	}
}

// Count is how many requests it counted.
func (t Timeline) Count() int64 {
	var sum int64
	for _, n := range t.Counts {
		sum += n
	}
	return sum
}

// Start is when a bucket begins.
func (t Timeline) Start(bucket int) time.Time {
	return time.Unix((t.First+int64(bucket))*t.seconds(), 0).UTC()
}

func (t Timeline) seconds() int64 { return int64(t.Width / time.Second) }

// reach makes room for the buckets from one index to another; false if there would be too many. The
// first and the last bucket are never empty, so what is kept does not depend on the order of adding.
func (t *Timeline) reach(from, to int64) bool {
	first, last := min(from, t.First), max(to, t.First+int64(len(t.Counts))-1)
	if last-first >= TimelineBuckets {
		return false
	}
	for int64(len(t.Counts)) < last-first+1 {
		t.Counts = append(t.Counts, 0)
	}
	if shift := t.First - first; shift > 0 {
		copy(t.Counts[shift:], t.Counts)
		clear(t.Counts[:shift])
		t.First = first
	}
	return true
}

// double makes each bucket twice as wide.
func (t *Timeline) double() {
	first := floorDiv(t.First, 2)
	var n int
	for i, c := range t.Counts {
		n = int(floorDiv(t.First+int64(i), 2) - first)
		if 2*(first+int64(n)) == t.First+int64(i) || i == 0 {
			t.Counts[n] = c
		} else {
			t.Counts[n] += c
		}
	}
	t.Width, t.First, t.Counts = 2*t.Width, first, t.Counts[:n+1]
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
