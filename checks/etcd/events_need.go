package etcd

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// load is what events weigh in this cluster, as far as it was measured.
type load struct {
	nodes      int
	knowNodes  bool
	events     float64 // stored
	share      float64 // of all stored objects
	knowShare  bool
	perSecond  float64 // writes, on average since the instances started
	knowWrites bool
}

func (l load) String() string {
	var parts []string
	if l.knowNodes {
		parts = append(parts, checks.Count(l.nodes, "node"))
	} else {
		parts = append(parts, "the number of nodes is not known")
	}
	if l.knowShare {
		parts = append(parts, fmt.Sprintf("%.0f events are %.0f%% of the stored objects", l.events, 100*l.share))
	} else {
		parts = append(parts, "the share of events was not measured")
	}
	if l.knowWrites && l.perSecond >= 1 {
		parts = append(parts, fmt.Sprintf("%.0f event writes a second", l.perSecond))
	}
	return strings.Join(parts, ", ")
}

func loadOf(s *evidence.Snapshot) (load, []evidence.Source) {
	var l load
	var src []evidence.Source
	if s.Nodes.Seen() {
		l.nodes, l.knowNodes = len(s.Nodes.Value.Items), true
		src = append(src, s.Nodes.Source)
	}
	most := 0.0
	for o := range s.APIServerMetrics.Seen() {
		sc := o.Value.Latest()
		// Every instance counts all objects, so they are not added up.
		if events, total, ok := stored(sc); ok && total > most {
			most, l.events, l.share, l.knowShare = total, events, events/total, true
			src = append(src, o.Source)
		}
		if n, ok := sc.Sum("apiserver_request_total", evidence.Is("resource", "events"), evidence.Is("verb", "POST", "PATCH", "PUT", "APPLY")); ok && sc.Age() > young {
			l.perSecond += n / sc.Age().Seconds()
			l.knowWrites = true
		}
	}
	return l, src
}

// stored counts events and all objects of one scrape; −1 is a count that failed, and a total without
// events is no share of them.
func stored(sc *evidence.Scrape) (events, total float64, ok bool) {
	for _, family := range []string{"apiserver_resource_objects", "apiserver_storage_objects"} {
		f := sc.Families[family]
		if f == nil {
			continue
		}
		for _, se := range f.Series {
			resource, n := se.Labels["resource"], se.Value
			if n < 0 || math.IsNaN(n) {
				continue
			}
			total += n
			if resource == "events" || strings.HasPrefix(resource, "events.") {
				events, ok = max(events, n), true
			}
		}
		return events, total, ok && total > 0
	}
	return 0, 0, false
}

// storageClusters is the largest number of etcd clusters that an instance asks for their size (1.29+).
func storageClusters(s *evidence.Snapshot) int {
	most := 0
	for o := range s.APIServerMetrics.Seen() {
		if m := o.Value.Latest().By("apiserver_storage_size_bytes", "storage_cluster_id"); m != nil {
			delete(m, "")
			most = max(most, len(m))
		}
	}
	return most
}

// separation judges whether events have an etcd of their own where they should.
func separation(s *evidence.Snapshot, rs []routing, p eventsParams) checks.Verdict {
	l, src := loadOf(s)
	on := checks.About("cluster", src...)
	apart, mixed, opaque := 0, 0, 0
	for _, r := range rs {
		switch {
		case r.unknown || r.err != nil:
			opaque++
		case r.core != nil && !overlaps(r):
			apart++
		default:
			mixed++
		}
		if r.set.Known() {
			on = on.With(r.set.Source, "--etcd-servers-overrides: %s", r.set)
		}
	}
	switch {
	case mixed == 0 && apart > 0:
		return on.Pass("keeps events in an etcd of their own")
	case mixed == 0 && storageClusters(s) > 1:
		return on.Skip("has %d etcd clusters by kube-apiserver's metrics; whether one is for events, its flags would tell", storageClusters(s)).
			Unlocked("the flags of kube-apiserver: /flagz, its pod, or -f its manifest")
	}
	bad, sev, why := wanted(l, p)
	dead, unasked := checks.OnlyLive(on, s.Nodes)
	switch {
	case !bad && !l.knowNodes && unasked:
		return dead
	case !bad && !l.knowNodes:
		return on.Skip("may or may not need an etcd for events: %s", l).Unlocked("permission to list nodes")
	case !bad:
		return on.Pass("does not need an etcd for events (%s)", l).Saw("%s", l)
	case mixed == 0:
		return on.Skip("would gain from an etcd for events (%s: %s), and whether it has one could not be read", why, l).
			Unlocked("the flags of kube-apiserver: /flagz, its pod, or -f its manifest")
	}
	return on.Find(sev, "keeps events in the main etcd; %s (%s)", why, l).Saw("%s", l).
		Want("an etcd cluster of three members, for events alone").
		WithFix("--etcd-servers-overrides=/events#https://e1:2379;https://e2:2379;https://e3:2379\nwith your own servers, on every kube-apiserver; events that are there now are not moved, and expire")
}

func overlaps(r routing) bool {
	mainAt := addresses(r.main)
	return slices.ContainsFunc(addresses(parseServers(r.core.Servers)), func(a string) bool { return slices.Contains(mainAt, a) })
}

// wanted reports whether separation is worth its trouble: by what was measured, else by size.
func wanted(l load, p eventsParams) (bool, checks.Severity, string) {
	light := l.knowShare && l.share < p.LowShare
	switch {
	case l.knowWrites && l.perSecond > p.EventsPerSecond:
		return true, checks.Warning, fmt.Sprintf("they are written more than %.0f times a second", p.EventsPerSecond)
	case l.knowShare && l.share > p.HighShare && (l.events >= p.ManyEvents || l.knowNodes && l.nodes >= p.MediumNodes):
		return true, checks.Warning, fmt.Sprintf("they are over %.0f%% of all objects", 100*p.HighShare)
	case l.knowNodes && l.nodes > p.LargeNodes && !light:
		return true, checks.Warning, fmt.Sprintf("with over %d nodes they compete with everything else", p.LargeNodes)
	case l.knowNodes && l.nodes > p.LargeNodes:
		return true, checks.Info, fmt.Sprintf("with over %d nodes an incident can make them compete with everything else", p.LargeNodes)
	case l.knowNodes && l.nodes >= p.MediumNodes && !light:
		return true, checks.Info, fmt.Sprintf("from %d nodes on that is worth a thought", p.MediumNodes)
	}
	return false, 0, ""
}
