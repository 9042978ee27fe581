package auditlog

// A docKind says what kind of document a line of a log holds.
type docKind uint8

const (
	// kindOther is valid JSON that is no audit event of a version known here.
	kindOther docKind = iota
	// kindEvent is an Event of audit.k8s.io/v1 or v1beta1, which have the same names.
	kindEvent
	// kindEventList is an EventList of these versions, or a List: scanner.items has its events.
	kindEventList
)

// An event is what a scanner takes from one document. Its slices are of the line or of memory of the scanner: they hold
// until the scanner's next call, and are not to be written to. An absent field is empty.
type event struct {
	kind docKind

	level, auditID, stage []byte
	requestURI, verb      []byte

	username     []byte
	impersonated []byte // the user that the request was made as, if not the one above
	nodeName     []byte // user.extra of a bound service account token: the node of the pod that asks
	podName      []byte
	userAgent    []byte
	sourceIP     []byte // the last one: the only that a client cannot make up

	resource, namespace, name, apiGroup, subresource []byte // objectRef

	code             int32  // responseStatus.code, 0 if absent
	received, staged []byte // the timestamps as they are written: parseMicros reads them

	latencyTotal, latencyEtcd, latencyQueue []byte // the server's annotations, Go durations; on slow requests only

	responseObject []byte // as it is in the line, only for its extent; nil from scanLong
	responseBytes  int64  // how long it is; 0 if there is none
	responseItems  int64  // how many items the answer of a LIST has; -1 if there is no answer, or it is no list
}
