package auditlog

import (
	"strings"
	"time"
)

// A filter says which events are looked at.
type filter struct {
	since, until time.Time // received from the one on, before the other; zero: any
	user         string    // who asks, or as whom; a * at its end stands for anything
	resource     string    // "pods", "deployments.apps"

	timed, named     bool
	sinceUs, untilUs int64
	plural, group    string
}

func (f *filter) prepare() {
	f.timed = !f.since.IsZero() || !f.until.IsZero()
	f.sinceUs, f.untilUs = f.since.UnixMicro(), f.until.UnixMicro()
	f.named = f.user != "" || f.resource != ""
	f.plural, f.group, _ = strings.Cut(f.resource, ".")
}

func (f *filter) inTime(e *event) bool {
	us, ok := parseMicros(e.received)
	return ok && (f.since.IsZero() || us >= f.sinceUs) && (f.until.IsZero() || us < f.untilUs)
}

func (f *filter) wanted(e *event) bool {
	if f.resource != "" && (string(e.resource) != f.plural || f.group != "" && string(e.apiGroup) != f.group) {
		return false
	}
	return f.user == "" || f.is(e.username) || len(e.impersonated) > 0 && f.is(e.impersonated)
}

func (f *filter) is(user []byte) bool {
	if start, ok := strings.CutSuffix(f.user, "*"); ok {
		return len(user) >= len(start) && string(user[:len(start)]) == start
	}
	return string(user) == f.user
}
