package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// deliberate are the faults of testdata/example-repo, where they stand.
var deliberate = []string{
	"error clusters/eu/cp-1/kube-apiserver.yaml:26 etcd-events-separation",
	"error clusters/eu/cp-1/kube-apiserver.yaml:26 flag-value",
	"error clusters/eu/cp-3/kube-apiserver.yaml:27 flag-unknown",
	"warning clusters/eu/cp-2/etcd.yaml:32 etcd-quota",
}

func TestAction(t *testing.T) {
	tests := []struct {
		name       string
		inputs     map[string]string
		status     int
		want, lack []string // annotations
	}{
		{name: "the example", inputs: map[string]string{"paths": "clusters\n\ntemplates\n"}, status: 1, want: deliberate},
		{name: "bar", inputs: map[string]string{"fail-on": "never", "summary": "false"}, want: deliberate},
		{name: "branch", inputs: map[string]string{"changed-since": "main"}, status: 1, want: deliberate[2:3], lack: deliberate[:2]},
		{
			name: "text that a script would run", status: 2,
			inputs: map[string]string{"paths": "$(touch oops)\n--write-baseline=oops", "config": "`touch oops`", "fail-on": "\"; touch oops; \"", "kubernetes-version": "'; touch oops; '"},
		},
		{name: "no path", inputs: map[string]string{"paths": "\n"}, status: 2},
		{name: "no file for sarif", inputs: map[string]string{"sarif": "a\nstatus=0"}, status: 2},
		{name: "a path that is not there", inputs: map[string]string{"paths": "none"}, status: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			repo, github := exampleRepo(t), t.TempDir()
			put(t, filepath.Join(repo, "kaudit.sarif"), "of another run")
			stdout, status := runAction(t, repo, github, tt.inputs)
			if status != tt.status {
				t.Errorf("got exit status %d, want %d; output:\n%s", status, tt.status, stdout)
			}
			got := annotations(stdout)
			for _, a := range tt.want {
				if !slices.Contains(got, a) {
					t.Errorf("no annotation %q in:\n%s", a, stdout)
				}
			}
			for _, a := range tt.lack {
				if slices.Contains(got, a) {
					t.Errorf("unexpected annotation %q", a)
				}
			}
			if _, err := os.Stat(filepath.Join(repo, "oops")); err == nil {
				t.Error("an input was run")
			}
			if tt.want != nil {
				checkActionFiles(t, repo, github, tt.status, tt.inputs["summary"] != "false")
			} else if out := content(t, filepath.Join(github, "output")); strings.Contains(out, "sarif=") {
				t.Errorf("no report was written, got outputs %q", out)
			}
		})
	}
}

// checkActionFiles looks at what a run leaves behind for the steps after it and for people.
func checkActionFiles(t *testing.T, repo, github string, status int, summary bool) {
	t.Helper()
	want := "status=0\nsarif=kaudit.sarif\n"
	if status == 1 {
		want = "status=1\nsarif=kaudit.sarif\n"
	}
	if diff := cmp.Diff(want, content(t, filepath.Join(github, "output"))); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	var sarif struct {
		Version string
		Runs    []struct{ Results []json.RawMessage }
	}
	if err := json.Unmarshal([]byte(content(t, filepath.Join(repo, "kaudit.sarif"))), &sarif); err != nil || sarif.Version != "2.1.0" || len(sarif.Runs[0].Results) == 0 {
		t.Errorf("SARIF: %v, version %q", err, sarif.Version)
	}
	got := content(t, filepath.Join(github, "summary"))
	if summary != strings.Contains(got, "flag-unknown") || !summary && got != "" {
		t.Errorf("summary wanted: %t; got %q", summary, got)
	}
}

// TestActionInstall holds which kaudit a run takes, with a go that only says what it was asked for.
func TestActionInstall(t *testing.T) {
	tests := []struct{ name, version, asked, path string }{
		{"source of the action", "", "GOBIN= -C /action build -trimpath -o BIN/ ./cmd/kaudit\n", "BIN\n"},
		{"a version", "v1.2.3; touch oops", "GOBIN=BIN install github.com/kaudit/kaudit/cmd/kaudit@v1.2.3; touch oops\n", "BIN\n"},
		{"the one that is there", "none", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, filepath.Join(dir, "go"), "#!/bin/sh\necho \"GOBIN=$GOBIN $*\" >>\"$RUNNER_TEMP/asked\"\n")
			put(t, filepath.Join(dir, "asked"), "")
			put(t, filepath.Join(dir, "path"), "")
			out, status := inBash(t, dir, readAction(t).step(t, "install").Run,
				"PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "GOBIN=", "RUNNER_TEMP="+dir, "ACTION=/action",
				"GITHUB_PATH="+filepath.Join(dir, "path"), "KAUDIT_VERSION="+tt.version)
			if status != 0 {
				t.Fatalf("got exit status %d: %s", status, out)
			}
			bin := func(s string) string { return strings.ReplaceAll(s, "BIN", filepath.Join(dir, "kaudit-bin")) }
			want := [2]string{strings.ReplaceAll(tt.asked, "BIN/", bin("BIN")+"/"), bin(tt.path)}
			want[0] = strings.Replace(want[0], "=BIN", "="+bin("BIN"), 1)
			if diff := cmp.Diff(want, [2]string{content(t, filepath.Join(dir, "asked")), content(t, filepath.Join(dir, "path"))}); diff != "" {
				t.Errorf("go was asked, and PATH got (-want +got):\n%s", diff)
			}
		})
	}
}

// TestActionKeepsInputsOutOfScripts: an expression in a script is text of the script, whoever wrote it.
func TestActionKeepsInputsOutOfScripts(t *testing.T) {
	a := readAction(t)
	for _, s := range a.Runs.Steps {
		if strings.Contains(s.Run, "${{") || s.Uses != "" {
			t.Errorf("step %s has an expression in its script, or uses %q", s.ID, s.Uses)
		}
	}
	given := map[string]bool{}
	for _, s := range a.Runs.Steps {
		for _, v := range s.Env {
			given[v] = true
		}
	}
	for name := range a.Inputs {
		if !given["${{ inputs."+name+" }}"] {
			t.Errorf("no step is given the input %s", name)
		}
	}
}

func TestGitLabTemplate(t *testing.T) {
	var template struct {
		Kaudit struct {
			Script    []string
			Artifacts struct {
				When    string
				Reports map[string]string
			}
		}
	}
	readYAML(t, "../../deploy/gitlab-ci.yml", &template)
	job := template.Kaudit
	tests := []struct {
		name       string
		env        []string
		status     int
		want, lack []string // "path:line check"
	}{
		{"a branch", []string{"KAUDIT_PATHS=clusters\ntemplates\n"}, 1, places(deliberate), nil},
		{"a merge request", []string{"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main"}, 1, places(deliberate[2:3]), places(deliberate[:2])},
		{"a merge request of a fork", []string{"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=gone", "CI_MERGE_REQUEST_DIFF_BASE_SHA=main"}, 1, places(deliberate[2:3]), places(deliberate[:2])},
		{"all of a merge request", []string{"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main", "KAUDIT_CHANGED_SINCE=", "KAUDIT_FAIL_ON=never"}, 0, places(deliberate), nil},
		{"no path", []string{"KAUDIT_PATHS=\n"}, 2, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			repo := exampleRepo(t)
			inGit(t, repo, "update-ref", "refs/remotes/origin/main", "main")
			out, status := inBash(t, repo, strings.Join(job.Script, "\n"), tt.env...)
			if status != tt.status {
				t.Fatalf("got exit status %d, want %d; output:\n%s", status, tt.status, out)
			}
			if tt.want == nil {
				return
			}
			got := codeQuality(t, filepath.Join(repo, job.Artifacts.Reports["codequality"]))
			for _, w := range tt.want {
				if !slices.Contains(got, w) {
					t.Errorf("no entry at %s in %q", w, got)
				}
			}
			for _, l := range tt.lack {
				if slices.Contains(got, l) {
					t.Errorf("got %s, which the branch does not touch", l)
				}
			}
			if !strings.Contains(content(t, filepath.Join(repo, job.Artifacts.Reports["junit"])), "<testsuites") {
				t.Error("no JUnit report")
			}
		})
	}
	if job.Artifacts.When != "always" {
		t.Errorf("artifacts are kept %q, want always: a job that fails has the findings", job.Artifacts.When)
	}
}

func TestPreCommitHook(t *testing.T) {
	type hook struct {
		ID, Entry, Language string
		Args                []string
		PassFilenames       bool `yaml:"pass_filenames"`
	}
	var hooks []hook
	readYAML(t, "../../.pre-commit-hooks.yaml", &hooks)
	var used struct{ Repos []struct{ Hooks []hook } }
	readYAML(t, "../../testdata/example-repo/.pre-commit-config.yaml", &used)
	h, u := hooks[0], used.Repos[0].Hooks[0]
	if h.ID != u.ID || h.Language != "golang" || h.PassFilenames {
		t.Errorf("got hook %+v, used as %+v", h, u)
	}
	for _, args := range [][]string{h.Args, u.Args} {
		out, status := inBash(t, exampleRepo(t), h.Entry+" "+strings.Join(args, " "))
		if status != 1 || !strings.Contains(out, "clusters/eu/cp-3/kube-apiserver.yaml:27") {
			t.Errorf("%s: got exit status %d, want 1; output:\n%s", args, status, out)
		}
	}
}

// exampleRepo is a copy of testdata/example-repo in git, on a branch that touches one control-plane node.
func exampleRepo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/example-repo")); err != nil {
		t.Fatal(err)
	}
	touched := filepath.Join(dir, "clusters/eu/cp-3/kube-apiserver.yaml")
	faulty := content(t, touched)
	put(t, touched, strings.Replace(faulty, "--goaway-chanse", "--goaway-chance", 1))
	inGit(t, dir, "init", "-q", "-b", "main")
	inGit(t, dir, "add", ".")
	inGit(t, dir, "commit", "-q", "-m", "one")
	inGit(t, dir, "checkout", "-q", "-b", "topic")
	put(t, touched, faulty)
	inGit(t, dir, "commit", "-q", "-a", "-m", "two")
	return dir
}
