package requests

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// Known is what is known of a trait of the servers.
type Known string

// The zero Known is that nobody knows.
const (
	Yes Known = "yes"
	No  Known = "no"
)

// Server is what is known of the kube-apiservers that wrote the logs. The zero value knows nothing.
type Server struct {
	// Minors are the 1.x versions that serve, ascending; several during an upgrade. Emulated ones count, not the binary's.
	Minors []int `json:"minors,omitempty"`
	// From says where the versions were read: "given", "log", "cluster", "snapshot".
	From string `json:"from,omitempty"`

	WatchProgress  Known `json:"watchProgress,omitempty"`  // every etcd can tell how far a watch is: 3.4.31, 3.5.13 and later
	ConsistentList Known `json:"consistentList,omitempty"` // the gate ConsistentListFromCache
	Snapshots      Known `json:"snapshots,omitempty"`      // the gate ListFromCacheSnapshot
	WatchList      Known `json:"watchList,omitempty"`      // the gate WatchList
	WatchCache     Known `json:"watchCache,omitempty"`     // --watch-cache

	// Uncached are further resources without a watch cache ("secrets", "deployments.apps"), Cached those of the events
	// that have one: --watch-cache-sizes with zero, and with more.
	Uncached []string `json:"uncached,omitempty"`
	Cached   []string `json:"cached,omitempty"`
}

// FromLog reads the versions from what the control plane's own components call themselves in the log. Those of the API
// servers' own requests count; where there are none, nothing is known: a controller manager may be older.
func FromLog(r *evidence.Requests) Server {
	var minors []int
	for _, name := range slices.Sorted(maps.Keys(r.Servers)) {
		ua := evidence.ParseUserAgent(name)
		v, ok := evidence.ParseSemver(ua.Version)
		if ok && ua.Product == "kube-apiserver" && v.Major == 1 && v.Minor > 0 {
			minors = append(minors, v.Minor)
		}
	}
	if len(minors) == 0 {
		return Server{}
	}
	slices.Sort(minors)
	return Server{Minors: slices.Compact(minors), From: "log"}
}

// Versions names the versions in words.
func (s Server) Versions() string {
	if len(s.Minors) == 0 {
		return "an unknown version"
	}
	out := make([]string, len(s.Minors))
	for i, m := range s.Minors {
		out[i] = "1." + strconv.Itoa(m)
	}
	return strings.Join(out, " and ")
}
