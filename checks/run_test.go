package checks

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

type shareParams struct {
	MaxUsed float64 `json:"maxUsed" doc:"share that may be used"`
}

func (p shareParams) Validate() error {
	if p.MaxUsed <= 0 {
		return errors.New("maxUsed must be over 0")
	}
	return nil
}

func checking(spec Spec, run func(*evidence.Snapshot, shareParams) []Verdict) Check {
	spec.ID, spec.Severity = "etcd-test", Warning
	return New(spec, shareParams{0.8}, run)
}

func passAll(s *evidence.Snapshot, _ shareParams) []Verdict {
	var vs []Verdict
	for o := range s.EtcdStatus.Seen() {
		vs = append(vs, On(o).Pass("is fine"))
	}
	return vs
}

func lines(vs []Verdict) []string {
	var out []string
	for _, v := range vs {
		out = append(out, v.Outcome.String()+" "+v.Subject+": "+v.Message)
	}
	return out
}

func status(of string) evidence.Observed[evidence.EtcdStatus] {
	return evidence.See(of, evidence.EtcdStatus{}, evidence.Source{})
}

func noStatus(of string, why evidence.Why, note string) evidence.Observed[evidence.EtcdStatus] {
	return evidence.Miss[evidence.EtcdStatus](of, evidence.Gap{Why: why, Note: note}, evidence.Source{})
}

func noFlags(of, note string) evidence.Observed[evidence.Flags] {
	return evidence.Miss[evidence.Flags](of, evidence.Gap{Why: evidence.Forbidden, Note: note, Unlock: "get pods"}, evidence.Source{})
}

func TestRun(t *testing.T) {
	needs := Spec{Needs: []evidence.Kind{evidence.KindEtcdStatus}}
	anyOf := Spec{AnyOf: []evidence.Kind{evidence.KindEtcdStatus, evidence.KindEtcdFlags}}
	for name, tc := range map[string]struct {
		spec Spec
		run  func(*evidence.Snapshot, shareParams) []Verdict
		s    evidence.Snapshot
		want []string
	}{
		"two seen, one not": {
			needs, passAll,
			evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{status("etcd/a"), noStatus("etcd/b", evidence.Unreachable, "connection refused"), status("etcd/c")}},
			[]string{"pass etcd/a: is fine", "pass etcd/c: is fine", "skipped etcd/b: connection refused"},
		},
		"none seen": {
			needs, passAll,
			evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{noStatus("etcd", evidence.NotAsked, "no endpoints")}},
			[]string{"skipped etcd: no endpoints"},
		},
		"absent is not applicable": {
			needs, passAll,
			evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{noStatus("etcd", evidence.Absent, "managed")}},
			[]string{"not-applicable etcd: managed"},
		},
		"nobody collected":      {needs, passAll, evidence.Snapshot{}, []string{"skipped etcd.status: nobody collected etcd.status"}},
		"alternatives, unasked": {anyOf, passAll, evidence.Snapshot{}, []string{"skipped : nobody collected [etcd.status etcd.flags]"}},
		"an alternative makes up for a gap": {
			anyOf, passAll,
			evidence.Snapshot{
				EtcdStatus: evidence.Instances[evidence.EtcdStatus]{status("etcd/a")},
				EtcdFlags:  evidence.Instances[evidence.Flags]{noFlags("etcd", "forbidden")},
			},
			[]string{"pass etcd/a: is fine"},
		},
		"another component's word is not missed where there is better": {
			Spec{Component: "etcd", AnyOf: anyOf.AnyOf},
			passAll,
			evidence.Snapshot{
				EtcdStatus: evidence.Instances[evidence.EtcdStatus]{status("etcd/a")},
				EtcdFlags:  evidence.Instances[evidence.Flags]{noFlags("kube-apiserver/a", "forbidden"), noFlags("etcd/b", "forbidden")},
			},
			[]string{"pass etcd/a: is fine", "skipped etcd/b: forbidden"},
		},
		"another component's word is missed where there is none": {
			Spec{Component: "etcd", AnyOf: anyOf.AnyOf},
			passAll,
			evidence.Snapshot{EtcdFlags: evidence.Instances[evidence.Flags]{noFlags("kube-apiserver/a", "forbidden")}},
			[]string{"skipped kube-apiserver/a: forbidden"},
		},
		"no alternative shows it": {
			anyOf, passAll,
			evidence.Snapshot{
				EtcdStatus: evidence.Instances[evidence.EtcdStatus]{status("etcd/a"), noStatus("etcd/b", evidence.Unreachable, "refused")},
				EtcdFlags:  evidence.Instances[evidence.Flags]{noFlags("etcd/b", "forbidden")},
			},
			[]string{"pass etcd/a: is fine", "skipped etcd/b: refused; forbidden"},
		},
		"skipped outweighs not applicable": {
			anyOf, passAll,
			evidence.Snapshot{
				EtcdStatus: evidence.Instances[evidence.EtcdStatus]{noStatus("etcd/b", evidence.Absent, "none")},
				EtcdFlags:  evidence.Instances[evidence.Flags]{noFlags("etcd/b", "forbidden")},
			},
			[]string{"skipped etcd/b: none; forbidden"},
		},
		"silence is broken": {
			needs, func(*evidence.Snapshot, shareParams) []Verdict { return nil },
			evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{status("etcd/a")}},
			[]string{"broken kaudit: kaudit's own fault: the check said nothing"},
		},
		"a panic is broken, and hides no gap": {
			needs, func(*evidence.Snapshot, shareParams) []Verdict { panic("oops") },
			evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{status("etcd/a"), noStatus("etcd/b", evidence.Unreachable, "refused")}},
			[]string{"skipped etcd/b: refused", "broken kaudit: kaudit's own fault: oops"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := lines(Run(&tc.s, []Check{checking(tc.spec, tc.run)})[0].Verdicts)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}

func TestSeverityDefaultsToTheChecks(t *testing.T) {
	c := checking(Spec{Needs: []evidence.Kind{evidence.KindEtcdStatus}}, func(*evidence.Snapshot, shareParams) []Verdict {
		return []Verdict{About("a").FindingIf(true, "x"), About("b").Find(Critical, "y"), About("c").FindingIf(false, "z")}
	})
	s := &evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{status("etcd/a")}}
	var got []Severity
	for _, v := range Run(s, []Check{c})[0].Verdicts {
		got = append(got, v.Severity)
	}
	if d := cmp.Diff([]Severity{Warning, Critical, 0}, got); d != "" {
		t.Errorf("severities (-want +got):\n%s", d)
	}
}

func TestWith(t *testing.T) {
	c := checking(Spec{}, passAll)
	for raw, wantErr := range map[string]bool{
		`{"maxUsed": 0.5}`: false,
		`{"maxUsed": 0}`:   true, // refused by Validate
		`{"maxUsd": 0.5}`:  true, // no such parameter
		`[]`:               true,
	} {
		got, err := c.With(json.RawMessage(raw))
		if (err != nil) != wantErr {
			t.Errorf("With(%s): got error %v, want one: %t", raw, err, wantErr)
		}
		if err == nil && got.Params()[0].Value != "0.5" {
			t.Errorf("With(%s): got %v, want 0.5", raw, got.Params())
		}
	}
	if got := c.Params()[0]; got != (Param{"maxUsed", "0.8", "share that may be used"}) {
		t.Errorf("got %v: another check's parameters changed this one's", got)
	}
}

func TestPage(t *testing.T) {
	c := checking(Spec{Doc: "# Title here\n\n## Why\n\nBecause.\n\n## References\n\n- [One](https://a.example/x#L1-L2)\n- [Two](https://b.example)\n"}, passAll)
	if got := c.Title(); got != "Title here" {
		t.Errorf("got title %q", got)
	}
	if got := c.Section("Why"); got != "Because." {
		t.Errorf("got section %q", got)
	}
	if got := c.Section("Absent"); got != "" {
		t.Errorf("got section %q, want none", got)
	}
	want := []Reference{{"One", "https://a.example/x#L1-L2"}, {"Two", "https://b.example"}}
	if d := cmp.Diff(want, c.References()); d != "" {
		t.Errorf("references (-want +got):\n%s", d)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 2 << 30: "2 GiB", -5: "-5 B"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d): got %q, want %q", n, got, want)
		}
	}
}
