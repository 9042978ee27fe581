package evidence

import "time"

// A Shape is all of a LIST or WATCH that decides who serves it. It does not depend on the version.
type Shape struct {
	RV       string `json:"rv"`                 // unset, zero, exact, invalid
	Match    string `json:"match,omitempty"`    // resourceVersionMatch: Exact, NotOlderThan, invalid
	Limit    bool   `json:"limit,omitempty"`    // limit over 0
	Continue string `json:"continue,omitempty"` // of a token: at (its resourceVersion), latest (after a 410), unknown
	// Selector is the best of its selectors: name (one object), name-anywhere, node (of what has an index
	// of it: pods, resourceslices), field, label, none. That of metadata.namespace is the scope.
	Selector string `json:"selector,omitempty"`
	Initial  bool   `json:"initial,omitempty"` // sendInitialEvents: a WatchList
	// Many stands for what a client asked in more ways than are kept apart: Match, Selector and Initial
	// are then not known.
	Many bool `json:"many,omitempty"`
}

// ShapesKept bounds the shapes of a client that are told apart. Of one that has more all are folded: which ones
// were seen first depends on the order of reading.
const ShapesKept = 24

// Fold keeps of a shape what ListCounts are of.
func (s Shape) Fold() Shape {
	return Shape{RV: s.RV, Limit: s.Limit, Continue: s.Continue, Many: true}
}

// The words of a Shape.
const (
	RVUnset   = "unset"
	RVZero    = "zero"
	RVExact   = "exact"
	RVInvalid = "invalid"

	MatchExact        = "Exact"
	MatchNotOlderThan = "NotOlderThan"
	MatchInvalid      = "invalid"

	ContinueAt      = "at"
	ContinueLatest  = "latest"
	ContinueUnknown = "unknown"

	SelectName = "name"
	// SelectNameAnywhere asks for a name and no namespace: one object of a resource that has no
	// namespaces, a look at every object of one that has.
	SelectNameAnywhere = "name-anywhere"

	SelectNode  = "node"
	SelectField = "field"
	SelectLabel = "label"
)

// The words of Client.Scope: those of the label scope of apiserver_request_total.
const (
	ScopeCluster   = "cluster"
	ScopeNamespace = "namespace"
	ScopeResource  = "resource"
)

// ShapeCount is how often a client asked in one way.
type ShapeCount struct {
	Shape
	Count int64 `json:"count"` // LISTs that finished; of WATCHes the larger of Started and Ended
	// Started and Ended count the stages of WATCHes: a policy may leave out either.
	Started int64 `json:"started,omitempty"`
	Ended   int64 `json:"ended,omitempty"`
	// Limits are the limits that were asked for, added up, each as at most LimitMost.
	Limits int64 `json:"limits,omitempty"`
	// Refused were answered 4xx: nothing was read for them.
	Refused int64 `json:"refused,omitempty"`
	// Slow were over 500 ms, from where on the server notes its own times; of these, Etcd is what
	// waiting for etcd took, all together.
	Slow int64         `json:"slow,omitempty"`
	Etcd time.Duration `json:"etcd,omitempty"` // nanoseconds
}

// LimitMost is what a higher limit counts as: more than any collection has.
const LimitMost = 1_000_000_000

// A Timeline counts requests over time, in buckets of equal width that doubles as the time grows.
// Bucket i of Counts begins Width*(First+i) after the Unix epoch, so those of any two merge.
type Timeline struct {
	Width  time.Duration `json:"width"` // nanoseconds: 1 s times a power of two
	First  int64         `json:"first"`
	Counts []int64       `json:"counts"` // at most TimelineBuckets
}

// TimelineBuckets bounds the length of a timeline.
const TimelineBuckets = 64

// Latency is a histogram of durations. Bucket i holds those of under 1 ms times 2^(i/2), the last all
// that are longer, so any two add up.
type Latency struct {
	Counts []int64       `json:"counts"`
	Sum    time.Duration `json:"sum"` // nanoseconds
	Max    time.Duration `json:"max"` // nanoseconds
}

// Distinct estimates how many different names were seen: exact up to DistinctExact, from there on
// within about 9%. It keeps the smallest hashes of the names, never a name.
type Distinct struct {
	Hashes []Hash `json:"hashes,omitempty"` // ascending, at most DistinctExact
	More   bool   `json:"more,omitempty"`   // some were larger than the last
}

// A Hash of a name. In JSON it is 16 hexadecimal digits: as a number it would not survive readers for
// which all numbers are floating point.
type Hash uint64

// DistinctExact bounds the hashes of a Distinct.
const DistinctExact = 128
