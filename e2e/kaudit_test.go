//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the verdicts that were given to testdata; read every line before keeping it")

// kaudit is the program under test, built as users get it.
var kaudit string

// buildKaudit builds it, unless KAUDIT_E2E_PROGRAM names one, such as a release.
func buildKaudit(ctx context.Context, dir string) error {
	if kaudit = os.Getenv("KAUDIT_E2E_PROGRAM"); kaudit != "" {
		return nil
	}
	kaudit = filepath.Join(dir, "kaudit")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", kaudit, "./cmd/kaudit")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // static, as released: it has to run in an image of its own
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build kaudit: %w\n%s", err, out)
	}
	return nil
}

// A report is what kaudit says to other programs.
type report struct {
	APIVersion, Kind string
	Target           struct {
		Name, KubernetesVersion, Distribution string
		Nodes                                 int
	}
	Summary map[string]int
	Results []verdict
	Cost    struct {
		APIRequests, KubeletRequests, EtcdRequests int
		APIBytes                                   int64
		Seconds                                    float64
	}
}

type verdict struct {
	Check, Component, Subject, Status, Severity, Message string
	Observed, Recommended, Fix, Unlock, Fingerprint      string
	References                                           []struct{ Title, URL string }
}

// ran is one run of kaudit.
type ran struct {
	code           int
	stdout, stderr string
	took           time.Duration
}

// runKaudit runs kaudit with no environment that could change what it sees.
func runKaudit(t *testing.T, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, kaudit, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"HOME=" + cmd.Dir, "PATH=" + os.Getenv("PATH")}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("kaudit %s: %v", strings.Join(args, " "), err)
	}
	return ran{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(start)}
}

// scan audits, and wants an audit: exit status 0 or 1.
func scan(t *testing.T, args ...string) report {
	t.Helper()
	r := runKaudit(t, append([]string{"scan", "-o", "json"}, args...)...)
	if r.code != 0 && r.code != 1 {
		t.Fatalf("kaudit scan %s: exit status %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	return parse(t, r.stdout)
}

func parse(t *testing.T, stdout string) report {
	t.Helper()
	var rep report
	if err := json.Unmarshal([]byte(stdout), &rep); err != nil {
		t.Fatalf("read the report: %v\n%.500s", err, stdout)
	}
	if got, want := rep.APIVersion+" "+rep.Kind, "kaudit.dev/v1 Report"; got != want {
		t.Fatalf("report is a %s, want %s", got, want)
	}
	if len(rep.Results) == 0 {
		t.Fatal("the report has no results")
	}
	return rep
}

// keep stores a report beside the logs, for whoever looks into a failure.
func keep(t *testing.T, dir, name string, r report) {
	t.Helper()
	raw, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}
