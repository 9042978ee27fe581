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
	// Two that differ are both named: "log and snapshot".
	From string `json:"from,omitempty"`
	// Guessed names the component whose version Minors are guessed from: one of them serves.
	Guessed string `json:"guessed,omitempty"`

	WatchProgress  Known `json:"watchProgress,omitempty"`  // every etcd can tell how far a watch is: 3.4.31, 3.5.13 and later
	ConsistentList Known `json:"consistentList,omitempty"` // the gate ConsistentListFromCache
	Snapshots      Known `json:"snapshots,omitempty"`      // the gate ListFromCacheSnapshot
	WatchList      Known `json:"watchList,omitempty"`      // the gate WatchList
	WatchCache     Known `json:"watchCache,omitempty"`     // --watch-cache

	// Uncached are further resources without a watch cache ("secrets", "deployments.apps"), Cached those of the events
	// that have one: --watch-cache-sizes with zero, and with more.
	Uncached []string `json:"uncached,omitempty"`
	Cached   []string `json:"cached,omitempty"`

	// Extended are the API groups that extension servers answer for. They are all, and empty for none, if Groups is Yes.
	Extended []string `json:"extended,omitempty"`
	Groups   Known    `json:"groups,omitempty"`
}

// FromLog reads the versions from what the control plane's own components call themselves in the log: those of the API
// servers' own requests. Where there are none, those of the controller managers and schedulers: a kube-apiserver is as
// new or, during an upgrade, one version newer.
func FromLog(r *evidence.Requests) Server {
	if minors := minorsIn(r, "kube-apiserver"); len(minors) > 0 {
		return Server{Minors: minors, From: "log"}
	}
	for _, product := range []string{"kube-controller-manager", "kube-scheduler"} {
		if minors := minorsIn(r, product); len(minors) > 0 {
			last := minors[len(minors)-1]
			return Server{Minors: []int{last, last + 1}, From: "log", Guessed: product}
		}
	}
	return Server{}
}

// with adds what the log tells. A kube-apiserver that calls itself so in its own log wrote it, when the log was written;
// a cluster or a snapshot may be of after an upgrade, or of an emulated version. Only what --server-version gives is over both.
func (s Server) with(log Server) Server {
	if s.From == "given" && len(s.Minors) > 0 {
		return s
	}
	outside := func(m int) bool { return !slices.Contains(s.Minors, m) }
	switch {
	case len(s.Minors) == 0:
		s.Minors, s.From, s.Guessed = log.Minors, log.From, log.Guessed
	case len(log.Minors) == 0 || log.Guessed != "":
	case slices.ContainsFunc(log.Minors, outside):
		s.Minors = slices.Compact(slices.Sorted(slices.Values(slices.Concat(s.Minors, log.Minors))))
		if !s.twofold() {
			s.From = logAnd + s.From
		}
	case !s.twofold():
		s.Minors = log.Minors
	}
	return s
}

const logAnd = "log and "

// twofold reports whether the log tells of another version than what is known beside it.
func (s Server) twofold() bool { return strings.HasPrefix(s.From, logAnd) }

func minorsIn(r *evidence.Requests, product string) []int {
	var minors []int
	for _, name := range slices.Sorted(maps.Keys(r.Servers)) {
		ua := evidence.ParseUserAgent(name)
		if v, ok := evidence.ParseSemver(ua.Version); ok && ua.Product == product && v.Major == 1 && v.Minor > 0 {
			minors = append(minors, v.Minor)
		}
	}
	slices.Sort(minors)
	return slices.Compact(minors)
}

// Beyond is the newest version that is known where one of the servers is newer, else nothing.
func (s Server) Beyond() string {
	if n := len(s.Minors); n > 0 && s.Minors[n-1] > newest {
		return "1." + strconv.Itoa(newest)
	}
	return ""
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
	if s.Guessed != "" {
		return strings.Join(out, " or ")
	}
	return strings.Join(out, " and ")
}
