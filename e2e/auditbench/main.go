// Command auditbench measures how fast kaudit reads an audit log, beside encoding/json, sonic, fastjson and jq at the same
// question: LISTs with no resourceVersion, by user agent and resource. Each runs as a process of its own on one core and
// on two, over plain text in the page cache, and no table is printed unless all give the same answer. What
// kaudit reports of a log that this program made is held to what is known of it, client by client.
//
//	go run ./auditbench -size 300MiB
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

type options struct {
	size, level, repo, log, only string
	runs                         int
}

func main() {
	if len(os.Args) == 3 && strings.HasPrefix(os.Args[1], asFlag) { // one of the others, in a process of its own
		if err := answerAs(strings.TrimPrefix(os.Args[1], asFlag), os.Args[2], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "auditbench:", err)
			os.Exit(1)
		}
		return
	}
	var o options
	flag.StringVar(&o.size, "size", "300MiB", "of the log that is made")
	flag.StringVar(&o.level, "level", "metadata", "of the log that is made")
	flag.StringVar(&o.log, "log", "", "a log to read instead")
	flag.StringVar(&o.repo, "repo", "..", "the repository whose kaudit is measured")
	flag.StringVar(&o.only, "only", "", "what to measure, comma-separated; all without it")
	flag.IntVar(&o.runs, "runs", 3, "runs of each; the best is printed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "auditbench:", err)
		os.Exit(1)
	}
}

// asFlag names what this program is to be, before the log's name.
const asFlag = "-as="

func run(ctx context.Context, o options, out, log io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "kaudit-auditbench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	kaudit := filepath.Join(dir, "kaudit")
	if err := goBuild(ctx, o.repo, kaudit, "./cmd/kaudit"); err != nil {
		return err
	}
	path, truth := o.log, ""
	if path == "" {
		generate := filepath.Join(dir, "generate")
		if err := goBuild(ctx, o.repo, generate, "./auditlog/generate"); err != nil {
			return err
		}
		path, truth = filepath.Join(dir, "audit.log"), filepath.Join(dir, "truth.json")
		// fewer clients than kaudit keeps apart, so that its answer is exact
		cmd := exec.CommandContext(ctx, generate, "-size", o.size, "-level", o.level, "-clients", "100", "-o", path, "-truth", truth)
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("generate: %w\n%s", err, text)
		}
	}
	size, err := warm(path)
	if err != nil {
		return err
	}
	tools, err := toolsFor(kaudit, truth, o.only, log)
	if err != nil {
		return err
	}
	samples, err := measureAll(ctx, tools, path, o.runs, log)
	if err != nil {
		return err
	}
	return table(out, samples, size)
}

func goBuild(ctx context.Context, repo, out, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out, pkg)
	cmd.Dir = repo
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, text)
	}
	return nil
}

// warm reads the log once, so that it is in the page cache, and gives its size.
func warm(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // only read
	return io.Copy(io.Discard, f)
}
