package evidence

import (
	"fmt"
	"time"
)

// Observed is one observation, or the reason there is none.
type Observed[T any] struct {
	Of     string `json:"of"`              // the subject, as users read it: "etcd/cp-1"
	Value  *T     `json:"value,omitempty"` // nil if not seen, so looking anyway panics
	Source Source `json:"source,omitzero"`
	Gap    *Gap   `json:"gap,omitempty"` // why not seen; nil as well: nobody asked
}

// Seen reports whether there is a value to look at.
func (o Observed[T]) Seen() bool { return o.Value != nil }

// See is an observation of value.
func See[T any](of string, value T, src Source) Observed[T] {
	return Observed[T]{Of: of, Value: &value, Source: src}
}

// Miss is the absence of an observation, with its reason.
func Miss[T any](of string, gap Gap, src Source) Observed[T] {
	return Observed[T]{Of: of, Gap: &gap, Source: src}
}

// Instances are observations of the same kind, one for each instance of a component.
type Instances[T any] []Observed[T]

// Seen iterates over the instances that were seen.
func (in Instances[T]) Seen() func(yield func(Observed[T]) bool) {
	return func(yield func(Observed[T]) bool) {
		for _, o := range in {
			if o.Value != nil && !yield(o) {
				return
			}
		}
	}
}

// Of returns the observation of a subject; its zero value if there is none.
func (in Instances[T]) Of(subject string) Observed[T] {
	for _, o := range in {
		if o.Of == subject {
			return o
		}
	}
	return Observed[T]{Of: subject}
}

// A Source says where an observation came from, well enough to repeat it.
type Source struct {
	Via  string    `json:"via"`            // "apiserver", "etcd", "kubelet", "port-forward", "file"
	From string    `json:"from,omitempty"` // endpoint, object or path, without credentials
	Ask  string    `json:"ask,omitempty"`  // "GET /metrics", "Maintenance.Status"
	At   time.Time `json:"at,omitzero"`
	// Line and Column say where in a file it stands, both from 1, the column in characters; 0: not known.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

// InFile reports whether the source is a place in a file.
func (s Source) InFile() bool { return s.Via == ViaFile }

// place is a file's path, with the line where it is known.
func (s Source) place() string {
	switch {
	case s.From == "":
		return "another place"
	case s.Line > 0:
		return fmt.Sprintf("%s:%d", s.From, s.Line)
	}
	return s.From
}

// ViaFile is the Via of what was read in a file; From is its path.
const ViaFile = "file"

// Why classifies a gap.
type Why string

// Absent alone says that the cluster has no such thing; with every other reason we do not know.
const (
	Absent      Why = "absent"      // the cluster has no such thing, or shows nobody (a managed control plane)
	NotAsked    Why = "not-asked"   // a flag or a larger sample would have asked
	Forbidden   Why = "forbidden"   // 401 or 403
	Unreachable Why = "unreachable" // no connection, no answer in time, a server error
	Malformed   Why = "malformed"   // an answer that could not be read
	Unserved    Why = "unserved"    // 404 or 406: this version or configuration does not serve it
	NotLive     Why = "not-live"    // only files were read, and no file tells it
)

// A Gap says why a value is not there.
type Gap struct {
	Why    Why    `json:"why"`
	Note   string `json:"note"`             // for a person: what was tried and what came back
	Unlock string `json:"unlock,omitempty"` // what to pass or grant to see it
}
