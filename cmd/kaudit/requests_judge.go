package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/report"
	"github.com/kaudit/kaudit/requests"
)

// judging is what the flags of requests and of requests merge have in common: what is known beside the
// logs, and where reports go.
type judging struct {
	*collection
	live     bool // a flag names a cluster to ask
	outputs  []string
	top      int
	snapshot string
	versions []string
}

func judgingFlags(cmd *cobra.Command) *judging {
	j := &judging{collection: &collection{conn: connectionFlags(cmd, "user"), timeout: 2 * time.Minute}}
	f := cmd.Flags()
	f.StringArrayVarP(&j.outputs, "output", "o", []string{"table"}, "FORMAT or FORMAT=FILE, repeatable: "+strings.Join(requestFormats(), ", "))
	f.IntVar(&j.top, "top", 0, "so many of the worst clients, 0 for all (default 10; json has all)")
	f.StringVar(&j.snapshot, "snapshot", "", "a snapshot that collect wrote: the version of the servers, and how many objects there are")
	f.StringSliceVar(&j.versions, "server-version", nil, "of the servers that wrote the logs, 1.30; several during an upgrade (default: as the logs tell)")
	complete(cmd, "output", requestFormats()...)
	return j
}

// given notes which flags are there, and refuses those that contradict each other.
func (j *judging) given(cmd *cobra.Command) error {
	j.live = j.conn.given(cmd)
	switch top := cmd.Flags().Changed("top"); {
	case j.top < 0:
		return usage("--top %d is negative; 0 shows all clients", j.top)
	case top && j.top == 0:
		j.top = -1
	}
	if j.live && j.snapshot != "" {
		return usage("--snapshot was collected before, and --kubeconfig and its like name a cluster to ask now; choose one")
	}
	_, err := j.minors()
	return err
}

func requestFormats() []string {
	var names []string
	for _, f := range report.RequestFormats() {
		names = append(names, f.Name)
	}
	return names
}

func (j *judging) open() ([]output, error) { return openOutputs(j.outputs, requestFormats()) }

// minors are those that --server-version gives, ascending.
func (j *judging) minors() ([]int, error) {
	var out []int
	for _, text := range j.versions {
		v, ok := evidence.ParseSemver(strings.TrimSpace(text))
		if !ok || v.Major != 1 || v.Minor == 0 {
			return nil, usage("--server-version %q is no version of Kubernetes; write 1.30, or 1.30,1.31 during an upgrade", text)
		}
		out = append(out, v.Minor)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// beside is what is known beside the logs, without reading them.
func (j *judging) beside(ctx context.Context, e env) (requests.Options, error) {
	var o requests.Options
	switch {
	case j.snapshot != "":
		s, err := saved(e, j.snapshot)
		if err != nil {
			return o, err
		}
		o = requests.Options{Server: requests.FromSnapshot(s), Objects: s.ObjectCounts()}
		o.Server.From = "snapshot"
	case j.live:
		s, err := j.collect(ctx, e)
		if err != nil {
			return o, err
		}
		o = requests.Options{Server: requests.FromSnapshot(s), Objects: s.ObjectCounts()}
		o.Server.From = "cluster"
	}
	minors, err := j.minors()
	if len(minors) > 0 {
		o.Server.Minors, o.Server.From = minors, "given"
	}
	return o, err
}

// write judges what the logs told, and writes every output.
func (j *judging) write(e env, outs []output, r *evidence.Requests, f report.RequestFilters, beside requests.Options) error {
	rep := report.RequestReport{
		Kaudit: thisBuild().Version, Filters: f, Requests: r, Report: requests.Judge(r, beside), Objects: beside.Objects, Top: j.top,
	}
	if r.Lists.Total+r.Watches == 0 && (f.User != "" || f.Resource != "") {
		rep.Notes = []string{"no LIST or WATCH in the logs fits what was asked for; names are as users and resources have them: system:serviceaccount:NAMESPACE:NAME, pods, deployments.apps"}
	}
	return writeOutputs(e, outs, func(w io.Writer, format string, o report.Options) error {
		i := slices.Index(requestFormats(), format)
		return report.RequestFormats()[i].Write(w, rep, o)
	})
}
