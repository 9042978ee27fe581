// Package auditgen writes audit logs as a kube-apiserver would, of any size, and counts what is in them without reading
// them: tests and benchmarks hold the reader of package auditlog to it.
package auditgen

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Options are what a log is like. The same options give the same bytes.
type Options struct {
	Seed    uint64
	Level   string  // one of Levels
	Version string  // one of Versions, of the server and the parts of its control plane
	Format  string  // one of Formats
	Stages  string  // one of Stages
	Clients int     // workloads with a service account of their own, beside the parts that every cluster has
	Nodes   int     // kubelets and agents of DaemonSets
	Skew    float64 // of Zipf's law, by which clients are busy: over 1; the higher, the more do the first of them
	Rate    float64 // requests a second, on average
	Start   time.Time
}

// Levels are those of policies: metadata, request and requestresponse for all; mixed is as in a common policy: secrets by metadata,
// reads without answers, writes with what was sent and answered.
var Levels = []string{"mixed", "metadata", "request", "requestresponse"}

// Versions are the minor versions whose habits are known.
var Versions = []string{"1.37", "1.30"}

// Formats are v1 as of today's servers, v1beta1 as until 1.23, and eventlist: the bodies that an audit webhook is sent, one a line.
var Formats = []string{"v1", "v1beta1", "eventlist"}

// Stages are which lines a request gets: common leaves out RequestReceived as nearly every policy does; all has it.
var Stages = []string{"common", "all"}

// Defaults are a busy cluster of 500 nodes.
func Defaults() Options {
	return Options{
		Seed: 1, Level: "mixed", Version: "1.37", Format: "v1", Stages: "common", Clients: 400, Nodes: 500, Skew: 1.3, Rate: 2000,
		Start: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC),
	}
}

func (o Options) validate() error {
	var errs []error
	for _, c := range []struct {
		name, got string
		of        []string
	}{{"level", o.Level, Levels}, {"version", o.Version, Versions}, {"format", o.Format, Formats}, {"stages", o.Stages, Stages}} {
		if !slices.Contains(c.of, c.got) {
			errs = append(errs, fmt.Errorf("%s is %q, want one of %q", c.name, c.got, c.of))
		}
	}
	if o.Clients < 1 || o.Nodes < 1 {
		errs = append(errs, fmt.Errorf("%d clients and %d nodes, want at least one of each", o.Clients, o.Nodes))
	}
	if o.Skew <= 1 || o.Rate <= 0 {
		errs = append(errs, fmt.Errorf("a skew of %v and a rate of %v, want over 1 and over 0", o.Skew, o.Rate))
	}
	return errors.Join(errs...)
}
