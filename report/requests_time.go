package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// spread counts a timeline in equal columns between two times. What a bucket counts is spread over
// the columns that it covers, as nobody knows where in it the requests were.
func spread(t evidence.Timeline, from, to time.Time, columns int) []float64 {
	out := make([]float64, columns)
	whole := to.Sub(from)
	if columns == 0 || whole <= 0 || t.Width <= 0 {
		return out
	}
	column := float64(whole) / float64(columns)
	for i, n := range t.Counts {
		start := t.Start(i).Sub(from)
		begin, end := max(float64(start), 0), min(float64(start+t.Width), float64(whole))
		if n == 0 || end <= begin { // a bucket that only touches the end has its requests there
			if n > 0 && begin >= float64(whole) {
				out[columns-1] += float64(n)
			}
			continue
		}
		for c := int(begin / column); c < columns; c++ {
			left, right := max(begin, float64(c)*column), min(end, float64(c+1)*column)
			if right <= left {
				break
			}
			out[c] += float64(n) * (right - left) / (end - begin)
		}
	}
	return out
}

// spark draws counts as bars against the largest of them; a dot is none at all.
func spark(counts []float64) string {
	const bars = "▁▂▃▄▅▆▇█"
	most := 0.0
	for _, n := range counts {
		most = max(most, n)
	}
	var b strings.Builder
	for _, n := range counts {
		if n <= 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteRune([]rune(bars)[min(int(n/most*8), 7)])
	}
	return b.String()
}

// A rise is where a rate began to be another one.
type rise struct {
	at            time.Time
	before, after float64 // a minute
}

// riseOf finds the time that best splits a timeline into before and after, if the rate after it is at
// least three times that before. The means it states are true wherever the split is.
func riseOf(t evidence.Timeline, from, to time.Time) (rise, bool) {
	const columns, least, few = 64, 6, 20
	counts := spread(t, from, to, columns)
	total := 0.0
	for _, n := range counts {
		total += n
	}
	best, split, head := 0.0, 0, 0.0
	sum := 0.0
	for i := 1; i < columns; i++ {
		sum += counts[i-1]
		before, after := sum/float64(i), (total-sum)/float64(columns-i)
		if apart := float64(i) * float64(columns-i) * (after - before) * (after - before); after > before && apart > best {
			best, split, head = apart, i, sum
		}
	}
	if split < least || split > columns-least || total < few { // at an end it may be a single burst
		return rise{}, false
	}
	minutes := to.Sub(from).Minutes() / columns
	r := rise{
		at:     from.Add(to.Sub(from) * time.Duration(split) / columns),
		before: head / (float64(split) * minutes), after: (total - head) / (float64(columns-split) * minutes),
	}
	certain := likely(head, float64(split))+likely(total-head, float64(columns-split))-likely(total, columns) >= 10
	return r, certain && r.after >= 3*r.before
}

// likely is the logarithm of how likely so many requests in so many columns are, but for what all splits share: of a few
// dozen requests that come by chance a fifth would seem to rise.
func likely(requests, columns float64) float64 {
	if requests == 0 {
		return 0
	}
	return requests * math.Log(requests/columns)
}

// lasting prints how long something took: "40 ms", "1.2 s", "2m5s".
func lasting(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 ms"
	case d < time.Millisecond:
		return "<1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return shorter.Replace(d.Round(time.Second).String())
	case d < 48*time.Hour:
		return shorter.Replace(d.Round(time.Minute).String())
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}

// shorter drops the parts of a duration that say nothing.
var shorter = strings.NewReplacer("h0m0s", "h", "m0s", "m")

// clock prints a time of a window: with the day if the window has several.
func clock(t, from, to time.Time) string {
	switch {
	case to.Sub(from) < 10*time.Minute:
		return t.UTC().Format(time.TimeOnly)
	case from.UTC().YearDay() == to.UTC().YearDay() && to.Sub(from) < 24*time.Hour:
		return t.UTC().Format("15:04")
	}
	return t.UTC().Format("01-02 15:04")
}

// window prints from when to when.
func window(from, to time.Time) string {
	from, to = from.UTC(), to.UTC()
	if from.IsZero() {
		return "no time told"
	}
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return fmt.Sprintf("%s to %s UTC", from.Format(time.DateTime), to.Format(time.TimeOnly))
	}
	return fmt.Sprintf("%s to %s UTC", from.Format(time.DateTime), to.Format(time.DateTime))
}
