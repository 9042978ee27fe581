//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A line of testdata/SCENARIO.txt expects one verdict:
//
//	STATUS  SEVERITY  CHECK  SUBJECT  # why, for whoever reviews it
//
// Where two statuses are as right, for it depends on who asked which instance how often, they are
// joined: "pass|not-applicable". Severity is that of a finding, else "-".
type line struct {
	status, severity, check, subject, comment string
}

func (l line) String() string {
	s := fmt.Sprintf("%-14s %-8s %-26s %s", l.status, l.severity, l.check, l.subject)
	if l.comment != "" {
		s += "  # " + l.comment
	}
	return s
}

func (l line) expects(got line) bool {
	return l.check == got.check && l.subject == got.subject &&
		slices.Contains(strings.Split(l.status, "|"), got.status) && (got.status != "finding" || l.severity == got.severity)
}

func parseLine(text string) (line, bool) {
	text, comment, _ := strings.Cut(text, "#")
	f := strings.Fields(text)
	if len(f) < 4 {
		return line{}, false
	}
	return line{f[0], f[1], f[2], strings.Join(f[3:], " "), strings.TrimSpace(comment)}, true
}

func byCheck(a, b line) int {
	return cmp.Or(cmp.Compare(a.check, b.check), cmp.Compare(a.subject, b.subject))
}

// lines are all verdicts of a report. Addresses differ from run to run and are replaced by names.
func (r report) lines(names *strings.Replacer) []line {
	var out []line
	for _, v := range r.Results {
		severity := v.Severity
		if severity == "" {
			severity = "-"
		}
		out = append(out, line{v.Status, severity, v.Check, names.Replace(v.Subject), ""})
	}
	slices.SortFunc(out, byCheck)
	return out
}

// wantVerdicts holds every verdict of a report against testdata/SCENARIO.txt: none may differ, be
// missing or be too many.
func wantVerdicts(t *testing.T, scenario string, r report, names *strings.Replacer) {
	t.Helper()
	for _, v := range r.Results {
		if v.Status == "broken" {
			t.Errorf("%s is broken: %s", v.Check, v.Message)
		}
	}
	path := filepath.Join("testdata", scenario+".txt")
	want := readLines(t, path)
	got := r.lines(names)
	var kept []line
	for _, g := range got {
		i := slices.IndexFunc(want, func(w line) bool { return w.expects(g) })
		if i >= 0 {
			kept = append(kept, want[i])
			want = slices.Delete(want, i, i+1)
			continue
		}
		kept = append(kept, g)
		if !*update {
			t.Errorf("%s: unexpected: %s\n\t%s", path, g, r.message(g, names))
		}
	}
	if *update {
		writeLines(t, path, kept)
		return
	}
	for _, w := range want {
		t.Errorf("%s: missing:    %s", path, w)
	}
}

// message is what a report says on a line.
func (r report) message(l line, names *strings.Replacer) string {
	for _, v := range r.Results {
		if v.Check == l.check && names.Replace(v.Subject) == l.subject {
			return v.Message
		}
	}
	return ""
}

func readLines(t *testing.T, path string) []line {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	var out []line
	for text := range strings.Lines(string(raw)) {
		if l, ok := parseLine(text); ok {
			out = append(out, l)
		}
	}
	return out
}

func writeLines(t *testing.T, path string, ls []line) {
	t.Helper()
	var b strings.Builder
	for _, l := range ls {
		fmt.Fprintln(&b, l)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
