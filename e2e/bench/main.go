// Command bench measures what an audit costs on a genuine control plane: time, memory, requests and
// bytes on the wire, with nodes and pods written straight into etcd. It prints a table.
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
	"text/tabwriter"
	"time"

	"github.com/kaudit/kaudit/e2e/build"
	"github.com/kaudit/kaudit/e2e/loopback"
)

type options struct {
	sizes   string
	windows string
	runs    int
	repo    string
	keep    bool
}

func main() {
	var o options
	flag.StringVar(&o.sizes, "sizes", "500/5000,5000/100000", "NODES/PODS, comma-separated")
	flag.StringVar(&o.windows, "windows", "0s,10s", "values of kaudit's --window, comma-separated")
	flag.IntVar(&o.runs, "runs", 3, "runs of each; the median by time is printed")
	flag.StringVar(&o.repo, "repo", "..", "the repository whose kaudit is measured")
	flag.BoolVar(&o.keep, "keep", false, "keep logs and audit logs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures every size in a cluster of its own.
func run(ctx context.Context, o options, out, log io.Writer) (err error) {
	bin, err := build.Programs(ctx, log)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "kaudit-bench-")
	if err != nil {
		return err
	}
	if !o.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	kaudit := os.Getenv("KAUDIT_E2E_PROGRAM")
	if kaudit == "" {
		kaudit = filepath.Join(dir, "kaudit")
		cmd := exec.CommandContext(ctx, "go", "build", "-o", kaudit, "./cmd/kaudit")
		cmd.Dir = o.repo
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build kaudit: %w\n%s", err, text)
		}
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "nodes\tpods\twindow\twall\tbeyond the window\tCPU\tmemory\trequests\tfor sampled nodes\ton the wire\texit\t")
	for size := range strings.SplitSeq(o.sizes, ",") {
		var nodes, pods int
		if _, err := fmt.Sscanf(size, "%d/%d", &nodes, &pods); err != nil {
			return fmt.Errorf("size %q: want NODES/PODS", size)
		}
		if err := measure(ctx, o, bin, kaudit, filepath.Join(dir, fmt.Sprint(nodes)), nodes, pods, t, log); err != nil {
			return err
		}
	}
	return t.Flush()
}

// measure fills one cluster and audits it.
func measure(ctx context.Context, o options, bin, kaudit, dir string, nodes, pods int, out, log io.Writer) error {
	c, err := loopback.Start(ctx, loopback.Config{
		Bin: bin, Dir: dir,
		Flags: map[string][]string{
			"etcd": {"--quota-backend-bytes=8589934592", "--unsafe-no-fsync"},
			// Nobody sends heartbeats for these nodes, so nobody may act on that.
			"kube-controller-manager": {"--controllers=-node-lifecycle-controller,-taint-eviction-controller"},
		},
	})
	if err != nil {
		return err
	}
	defer c.Close()
	start := time.Now()
	if err := fill(ctx, c, nodes, pods); err != nil {
		return err
	}
	fmt.Fprintf(log, "%d nodes and %d pods written in %s\n", nodes, pods, time.Since(start).Round(time.Second))
	// The servers' caches and the controllers come to rest.
	if err := settle(ctx, c, pods); err != nil {
		return err
	}
	m, err := newMeter(ctx, c)
	if err != nil {
		return err
	}
	defer m.close()
	for text := range strings.SplitSeq(o.windows, ",") {
		window, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		s, err := m.median(ctx, o.runs, kaudit, window)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d\t%d\t%s\t%.2f s\t%.2f s\t%.2f s\t%d MB\t%d\t%d\t%.2f MB\t%d\t\n", nodes, pods, window,
			s.wall.Seconds(), (s.wall - window).Seconds(), s.cpu.Seconds(), s.memory>>20, s.requests, s.sampled, float64(s.bytes)/1e6, s.code)
	}
	return nil
}
