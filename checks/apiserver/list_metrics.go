package apiserver

import (
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// A flow is what LISTs of one resource cost over a time, in units a second, kube-apiserver's own
// reads taken off. Instances are added up.
type flow struct {
	lists    float64 // served from etcd
	fetched  float64 // objects read from etcd
	returned float64 // of these, given to whoever asked; kube-apiserver's own reads are in it, as they return all
	cLists   float64 // the same three of the watch cache; NaN where it is not told
	cFetched float64
	cReturn  float64
	objects  float64 // how many there are; NaN if not known

	read    float64 // objects that were read from etcd, kube-apiserver's own reads in it, as returned has them
	cRead   float64
	own     float64 // objects of its own reads that were taken off, an estimate
	probes  float64 // LISTs that were taken off as probes of etcd's revision
	labeled bool    // a label told etcd from the cache
}

// share is how much of what LISTs read came from etcd; NaN where what the cache served is not told.
func (f flow) share() float64 { return part(f.fetched, f.cFetched) }

// listShare is how many of the LISTs went to etcd.
func (f flow) listShare() float64 { return part(f.lists, f.cLists) }

func part(a, b float64) float64 {
	if a+b == 0 {
		return 0
	}
	return a / (a + b)
}

func (f flow) plus(o flow) flow {
	f.lists, f.fetched, f.returned = f.lists+o.lists, f.fetched+o.fetched, f.returned+o.returned
	f.cLists, f.cFetched, f.cReturn = f.cLists+o.cLists, f.cFetched+o.cFetched, f.cReturn+o.cReturn
	f.read, f.cRead = f.read+o.read, f.cRead+o.cRead
	f.own, f.probes, f.labeled = f.own+o.own, f.probes+o.probes, f.labeled || o.labeled
	if math.IsNaN(f.objects) || o.objects > f.objects {
		f.objects = o.objects
	}
	return f
}

// A book holds the flows of every resource over the same time.
type book struct {
	during string
	over   time.Duration
	flows  map[string]flow
}

// names finds the names of resources in the labels of their metrics, which changed over the versions:
// a group of its own from 1.34, one with the resource before, or the prefix of its keys in the cache.
type names struct{ known []string }

// The keys of these resources are not named for them.
var oddPrefixes = map[string]string{
	"/minions": "nodes", "/services/specs": "services", "/services/endpoints": "endpoints", "/controllers": "replicationcontrollers",
	"/ingress": "ingresses.networking.k8s.io",
}

// Groups whose resources have their keys right below the root. Those of custom resources have the
// group in it, even groups under k8s.io.
var builtinGroups = []string{
	"", "admissionregistration.k8s.io", "apps", "autoscaling", "batch", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io",
	"events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
	"rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
}

// builtin reports whether a resource, "deployments.apps", is not a custom one.
func builtin(resource string) bool {
	_, group, _ := strings.Cut(resource, ".")
	return slices.Contains(builtinGroups, group) || group == "apiextensions.k8s.io" || group == "apiregistration.k8s.io"
}

func (n names) of(l map[string]string) string {
	name := l["resource"]
	if name == "" {
		name = l["resource_prefix"]
	}
	if !strings.HasPrefix(name, "/") {
		if l["group"] != "" {
			name += "." + l["group"]
		}
		return name
	}
	if odd, ok := oddPrefixes[name]; ok {
		return odd
	}
	if group, plural, ok := strings.Cut(name[1:], "/"); ok {
		return plural + "." + group
	}
	for _, k := range n.known {
		if plural, _, _ := strings.Cut(k, "."); plural == name[1:] && builtin(k) {
			return k
		}
	}
	return name[1:]
}

// by adds up a family by resource; nil if the family is absent.
func (n names) by(sc *evidence.Scrape, family string, match ...evidence.Match) map[string]float64 {
	f := sc.Families[family]
	if f == nil {
		return nil
	}
	out := map[string]float64{}
	for _, se := range f.Series {
		if !slices.ContainsFunc(match, func(m evidence.Match) bool { return !m(se.Labels) }) {
			out[n.of(se.Labels)] += se.Value
		}
	}
	return out
}

// objectCounts are the objects of each resource, as one instance counts them; a failed count is none.
func objectCounts(sc *evidence.Scrape) map[string]float64 {
	out := map[string]float64{}
	for _, family := range []string{"apiserver_storage_objects", "apiserver_resource_objects"} {
		for name, n := range (names{}).by(sc, family) {
			if n >= 0 {
				out[name] = max(out[name], n)
			}
		}
	}
	return out
}

// listFlows reads the flows of one instance from what its counters grew by. In counts is the scrape
// to take the numbers of objects from. Nil if it counts no LISTs.
//
// Until 1.36 the storage counters are etcd's alone, and from 1.31 every consistent read adds a LIST
// without objects to them: the probe for etcd's revision. From 1.37 a label tells etcd from the cache.
func listFlows(grown, counts *evidence.Scrape, over time.Duration, slack float64) map[string]flow {
	objects := objectCounts(counts)
	n := names{}
	for name := range objects {
		n.known = append(n.known, name)
	}
	slices.Sort(n.known)
	fromEtcd := evidence.Not("storage", "watchcache")
	lists := n.by(grown, "apiserver_storage_list_total", fromEtcd)
	if lists == nil {
		return nil
	}
	const s, c = "apiserver_storage_list_", "apiserver_cache_list_"
	fetched, returned := n.by(grown, s+"fetched_objects_total", fromEtcd), n.by(grown, s+"returned_objects_total", fromEtcd)
	cLists, cFetched, cReturn := n.by(grown, c+"total"), n.by(grown, c+"fetched_objects_total"), n.by(grown, c+"returned_objects_total")
	probes := n.by(grown, "apiserver_watch_cache_consistent_read_total")
	told := grown.By(s+"total", "storage")
	labeled := hasKey(told, "etcd") || hasKey(told, "watchcache")
	if labeled {
		fromCache := evidence.Is("storage", "watchcache")
		cLists = n.by(grown, s+"total", fromCache)
		cFetched, cReturn = n.by(grown, s+"fetched_objects_total", fromCache), n.by(grown, s+"returned_objects_total", fromCache)
		probes = nil
	}
	unseen, unlisted := untoldIf(cFetched == nil), untoldIf(cLists == nil) // what the cache served
	kept, cKept := untoldIf(returned == nil), untoldIf(cFetched == nil || cReturn == nil)
	out := map[string]flow{}
	for _, name := range slices.Compact(slices.Sorted(both(maps.Keys(lists), maps.Keys(cLists)))) {
		if name == "apiServerIPInfo" || name == "apiServerPeerIPInfo" {
			continue // its own records of which instances live
		}
		count, known := objects[name]
		if !known {
			count = math.NaN()
		}
		ownLists, ownCached, own := ownReads(n, grown, name, count*slack)
		rate := func(x float64) float64 { return max(0, x) / over.Seconds() } // max: NaN stays NaN
		out[name] = flow{
			lists: rate(lists[name] - probes[name] - ownLists), fetched: rate(fetched[name] - own), returned: rate(returned[name] + kept),
			cLists: rate(cLists[name] - ownCached + unlisted), cFetched: rate(cFetched[name] - own + unseen), cReturn: rate(cReturn[name] + cKept),
			objects: count, read: rate(fetched[name]), cRead: rate(cFetched[name] + unseen), own: rate(own), probes: rate(probes[name]), labeled: labeled,
		}
	}
	return out
}

// untoldIf is what to add to figures that are not told: not a number.
func untoldIf(absent bool) float64 {
	if absent {
		return math.NaN()
	}
	return 0
}

// both are the names of two families: what only one of etcd and the cache served has no series of the other.
func both(a, b iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range a {
			if !yield(name) {
				return
			}
		}
		b(yield)
	}
}

// ownReads is what an instance read itself of a resource: the whole of it, page by page, to fill its
// cache, and from 1.34 again every 5 to 7.5 minutes to compare cache and etcd. One comparison more
// than was counted may have been under way. From the cache that is one LIST each time.
func ownReads(n names, grown *evidence.Scrape, name string, objects float64) (lists, cached, fetched float64) {
	filled := n.by(grown, "apiserver_watch_cache_initializations_total")
	times := filled[name]
	if compared := n.by(grown, "apiserver_storage_consistency_checks_total"); compared != nil && hasKey(filled, name) {
		cached = compared[name] + 1
	}
	if times += cached; times == 0 {
		return 0, 0, 0
	}
	const page = 10_000 // keys
	return times * max(1, math.Ceil(objects/page)), cached, times * objects
}

func hasKey(m map[string]float64, key string) bool {
	_, ok := m[key]
	return ok
}
