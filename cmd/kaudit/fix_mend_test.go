package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/policy"
)

// wants is a check that wants changes of every kube-apiserver that has a setting, or lacks one.
func wants(id, name, value string, change func(checks.Verdict, string) checks.Verdict) checks.Check {
	return checks.New(checks.Spec{ID: id, Component: "kube-apiserver", Severity: checks.Warning, Needs: []evidence.Kind{evidence.KindAPIServerFlags}, Doc: "doc"}, struct{}{},
		func(s *evidence.Snapshot, _ struct{}) []checks.Verdict {
			var vs []checks.Verdict
			for o := range s.APIServerFlags.Seen() {
				bad := o.Value.Setting(name).Value == value
				vs = append(vs, change(checks.On(o).FindingIf(bad, "has %s=%s", name, value).WithFix("by hand"), o.Of))
			}
			return vs
		})
}

func TestMend(t *testing.T) {
	const manifest = `apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
  - name: kube-apiserver
    command:
    - kube-apiserver
    - --a-wrong=1 # one
    - --b-twice=1
    - --b-twice=2
    - --c=1
`
	rename := wants("one", "a-wrong", "1", func(v checks.Verdict, of string) checks.Verdict {
		return v.Unsetting(of, "a-wrong").Setting(of, "a-right", "1")
	})
	half := wants("half", "a-wrong", "1", func(v checks.Verdict, of string) checks.Verdict {
		return v.Unsetting(of, "a-wrong").Setting(of, "b-twice", "3")
	})
	c2 := wants("two", "c", "1", func(v checks.Verdict, of string) checks.Verdict { return v.Setting(of, "c", "2") })
	c3 := wants("three", "c", "1", func(v checks.Verdict, of string) checks.Verdict { return v.Setting(of, "c", "3") })
	next := wants("next", "c", "2", func(v checks.Verdict, of string) checks.Verdict { return v.Setting(of, "d", "1") })
	back := wants("back", "c", "2", func(v checks.Verdict, of string) checks.Verdict { return v.Setting(of, "c", "1") })
	of := "kube-apiserver/p"
	for _, tt := range []struct {
		name    string
		checks  []checks.Check
		old     string
		now     string
		refused map[string]string
	}{
		{"a setting takes the place of another", []checks.Check{rename}, "--a-wrong=1 # one", "--a-right=1 # one", nil},
		{"what belongs together is changed together or not at all", []checks.Check{half}, "", "", map[string]string{
			"a-wrong": "goes with b-twice, which is not touched", "b-twice": "p.yaml:8: it is given more than once",
		}},
		{"two want different values", []checks.Check{c2, c3}, "", "", map[string]string{"c": "two wants c=2, three wants c=3"}},
		{"what a change brings up is mended in turn", []checks.Check{c2, next}, "    - --c=1\n", "    - --c=2\n    - --d=1\n", nil},
		{"one wants back what another wants away", []checks.Check{c2, back}, "", "", map[string]string{"c": "two wants c=2, back wants c=1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("p.yaml", []byte(manifest), 0o600); err != nil {
				t.Fatal(err)
			}
			none, _ := policy.Parse("", nil, catalogue()) // nothing has no mistakes
			var stderr bytes.Buffer
			o := fixOptions{scanOptions: scanOptions{collection: &collection{}, files: &fileOptions{paths: []string{"p.yaml"}}, policy: &policyOptions{}}}
			m := &mender{e: env{stderr: &stderr}, o: o, checks: tt.checks, decided: decisions{Policy: none}, refused: map[setting]string{}, found: map[string][]byte{}}
			if err := m.mend(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, ok := m.texts.Changed["p.yaml"]
			if want := strings.Replace(manifest, tt.old, tt.now, 1); ok && string(got) != want || !ok && tt.old != "" {
				t.Errorf("(-want +got)\n%s", cmp.Diff(want, string(got)))
			}
			refused := map[string]string{}
			for s, why := range m.refused {
				refused[s.name] = why
				if s.subject != of {
					t.Errorf("got %s, want %s", s.subject, of)
				}
			}
			if d := cmp.Diff(tt.refused, refused); d != "" && len(tt.refused)+len(refused) > 0 {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// A file that changed while kaudit looked at it, or cannot be written, is named, and left as it is.
func TestWriteMended(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yaml")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	f := mendedFile{path: "a.yaml", real: path, old: []byte("older"), now: []byte("new")}
	if err := f.write(); err == nil || !strings.Contains(err.Error(), "write a.yaml: has changed since it was read") {
		t.Errorf("got %v, want it told that the file has changed", err)
	}
	f.old = []byte("old")
	if err := f.write(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "new" || info.Mode().Perm() != 0o640 {
		t.Errorf("got %q with mode %o, want new with mode 640", got, info.Mode().Perm())
	}
	f.real = filepath.Join(dir, "gone", "a.yaml")
	if err := f.write(); err == nil || !strings.Contains(err.Error(), "write a.yaml: no such file") {
		t.Errorf("got %v, want it told that the file is gone", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("got %v, want the file alone", left)
	}
}
