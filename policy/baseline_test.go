package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

func found(subject string, s checks.Severity) checks.Verdict {
	return checks.About(subject, file("m/etcd.yaml", 16)).Find(s, "is low")
}

func TestBaseline(t *testing.T) {
	waived := found("etcd/waived", checks.Warning)
	waived.Waived = &checks.Waived{Reason: "x", By: "kaudit.yaml:3"}
	kept := found("etcd/kept", checks.Warning)
	kept.Waived = &checks.Waived{Reason: "x", By: ByBaseline}
	b := NewBaseline("base.json", results(found("etcd/same", checks.Warning), found("etcd/worse", checks.Info), found("etcd/better", checks.Critical),
		found("etcd/skipped", checks.Info), found("etcd/gone", checks.Info), waived, kept, checks.About("etcd/passed").Pass("fine")))
	now := results(found("etcd/same", checks.Warning), found("etcd/worse", checks.Critical), found("etcd/better", checks.Info), found("etcd/new", checks.Info),
		found("etcd/waived", checks.Warning), found("etcd/kept", checks.Warning), found("etcd/passed", checks.Info), checks.About("etcd/skipped").Skip("is a template"))
	want := []string{
		"warning etcd-quota etcd/same: is low [baseline, was there before: base.json]",
		"critical etcd-quota etcd/worse: is low; in the baseline it was info",
		"info etcd-quota etcd/better: is low [baseline, was there before: base.json]",
		"info etcd-quota etcd/new: is low",
		"warning etcd-quota etcd/waived: is low",
		"warning etcd-quota etcd/kept: is low [baseline, was there before: base.json]",
		"info etcd-quota etcd/passed: is low",
	}
	if d := cmp.Diff(want, lines(b.Accept(now))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := b.Gone(now); got != 1 {
		t.Errorf("got %d gone, want etcd/gone alone", got)
	}
	if got := b.Gone(now[1:]); got != 0 {
		t.Errorf("got %d gone where the check did not run, want none", got)
	}
	if got := b.Gone(results(checks.About("etcd").Skip("needs a live cluster"))); got != 0 {
		t.Errorf("got %d gone where nothing could be judged, want none", got)
	}
	elsewhere := results(found("etcd/same", checks.Warning))
	elsewhere[0].Cluster = "dev"
	if got := lines(b.Accept(elsewhere)); !cmp.Equal(got, []string{"warning etcd-quota etcd/same: is low"}) {
		t.Errorf("got %q, want nothing accepted in another of two clusters", got)
	}
	for i := range elsewhere {
		elsewhere[i].Cluster = "checkout-42"
	}
	if got := b.Accept(elsewhere)[0].Verdicts[0]; got.Waived == nil {
		t.Errorf("got %+v, want it accepted: one cluster, in another folder", got)
	}
	if got := b.Gone(elsewhere); got != 5 {
		t.Errorf("got %d gone of one cluster in another folder, want all but one", got)
	}
	var none *Baseline
	if got := lines(none.Accept(now)); len(got) != 7 || none.Gone(now) != 0 {
		t.Errorf("got %q of no baseline, want what was given", got)
	}
}

func TestKnown(t *testing.T) {
	waived := found("etcd/a", checks.Warning)
	waived.Waived = &checks.Waived{Reason: "x"}
	b := checks.About("etcd/b", evidence.Source{Via: evidence.ViaFile, From: "m", Line: 3, At: time.Unix(1, 0)}, evidence.Source{Via: evidence.ViaFile, From: "m", Line: 4}, evidence.Source{Via: "etcd"})
	got := Known([]checks.Result{
		{Check: known()[1], Cluster: "prod", Verdicts: []checks.Verdict{found("etcd/z", checks.Info), b.Find(checks.Info, "is low").Saw("1 GiB").WithFix("grow it"), b.Pass("x")}},
		{Check: known()[0], Cluster: "prod", Verdicts: []checks.Verdict{waived}},
		{Check: known()[2], Cluster: "dev", Verdicts: []checks.Verdict{found("etcd/a", checks.Info)}},
	})
	want := []string{"info config-drift etcd/a: is low", "info etcd-space etcd/b: is low", "info etcd-space etcd/z: is low"}
	if d := cmp.Diff(want, lines(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	bare := checks.Verdict{
		Outcome: checks.Finding, Severity: checks.Info, Subject: "etcd/b", Message: "is low", Observed: "1 GiB",
		Seen: []checks.Evidence{{Source: evidence.Source{Via: evidence.ViaFile, From: "m"}}},
	}
	if d := cmp.Diff(bare, got[1].Verdicts[0]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
