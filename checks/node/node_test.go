package node

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// want runs a check as the engine does and compares outcome (severity of a finding) and subject.
func want(t *testing.T, s *evidence.Snapshot, c checks.Check, lines ...string) {
	t.Helper()
	s.Taken = now
	var got []string
	for _, v := range checks.Run(s, []checks.Check{c})[0].Verdicts {
		word := v.Outcome.String()
		if v.Outcome == checks.Finding {
			word = v.Severity.String()
		}
		got = append(got, word+" "+v.Subject)
	}
	if d := cmp.Diff(lines, got); d != "" {
		t.Errorf("verdicts (-want +got):\n%s", d)
	}
}

func nodes(ns ...evidence.Node) evidence.Observed[evidence.Nodes] {
	return evidence.See("nodes", evidence.Nodes{Items: ns}, evidence.Source{})
}
