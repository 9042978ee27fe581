package auditlog

import "encoding/json"

// An eventJSON says what an event is: whatever the fast path makes of a line is what encoding/json makes of it with this
// type. It has only the fields that are used, so that a wrong type anywhere else does not make a line malformed.
type eventJSON struct {
	Kind       string `json:"kind"`
	APIVersion string `json:"apiVersion"`

	Level      string `json:"level"`
	AuditID    string `json:"auditID"`
	Stage      string `json:"stage"`
	RequestURI string `json:"requestURI"`
	Verb       string `json:"verb"`
	User       struct {
		Username string              `json:"username"`
		Extra    map[string][]string `json:"extra"`
	} `json:"user"`
	ImpersonatedUser struct {
		Username string `json:"username"`
	} `json:"impersonatedUser"`
	SourceIPs []string `json:"sourceIPs"`
	UserAgent string   `json:"userAgent"`
	ObjectRef struct {
		Resource    string `json:"resource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
		APIGroup    string `json:"apiGroup"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int32 `json:"code"`
	} `json:"responseStatus"`
	ResponseObject           json.RawMessage   `json:"responseObject"`
	RequestReceivedTimestamp string            `json:"requestReceivedTimestamp"`
	StageTimestamp           string            `json:"stageTimestamp"`
	Annotations              map[string]string `json:"annotations"`
}

// The keys that are looked up in the two maps of an event.
const (
	extraNode    = "authentication.kubernetes.io/node-name"
	extraPod     = "authentication.kubernetes.io/pod-name"
	latencyTotal = "apiserver.latency.k8s.io/total"
	latencyEtcd  = "apiserver.latency.k8s.io/etcd"
	latencyQueue = "apiserver.latency.k8s.io/apf-queue-wait"
)

// An answerJSON is what is read of a LIST's answer: how many items it has, or rows if it is a Table, as kubectl asks for.
type answerJSON struct {
	Items []anyJSON `json:"items"`
	Rows  []anyJSON `json:"rows"`
}

// An anyJSON takes any value and keeps nothing of it.
type anyJSON struct{}

func (*anyJSON) UnmarshalJSON([]byte) error { return nil }

// slowly reads a line by encoding/json itself, whatever is odd about it.
func (s *scanner) slowly(line []byte, e *event) error {
	var j eventJSON
	if err := json.Unmarshal(line, &j); err != nil {
		return err
	}
	s.kind, s.apiVersion = []byte(j.Kind), []byte(j.APIVersion)
	*e = j.event()
	return nil
}

func (j *eventJSON) event() event {
	e := event{
		level:        []byte(j.Level),
		auditID:      []byte(j.AuditID),
		stage:        []byte(j.Stage),
		requestURI:   []byte(j.RequestURI),
		verb:         []byte(j.Verb),
		username:     []byte(j.User.Username),
		impersonated: []byte(j.ImpersonatedUser.Username),
		nodeName:     first(j.User.Extra[extraNode]),
		podName:      first(j.User.Extra[extraPod]),
		userAgent:    []byte(j.UserAgent),
		resource:     []byte(j.ObjectRef.Resource),
		namespace:    []byte(j.ObjectRef.Namespace),
		name:         []byte(j.ObjectRef.Name),
		apiGroup:     []byte(j.ObjectRef.APIGroup),
		subresource:  []byte(j.ObjectRef.Subresource),
		code:         j.ResponseStatus.Code,
		received:     []byte(j.RequestReceivedTimestamp),
		staged:       []byte(j.StageTimestamp),

		latencyTotal: []byte(j.Annotations[latencyTotal]),
		latencyEtcd:  []byte(j.Annotations[latencyEtcd]),
		latencyQueue: []byte(j.Annotations[latencyQueue]),

		responseObject: j.ResponseObject,
		responseBytes:  int64(len(j.ResponseObject)),
		responseItems:  -1,
	}
	if n := len(j.SourceIPs); n > 0 {
		e.sourceIP = []byte(j.SourceIPs[n-1])
	}
	if j.Verb == "list" {
		e.responseItems = countItems(j.ResponseObject)
	}
	e.kind = e.kindOf(j.Kind, j.APIVersion)
	return e
}

func first(values []string) []byte {
	if len(values) == 0 {
		return nil
	}
	return []byte(values[0])
}

// countItems counts the items of an answer, which is valid JSON or absent; -1 is said of what is no list.
func countItems(answer []byte) int64 {
	var a answerJSON
	switch {
	case len(answer) == 0 || json.Unmarshal(answer, &a) != nil:
		return -1
	case a.Items != nil:
		return int64(len(a.Items))
	case a.Rows != nil:
		return int64(len(a.Rows))
	default:
		return -1
	}
}

// kindOf tells documents apart by their kind and version. v1alpha1 is not read: the objectRef of an event does not say the
// group of its resource there.
func kindOf(kind, apiVersion string) docKind {
	audit := apiVersion == "audit.k8s.io/v1" || apiVersion == "audit.k8s.io/v1beta1"
	switch {
	case kind == "Event" && audit:
		return kindEvent
	case kind == "EventList" && audit, kind == "List" && apiVersion == "v1":
		return kindEventList
	default:
		return kindOther
	}
}

// kindOf is that of a document with these fields. What collects logs may drop the kind of each line and its version, which
// are always the same: then an audit ID and a stage together, which nothing else has, make it an event.
func (e *event) kindOf(kind, apiVersion string) docKind {
	if kind == "" && apiVersion == "" && len(e.auditID) > 0 && len(e.stage) > 0 {
		return kindEvent
	}
	return kindOf(kind, apiVersion)
}
