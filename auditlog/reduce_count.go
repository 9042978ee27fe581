package auditlog

import (
	"bytes"
	"strings"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// count counts a LIST that finished, or a stage of a WATCH.
func (r *reducer) count(e *event, verb byte, finished bool) {
	r.scratch = query(e.requestURI, &r.params, r.scratch)
	if len(e.resource) == 0 {
		fromPath(e)
	}
	shape, namespaced := shapeOf(verb, &r.params, e, r.scratch)
	k := key{user: e.username, userAgent: e.userAgent, group: e.apiGroup, resource: e.resource, verb: verb, scope: evidence.ScopeCluster}
	switch {
	case shape.Selector == evidence.SelectName || shape.Selector == evidence.SelectNameAnywhere:
		k.scope = evidence.ScopeResource
	case namespaced:
		k.scope = evidence.ScopeNamespace
	}
	if len(e.impersonated) > 0 {
		k.user = e.impersonated
	}
	k.shorten()
	node := e.nodeName
	if name, ok := bytes.CutPrefix(k.user, nodePrefix); ok && len(name) > 0 {
		node, k.user = name, nodeUser
	}
	row := r.rows.of(&k)
	row.who(e, node)
	s := row.shape(shape)
	received, ok := parseMicros(e.received)
	if ok {
		row.at(received)
	}
	switch {
	case verb == verbWatch && finished:
		s.Ended++
		row.answered(e, s)
		return
	case verb == verbWatch:
		s.Started++
	default:
		s.Count++
		s.Limits += min(limitOf(&r.params), evidence.LimitMost)
		row.answered(e, s)
		row.finished(e, s, received, ok)
		r.lists.Count(shape, 1)
	}
	if ok {
		row.Timeline.AddSecond(floorDiv(received, 1e6), 1)
	}
}

var nodePrefix, nodeUser = []byte("system:node:"), []byte(evidence.NodeUser)

// nameBytes bounds a name that is kept; a server cuts user agents at 1,024 bytes and a word.
const nameBytes = 1100

func (k *key) shorten() {
	for _, part := range [...]*[]byte{&k.user, &k.userAgent, &k.group, &k.resource} {
		if len(*part) > nameBytes {
			*part = []byte(strings.ToValidUTF8(string((*part)[:nameBytes]), "") + "…")
		}
	}
}

// who notes by whom and from where.
func (r *row) who(e *event, node []byte) {
	via := ""
	if len(e.impersonated) > 0 {
		via = string(e.username)
	}
	if len(r.Shapes) == 0 {
		r.Via = via
	} else if r.Via != via {
		r.Via = ""
	}
	for _, seen := range [...]struct {
		to   *evidence.Distinct
		name []byte
	}{{&r.Nodes, node}, {&r.Pods, e.podName}, {&r.Addresses, e.sourceIP}, {&r.Namespaces, e.namespace}} {
		if len(seen.name) > 0 {
			seen.to.AddHash(evidence.HashName(seen.name))
		}
	}
}

func (r *row) at(us int64) {
	t := time.UnixMicro(us).UTC()
	if r.First.IsZero() || t.Before(r.First) {
		r.First = t
	}
	if t.After(r.Last) {
		r.Last = t
	}
}

// answered counts how a request ended.
func (r *row) answered(e *event, s *evidence.ShapeCount) {
	switch code := e.code; {
	case code < 400:
		return
	case code == 429:
		r.Throttled++
	case code == 410:
		r.Expired++
	case code < 500:
		r.ClientErrors++
	default:
		r.ServerErrors++
		return
	}
	s.Refused++
}

// finished measures a LIST.
func (r *row) finished(e *event, s *evidence.ShapeCount, received int64, ok bool) {
	if staged, fine := parseMicros(e.staged); ok && fine {
		r.Latency.Add(time.Duration(staged-received) * time.Microsecond)
	}
	if len(e.latencyTotal) > 0 {
		s.Slow++
		if d, err := time.ParseDuration(string(e.latencyEtcd)); err == nil && d > 0 {
			s.Etcd += min(d, time.Hour)
		}
	}
	if e.responseBytes > 0 && e.code < 300 && e.responseItems >= 0 {
		r.Answers++
		r.Bytes += e.responseBytes
		r.Objects += e.responseItems
	}
}
