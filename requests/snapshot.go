package requests

import (
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// FromSnapshot reads what a snapshot tells of the servers that decides who serves a request.
func FromSnapshot(s *evidence.Snapshot) Server {
	out := Server{
		Minors: minorsOf(s), From: "snapshot",
		ConsistentList: gate(s, "ConsistentListFromCache"), Snapshots: gate(s, "ListFromCacheSnapshot"), WatchList: gate(s, "WatchList"),
		WatchProgress: watchProgress(s),
	}
	out.Extended, out.Groups = extended(s)
	var caches, sizes []evidence.Setting
	for o := range s.APIServerFlags.Seen() {
		caches = append(caches, o.Value.Setting("watch-cache"))
		sizes = append(sizes, o.Value.Setting("watch-cache-sizes"))
	}
	for i, set := range caches {
		v := Yes
		switch {
		case !set.Known():
			v = ""
		case set.Value == "false":
			v = No
		}
		if i > 0 && v != out.WatchCache {
			v = "" // instances differ
		}
		out.WatchCache = v
	}
	out.Uncached = inAll(sizes, func(resource, size string) bool { return size == "0" && !eventful(resource) })
	out.Cached = inAll(sizes, func(resource, size string) bool { return size != "0" && eventful(resource) })
	return out
}

// extended are the API groups of which a version at least has a Service behind it; collect keeps no others.
func extended(s *evidence.Snapshot) ([]string, Known) {
	if !s.APIServices.Seen() {
		return nil, ""
	}
	var groups []string
	for _, a := range *s.APIServices.Value {
		if _, group, ok := strings.Cut(a.Name, "."); ok && a.Service != "" { // "v1beta1.metrics.k8s.io"
			groups = append(groups, group)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups), Yes
}

func eventful(resource string) bool {
	return resource == "events" || resource == "events.events.k8s.io"
}

// minorsOf are the versions that serve. Where one is emulated, that is what decides.
func minorsOf(s *evidence.Snapshot) []int {
	var out []int
	if s.Version.Seen() {
		out = append(out, s.Version.Value.Behaviour())
		if s.Version.Value.Emulated != 0 {
			return out
		}
	}
	for o := range s.APIServerFlags.Seen() {
		if v, ok := evidence.ParseSemver(o.Value.Version); ok && v.Major == 1 {
			out = append(out, v.Minor)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// gate says whether a feature gate is on where it is told, which the metric does as it is in force, and the
// flag if it was set by hand. Instances that differ tell nothing.
func gate(s *evidence.Snapshot, name string) Known {
	told := map[string]bool{}
	for o := range s.APIServerFlags.Seen() {
		for item := range items(o.Value.Setting("feature-gates")) {
			if key, value, ok := strings.Cut(item, "="); ok && key == name {
				told[o.Of] = strings.EqualFold(value, "true")
			}
		}
	}
	for o := range s.APIServerMetrics.Seen() {
		if v, ok := o.Value.Latest().Max("kubernetes_feature_enabled", evidence.Is("name", name)); ok {
			told[o.Of] = v > 0
		}
	}
	on := 0
	for _, is := range told {
		if is {
			on++
		}
	}
	switch {
	case len(told) == 0:
		return ""
	case on == len(told):
		return Yes
	case on == 0:
		return No
	}
	return ""
}

// watchProgress says whether every etcd can tell how far a watch is. Consistent reads that the caches of all instances
// did serve say so best; else the versions of all members do. Who was not seen may differ.
func watchProgress(s *evidence.Snapshot) Known {
	served := 0
	for o := range s.APIServerMetrics.Seen() {
		if n, _ := o.Value.Latest().Sum("apiserver_watch_cache_consistent_read_total", evidence.Is("success", "true"), evidence.Is("fallback", "false")); n > 0 {
			served++
		}
	}
	if served > 0 && served == len(s.APIServerMetrics) {
		return Yes
	}
	able := 0
	for o := range s.EtcdStatus.Seen() {
		v, ok := evidence.ParseSemver(o.Value.Version)
		switch {
		case !ok || strings.Count(o.Value.Version, ".") < 2:
		case v.TellsWatchProgress():
			able++
		case served == 0:
			return No
		}
	}
	if able > 0 && able == len(s.EtcdStatus) {
		return Yes
	}
	return ""
}

// inAll are the resources of --watch-cache-sizes that all instances agree on.
func inAll(sizes []evidence.Setting, want func(resource, size string) bool) []string {
	counts := map[string]int{}
	for _, set := range sizes {
		for item := range items(set) {
			if resource, size, ok := strings.Cut(item, "#"); ok && want(resource, size) {
				counts[resource]++
			}
		}
	}
	var out []string
	for resource, n := range counts {
		if n == len(sizes) {
			out = append(out, resource)
		}
	}
	slices.Sort(out)
	return out
}

// items are those of a list flag, given once with commas or several times.
func items(set evidence.Setting) func(yield func(string) bool) {
	values := set.All
	if len(values) == 0 {
		values = []string{set.Value}
	}
	return func(yield func(string) bool) {
		for _, v := range values {
			for item := range strings.SplitSeq(strings.Trim(v, "[]"), ",") {
				if item = strings.TrimSpace(item); item != "" && !yield(item) {
					return
				}
			}
		}
	}
}
