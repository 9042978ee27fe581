package policy

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

type spaceParams struct {
	MaxUsed float64       `json:"maxUsed" doc:"a share"`
	Slow    time.Duration `json:"slow" doc:"a time"`
}

func (p spaceParams) Validate() error {
	if p.MaxUsed <= 0 || p.MaxUsed > 1 {
		return errors.New("maxUsed must be over 0 and at most 1")
	}
	return nil
}

func saysNothing[P any](*evidence.Snapshot, P) []checks.Verdict { return nil }

// known is a catalogue of three checks.
func known() []checks.Check {
	return []checks.Check{
		checks.New(checks.Spec{ID: "etcd-quota", Severity: checks.Warning}, struct{}{}, saysNothing[struct{}]),
		checks.New(checks.Spec{ID: "etcd-space", Severity: checks.Warning}, spaceParams{0.8, time.Second}, saysNothing[spaceParams]),
		checks.New(checks.Spec{ID: "config-drift", Severity: checks.Info}, struct{}{}, saysNothing[struct{}]),
	}
}

const whole = `# what we accept
apiVersion: kaudit.dev/v1
failOn: warning
kubernetesVersion: 1.30
checks:
  etcd-space: {severity: critical, params: {maxUsed: 0.7, slow: 5s}}
  "config-*": {enabled: false}
waivers:
  - {check: etcd-quota, cluster: "staging-*", subject: "etcd/old-*", file: "./manifests/old/**", reason: "replaced in  OPS-412", until: 2027-01-31}
  - check: etcd-*
    reason: &why tests
    until: 2027-01-31T12:00:00Z
  - check: config-drift
    subject: etcd/cp-1
    reason: *why
`

func TestParse(t *testing.T) {
	p, err := Parse("kaudit.yaml", []byte(whole), known())
	if err != nil {
		t.Fatal(err)
	}
	at := func(line int) evidence.Source {
		return evidence.Source{Via: evidence.ViaFile, From: "kaudit.yaml", Line: line, Column: 5}
	}
	want := []Waiver{
		{"etcd-quota", "staging-*", "etcd/old-*", "manifests/old/**", "replaced in OPS-412", time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC), at(9)},
		{"etcd-*", "", "", "", "tests", time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC), at(10)},
		{"config-drift", "", "etcd/cp-1", "", "tests", time.Time{}, at(13)},
	}
	if d := cmp.Diff(want, p.Waivers); d != "" {
		t.Errorf("waivers (-want +got):\n%s", d)
	}
	if got := p.FailOn + " " + p.KubernetesVersion; got != "warning 1.30" {
		t.Errorf("got %s, want warning 1.30", got)
	}
	if got := p.Told(); got != "2 settings of checks, 3 waivers, failOn warning, Kubernetes 1.30" {
		t.Errorf("got %q", got)
	}
	cs := p.Select(known())
	var got []string
	for _, c := range cs {
		got = append(got, c.ID+" "+c.Severity.String())
	}
	if d := cmp.Diff([]string{"etcd-quota warning", "etcd-space critical"}, got); d != "" {
		t.Errorf("selected (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]checks.Param{{Name: "maxUsed", Value: "0.7", Doc: "a share"}, {Name: "slow", Value: "5s", Doc: "a time"}}, cs[1].Params()); d != "" {
		t.Errorf("parameters (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"config-drift"}, p.Off(known())); d != "" {
		t.Errorf("off (-want +got):\n%s", d)
	}
}

func TestParseNothing(t *testing.T) {
	for _, text := range []string{"", "\n\n", "# only a comment\n", "---\n", "\ufeff", "{}", "checks: {}\nwaivers: []\n"} {
		p, err := Parse("kaudit.yaml", []byte(text), known())
		if err != nil || len(p.Select(known())) != 3 || p.Told() != "nothing" {
			t.Errorf("%q: got %v and %v, want a policy that changes nothing", text, p, err)
		}
	}
}

func TestAnIDStandsAbovePatterns(t *testing.T) {
	p, err := Parse("kaudit.yaml", []byte("checks: {etcd-space: {enabled: true}, '*': {enabled: false}}"), known())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"etcd-quota", "config-drift"}, p.Off(known())); d != "" {
		t.Errorf("off (-want +got):\n%s", d)
	}
}

func TestParseMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"wavers: []":                      `1:1: the file has no key "wavers"; did you mean waivers? there are apiVersion, failOn, kubernetesVersion, checks and waivers`,
		"- a":                             `1:1: the file is a list, where a map is wanted`,
		"hello":                           `1:1: the file is "hello", where a map is wanted`,
		"apiVersion: v2":                  `1:13: apiVersion is "v2"; this kaudit reads kaudit.dev/v1`,
		"failOn: warn":                    `1:9: failOn is "warn"; it takes critical, warning, info or never`,
		"failOn: critcal":                 `1:9: failOn is "critcal"; did you mean critical? it takes critical, warning, info or never`,
		"failOn: [info]":                  `1:9: failOn is a list, where a text is wanted`,
		"failOn:":                         `1:8: failOn is empty, where a text is wanted`,
		"failOn: ''":                      `1:9: failOn is empty`,
		"kubernetesVersion: latest":       `1:20: kubernetesVersion is "latest", which is none; write it as "1.31" or "1.31.4"`,
		"kubernetesVersion: 131":          `1:20: kubernetesVersion is a number, where a text is wanted; put it in quotes`,
		"a: [":                            `1:1: cannot be read as YAML: did not find expected node content`,
		"failOn: info\n\tx: y":            `2:1: cannot be read as YAML: found a tab character that violates indentation`,
		"failOn: info\n---\nfailOn: info": `2:1: a second document begins here; a kaudit.yaml has one`,
		"failOn: info\nfailOn: never":     `2:1: "failOn" is there twice: first in line 1`,

		"checks: [etcd-space]":                                           `1:9: checks is a list, where a map is wanted`,
		"checks: {etcd-spcae: {severity: info}}":                         `1:10: no check "etcd-spcae"; did you mean etcd-space? kaudit checks lists them all`,
		"checks: {etcd: {severity: info}}":                               `1:10: no check "etcd"; did you mean "etcd-*"? kaudit checks lists them all`,
		"checks: {'x*': {severity: info}}":                               `1:10: no check matches "x*"; kaudit checks lists them all`,
		"checks: {etcd-space: off}":                                      `1:22: etcd-space is "off", where a map is wanted; {enabled: false} turns a check off`,
		"checks: {etcd-space: }":                                         `1:22: etcd-space is empty, where a map is wanted; {enabled: false} turns a check off`,
		"checks: {etcd-space: {off: true}}":                              `1:23: etcd-space has no key "off"; there are enabled, severity and params`,
		"checks: {etcd-space: {enabled: no}}":                            `1:32: enabled is "no"; it takes true or false`,
		"checks: {etcd-space: {severity: off}}":                          `1:33: severity is "off"; it takes critical, warning or info, and enabled: false turns a check off`,
		"checks: {etcd-space: {severity: crit}}":                         `1:33: severity is "crit"; it takes critical, warning or info`,
		"checks: {etcd-space: {params: {maxused: 1}}}":                   `1:32: etcd-space has no parameter "maxused"; did you mean maxUsed? there are maxUsed and slow`,
		"checks: {etcd-quota: {params: {maxused: 1}}}":                   `1:32: etcd-quota has no parameter "maxused"; it has none`,
		"checks: {etcd-space: {params: {maxUsed: much}}}":                `1:41: maxUsed is "much"; it wants a number`,
		"checks: {etcd-space: {params: {maxUsed: .inf}}}":                `1:41: maxUsed is a number, which no parameter can be`,
		"checks: {etcd-space: {params: {slow: 5}}}":                      `1:38: slow is a number; it wants a time such as 10s or 5m`,
		"checks: {etcd-space: {params: {maxUsed: 7}}}":                   `1:31: parameters of etcd-space: maxUsed must be over 0 and at most 1`,
		"checks: {etcd-space: {params: [1]}}":                            `1:31: params of etcd-space is a list, where a map is wanted`,
		"checks: {'etcd-*': {params: {maxUsed: 1}}}":                     `1:29: params are of one check, and "etcd-*" is a pattern`,
		"checks: {? [a] : {}}":                                           `1:12: a key of checks is a list, where a name is wanted`,
		"checks: {etcd-space: &a {enabled: true}, etcd-quota: {<<: *a}}": `1:55: << is not read here; write the keys out`,

		"waivers: {}":                                                                  `1:10: waivers is a map, where a list is wanted`,
		"waivers: [x]":                                                                 `1:11: a waiver is "x", where a map is wanted`,
		"waivers: [{check: etcd-quota}]":                                               `1:11: a waiver gives no reason`,
		"waivers: [{reason: x}]":                                                       `1:11: a waiver names no check`,
		"waivers: [{check: etcd-quota, reason: ' '}]":                                  `1:39: reason is empty`,
		"waivers: [{check: etcd-quota, reason: 412}]":                                  `1:39: reason is a number, where a text is wanted; put it in quotes`,
		"waivers: [{check: etcd-qouta, reason: x}]":                                    `1:19: no check "etcd-qouta"; did you mean etcd-quota? kaudit checks lists them all`,
		"waivers: [{check: '*', reason: x}]":                                           `1:11: a waiver of every check needs a cluster, a subject or a file`,
		"waivers: [{check: etcd-quota, reason: x, until: 31.01.2027}]":                 `1:49: until is "31.01.2027", which is no date; write it as 2027-01-31`,
		"waivers: [{check: etcd-quota, reason: x, until: 2027-02-30}]":                 `1:49: until is "2027-02-30", which is no date; write it as 2027-01-31`,
		"waivers: [{check: etcd-quota, reason: x, utnil: 2027-01-01}]":                 `1:42: a waiver has no key "utnil"; did you mean until? there are check, cluster, subject, file, reason and until`,
		"waivers: [{check: etcd-quota, reason: x, file: /etc/x}]":                      `1:48: file is "/etc/x"; it is a pattern of paths below the folder of this file`,
		"waivers: [{check: etcd-quota, reason: x, file: a/../../x}]":                   `1:48: file is "a/../../x"; it is a pattern of paths below the folder of this file`,
		"waivers:\n- {check: etcd-quota, reason: x}\n- {check: etcd-quota, reason: y}": `3:3: this waiver accepts the same as the one of line 2`,
	} {
		_, err := Parse("k", []byte(text), known())
		got := ""
		if m := (*MistakesError)(nil); errors.As(err, &m) {
			got = strings.ReplaceAll(m.Error(), "k:", "")
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// All that is wrong is told at once, from the top to the end.
func TestParseAllMistakes(t *testing.T) {
	text := `failOn: critcal
checks:
  etcd-qouta: {severity: high, enabled: maybe}
  etcd-space: {params: {maxUsed: a lot, slow: 3, fast: 1s}}
waivers:
- {check: nothing, until: soon}
- {check: etcd-quota, cluster: [a], reason: x, reson: y}
`
	want := []string{
		`kaudit.yaml:1:9: failOn is "critcal"; did you mean critical? it takes critical, warning, info or never`,
		`kaudit.yaml:3:3: no check "etcd-qouta"; did you mean etcd-quota? kaudit checks lists them all`,
		`kaudit.yaml:3:26: severity is "high"; it takes critical, warning or info`,
		`kaudit.yaml:3:41: enabled is "maybe"; it takes true or false`,
		`kaudit.yaml:4:34: maxUsed is "a lot"; it wants a number`,
		`kaudit.yaml:4:47: slow is a number; it wants a time such as 10s or 5m`,
		`kaudit.yaml:4:50: etcd-space has no parameter "fast"; there are maxUsed and slow`,
		`kaudit.yaml:6:3: a waiver gives no reason`,
		`kaudit.yaml:6:11: no check "nothing"; kaudit checks lists them all`,
		`kaudit.yaml:6:27: until is "soon", which is no date; write it as 2027-01-31`,
		`kaudit.yaml:7:32: cluster is a list, where a text is wanted`,
		`kaudit.yaml:7:48: a waiver has no key "reson"; did you mean reason? there are check, cluster, subject, file, reason and until`,
	}
	_, err := Parse("kaudit.yaml", []byte(text), known())
	m := (*MistakesError)(nil)
	if !errors.As(err, &m) {
		t.Fatalf("got %v, want all mistakes", err)
	}
	if d := cmp.Diff(want, m.Lines()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("checks: {etcd-space: {params: {maxUsed: .nan, slow: [1, {a: b}]}}}"))
	f.Add([]byte("a: &a [*a, *a]\nchecks: *a\nwaivers: *a\n"))
	f.Add([]byte("waivers: [{check: \"\xff*\", reason: x}]\n---\n"))
	cs := known()
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("kaudit.yaml", data, cs)
		if m := (*MistakesError)(nil); errors.As(err, &m) {
			if len(m.List) == 0 {
				t.Error("got an error without a mistake")
			}
			for i, one := range m.List {
				if one.Line < 1 || one.Column < 1 || one.Text == "" || i > 0 && one.Line < m.List[i-1].Line {
					t.Errorf("got %v, want places in order, with a text", m.List)
				}
			}
			return
		}
		for _, w := range p.Waivers {
			if w.Check == "" || w.Reason == "" || w.Source.Line == 0 {
				t.Errorf("got %+v, want a check, a reason and a line", w)
			}
		}
		p.Select(cs)
		p.Apply([]checks.Result{{Check: cs[0], Verdicts: []checks.Verdict{checks.About("etcd/a").Find(checks.Info, "x")}}}, Scope{})
	})
}
