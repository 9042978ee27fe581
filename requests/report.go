package requests

import (
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// Options are what is known beside the log.
type Options struct {
	Server Server
	// Objects counts the objects of each resource, cluster-wide, as metrics name them: "pods", "deployments.apps".
	Objects map[string]float64
}

// A Report is a judgement of all clients of a log.
type Report struct {
	Server Server        `json:"server"`
	Window time.Duration `json:"window"` // that rates are of: nanoseconds from the first event to the last
	Cost   Cost          `json:"cost,omitzero"`
	// Notes are what limits the report, a sentence each.
	Notes   []string `json:"notes,omitempty"`
	Clients []Judged `json:"clients"` // worst first
}

// Judged is a client with its judgement.
type Judged struct {
	*evidence.Client
	Judgement
}

// A Judgement is what is said of one client.
type Judgement struct {
	Agent     evidence.UserAgent `json:"agent"`
	PerMinute float64            `json:"perMinute"`
	Share     float64            `json:"share"`  // of all requests of its verb, 0 to 1
	Asks      string             `json:"asks"`   // how, in words: "no resourceVersion, limit"
	Served    []ServedCount      `json:"served"` // the most first; the counts add up to the client's
	// ServedBy is Served in words: "etcd", "cache, limit ignored", "etcd 60%, cache 40%".
	ServedBy string `json:"servedBy"`
	Cost     Cost   `json:"cost,omitzero"`
	// FanOut is how many instances ask the same, and of what; 0 if it is one, or not told.
	FanOut   int64         `json:"fanOut,omitempty"`
	FanOutOf string        `json:"fanOutOf,omitempty"` // nodes, pods, addresses
	Interval time.Duration `json:"interval,omitempty"` // nanoseconds between the LISTs of one instance, where it polls steadily
	// Began is when its requests began, to the width of its timeline, if that was well after the log did.
	Began time.Time `json:"began,omitzero"`
	// Normal says why this is as it should be. There is no advice then.
	Normal string   `json:"normal,omitempty"`
	Advice []Advice `json:"advice,omitempty"` // what matters most first
}

// ServedCount is how many requests were served in one way.
type ServedCount struct {
	Served
	Count int64 `json:"count"`
}

// A Cost is an estimate of objects that were read, of what the requests of a log ask for.
type Cost struct {
	Known        bool    `json:"known,omitempty"` // false: the objects of the resource were not counted
	EtcdObjects  float64 `json:"etcdObjects,omitempty"`
	CacheObjects float64 `json:"cacheObjects,omitempty"`
	// AtMost: the real figure may be less. How many of the objects a namespace has is not known, nor how full
	// a page is, nor sometimes who serves the request.
	AtMost        bool    `json:"atMost,omitempty"`
	EtcdPerSecond float64 `json:"etcdPerSecond,omitempty"`
}

// Advice is one thing to do.
type Advice struct {
	ID   string `json:"id"`   // see the constants
	Text string `json:"text"` // a sentence or two
}

// The IDs of advice.
const (
	AdviceInformer  = "informer"           // watch instead of listing again
	AdviceZero      = "resource-version-0" // from the cache
	AdvicePaging    = "paging"             // read pages, or do not
	AdviceIgnored   = "limit-ignored"
	AdviceSelector  = "selector"
	AdviceNodeAgent = "node-agent" // every node reads everything
	AdviceWatchList = "watch-list"
	AdviceEvents    = "events"
	AdviceUncached  = "uncached"
	AdviceExpired   = "expired"
	AdviceUpgrade   = "newer-server"
	AdviceRewatch   = "rewatch"
)
