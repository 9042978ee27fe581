package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaudit/kaudit/checks"
)

func TestMarkdownStaysUnderWhatGitHubShows(t *testing.T) {
	a := quiet()
	for i := range 5000 {
		a.Results = append(a.Results, checks.Result{Check: testCheck("etcd-quota", "etcd", checks.Warning), Verdicts: []checks.Verdict{
			checks.About(fmt.Sprintf("etcd/cp-%d", i)).Find(checks.Warning, "keeps a quota of %d B", i),
			checks.About(fmt.Sprintf("etcd/ok-%d", i)).Pass("has a quota of %d GiB", i),
		}})
	}
	got := write(t, formatNamed(t, "markdown"), a, Options{})
	if len(got) > 1<<20 {
		t.Errorf("got %d bytes, want at most 1 MiB", len(got))
	}
	if n := strings.Count(got, "\n| warning |"); n != 5000 {
		t.Errorf("got %d rows, want all of them: they come first", n)
	}
	for _, want := range []string{" of 5000 findings are left out: GitHub", "\n5000 of 5000 lines are left out", "\nCost: "} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q at the end, want %q", got[len(got)-500:], want)
		}
	}
}

func formatNamed(t *testing.T, name string) Format {
	t.Helper()
	for _, f := range Formats() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("got no format %s", name)
	return Format{}
}
