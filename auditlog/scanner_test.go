package auditlog

import (
	"bytes"
	"os"
	"testing"
)

// recorded reads the lines of a log of a genuine kube-apiserver: testdata/README.md says of which.
func recorded(tb testing.TB, name string) [][]byte {
	tb.Helper()
	b, err := os.ReadFile("../testdata/audit/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
}

// A tally counts what a log holds, so that a field that is never read is missed.
type tally struct {
	events, lists, impersonated, pods, slow int
	items                                   int64
}

func TestScanReadsRecordedLogs(t *testing.T) {
	for _, tc := range []struct {
		file string
		want tally
	}{
		{"metadata.log", tally{events: 245, lists: 90, impersonated: 4, pods: 3, slow: 2}},
		{"request-response.log", tally{events: 109, lists: 55, impersonated: 2, pods: 2, slow: 1, items: 38}},
	} {
		var (
			s   scanner
			e   event
			got tally
		)
		for i, line := range recorded(t, tc.file) {
			if err := s.scan(line, &e); err != nil {
				t.Fatalf("%s:%d: %v", tc.file, i+1, err)
			}
			got.add(&e)
		}
		if got != tc.want {
			t.Errorf("%s: got %+v, want %+v", tc.file, got, tc.want)
		}
	}
}

func (c *tally) add(e *event) {
	if e.kind == kindEvent {
		c.events++
	}
	if string(e.verb) == "list" {
		c.lists++
		c.items += max(0, e.responseItems)
	}
	if len(e.impersonated) > 0 {
		c.impersonated++
	}
	if len(e.podName) > 0 && len(e.nodeName) > 0 {
		c.pods++
	}
	if len(e.latencyTotal) > 0 {
		c.slow++
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	var s scanner
	var e event
	for i, line := range recorded(t, "metadata.log") {
		if got := testing.AllocsPerRun(1, func() { _ = s.scan(line, &e) }); got != 0 {
			t.Errorf("line %d: got %v allocations, want none", i+1, got)
		}
	}
}
