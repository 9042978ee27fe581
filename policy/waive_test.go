package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

var now = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

func file(path string, line int) evidence.Source {
	return evidence.Source{Via: evidence.ViaFile, From: path, Line: line}
}

func policyOf(t *testing.T, text string) Policy {
	t.Helper()
	p, err := Parse("kaudit.yaml", []byte(text), known())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// results are one verdict of every check for cluster "prod", and a second of etcd-quota.
func results(quota ...checks.Verdict) []checks.Result {
	rs := []checks.Result{{Cluster: "prod", Verdicts: quota}, {Cluster: "prod"}, {Cluster: "prod"}}
	for i, c := range known() {
		rs[i].Check = c
		if i > 0 {
			rs[i].Verdicts = []checks.Verdict{checks.About("etcd/cp-1", file("m/etcd.yaml", 3)).Pass("fine")}
		}
	}
	return rs
}

func lines(rs []checks.Result) []string {
	var out []string
	for _, r := range rs {
		for _, v := range r.Verdicts {
			if v.Outcome != checks.Finding {
				continue
			}
			line := fmt.Sprintf("%s %s %s: %s", v.Severity, r.Check.ID, v.Subject, v.Message)
			if w := v.Waived; w != nil {
				line += fmt.Sprintf(" [%s, %s]", w.By, w.Reason)
			}
			out = append(out, line)
		}
	}
	return out
}

func TestApply(t *testing.T) {
	low := checks.About("etcd/cp-1", file("m/etcd.yaml", 16)).Find(checks.Warning, "is low")
	remark := func(r evidence.Remark) []evidence.Remark {
		r.Source, r.FirstLine, r.LastLine = file("m/etcd.yaml", 15), 16, 16
		return []evidence.Remark{r}
	}
	for name, tc := range map[string]struct {
		policy  string
		remarks []evidence.Remark
		want    []string
	}{
		"no policy": {"", nil, []string{"warning etcd-quota etcd/cp-1: is low"}},
		"a severity replaces the finding's own": {
			"checks: {etcd-quota: {severity: critical}}", nil, []string{"critical etcd-quota etcd/cp-1: is low"},
		},
		"accepted": {
			"waivers: [{check: etcd-quota, cluster: 'pr*', subject: 'etcd/*', file: 'm/*.yaml', reason: OPS-1}]", nil,
			[]string{"warning etcd-quota etcd/cp-1: is low [kaudit.yaml:1, OPS-1]"},
		},
		"of another check": {
			"waivers: [{check: config-drift, reason: OPS-1}]", nil,
			[]string{"warning etcd-quota etcd/cp-1: is low", "info waivers waiver of config-drift in kaudit.yaml: matches no finding"},
		},
		"of another cluster, subject and file": {
			"waivers: [{check: etcd-quota, cluster: dev, reason: a}, {check: etcd-quota, subject: etcd, reason: b}, {check: etcd-quota, file: '*.yaml', reason: c}]", nil,
			[]string{
				"warning etcd-quota etcd/cp-1: is low",
				"info waivers waiver of etcd-quota (cluster dev) in kaudit.yaml: matches no cluster; there is prod",
				"info waivers waiver of etcd-quota (subject etcd) in kaudit.yaml: matches no finding",
				"info waivers waiver of etcd-quota (file *.yaml) in kaudit.yaml: matches no finding",
			},
		},
		"until today": {
			"waivers: [{check: etcd-quota, reason: OPS-1, until: 2026-10-01}]", nil,
			[]string{"warning etcd-quota etcd/cp-1: is low [kaudit.yaml:1, OPS-1]"},
		},
		"over since yesterday": {
			"waivers: [{check: etcd-quota, reason: OPS-1, until: 2026-09-30}]", nil,
			[]string{
				"warning etcd-quota etcd/cp-1: is low; its waiver, kaudit.yaml:1, ran out on 2026-09-30",
				"info waivers waiver of etcd-quota in kaudit.yaml: ran out on 2026-09-30; 1 finding counts again",
			},
		},
		"over, but another one holds": {
			"waivers: [{check: etcd-quota, reason: OPS-1, until: 2026-09-30}, {check: 'etcd-*', reason: OPS-2}]", nil,
			[]string{
				"warning etcd-quota etcd/cp-1: is low [kaudit.yaml:1, OPS-2]",
				"info waivers waiver of etcd-quota in kaudit.yaml: ran out on 2026-09-30; 1 finding counts again",
			},
		},
		"over, and of nothing": {
			"waivers: [{check: etcd-space, reason: OPS-1, until: 2026-09-30}]", nil,
			[]string{
				"warning etcd-quota etcd/cp-1: is low",
				"info waivers waiver of etcd-space in kaudit.yaml: ran out on 2026-09-30, and matches no finding",
			},
		},
		"in the file": {
			"", remark(evidence.Remark{Check: "etcd-quota", Reason: "grown soon"}),
			[]string{"warning etcd-quota etcd/cp-1: is low [m/etcd.yaml:15, grown soon]"},
		},
		"in the file, of another check": {
			"", remark(evidence.Remark{Check: "config-*", Reason: "x"}),
			[]string{"warning etcd-quota etcd/cp-1: is low", "info waivers waiver of config-* in m/etcd.yaml: matches no finding"},
		},
		"in the file, mistyped": {
			"", remark(evidence.Remark{Check: "etcd-qouta", Reason: "x"}),
			[]string{"warning etcd-quota etcd/cp-1: is low", `info waivers waiver of etcd-qouta in m/etcd.yaml: accepts nothing: no check "etcd-qouta"; did you mean etcd-quota? kaudit checks lists them all`},
		},
		"in the file, without a reason": {
			"", remark(evidence.Remark{Check: "etcd-quota", Mistake: "gives no reason; add -- and why"}),
			[]string{"warning etcd-quota etcd/cp-1: is low", `info waivers waiver of etcd-quota in m/etcd.yaml: accepts nothing: it gives no reason; add -- and why`},
		},
		"the check of waivers set": {
			"checks: {waivers: {severity: warning}}\nwaivers: [{check: config-drift, reason: OPS-1}]", nil,
			[]string{"warning etcd-quota etcd/cp-1: is low", "warning waivers waiver of config-drift in kaudit.yaml: matches no finding"},
		},
		"the check of waivers off": {
			"checks: {waivers: {enabled: false}}\nwaivers: [{check: config-drift, reason: OPS-1}]", nil, []string{"warning etcd-quota etcd/cp-1: is low"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rs := results(low)
			got := policyOf(t, tc.policy).Apply(rs, Scope{Now: now, Remarks: tc.remarks, Files: true, Whole: true})
			if d := cmp.Diff(tc.want, lines(got)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if d := cmp.Diff([]string{"warning etcd-quota etcd/cp-1: is low"}, lines(rs)); d != "" {
				t.Errorf("what was given (-want +got):\n%s", d)
			}
		})
	}
}

// A waiver is called unused only if all that it speaks of was judged.
func TestUnused(t *testing.T) {
	pass := checks.About("etcd/cp-1", file("m/etcd.yaml", 16)).Pass("is fine")
	skip := checks.About("etcd/cp-2", file("m/other.yaml", 16)).Skip("is a template")
	whole := checks.About("etcd").Skip("needs a live cluster")
	const byCheck, bySubject, byCluster, byFile = "{check: etcd-quota, reason: x}", "{check: etcd-quota, subject: etcd/cp-1, reason: x}",
		"{check: etcd-quota, cluster: dev, reason: x}", "{check: etcd-quota, file: m/etcd.yaml, reason: x}"
	files, part, live := Scope{Files: true, Whole: true}, Scope{Files: true}, Scope{}
	for name, tc := range map[string]struct {
		waiver string
		scope  Scope
		rs     []checks.Result
		want   bool
	}{
		"all judged":                        {byCheck, files, results(pass), true},
		"some files only":                   {byCheck, part, results(pass), false},
		"live":                              {byCheck, live, results(pass), true},
		"live, of a file":                   {byFile, live, results(pass), false},
		"of a file":                         {byFile, files, results(pass), true},
		"one subject skipped":               {byCheck, files, results(pass, skip), false},
		"another subject skipped":           {bySubject, files, results(pass, skip), true},
		"the whole skipped":                 {bySubject, files, results(pass, whole), false},
		"the check did not run":             {byCheck, files, results(pass)[1:], false},
		"a cluster that is not in the tree": {byCluster, files, results(pass), true},
		"a cluster that was not asked":      {byCluster, live, results(pass), false},
		"a pattern, and one of its checks did not run": {"{check: 'etcd-*', reason: x}", files, results(pass)[:1], false},
		"a pattern": {"{check: 'etcd-*', reason: x}", files, results(pass), true},
	} {
		got := policyOf(t, "waivers: ["+tc.waiver+"]").Apply(tc.rs, tc.scope)
		if told := len(got) > len(tc.rs); told != tc.want {
			t.Errorf("%s: told %v, want %v: %v", name, told, tc.want, lines(got))
		}
	}
}

func TestUnusedRemark(t *testing.T) {
	pass := checks.About("etcd/cp-1", file("m/etcd.yaml", 16)).Pass("is fine")
	elsewhere := checks.Result{Check: known()[0], Cluster: "dev", Verdicts: []checks.Verdict{checks.About("etcd").Skip("needs a live cluster")}}
	r := evidence.Remark{Check: "etcd-quota", Reason: "x", Source: file("m/etcd.yaml", 15), FirstLine: 16, LastLine: 16}
	for name, tc := range map[string]struct {
		rs   []checks.Result
		want int
	}{
		"its cluster was judged":        {append(results(pass), elsewhere), 1},
		"its cluster was not":           {results(checks.About("etcd/cp-1", file("m/etcd.yaml", 16)).Skip("is a template")), 0},
		"nothing was read of its file":  {[]checks.Result{elsewhere}, 0},
		"two clusters share the remark": {results(pass), 1},
	} {
		got := policyOf(t, "").Apply(tc.rs, Scope{Files: true, Remarks: []evidence.Remark{r, r}})
		if n := len(lines(got)); n != tc.want {
			t.Errorf("%s: got %d, want %d: %v", name, n, tc.want, lines(got))
		}
	}
}

func TestTwoRemarksOfOneFile(t *testing.T) {
	r := evidence.Remark{Check: "etcd-quota", Reason: "x", Source: file("m/etcd.yaml", 1), FirstLine: 1, LastLine: 1}
	other := r
	other.Source.Line, other.FirstLine, other.LastLine = 2, 2, 2
	got := lines(policyOf(t, "").Apply(results(checks.About("etcd/cp-1", file("m/etcd.yaml", 16)).Pass("x")), Scope{Remarks: []evidence.Remark{r, other}}))
	if len(got) != 2 || !strings.Contains(got[1], "in m/etcd.yaml, number 2: ") {
		t.Errorf("got %q, want two subjects", got)
	}
}

func TestGlob(t *testing.T) {
	for _, tc := range []struct {
		pattern, name string
		path, want    bool
	}{
		{"", "anything", false, true},
		{"*", "etcd/cp-1", false, true},
		{"etcd/*", "etcd/cp-1 quota", false, true},
		{"etcd/cp-?", "etcd/cp-10", false, false},
		{"a[0]", "a[0]", false, true},
		{"a[0]", "a0", false, false},
		{"a.b", "axb", false, false},
		{"m/*", "m/a.yaml", true, true},
		{"m/*", "m/x/a.yaml", true, false},
		{"m/**", "m/x/a.yaml", true, true},
		{"**/a.yaml", "a.yaml", true, true},
		{"**/a.yaml", "x/y/a.yaml", true, true},
		{"**/a.yaml", "x/ba.yaml", true, false},
		{"m/?.yaml", "m//.yaml", true, false},
		{"\xff", "\xff", false, false},
	} {
		g := globOf(tc.pattern)
		if tc.path {
			g = pathGlob(tc.pattern)
		}
		if got := g.match(tc.name); got != tc.want {
			t.Errorf("%q on %q: got %v, want %v", tc.pattern, tc.name, got, tc.want)
		}
	}
}

func TestCheckPage(t *testing.T) {
	if c := Check(); len(c.Title()) < 10 || len(c.References()) == 0 {
		t.Errorf("got title %q and references %v, want both", c.Title(), c.References())
	}
}
