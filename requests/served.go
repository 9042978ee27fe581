package requests

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// By says who serves a request.
type By string

// The words of By.
const (
	Cache      By = "cache"      // the watch cache, as old as it is
	Consistent By = "consistent" // the watch cache, once it has what etcd has: one small read of etcd
	Etcd       By = "etcd"       // etcd: every object of the range is read and decoded there
	Key        By = "key"        // one object by its name, from wherever: it costs next to nothing
	Refused    By = "refused"    // nobody: the server answered 4xx, or will
	Elsewhere  By = "elsewhere"  // no storage of kube-apiserver: another server, or computed
	Unknown    By = "unknown"
)

// Served is who serves one shape of request.
type Served struct {
	By By `json:"by"`
	// LimitIgnored: everything is returned, whatever limit was asked for.
	LimitIgnored bool `json:"limitIgnored,omitempty"`
	// Assumes is what was taken for granted.
	Assumes string `json:"assumes,omitempty"`
	// Unsure is why it is unknown.
	Unsure string `json:"unsure,omitempty"`
}

// The minors that this package knows. What a newer one does is taken to be what the newest does.
const (
	oldest = 24
	newest = 37
)

// ServedBy says who serves a LIST or WATCH of a resource ("pods", "deployments.apps"): the decision of the cacher in
// k8s.io/apiserver/pkg/storage/cacher, read in the source of each minor from 1.24 to 1.37. The cache is taken to be ready.
func ServedBy(shape evidence.Shape, resource, verb string, s Server) Served {
	minors := s.Minors
	if len(minors) == 0 {
		for m := oldest; m <= newest; m++ {
			minors = append(minors, m)
		}
	}
	first := servedIn(minors[0], shape, resource, verb, s)
	said := []string{fmt.Sprintf("%s in 1.%d", first.By, minors[0])}
	last := first.By
	for _, m := range minors[1:] {
		next := servedIn(m, shape, resource, verb, s)
		if next.By != last {
			said, last = append(said, fmt.Sprintf("%s in 1.%d", next.By, m)), next.By
		}
		if first.Assumes == "" {
			first.Assumes = next.Assumes
		}
	}
	switch {
	case len(said) == 1:
		return first
	case len(s.Minors) == 0:
		return Served{By: Unknown, Unsure: "the version of the servers is not known: " + strings.Join(said, ", ") + " and later"}
	}
	if s.twofold() {
		return Served{By: Unknown, Unsure: "the " + strings.Replace(s.From, "and ", "and the ", 1) + " tell of different versions: " + strings.Join(said, ", ")}
	}
	if s.Guessed != "" {
		return Served{By: Unknown, Unsure: "the servers are of " + s.Versions() + ": " + strings.Join(said, ", ")}
	}
	return Served{By: Unknown, Unsure: "servers of different versions wrote the log: " + strings.Join(said, ", ")}
}

func servedIn(minor int, shape evidence.Shape, resource, verb string, s Server) Served {
	// A next page is read as such, whatever it selects.
	one := shape.Continue == "" && (shape.Selector == evidence.SelectName || shape.Selector == evidence.SelectNameAnywhere && namespaces(resource) == No)
	switch {
	case elsewhere(resource), slices.Contains(s.Extended, groupOf(resource)):
		return Served{By: Elsewhere}
	case shape.Many:
		return many(minor, shape, resource, verb, s)
	case refused(minor, shape, verb, s):
		return Served{By: Refused}
	case one:
		return Served{By: Key}
	}
	out := Served{By: Etcd}
	switch {
	case s.uncached(resource):
	case verb == "watch":
		out = watch(minor, shape, s)
	default:
		out = list(minor, shape, s)
	}
	if shape.Continue == "" && shape.Selector == evidence.SelectNameAnywhere && namespaces(resource) == "" && out.By == Etcd {
		return Served{By: Unknown, Unsure: "it reads one object if the resource has no namespaces, else every one"}
	}
	if out.Assumes == "" && !builtIn(resource) && s.Groups != Yes {
		out.Assumes = "kube-apiserver itself serves the API groups that are not built in, no extension server"
	}
	return out
}

// many is for requests of which not all is known: sure where no more is needed.
func many(minor int, shape evidence.Shape, resource, verb string, s Server) Served {
	shape.Many = false
	out := servedIn(minor, shape, resource, verb, s)
	if verb == "list" && shape.RV == evidence.RVZero && shape.Continue == "" || s.uncached(resource) || out.By == Refused {
		return out
	}
	return Served{By: Unknown, Unsure: "the client asks in more ways than are kept apart"}
}

// refused is validation: apimachinery/pkg/apis/meta/internalversion/validation and storage.ValidateListOptions.
func refused(minor int, shape evidence.Shape, verb string, s Server) bool {
	if shape.RV == evidence.RVInvalid || shape.Match == evidence.MatchInvalid {
		return true
	}
	if verb == "watch" {
		return shape.Initial && (shape.Match != evidence.MatchNotOlderThan || !s.watchList(minor)) ||
			!shape.Initial && shape.Match != ""
	}
	return shape.Initial && minor >= 27 ||
		shape.Match != "" && (shape.RV == evidence.RVUnset || shape.Continue != "") ||
		shape.Match == evidence.MatchExact && shape.RV == evidence.RVZero ||
		shape.Continue != "" && shape.RV == evidence.RVExact
}

// watch is who serves a watch of what has a cache. None asks etcd for objects.
func watch(minor int, shape evidence.Shape, s Server) Served {
	if shape.Initial && minor >= 31 && s.WatchProgress == No {
		return Served{By: Refused} // by an error in the stream; client-go lists instead
	}
	if shape.Initial && shape.RV == evidence.RVUnset {
		return Served{By: Consistent, Assumes: assumeProgress(s)}
	}
	return Served{By: Cache}
}

func list(minor int, shape evidence.Shape, s Server) Served {
	exact := shape.Match == evidence.MatchExact || shape.Match == "" && shape.Limit && shape.RV == evidence.RVExact
	switch {
	case shape.Continue == evidence.ContinueUnknown && s.snapshots(minor):
		return Served{By: Unknown, Unsure: "its continue token cannot be read"}
	case shape.Continue == evidence.ContinueLatest && s.snapshots(minor):
		return consistent(minor, s)
	case shape.Continue != "" || exact:
		if s.snapshots(minor) {
			return Served{By: Cache, Assumes: "the cache still holds that resourceVersion; an older one comes from etcd"}
		}
		return Served{By: Etcd}
	case shape.Limit && shape.RV != evidence.RVZero && minor <= 30:
		return Served{By: Etcd} // whatever it matches: the cache of these versions cannot page
	case shape.RV == evidence.RVUnset:
		return consistent(minor, s)
	}
	return Served{By: Cache, LimitIgnored: shape.Limit && shape.RV == evidence.RVZero}
}

// consistent is who serves the newest state.
func consistent(minor int, s Server) Served {
	switch {
	case minor <= 27:
		return Served{By: Etcd}
	case minor <= 30 && s.ConsistentList == "":
		return Served{By: Etcd, Assumes: "the gate ConsistentListFromCache is off, as by default"}
	case minor <= 30 && s.ConsistentList == Yes:
		return Served{By: Consistent}
	case minor <= 33 && s.ConsistentList == No, minor <= 30, s.WatchProgress == No:
		return Served{By: Etcd}
	}
	return Served{By: Consistent, Assumes: assumeProgress(s)}
}

func assumeProgress(s Server) string {
	if s.WatchProgress == Yes {
		return ""
	}
	return "every etcd is 3.4.31, 3.5.13 or later"
}

// snapshots reports whether the cache serves past revisions: by default from 1.34, by a gate in 1.33.
func (s Server) snapshots(minor int) bool {
	return minor >= 34 && s.Snapshots != No || minor == 33 && s.Snapshots == Yes
}

// watchList reports whether a watch may ask for everything first.
func (s Server) watchList(minor int) bool {
	if minor < 27 {
		return false
	}
	switch s.WatchList {
	case Yes:
		return true
	case No:
		return false
	}
	return minor == 32 || minor >= 34
}

// uncached reports whether a resource has no watch cache: events have none in any version, unless told otherwise.
func (s Server) uncached(resource string) bool {
	events := resource == "events" || resource == "events.events.k8s.io"
	return s.WatchCache == No || slices.Contains(s.Uncached, resource) || events && !slices.Contains(s.Cached, resource)
}
