package auditlog

import (
	"bytes"
	"hash/maphash"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// A reducer counts what events say, in bounded memory however many clients there are. Each worker has its own; what
// they count merges.
type reducer struct {
	filter filter

	events       int64
	levels       [len(levelNames)]int64
	stages       [len(stageNames)]int64
	verbs        [len(verbNames)]int64
	servers      []serverCount
	begin, to    []byte // as the servers write them: these sort as text
	beginUs      int64
	fromUs, toUs int64 // fromUs is at most beginUs
	lists        evidence.ListCounts
	rows         rows

	params  params
	scratch []byte
}

// The words of an event that are counted. The last of each stands for all others.
var (
	levelNames = [...]string{"None", "Metadata", "Request", "RequestResponse", "other"}
	stageNames = [...]string{"RequestReceived", "ResponseStarted", "ResponseComplete", "Panic", "other"}
	verbNames  = [...]string{"list", "watch", "get", "create", "update", "patch", "delete", "deletecollection", "post", "put", "head", "options", "connect", "proxy", "other"}
)

const (
	stageStarted  = 1
	stageComplete = 2
	stagePanic    = 3

	verbList  = 0
	verbWatch = 1
)

func newReducer(f filter) *reducer {
	f.prepare()
	return &reducer{filter: f, rows: rows{seed: maphash.MakeSeed()}}
}

// add counts an event. Most are no LIST or WATCH, and cost a few comparisons.
func (r *reducer) add(e *event) {
	r.events++
	if r.filter.timed && !r.filter.inTime(e) {
		return
	}
	r.window(e)
	r.server(e)
	if r.filter.named && !r.filter.wanted(e) {
		return
	}
	stage, verb := stageOf(e.stage), verbOf(e.verb)
	r.levels[levelOf(e.level)]++
	r.stages[stage]++
	finished := stage == stageComplete || stage == stagePanic
	if finished {
		r.verbs[verb]++
	}
	if verb <= verbWatch && (finished || verb == verbWatch && stage == stageStarted) {
		r.count(e, verb, finished)
	}
}

// window keeps the first and the last time. Times in the form of servers compare as text; only what may be new is read.
func (r *reducer) window(e *event) {
	if !sorts(e.received) || len(r.begin) == 0 || bytes.Compare(e.received, r.begin) < 0 {
		r.earlier(e)
	}
	if !sorts(e.staged) || len(r.to) == 0 || bytes.Compare(e.staged, r.to) > 0 {
		if us, ok := parseMicros(e.staged); ok && (len(r.to) == 0 || us > r.toUs) {
			r.to, r.toUs = appendCanonical(r.to[:0], e.staged, us), us
		}
	}
}

// longRunning is what takes longer than --request-timeout lets a usual request take: watches, exec, port-forward.
const longRunning = 60e6

// earlier keeps the time of an event that may be the first. The server writes an event at its stage: that of what ran
// for long began before the log did.
func (r *reducer) earlier(e *event) {
	us, ok := parseMicros(e.received)
	if !ok {
		return
	}
	none := len(r.begin) == 0
	if none || us < r.fromUs {
		r.fromUs = us
	}
	text := e.received
	if staged, ok := parseMicros(e.staged); ok && staged-us > longRunning {
		us, text = staged, e.staged
	}
	if none || us < r.beginUs {
		r.begin, r.beginUs = appendCanonical(r.begin[:0], text, us), us
	}
}

const serverForm = "2006-01-02T15:04:05.000000Z"

func sorts(t []byte) bool { return len(t) == len(serverForm) && t[19] == '.' && t[26] == 'Z' }

// appendCanonical writes a time in the form of servers, in which nearly every one stands already: in a log each is later than the one before.
func appendCanonical(b, text []byte, us int64) []byte {
	if _, ok := serverMicros(text); ok {
		return append(b, text...)
	}
	return time.UnixMicro(us).UTC().AppendFormat(b, serverForm)
}

func levelOf(b []byte) int {
	switch string(b) {
	case "None":
		return 0
	case "Metadata":
		return 1
	case "Request":
		return 2
	case "RequestResponse":
		return 3
	}
	return len(levelNames) - 1
}

func stageOf(b []byte) int {
	switch string(b) {
	case "RequestReceived":
		return 0
	case "ResponseStarted":
		return stageStarted
	case "ResponseComplete":
		return stageComplete
	case "Panic":
		return stagePanic
	}
	return len(stageNames) - 1
}

func verbOf(b []byte) byte {
	for i, name := range verbNames[:len(verbNames)-1] {
		if string(b) == name {
			return byte(i)
		}
	}
	return byte(len(verbNames) - 1)
}

// requests is what was counted so far.
func (r *reducer) requests() *evidence.Requests {
	out := &evidence.Requests{
		Events: r.events, Lists: r.lists, Others: r.rows.others, Clients: r.rows.clients(),
		Levels: named(levelNames[:], r.levels[:]), Stages: named(stageNames[:], r.stages[:]), Verbs: named(verbNames[:], r.verbs[:]),
	}
	if len(r.begin) > 0 {
		out.From, out.Begin = time.UnixMicro(r.fromUs).UTC(), time.UnixMicro(r.beginUs).UTC()
	}
	if len(r.to) > 0 {
		out.To = time.UnixMicro(r.toUs).UTC()
		if f := r.filter; !f.until.IsZero() && out.To.After(f.until) {
			out.To = f.until.UTC() // what was received before may end long after
		}
	}
	if len(r.servers) > 0 {
		out.Servers = make(map[string]int64, len(r.servers))
		for _, s := range r.servers {
			out.Servers[s.component+"/"+s.version] = s.count
		}
	}
	whole := &evidence.Requests{}
	whole.Merge(out) // bounds it and adds up the watches
	return whole
}

func named(names []string, counts []int64) map[string]int64 {
	var out map[string]int64
	for i, n := range counts {
		if n > 0 {
			if out == nil {
				out = map[string]int64{}
			}
			out[names[i]] = n
		}
	}
	return out
}
