package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
)

var command = regexp.MustCompile(`^::(error|warning|notice) ([^:]*)::(.*)$`)

// parsed reads a workflow command as the runner does.
func parsed(t *testing.T, line string) (kind string, properties map[string]string, message string) {
	t.Helper()
	m := command.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("got %q, want a workflow command", line)
	}
	properties = map[string]string{}
	for pair := range strings.SplitSeq(m[2], ",") {
		name, value, _ := strings.Cut(pair, "=")
		properties[name] = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(value)
	}
	return m[1], properties, strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(m[3])
}

func TestGitHubReadsBackWhatWasFound(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(write(t, formatNamed(t, "github"), tree(), Options{})), "\n")
	kind, properties, message := parsed(t, lines[0])
	want := map[string]string{"file": "clusters/a b/100%: kube,apiserver.yaml", "line": "23", "title": "flag-unknown, prod-eu: kube-apiserver/cp-1"}
	if d := cmp.Diff(want, properties); d != "" || kind != "error" {
		t.Errorf("of %s (-want +got):\n%s", kind, d)
	}
	if !strings.Contains(message, "\nFix:\n  spec:\n") {
		t.Errorf("got %q, want the fix in lines of its own", message)
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "kaudit: 2 critical, 2 warnings, 1 info; ") {
		t.Errorf("got %q at the end, want how many there are", last)
	}
}

func TestGitHubShowsTheWorst(t *testing.T) {
	a := Audit{Results: []checks.Result{
		{Check: testCheck("etcd-quota", "etcd", checks.Warning)}, {Check: testCheck("etcd-space", "etcd", checks.Critical)},
	}}
	for i := range 11 {
		a.Results[0].Verdicts = append(a.Results[0].Verdicts, checks.About(fmt.Sprintf("etcd/%d", i)).Find(checks.Warning, "is small"))
	}
	a.Results[1].Verdicts = []checks.Verdict{checks.About("etcd/0").Find(checks.Critical, "is full\n::warning::no such")}
	got := strings.Split(write(t, formatNamed(t, "github"), a, Options{}), "\n")
	if len(got) != 14 || !strings.HasPrefix(got[0], "::error title=etcd-space") {
		t.Fatalf("got %d lines from %q on, want 12 findings, the critical one first, and their number", len(got), got[0])
	}
	if !strings.Contains(got[12], "GitHub shows the first 10") {
		t.Errorf("got %q, want what GitHub shows of 11", got[12])
	}
}
