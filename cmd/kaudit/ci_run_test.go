package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// actionFile is what the tests need of action.yml.
type actionFile struct {
	Inputs map[string]struct{ Default string }
	Runs   struct{ Steps []actionStep }
}

type actionStep struct {
	ID, Run, Uses string
	Env           map[string]string
}

func readAction(t *testing.T) actionFile {
	t.Helper()
	var a actionFile
	readYAML(t, "../../action.yml", &a)
	return a
}

func (a actionFile) step(t *testing.T, id string) actionStep {
	t.Helper()
	for _, s := range a.Runs.Steps {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("action.yml has no step %s", id)
	return actionStep{}
}

var inputExpression = regexp.MustCompile(`^\$\{\{ inputs\.(\S+) \}\}$`)

// runAction runs the step that scans as a runner does: inputs that are not given have their default.
func runAction(t *testing.T, repo, github string, inputs map[string]string) (string, int) {
	t.Helper()
	a := readAction(t)
	env := []string{"RUNNER_TEMP=" + github}
	for _, f := range []string{"output", "summary"} {
		put(t, filepath.Join(github, f), "")
	}
	env = append(env, "GITHUB_OUTPUT="+filepath.Join(github, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(github, "summary"))
	step := a.step(t, "scan")
	for name, value := range step.Env {
		if m := inputExpression.FindStringSubmatch(value); m != nil {
			input, ok := a.Inputs[m[1]]
			if !ok {
				t.Fatalf("action.yml has no input %s", m[1])
			}
			value = input.Default
			if given, ok := inputs[m[1]]; ok {
				value = given
			}
		}
		env = append(env, name+"="+value)
	}
	return inBash(t, repo, step.Run, env...)
}

// inBash runs a script as GitHub and GitLab do, and returns what it prints and its exit status.
func inBash(t *testing.T, dir, script string, env ...string) (string, int) {
	t.Helper()
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "HOME="+t.TempDir()), env...)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		t.Fatalf("run bash: %v", err)
	}
	return string(out), 0
}

func inGit(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", args, err, out)
	}
}

var annotation = regexp.MustCompile(`(?m)^::(\w+) file=([^,]+),line=(\d+),(?:col=\d+,)?title=([a-z-]+)`)

// annotations are those of files, as "error path:line check".
func annotations(stdout string) []string {
	var out []string
	for _, m := range annotation.FindAllStringSubmatch(stdout, -1) {
		out = append(out, fmt.Sprintf("%s %s:%s %s", m[1], m[2], m[3], m[4]))
	}
	return out
}

// places are annotations without their kind.
func places(annotations []string) []string {
	var out []string
	for _, a := range annotations {
		_, place, _ := strings.Cut(a, " ")
		out = append(out, place)
	}
	return out
}

// codeQuality reads the entries of GitLab's report as "path:line check".
func codeQuality(t *testing.T, file string) []string {
	t.Helper()
	var entries []struct {
		Check    string `json:"check_name"`
		Location struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	if err := json.Unmarshal([]byte(content(t, file)), &entries); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, fmt.Sprintf("%s:%d %s", e.Location.Path, e.Location.Lines.Begin, e.Check))
	}
	return out
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(content(t, file)), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func content(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// put writes a file that may be run.
func put(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}
