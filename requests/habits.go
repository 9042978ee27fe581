package requests

import (
	"math"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// fanOut is how many instances of a client there are, by what tells most surely: the nodes its tokens name, its pods,
// else the addresses it comes from (behind a balancer these are the balancer's, and too few).
func fanOut(c *evidence.Client) (n int64, of string) {
	for _, d := range []struct {
		of   string
		seen evidence.Distinct
	}{{"nodes", c.Nodes}, {"pods", c.Pods}, {"addresses", c.Addresses}} {
		switch n := d.seen.Count(); n {
		case 0:
		case 1:
			return 0, ""
		default:
			return n, d.of
		}
	}
	return 0, ""
}

// interval is how long one instance waits between LISTs, if it polls steadily: the counts of equal times then differ
// far less than those of requests that come by chance, whose variance is their mean.
func interval(c *evidence.Client, instances int64) time.Duration {
	lists := c.Count - c.Continued // each further page belongs to one of them
	if c.Verb != "list" || lists < few || len(c.Timeline.Counts) == 0 {
		return 0
	}
	counts := c.Timeline.Counts
	for mean(counts) < 2 {
		counts = halve(counts)
	}
	if len(counts) < 10 {
		return 0
	}
	counts = counts[1 : len(counts)-1] // these are not whole
	m, variance := mean(counts), 0.0
	for _, n := range counts {
		variance += (float64(n) - m) * (float64(n) - m)
	}
	variance /= float64(len(counts) - 1)
	pages := float64(c.Count) / float64(lists) // come together
	if variance/m/pages > 0.4 {
		return 0
	}
	// As a float: a month of 5,000 nodes is more nanoseconds than a Duration holds.
	return time.Duration(float64(c.Last.Sub(c.First)) / float64(lists-1) * float64(max(instances, 1)))
}

func mean(counts []int64) float64 {
	var sum int64
	for _, n := range counts {
		sum += n
	}
	return float64(sum) / float64(len(counts))
}

// halve adds up the counts by two. What is left over at the end is in none: it would be half a bucket.
func halve(counts []int64) []int64 {
	if len(counts) < 2 {
		return []int64{math.MaxInt32} // too few to tell anything
	}
	out := make([]int64, len(counts)/2)
	for i := range out {
		out[i] = counts[2*i] + counts[2*i+1]
	}
	return out
}

// began is when the requests of a client began, or became at least four times as frequent, if that was clearly after
// the log did: the point in time that splits the log best into two constant rates.
func began(c *evidence.Client, r *evidence.Requests) time.Time {
	t := c.Timeline
	if t.Count() < 20 || r.Start().IsZero() {
		return time.Time{}
	}
	before := max(int(t.Start(0).Sub(r.Start())/t.Width), 0)
	after := max(int(r.To.Sub(t.Start(len(t.Counts)))/t.Width), 0)
	n, total := float64(before+len(t.Counts)+after), float64(t.Count())
	var sum, best float64
	at := -1
	for i, here := range t.Counts {
		// The log is split before bucket i.
		n1 := float64(before + i)
		n2, rest := n-n1, total-sum
		if n1 >= 3 && rest/n2 >= 4*sum/n1 {
			if gain := likely(sum, n1) + likely(rest, n2) - likely(total, n); gain > best {
				best, at = gain, i
			}
		}
		sum += float64(here)
	}
	const certain = 10 // of the logarithm of how much likelier it is than one rate
	switch {
	case at < 0 || best < certain:
		return time.Time{}
	case at == 0:
		return c.First
	}
	return t.Start(at)
}

// likely is the logarithm of how likely so many requests in so many buckets are, but for what all splits share.
func likely(requests, buckets float64) float64 {
	if requests == 0 {
		return 0
	}
	return requests * math.Log(requests/buckets)
}
