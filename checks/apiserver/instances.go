package apiserver

import (
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// leaseFresh is how long ago a live kube-apiserver may have renewed its identity Lease. It renews
// every 10 s; the hour for which the Lease is valid says nothing of the process.
const leaseFresh = 60 * time.Second

// A tally is how many kube-apiservers one kind of evidence tells of.
type tally struct {
	n    int
	what string // in the singular: "pod"
	src  evidence.Source
}

func (t tally) String() string { return checks.Count(t.n, t.what) }

// A census counts the kube-apiservers by every kind of evidence that shows them.
type census struct {
	n        int  // instances, 0 if nothing tells
	complete bool // n is all of them: pods or Leases were listed. Else it is at least n
	tallies  []tally
}

// takeCensus takes the largest of what pods, live Leases and processes tell, as each of them can
// miss instances and none invents any: pods run outside the cluster's sight, two hosts of one name
// share a Lease. Addresses of the Service count only where there is nothing else, as somebody
// may have written a balancer's into it.
func takeCensus(s *evidence.Snapshot) census {
	var c census
	add := func(n int, what string, src evidence.Source, counts bool) {
		c.tallies = append(c.tallies, tally{n, what, src})
		if counts {
			c.n = max(c.n, n)
		}
	}
	if pods := instancePods(s); len(pods) > 0 {
		c.complete = true
		add(len(pods), "pod", s.ControlPods.Source, true)
	}
	if live, _ := leases(s); len(live) > 0 {
		c.complete = true
		add(len(live), "live identity Lease", s.APIServerLeases.Source, true)
	}
	if n, src := processes(s); n > 0 {
		add(n, "process", src, true)
	}
	if o := s.APIServerEndpoints; o.Seen() && !s.Cluster.Managed {
		add(len(addresses(*o.Value)), "endpoint address", o.Source, c.n == 0)
	}
	return c
}

// of returns one tally by its name.
func (c census) of(what string) (int, bool) {
	for _, t := range c.tallies {
		if t.what == what {
			return t.n, true
		}
	}
	return 0, false
}

// String lists the tallies: "3 pods, 3 live identity Leases".
func (c census) String() string {
	var parts []string
	for _, t := range c.tallies {
		parts = append(parts, t.String())
	}
	return strings.Join(parts, ", ")
}

// instancePods are the pods of kube-apiservers that are meant to run.
func instancePods(s *evidence.Snapshot) []evidence.ControlPod {
	var out []evidence.ControlPod
	if !s.ControlPods.Seen() {
		return nil
	}
	for _, p := range *s.ControlPods.Value {
		if p.Component == "kube-apiserver" && p.Phase != "Succeeded" && p.Phase != "Failed" {
			out = append(out, p)
		}
	}
	return out
}

// leases splits the identity Leases into those that are being renewed and those that are not.
// "Now" is the newest renewal in the cluster, not our clock, which may differ from the servers'.
func leases(s *evidence.Snapshot) (live, stale []evidence.Lease) {
	if !s.APIServerLeases.Seen() {
		return nil, nil
	}
	now := renewedLast(s)
	for _, l := range *s.APIServerLeases.Value {
		if now.Sub(l.Renewed) <= leaseFresh {
			live = append(live, l)
		} else {
			stale = append(stale, l)
		}
	}
	return live, stale
}

// renewedLast is the newest renewal of any Lease that was read: the cluster's own idea of now.
func renewedLast(s *evidence.Snapshot) (now time.Time) {
	for _, o := range []evidence.Observed[[]evidence.Lease]{s.APIServerLeases, s.LeaderLeases} {
		if !o.Seen() {
			continue
		}
		for _, l := range *o.Value {
			if l.Renewed.After(now) {
				now = l.Renewed
			}
		}
	}
	return now
}

// processes counts the instances whose metrics were asked for. Two addresses of one process, told
// by its start time, are one.
func processes(s *evidence.Snapshot) (n int, src evidence.Source) {
	starts := map[float64]bool{}
	for _, o := range s.APIServerMetrics {
		switch {
		case !o.Seen():
			if strings.Contains(o.Of, "/") { // else nobody knows the instances
				n++
			}
		case o.Value.Latest().Start == 0 || !starts[o.Value.Latest().Start]:
			starts[o.Value.Latest().Start] = true
			n, src = n+1, o.Source
		}
	}
	return n, src
}

// addresses are the distinct ones among endpoints.
func addresses(eps []evidence.Endpoint) []string {
	var out []string
	for _, e := range eps {
		if !slices.Contains(out, e.Address) {
			out = append(out, e.Address)
		}
	}
	return out
}

// short is an instance's name without its component: "cp-1".
func short(of string) string {
	_, name, ok := strings.Cut(of, "/")
	if !ok {
		return of
	}
	return name
}
