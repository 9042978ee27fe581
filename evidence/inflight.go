package evidence

import "time"

// InFlight is what one kube-apiserver had under way, at one moment or two. What came and went between
// them is not in it.
type InFlight struct {
	Dumps []Dump `json:"dumps"`
}

// A Dump is one moment of what priority and fairness let through or made wait. Requests of long-running
// kinds and watches that are past their first events are not in it.
type Dump struct {
	// At is the moment by the server's own clock, or a little before it.
	At        time.Time `json:"at,omitzero"`
	Executing int       `json:"executing"`
	Waiting   int       `json:"waiting"`
	// WaitingOnly is set of servers until 1.27, which do not list what executes.
	WaitingOnly bool `json:"waitingOnly,omitempty"`
	// Asker is the user whom the dump itself was made for.
	Asker  string `json:"asker,omitempty"`
	Flows  []Flow `json:"flows,omitempty"`  // those with the most seats first
	Left   int    `json:"left,omitempty"`   // requests of flows beyond the bound
	Unread int    `json:"unread,omitempty"` // rows that could not be told apart into columns
}

// A Flow is requests of one user that are alike. Names and namespaces of objects are not kept, nor are paths
// that a client made up.
type Flow struct {
	Level     string    `json:"level"`
	Schema    string    `json:"schema"`
	User      string    `json:"user"`
	Verb      string    `json:"verb"`
	APIGroup  string    `json:"apiGroup,omitempty"`
	Resource  string    `json:"resource,omitempty"` // of requests for objects: "pods", "pods/log"
	Scope     string    `json:"scope,omitempty"`    // of those: cluster, namespace, resource
	Path      string    `json:"path,omitempty"`     // of others, the first part of it: "/metrics", "/openapi"; "/…" of one that no server has
	Waiting   bool      `json:"waiting,omitempty"`  // in a queue; else it executes
	Count     int       `json:"count"`
	Seats     int       `json:"seats"`     // all together
	MostSeats int       `json:"mostSeats"` // of one
	Since     time.Time `json:"since"`     // when the oldest arrived
}
