package evidence

import "time"

// Requests is what audit logs tell of who asked a kube-apiserver for what, reduced: its size is bounded
// however many clients there are, and parts of it that were reduced apart merge to the same whole.
type Requests struct {
	From time.Time `json:"from,omitzero"` // the first request that was received
	To   time.Time `json:"to,omitzero"`   // the last stage of one, if that is not beyond what was asked for
	// Begin is when the log begins. From may be long before: a watch or an exec that ends in a log may be of hours ago,
	// so of what took longer than the servers let a usual request take, the stage counts.
	Begin time.Time `json:"begin,omitzero"`

	Events    int64      `json:"events"`    // audit events of every verb and stage
	Malformed int64      `json:"malformed"` // lines that are no audit event
	Faults    []LogFault `json:"faults,omitempty"`
	Logs      []Log      `json:"logs,omitempty"`

	Levels map[string]int64 `json:"levels,omitempty"` // events by audit level
	Stages map[string]int64 `json:"stages,omitempty"` // events by stage
	Verbs  map[string]int64 `json:"verbs,omitempty"`  // finished requests by verb; those that no API has count as "other"
	// Servers counts events of the control plane's own components by name and version, as who they are authenticated as and their user
	// agents tell it: "kube-apiserver/v1.37.2". They tell the version of the server.
	Servers map[string]int64 `json:"servers,omitempty"`

	Lists ListCounts `json:"lists"`
	// Watches that started; where that stage is not recorded, finished. One of Others whose stages fell
	// on both sides of the bound may count twice.
	Watches int64 `json:"watches"`

	Clients []Client `json:"clients"`
	// Others are the requests of clients beyond the bound. None of these made more than AtMost of them.
	Others Others `json:"others,omitzero"`
}

// Start is when the time begins that rates are of.
func (r *Requests) Start() time.Time {
	if r.Begin.IsZero() { // a report of before this was told
		return r.From
	}
	return r.Begin
}

// ClientsKept bounds Clients, FaultsKept bounds Faults.
const (
	ClientsKept = 4096
	FaultsKept  = 20
)

// Others are requests whose clients were not kept: those with the fewest.
type Others struct {
	Lists   ListCounts `json:"lists,omitzero"`
	Watches int64      `json:"watches,omitempty"`
	AtMost  int64      `json:"atMost,omitempty"`
}

// A Log is one input that was read.
type Log struct {
	Name      string `json:"name"` // as it was given; "-" is standard input
	Bytes     int64  `json:"bytes"`
	Events    int64  `json:"events"`
	Malformed int64  `json:"malformed,omitempty"`
	// Cut says why reading ended before its end: a cut-off file, a damaged archive.
	Cut string `json:"cut,omitempty"`
}

// A LogFault is a line that is no audit event. Only the first few are kept.
type LogFault struct {
	Log  string `json:"log"`
	Line int64  `json:"line"` // from 1
	Why  string `json:"why"`  // without what stands in the line
}

// ListCounts counts finished LISTs once each. A LIST may be in several of them.
type ListCounts struct {
	Total     int64 `json:"total"`
	Unset     int64 `json:"unset"`     // neither resourceVersion nor continue
	Zero      int64 `json:"zero"`      // resourceVersion=0
	Exact     int64 `json:"exact"`     // another resourceVersion
	Paged     int64 `json:"paged"`     // with a limit
	Continued int64 `json:"continued"` // with a continue token: the second page and on
}

// NodeUser stands for the users of all kubelets.
const NodeUser = "system:node:*"

// A Client is what one client did with one resource: all requests that share these names.
type Client struct {
	// User is who it was authenticated as, or impersonated. The nodes' own are one: NodeUser.
	User      string `json:"user"`
	Via       string `json:"via,omitempty"` // who impersonated the user, where all did
	UserAgent string `json:"userAgent"`     // as the client calls itself
	Verb      string `json:"verb"`          // list, watch
	APIGroup  string `json:"apiGroup,omitempty"`
	Resource  string `json:"resource"` // plural: "pods"
	Scope     string `json:"scope"`    // cluster, namespace, resource: as apiserver_request_total has it

	Count     int64 `json:"count"` // LISTs that finished; WATCHes that started
	Unset     int64 `json:"unset"` // as in ListCounts; of a watch those that are sent everything first
	Zero      int64 `json:"zero"`
	Exact     int64 `json:"exact"`
	Paged     int64 `json:"paged"`
	Continued int64 `json:"continued"`

	Shapes []ShapeCount `json:"shapes"` // how it asked; the counts add up to Count

	Throttled    int64 `json:"throttled,omitempty"`    // 429
	ServerErrors int64 `json:"serverErrors,omitempty"` // 5xx
	Expired      int64 `json:"expired,omitempty"`      // 410
	ClientErrors int64 `json:"clientErrors,omitempty"` // other 4xx

	First    time.Time `json:"first,omitzero"`    // received
	Last     time.Time `json:"last,omitzero"`     // received
	Timeline Timeline  `json:"timeline,omitzero"` // of LISTs that finished and of WATCHes whose start is recorded
	Latency  Latency   `json:"latency,omitzero"`  // of LISTs, from received to answered; queueing is in it

	// Bytes and Objects of the answers, where the level records them: of Answers requests.
	Answers int64 `json:"answers,omitempty"`
	Bytes   int64 `json:"bytes,omitempty"`
	Objects int64 `json:"objects,omitempty"`

	Nodes      Distinct `json:"nodes,omitzero"`      // it asked from, as its token or its name tells
	Pods       Distinct `json:"pods,omitzero"`       // by the token's pod name
	Addresses  Distinct `json:"addresses,omitzero"`  // the peer's, behind a balancer the balancer's
	Namespaces Distinct `json:"namespaces,omitzero"` // it asked for

	// Missed is how many of its requests may stand under Others.
	Missed int64 `json:"missed,omitempty"`
}
