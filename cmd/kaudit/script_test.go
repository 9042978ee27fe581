package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kaudit": main, "kubectl-kaudit": main})
}

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: goEnv,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}

// goEnv is what scripts that run the go command need: its cache, no network, kaudit's path, and the shapes of the
// Kubernetes clients that vet is tested with.
func goEnv(e *testscript.Env) error {
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return err
	}
	stubs, err := filepath.Abs("../../vet/testdata/src")
	if err != nil {
		return err
	}
	kaudit, err := exec.LookPath("kaudit")
	if err != nil {
		return err
	}
	e.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
	e.Setenv("GOPROXY", "off")
	e.Setenv("CGO_ENABLED", "0")
	e.Setenv("VETSTUBS", stubs)
	e.Setenv("KAUDIT", kaudit)
	return nil
}

// status runs a program and wants one exit status: "status 2 kaudit scan --only none".
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE PROGRAM ARG...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("got exit status %d, want %s", got, args[0])
	}
}
