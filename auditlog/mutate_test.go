package auditlog

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// putIn are what JSON and audit events are made of, and what is nearly that.
var putIn = []string{
	"{", "}", "[", "]", ",", ":", "\"", "\\", "\\\"", "\\u0026", "\\u00", "\\ud83d\\ude00", "\\ud800", "\\x", "null", "true", "fals", "0", "-1.5e3", "01", "1.",
	" ", "\t", "\r\n", "\n", "\x00", "\x1f", "\x7f", "\xff", "\u00e9", "\u017f", "\u212a", "{}", "[]", "\"\"", "[null]", "[\"a\",\"b\"]", "{\"a\":{\"b\":[1]}}",
	`"verb":"list"`, `"Verb":"list"`, `"verb":null`, `"kind":"Event",`, `,"user":{"username":"x"}`, `,"user":{"extra":{"authentication.kubernetes.io/pod-name":["p"]}}`,
	`,"responseObject":{"items":[1,2]}`, `"items":[],`, `"rows":[{}],`, `,"annotations":{"apiserver.latency.k8s.io/total":"1s"}`, `"sourceIPs":["1"],`, `"code":200`, `"code":2e2,`,
	`"objectRef":{"resource":"pods"},`, `"uid":"1",`, `"groups":[],`, `"apiGroup":"a",`, `"metadata":{},`,
}

// mutated is a line with some pieces of it cut out, doubled, moved, or others put in.
func mutated(r *rand.Rand, line []byte) []byte {
	b := bytes.Clone(line)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(b) + 1)
		to := min(len(b), at+r.IntN(40))
		switch r.IntN(6) {
		case 0:
			b = append(b[:at:at], b[to:]...)
		case 1:
			b = append(b[:to:to], b[at:]...)
		case 2: // a member or so, to somewhere else
			cut := bytes.Clone(b[at:to])
			other := r.IntN(len(b) + 1)
			b = append(append(b[:other:other], cut...), b[other:]...)
		default:
			piece := putIn[r.IntN(len(putIn))]
			if r.IntN(2) == 0 { // where it may well fit
				if i := bytes.IndexAny(b[at:], ",{["); i >= 0 {
					at += i + r.IntN(2)
				}
			}
			b = append(append(b[:at:at], piece...), b[at:]...)
		}
	}
	return b
}

// A longer run than that of every day: AUDITLOG_MUTATIONS=1000000 go test -run Mutated ./auditlog.
func TestScanOfMutatedLines(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("AUDITLOG_MUTATIONS"))
	seed := uint64(n)
	if err != nil {
		n, seed = 4000, 1
	}
	var lines [][]byte
	for _, name := range []string{"metadata.log", "request-response.log"} {
		for _, l := range recorded(t, name) {
			if len(l) < 3000 {
				lines = append(lines, l)
			}
		}
	}
	for _, tc := range hostile {
		if len(tc.line) < 1000 {
			lines = append(lines, []byte(tc.line))
		}
	}
	r := rand.New(rand.NewPCG(seed, 3))
	scanners := []*batch{{}, {scanner: scanner{below: kernels[1]}}, {scanner: scanner{below: kernels[2]}}}
	malformed := 0
	for range n {
		line := mutated(r, lines[r.IntN(len(lines))])
		s := scanners[r.IntN(len(scanners))]
		sameAsReference(t, &s.scanner, line)
		batchAsScan(t, s, append(append(line, '\n'), lines[r.IntN(len(lines))]...))
		if r.IntN(8) == 0 {
			longAsReference(t, line)
		}
		if s.scan(line, &event{}) != nil {
			malformed++
		}
	}
	if malformed < n/4 || malformed > n*7/8 {
		t.Errorf("got %d of %d lines malformed, want some of both", malformed, n)
	}
}
