package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
)

func TestWithin(t *testing.T) {
	drift := checks.About("etcd", file("m/a.yaml", 1), file("m/b.yaml", 1)).Find(checks.Warning, "differs")
	waived := found("etcd/waived", checks.Info)
	waived.Waived = &checks.Waived{Reason: "x"}
	rs := results(found("etcd/a", checks.Warning), drift, waived, checks.About("etcd/c").Find(checks.Info, "stands nowhere"))
	got, left := Within(rs, func(path string) bool { return path == "m/b.yaml" })
	want := []string{"warning etcd-quota etcd: differs", "info etcd-quota etcd/c: stands nowhere"}
	if d := cmp.Diff(want, lines(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if left != 1 {
		t.Errorf("got %d left out, want the one that nobody accepted", left)
	}
	vs := got[0].Verdicts
	if last := vs[len(vs)-1]; last.Outcome != checks.NotApplicable || last.Subject+" "+last.Message != "other files 2 findings are not shown: in files that are not touched" {
		t.Errorf("got %+v, want the number of what is left out", last)
	}
	if len(got) != 3 || len(got[1].Verdicts) != 1 {
		t.Errorf("got %v, want the passes kept", got)
	}
}
