package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
)

func TestExitStatus(t *testing.T) {
	about := checks.About("etcd/cp-1")
	result := func(vs ...checks.Verdict) []checks.Result {
		return []checks.Result{{Check: checks.Check{Spec: checks.Spec{ID: "etcd-space"}}, Verdicts: vs}}
	}
	pass, skip := about.Pass("is fine"), about.Skip("may not look").Unlocked("permission to look")
	warning, critical := about.Find(checks.Warning, "is full"), about.Find(checks.Critical, "is full")
	broken := checks.Verdict{Outcome: checks.Broken, Subject: "kaudit", Message: "fell over"}
	for name, tc := range map[string]struct {
		verdicts []checks.Verdict
		failOn   string
		strict   bool
		want     int
		says     string
	}{
		"all well":                             {[]checks.Verdict{pass}, "info", true, 0, ""},
		"a warning below the bar":              {[]checks.Verdict{warning}, "critical", false, 0, ""},
		"a warning at the bar":                 {[]checks.Verdict{warning}, "warning", false, 1, ""},
		"a warning above the bar":              {[]checks.Verdict{warning}, "info", false, 1, ""},
		"critical, never":                      {[]checks.Verdict{critical}, "never", false, 0, ""},
		"skipped is no failure":                {[]checks.Verdict{pass, skip}, "info", false, 0, ""},
		"skipped, strict":                      {[]checks.Verdict{pass, skip}, "info", true, 3, "etcd-space: permission to look"},
		"skipped and critical, strict":         {[]checks.Verdict{critical, skip}, "critical", true, 3, "permission to look"},
		"broken, strict":                       {[]checks.Verdict{pass, broken}, "info", true, 3, "fell over"},
		"nothing but skipped is no audit":      {[]checks.Verdict{skip}, "critical", false, 3, "nothing could be judged"},
		"not applicable is a judgement":        {[]checks.Verdict{about.NotApplicable("has none")}, "info", true, 0, ""},
		"a single skip beside a finding below": {[]checks.Verdict{warning, skip}, "critical", false, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bar, err := severityNamed(tc.failOn)
			if err != nil {
				t.Fatal(err)
			}
			err = exitStatus(result(tc.verdicts...), bar, tc.strict)
			got := 0
			if exit := (*exitError)(nil); errors.As(err, &exit) {
				got = exit.code
			}
			if got != tc.want {
				t.Errorf("got %d (%v), want %d", got, err, tc.want)
			}
			if err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %q, want %q in it", err, tc.says)
			}
		})
	}
}

func TestSelectChecks(t *testing.T) {
	var all []checks.Check
	for id, component := range map[string]string{"etcd-quota": "etcd", "etcd-space": "etcd", "kubelet-pleg": "kubelet"} {
		all = append(all, checks.Check{Spec: checks.Spec{ID: id, Component: component}})
	}
	for name, tc := range map[string]struct {
		only, skip string
		want       int
		err        string
	}{
		"all":                      {"", "", 3, ""},
		"one":                      {"etcd-quota", "", 1, ""},
		"a component":              {"etcd", "", 2, ""},
		"a pattern":                {"*-pleg", "", 1, ""},
		"but one":                  {"etcd-*", "etcd-space", 1, ""},
		"a typing mistake":         {"etcd-qouta", "", 0, `no check "etcd-qouta"; did you mean etcd-quota? kaudit checks lists them all`},
		"a pattern that fits none": {"", "scheduler-*", 0, `no check matches "scheduler-*"; kaudit checks lists them all`},
		"a broken pattern":         {"[", "", 0, `"[" is no pattern: syntax error in pattern; use * and ? as in a shell`},
		"none left":                {"kubelet", "kubelet", 0, "nothing to check: --only and --skip leave no check; kaudit checks lists them all"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := selectChecks(env{name: "kaudit"}, all, strings.Fields(tc.only), strings.Fields(tc.skip))
			if len(got) != tc.want || (err == nil) != (tc.err == "") || err != nil && err.Error() != tc.err {
				t.Errorf("got %d checks and %v, want %d and %q", len(got), err, tc.want, tc.err)
			}
		})
	}
}

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	link := filepath.Join(dir, "link.json")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	content := func() string {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	write := func(name string) *replacement {
		t.Helper()
		r, err := replaceFile(name, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.WriteString("new"); err != nil {
			t.Fatal(err)
		}
		return r
	}
	write(path).discard()
	if got := content(); got != "old" {
		t.Errorf("discarded: got %q, want what was there", got)
	}
	r := write(link)
	if got := content(); got != "old" {
		t.Errorf("half written: got %q, want what was there", got)
	}
	if err := r.commit(); err != nil {
		t.Fatal(err)
	}
	r.discard() // does nothing any more
	if got := content(); got != "new" {
		t.Errorf("committed: got %q, want new", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if d := cmp.Diff([]string{"link.json", "report.json"}, names); d != "" {
		t.Errorf("files left behind (-want +got):\n%s", d)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("got the link replaced, want its target (%v)", err)
	}
}
