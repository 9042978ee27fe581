package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/report"
	"github.com/kaudit/kaudit/requests"
)

func newRequestsMergeCmd(e env) *cobra.Command {
	var o *judging
	cmd := &cobra.Command{
		Use:   "merge REPORT...",
		Short: "one report of several, as if requests had read all their logs",
		Long: `Merge reads reports that requests wrote as json, each of the logs of another server or another day, and makes of them the
report that requests would make of all those logs. A file may hold several reports, one after the other, as kubectl logs prints
them; - is standard input.

What was left out of a report (--since, --user, --top and so on) is not in the merged one either: it is told.`,
		Example: examples(e, "requests merge cp-1.json cp-2.json cp-3.json", "requests merge --snapshot cluster.json.gz -o markdown cp-*.json",
			"requests merge -o json=all.json - < reports.json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.given(cmd); err != nil {
				return err
			}
			return runRequestsMerge(cmd.Context(), e, o, args)
		},
	}
	o = judgingFlags(cmd)
	return cmd
}

func runRequestsMerge(ctx context.Context, e env, o *judging, paths []string) error {
	if len(paths) == 0 {
		return usage("name the reports to merge; %s requests -o json=FILE LOG writes one", e.name)
	}
	outs, err := o.open()
	if err != nil {
		return err
	}
	defer discard(outs)
	var parts []report.RequestPart
	for i, path := range paths {
		if path == "-" && slices.Contains(paths[:i], "-") {
			return usage("- is given twice: standard input can be read once")
		}
		some, err := readRequests(e, path)
		if err != nil {
			return err
		}
		parts = append(parts, some...)
	}
	beside, err := o.beside(ctx, e)
	if err != nil {
		return err
	}
	for _, doubt := range doubts(parts) {
		fmt.Fprintf(e.stderr, "kaudit: %s\n", doubt)
	}
	all := &evidence.Requests{}
	for i := range parts {
		all.Merge(&parts[i].Requests)
	}
	if all.Events == 0 {
		return noAudit("no audit event in %s: the logs that they are of had none", checks.Count(len(parts), "report"))
	}
	return o.write(e, outs, all, commonFilters(parts), knownBeside(beside, parts))
}

func readRequests(e env, path string) ([]report.RequestPart, error) {
	r, name := e.stdin, "standard input"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, usage("read report %s: %w; %s requests -o json=%s LOG writes one", path, bare(err), e.name, path)
		}
		defer f.Close() //nolint:errcheck // only read
		r, name = f, path
	}
	parts, err := report.ReadRequests(&asides{r: bufio.NewReaderSize(r, 64<<10), to: e.stderr})
	if err != nil {
		return nil, usage("%s %w", name, err)
	}
	return parts, nil
}

// doubts are why a merged report may not say what one pass over all logs would.
func doubts(parts []report.RequestPart) []string {
	var out []string
	cut := 0
	type log struct {
		name          string
		bytes, events int64
	}
	seen := map[log]bool{}
	for _, p := range parts {
		if p.CutTo > 0 {
			cut++
		}
		for _, l := range p.Requests.Logs {
			same := log{l.Name, l.Bytes, l.Events}
			if seen[same] && l.Events > 0 && !withOrigin.MatchString(l.Name) {
				out = append(out, fmt.Sprintf("two reports tell of a log %s of %d bytes with %d events: if it is one log, its requests count twice", printableName(l.Name), l.Bytes, l.Events))
			}
			seen[same] = true
		}
	}
	out = append(out, readTwice(parts)...)
	if cut > 0 {
		out = append(out, fmt.Sprintf("%d of %d reports were cut by --top: clients beyond it are among the others, and those of other reports may lack some of their requests", cut, len(parts)))
	}
	if commonFilters(parts).Mixed {
		out = append(out, "the reports left out different requests (--since, --until, --user, --resource): their counts are not of one thing")
	}
	return out
}

// nearly is how far apart the times may be that reports of one --since 2h were cut at, each when it was made.
const nearly = 5 * time.Minute

// commonFilters are what all parts left out.
func commonFilters(parts []report.RequestPart) report.RequestFilters {
	f := parts[0].Filters
	for _, p := range parts[1:] {
		g := p.Filters
		if f.Mixed || g.Mixed || f.User != g.User || f.Resource != g.Resource || !near(f.Since, g.Since) || !near(f.Until, g.Until) {
			return report.RequestFilters{Mixed: true}
		}
		if g.Since.Before(f.Since) {
			f.Since = g.Since
		}
		if g.Until.After(f.Until) {
			f.Until = g.Until
		}
	}
	return f
}

func near(a, b time.Time) bool {
	return a.IsZero() == b.IsZero() && a.Sub(b).Abs() <= nearly
}

// knownBeside is what the parts knew beside their logs; what this run is given goes first.
func knownBeside(given requests.Options, parts []report.RequestPart) requests.Options {
	told := commonServer(parts)
	s := &given.Server
	if len(s.Minors) == 0 && told.From != "log" { // what the logs tell is told anew, by all of them
		s.Minors, s.From = told.Minors, told.From
	}
	for _, k := range []struct {
		to   *requests.Known
		from requests.Known
	}{
		{&s.WatchProgress, told.WatchProgress},
		{&s.ConsistentList, told.ConsistentList},
		{&s.Snapshots, told.Snapshots},
		{&s.WatchList, told.WatchList},
		{&s.WatchCache, told.WatchCache},
	} {
		*k.to = cmp.Or(*k.to, k.from)
	}
	if s.Uncached == nil && s.Cached == nil {
		s.Uncached, s.Cached = told.Uncached, told.Cached
	}
	if s.Groups == "" {
		s.Extended, s.Groups = told.Extended, told.Groups
	}
	if given.Objects != nil {
		return given
	}
	for _, p := range parts {
		for name, n := range p.Objects {
			if given.Objects == nil {
				given.Objects = map[string]float64{}
			}
			given.Objects[name] = max(given.Objects[name], n)
		}
	}
	return given
}

// commonServer is what all parts that know something of the servers agree on.
func commonServer(parts []report.RequestPart) requests.Server {
	var out requests.Server
	first := true
	for _, p := range parts {
		s := p.Server
		switch {
		case s.From == "" || s.From == "log":
			continue
		case first:
			out, first = s, false
			continue
		}
		if strings.HasPrefix(s.From, "log and ") { // one log of another version is enough
			out.From = s.From
		}
		out.Minors = slices.Compact(slices.Sorted(slices.Values(slices.Concat(out.Minors, s.Minors))))
		for _, k := range []struct {
			to *requests.Known
			is requests.Known
		}{
			{&out.WatchProgress, s.WatchProgress},
			{&out.ConsistentList, s.ConsistentList},
			{&out.Snapshots, s.Snapshots},
			{&out.WatchList, s.WatchList},
			{&out.WatchCache, s.WatchCache},
		} {
			if *k.to != k.is {
				*k.to = ""
			}
		}
		if !slices.Equal(out.Uncached, s.Uncached) || !slices.Equal(out.Cached, s.Cached) {
			out.Uncached, out.Cached = nil, nil
		}
		if out.Groups != s.Groups || !slices.Equal(out.Extended, s.Extended) {
			out.Extended, out.Groups = nil, ""
		}
	}
	return out
}
