//go:build e2e

package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"testing"

	"github.com/kaudit/kaudit/e2e/build"
)

var keepAll = flag.Bool("keep", false, "keep logs, audit logs and reports of tests that pass, too")

// programs is the directory of the built control plane.
var programs string

// olderAPIServer is the program of a kube-apiserver of build.Older.
var olderAPIServer string

func TestMain(m *testing.M) { os.Exit(runMain(m)) }

func runMain(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if programs, err = build.Programs(ctx, os.Stderr); err == nil {
		olderAPIServer, err = build.OlderAPIServer(ctx, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	dir, err := os.MkdirTemp("", "kaudit-e2e-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := buildKaudit(ctx, dir); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	return m.Run()
}

// workDir is a directory for a cluster, kept when the test fails: it holds the logs of every process.
func workDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kaudit-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() || *keepAll {
			t.Logf("logs are kept in %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
