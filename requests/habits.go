package requests

import (
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
		if n := d.seen.Count(); n > 1 {
			return n, d.of
		} else if n == 1 {
			return 0, ""
		}
	}
	return 0, ""
}

// interval is how long one instance waits between LISTs, if it polls steadily: requests in nearly every bucket of its
// time, and never many more in one than in another.
func interval(c *evidence.Client, instances int64, _ time.Duration) time.Duration {
	first := c.Count - c.Continued // each page after the first belongs to one LIST
	counts := c.Timeline.Counts
	if c.Verb != "list" || first < 10 || len(counts) < 8 {
		return 0
	}
	inner := counts[1 : len(counts)-1]
	var sum, most, empty int64
	for _, n := range inner {
		sum += n
		most = max(most, n)
		if n == 0 {
			empty++
		}
	}
	mean := float64(sum) / float64(len(inner))
	if mean >= 2 && (empty > int64(len(inner))/10 || float64(most) > 4*mean) {
		return 0
	}
	if mean < 2 && most > 2*int64(mean+1) {
		return 0
	}
	return c.Last.Sub(c.First) * time.Duration(max(instances, 1)) / time.Duration(max(first-1, 1))
}

// began is when the requests of a client began, if that was clearly after the log did: a tenth of its length and five
// buckets, and the client asked often enough that a gap at the start is no chance.
func began(c *evidence.Client, r *evidence.Requests) time.Time {
	window, late := r.To.Sub(r.From), c.First.Sub(r.From)
	if c.Count < 20 || window <= 0 || late < window/10 || late < 5*c.Timeline.Width {
		return time.Time{}
	}
	mean := c.Last.Sub(c.First) / time.Duration(c.Count)
	if late < 10*mean {
		return time.Time{}
	}
	return c.First
}
