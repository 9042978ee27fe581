package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"unicode/utf8"
)

// whereLogs tells somebody who has the wrong file where the right one is.
const whereLogs = "the audit log is where --audit-log-path of kube-apiserver says, often /var/log/kubernetes/audit.log or below " +
	"/var/log/kubernetes/audit/ on each control-plane node; without --audit-policy-file there is none"

// A lookalike is what people give for an audit log, by how it begins.
type lookalike struct {
	begins *regexp.Regexp
	is     string
	enough bool // it says what to do
}

var lookalikes = []lookalike{
	{regexp.MustCompile(`(?s)^\s*\{.{0,200}"kind":\s*"RequestReport"`), "a report that kaudit requests wrote; kaudit requests merge reads it", true},
	{regexp.MustCompile(`(?s)^\s*\{.{0,200}"apiVersion":\s*"kaudit\.dev/`), "a report of kaudit's", false},
	{regexp.MustCompile(`(?s)^\s*\{\s*"schema":`), "a snapshot of kaudit collect; --snapshot reads it beside a log", true},
	{regexp.MustCompile(`(?m)^kind:\s*Policy\b`), "an audit policy: it says what to record, not what was", false},
	{regexp.MustCompile(`(?m)^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ `), "the log of a Kubernetes component itself, not its audit log", false},
	{regexp.MustCompile(`(?s)^\s*\{"level":"[a-z]+","(ts|time)":`), "the log of etcd or another server", false},
	{regexp.MustCompile(`^\{"log":"|^\S+ std(out|err) [FP] `), "a container's log, each line wrapped by the runtime: unwrap it, as kubectl logs and crictl logs do", true},
	{regexp.MustCompile(`\bAUDIT: id="`), "the old text form of the audit log; --audit-log-format=json is what can be read", true},
	{regexp.MustCompile(`^\s*[{\[]`), "JSON, but no audit events", false},
	{regexp.MustCompile(`^(\x7fELF|PK\x03\x04|SQLite format|ustar|BZh|\xfd7zXZ)`), "a binary file or an archive of another kind: plain text, .gz and .zst are read", true},
}

// looksLike says what the beginning of a file is, where it is no audit log.
func looksLike(head []byte) lookalike {
	if len(bytes.TrimSpace(head)) == 0 {
		return lookalike{is: "empty"}
	}
	for _, l := range lookalikes {
		if l.begins.Match(head) {
			return l
		}
	}
	if !utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]) || bytes.IndexByte(head, 0) >= 0 {
		return lookalike{is: "no text"}
	}
	return lookalike{is: "text, but no audit events"}
}

// headOf reads the beginning of a plain file.
func headOf(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	return io.ReadAll(io.LimitReader(f, 4<<10))
}

// noEvents says why logs without a single event may be the wrong ones.
func noEvents(logs []string, malformed int64) error {
	for _, path := range logs {
		head, err := headOf(path)
		if err != nil || bytes.HasPrefix(head, []byte("\x1f\x8b")) || bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")) {
			continue
		}
		like := looksLike(head)
		if like.enough {
			return noAudit("no audit event in %s: it is %s", path, like.is)
		}
		return noAudit("no audit event in %s: it is %s; %s", path, like.is, whereLogs)
	}
	what := "what was read is empty"
	if malformed > 0 {
		what = fmt.Sprintf("%d lines are something else", malformed)
	}
	return noAudit("no audit event: %s; %s", what, whereLogs)
}
