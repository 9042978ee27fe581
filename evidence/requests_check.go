package evidence

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Check says what of requests that were read from a file cannot be true, so that merging them is safe.
func (r *Requests) Check() error {
	if r.Events < 0 || r.Malformed < 0 || r.Watches < 0 || r.Others.AtMost < 0 {
		return errors.New("a count is negative")
	}
	for i := range r.Clients {
		c := &r.Clients[i]
		if err := c.check(); err != nil {
			return fmt.Errorf("clients[%d] (%s of %s): %w", i, c.Verb, c.Resource, err)
		}
		if i > 0 && r.Clients[i-1].Compare(c) == 0 {
			return fmt.Errorf("clients[%d] (%s of %s): the same client again", i, c.Verb, c.Resource)
		}
	}
	return nil
}

func (c *Client) check() error {
	if c.Verb != "list" && c.Verb != "watch" {
		return fmt.Errorf("verb %q: want list or watch", c.Verb)
	}
	var sum int64
	for _, s := range c.Shapes {
		if s.Count < 0 || s.Started < 0 || s.Ended < 0 || s.Refused < 0 || s.Limits < 0 {
			return errors.New("shapes: a count is negative")
		}
		sum += s.Count
	}
	if sum != c.Count || c.Missed < 0 {
		return fmt.Errorf("shapes: %d requests, want the %d of count", sum, c.Count)
	}
	if err := c.Timeline.check(); err != nil {
		return fmt.Errorf("timeline: %w", err)
	}
	if len(c.Latency.Counts) > LatencyBuckets {
		return fmt.Errorf("latency: %d counts, want at most %d", len(c.Latency.Counts), LatencyBuckets)
	}
	for _, d := range []Distinct{c.Nodes, c.Pods, c.Addresses, c.Namespaces} {
		if len(d.Hashes) > DistinctExact || !slices.IsSorted(d.Hashes) || len(slices.Compact(slices.Clone(d.Hashes))) != len(d.Hashes) {
			return fmt.Errorf("hashes: want at most %d, ascending", DistinctExact)
		}
	}
	return nil
}

func (t Timeline) check() error {
	if len(t.Counts) == 0 {
		return nil
	}
	seconds := t.seconds()
	switch {
	case len(t.Counts) > TimelineBuckets:
		return fmt.Errorf("%d counts, want at most %d", len(t.Counts), TimelineBuckets)
	case seconds <= 0 || seconds&(seconds-1) != 0 || t.Width%time.Second != 0:
		return fmt.Errorf("width %d: want a second times a power of two", t.Width)
	case t.First < floorDiv(minSecond, seconds) || t.First > floorDiv(maxSecond, seconds):
		return fmt.Errorf("first %d: want it within the years 0 to 9999", t.First)
	}
	return nil
}
