//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// An auditEvent is a line of a kube-apiserver's audit log.
type auditEvent struct {
	Verb, UserAgent, RequestURI, Stage string
	StageTimestamp                     time.Time
	User                               struct{ Username string }
	ObjectRef                          struct{ Resource, Subresource, Namespace, Name string }
	ResponseStatus                     struct {
		Code    int
		Message string
	}
}

// auditLogs are positions in audit logs, to read what was added since.
type auditLogs map[string]int64

// markAudit remembers where the logs end now.
func markAudit(t *testing.T, paths []string) auditLogs {
	t.Helper()
	logs := auditLogs{}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		logs[p] = info.Size()
	}
	return logs
}

// ofKaudit are the requests that kaudit sent since, by the name that it gives itself.
func (l auditLogs) ofKaudit(t *testing.T) []auditEvent {
	t.Helper()
	return slices.DeleteFunc(l.all(t), func(e auditEvent) bool { return !strings.HasPrefix(e.UserAgent, "kaudit/") })
}

// all are the events since. A line that is being written is left for later.
func (l auditLogs) all(t *testing.T) []auditEvent {
	t.Helper()
	var events []auditEvent
	for path, offset := range l {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		raw = raw[min(int(offset), len(raw)):]
		for line := range bytes.Lines(raw[:bytes.LastIndexByte(raw, '\n')+1]) {
			var e auditEvent
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			events = append(events, e)
		}
	}
	return events
}

// wantOnlyReads holds requests against what kaudit promises: it reads, it bounds what it lists, and
// it lets the watch cache answer. All pods at once are for clusters of few pods, from the cache; the
// server has told their number before.
func wantOnlyReads(t *testing.T, events []auditEvent, fewPods bool) {
	t.Helper()
	if len(events) == 0 {
		t.Error("the audit log has no request of kaudit's: the user agent is not what operators are told")
	}
	for _, e := range events {
		u, err := url.ParseRequestURI(e.RequestURI)
		if err != nil {
			t.Errorf("%s %s: %v", e.Verb, e.RequestURI, err)
			continue
		}
		q := u.Query()
		cached, bounded := q.Get("resourceVersion") == "0", q.Get("limit") != ""
		switch {
		case e.ObjectRef.Subresource == "portforward":
			if e.Verb != "get" && e.Verb != "create" {
				t.Errorf("%s %s: got a port-forward by %s, want get or create", e.Verb, e.RequestURI, e.Verb)
			}
		case e.Verb != "get" && e.Verb != "list":
			t.Errorf("%s %s: got a %s, want nothing but reads", e.Verb, e.RequestURI, e.Verb)
		case e.Verb == "list" && !cached && !bounded:
			t.Errorf("%s: got a LIST with neither resourceVersion=0 nor limit", e.RequestURI)
		case e.Verb == "list" && e.ObjectRef.Resource == "pods" && e.ObjectRef.Namespace == "" && !bounded && !selective(q) && !fewPods:
			t.Errorf("%s: got a LIST of all pods without a limit", e.RequestURI)
		case e.ObjectRef.Resource == "secrets":
			t.Errorf("%s %s: got a request for secrets", e.Verb, e.RequestURI)
		}
	}
}

// selective reports whether a selector keeps a LIST of pods small: those of one node, or of the
// control plane. A limit has no effect on what the cache answers, so a selector is what bounds it.
func selective(q url.Values) bool {
	return strings.Contains(q.Get("fieldSelector"), "spec.nodeName=") || q.Get("labelSelector") != ""
}

// wantNoneRefused wants every request to have been allowed.
func wantNoneRefused(t *testing.T, events []auditEvent) {
	t.Helper()
	for _, e := range events {
		if e.ResponseStatus.Code == 401 || e.ResponseStatus.Code == 403 {
			t.Errorf("%s %s: got %d for %s: %s", e.Verb, e.RequestURI, e.ResponseStatus.Code, e.User.Username, e.ResponseStatus.Message)
		}
	}
}
