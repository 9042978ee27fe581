package main

import "testing"

func TestLooksLike(t *testing.T) {
	for head, want := range map[string]string{
		"":   "empty",
		"\n": "empty",
		"{\n  \"apiVersion\": \"kaudit.dev/v1\",\n  \"kind\": \"RequestReport\",": "a report that kaudit requests wrote; kaudit requests merge reads it",
		`{"apiVersion":"kaudit.dev/v1","kind":"Report"`:                           "a report of kaudit's",
		"{\n  \"schema\": 1,": "a snapshot of kaudit collect; --snapshot reads it beside a log",
		"apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n":                         "an audit policy: it says what to record, not what was",
		"I0301 02:10:03.123456       1 server.go:12] Version: v1.30\n":                "the log of a Kubernetes component itself, not its audit log",
		`{"level":"info","ts":"2026-03-01T02:10:03Z","caller":"etcdmain/main.go:1"}`:  "the log of etcd or another server",
		"2026-03-01T02:10:03.1Z stdout F {\"kind\":\"Event\"}\n":                      "a container's log, each line wrapped by the runtime: unwrap it, as kubectl logs and crictl logs do",
		`2017-03-21T03:57:09.106841886-04:00 AUDIT: id="c939d2a7-1c37-4ef1" ip="1.2"`: "the old text form of the audit log; --audit-log-format=json is what can be read",
		`{"kind":"Pod"}`:           "JSON, but no audit events",
		"\x7fELF\x02\x01":          "a binary file or an archive of another kind: plain text, .gz and .zst are read",
		"\x80\x81\x82\x83\x84\x85": "no text",
		"hello":                    "text, but no audit events",
	} {
		if got := looksLike([]byte(head)).is; got != want {
			t.Errorf("%.30q: got %s, want %s", head, got, want)
		}
	}
}
