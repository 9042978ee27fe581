// Command generate writes an audit log as a kube-apiserver would, of any size, to try kaudit requests on.
//
//	go run ./auditlog/generate -size 1GiB -o audit.log -truth truth.json
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/auditlog/auditgen"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(2)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	o := auditgen.Defaults()
	fs := flag.NewFlagSet("generate", flag.ContinueOnError)
	fs.SetOutput(stderr)
	size := fs.String("size", "100MiB", "bytes to write, at least: 300MiB, 10GB")
	out := fs.String("o", "-", "file to write; - is standard output")
	truth := fs.String("truth", "", "file for what a reader should find, as JSON")
	fs.Uint64Var(&o.Seed, "seed", o.Seed, "the same seed gives the same log")
	fs.StringVar(&o.Level, "level", o.Level, strings.Join(auditgen.Levels, ", "))
	fs.StringVar(&o.Version, "version", o.Version, "of the server: "+strings.Join(auditgen.Versions, ", "))
	fs.StringVar(&o.Format, "format", o.Format, strings.Join(auditgen.Formats, ", "))
	fs.StringVar(&o.Stages, "stages", o.Stages, "common (no RequestReceived), all")
	fs.IntVar(&o.Clients, "clients", o.Clients, "workloads with an account of their own")
	fs.IntVar(&o.Nodes, "nodes", o.Nodes, "nodes, each with a kubelet and agents")
	fs.Float64Var(&o.Skew, "skew", o.Skew, "how unlike the clients are in their traffic: Zipf's exponent, over 1")
	fs.Float64Var(&o.Rate, "rate", o.Rate, "requests a second")
	if err := fs.Parse(args); err != nil {
		return err
	}
	n, err := bytesOf(*size)
	if err != nil {
		return err
	}
	g, err := auditgen.New(o)
	if err != nil {
		return err
	}
	if err := writeLog(g, n, *out, stdout); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	if *truth == "" {
		return nil
	}
	b, err := json.MarshalIndent(g.Truth(), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(*truth, append(b, '\n'), 0o600)
}

func writeLog(g *auditgen.Generator, size int64, path string, stdout io.Writer) (err error) {
	w := stdout
	if path != "-" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // as the server's own
		if err != nil {
			return err
		}
		defer func() {
			if closed := f.Close(); err == nil {
				err = closed
			}
		}()
		w = f
	}
	return auditgen.Write(w, g, size)
}

// bytesOf reads a size as people write it.
func bytesOf(s string) (int64, error) {
	units := []struct {
		name string
		n    float64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"", 1}}
	for _, u := range units {
		if number, ok := strings.CutSuffix(s, u.name); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || n < 0 {
				break
			}
			return int64(n * u.n), nil
		}
	}
	return 0, fmt.Errorf("size %q, want a number of bytes such as 300MiB or 10GB", s)
}
