package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/auditlog"
	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/report"
)

// requestsOptions is what the flags of requests say.
type requestsOptions struct {
	*judging
	since, until   string
	user, resource string
	origin         string
}

func newRequestsCmd(e env) *cobra.Command {
	var o requestsOptions
	cmd := &cobra.Command{
		Use:   "requests LOG...",
		Short: "who sends the expensive LISTs: reads the audit logs of kube-apiserver",
		Long: `Requests reads audit logs of kube-apiserver and says which clients LIST and WATCH what, how, how often, since when, who has to
serve it (etcd or the watch cache, as the version of the servers decides), and what each client could do instead.

A LOG is a file, plain, .gz or .zst; a directory, which stands for all audit logs in it; or - for standard input. The servers of a
control plane each write a log of their own: give them all. Logs that are far apart are reduced where they lie, and their
reports (-o json) put together by requests merge.

With a --snapshot that collect wrote, or a cluster to ask (--kubeconfig, --context), the report knows how many objects each LIST
reads. A time is 2h or 3d (before now), 02:30 (UTC, the last one), or 2026-03-01T02:30Z.

Exit status: 0 the logs were read, 2 wrong usage or a log that cannot be read (the others are reported), 3 no audit event at all.`,
		Example: examples(e, "requests /var/log/kubernetes/audit.log", "requests --since 2h --snapshot cluster.json.gz /var/log/kubernetes/audit/",
			"requests --resource pods -o table -o json=requests.json audit-*.log.gz", "requests merge cp-1.json cp-2.json cp-3.json",
			"requests -o markdown - < audit.log"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.given(cmd); err != nil {
				return err
			}
			return fromOrigin(runRequests(cmd.Context(), e, o, args), o.origin)
		},
	}
	o.judging = judgingFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "only requests from this time on: 2h, 02:30, 2026-03-01T02:30Z")
	f.StringVar(&o.until, "until", "", "only requests up to this time")
	f.StringVar(&o.user, "user", "", "only requests of this user, or of those that begin so: system:serviceaccount:monitoring:*")
	f.StringVar(&o.resource, "resource", "", "only requests for this resource: pods, deployments.apps")
	f.StringVar(&o.origin, "origin", "", "where the logs are from, put before their names: every node has an audit.log")
	cmd.AddCommand(newRequestsMergeCmd(e), newRequestsJobCmd(e))
	return cmd
}

// filters reads the flags that leave requests out.
func (o requestsOptions) filters(now time.Time) (report.RequestFilters, error) {
	f := report.RequestFilters{User: o.user, Resource: o.resource}
	var err error
	if f.Since, err = moment("--since", o.since, now); err != nil {
		return f, err
	}
	if f.Until, err = moment("--until", o.until, now); err != nil {
		return f, err
	}
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return f, usage("--since %s is not before --until %s; both are UTC", f.Since.Format(time.RFC3339), f.Until.Format(time.RFC3339))
	}
	return f, nil
}

// runRequests finds every mistake in the options before it reads a log.
func runRequests(ctx context.Context, e env, o requestsOptions, logs []string) error {
	if len(logs) == 0 {
		return usage("name audit logs: %s requests /var/log/kubernetes/audit.log, files, directories, or - for standard input; %s requests --help shows more", e.name, e.name)
	}
	if _, err := os.Stat(logs[0]); err != nil {
		if near := checks.Nearest(logs[0], []string{"merge", "job"}); near != "" {
			return usage("no log %q; did you mean %s requests %s?", logs[0], e.name, near)
		}
	}
	filters, err := o.filters(time.Now())
	if err != nil {
		return err
	}
	outs, err := o.open()
	if err != nil {
		return err
	}
	defer discard(outs)
	beside, err := o.beside(ctx, e)
	if err != nil {
		return err
	}
	spareMemory() // not where a scan holds a whole snapshot beside, which alone may exceed the limit
	r, err := readLogs(ctx, e, logs, filters)
	if err != nil {
		return err
	}
	switch {
	case r.Events == 0:
		_ = unreadLogs(e, r) // that there is nothing at all says more
		return noEvents(logs, r.Malformed)
	case r.From.IsZero() && (!filters.Since.IsZero() || !filters.Until.IsZero()):
		return outside(ctx, e, logs, filters)
	}
	nameOrigin(r, o.origin)
	if err := o.write(e, outs, r, filters, beside); err != nil {
		return err
	}
	return unreadLogs(e, r)
}

// readLogs reduces the logs and shows how far it is.
func readLogs(ctx context.Context, e env, logs []string, f report.RequestFilters) (*evidence.Requests, error) {
	show, done := reading(e)
	defer done()
	r, err := auditlog.Read(ctx, logs, auditlog.Options{
		Stdin: e.stdin, Since: f.Since, Until: f.Until, User: f.User, Resource: f.Resource, Progress: show,
		Note: func(note string) { done(); fmt.Fprintf(e.stderr, "kaudit: %s\n", oneLine(note)) },
	})
	switch {
	case err == nil:
		return r, nil
	case errors.Is(err, context.Canceled):
		return nil, noAudit("interrupted before the logs were read; nothing was written")
	case !slices.ContainsFunc(logs, isFile):
		return nil, noAudit("%w; %s", err, whereLogs)
	}
	return nil, usage("%w", err)
}

// outside says why no request is in the time that was asked for, by another look at the logs.
func outside(ctx context.Context, e env, logs []string, f report.RequestFilters) error {
	var asked []string
	if !f.Since.IsZero() {
		asked = append(asked, "from "+f.Since.Format(time.RFC3339))
	}
	if !f.Until.IsZero() {
		asked = append(asked, "until "+f.Until.Format(time.RFC3339))
	}
	what := "no request " + strings.Join(asked, " ")
	if slices.Contains(logs, "-") {
		return noAudit("%s is in the logs", what)
	}
	all, err := readLogs(ctx, e, logs, report.RequestFilters{})
	if err != nil {
		return err
	}
	return noAudit("%s is in the logs: they are from %s to %s", what, all.Start().Format(time.RFC3339), all.To.Format(time.RFC3339))
}

// isFile reports whether a path is something else than a directory: the logs that somebody looks for in a
// directory may not be there, a file was named.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err != nil || !info.IsDir()
}

// unreadLogs says which logs were not read at all. That one is cut off happens, and stands in the report.
func unreadLogs(e env, r *evidence.Requests) error {
	unread := 0
	for _, l := range r.Logs {
		if l.Cut == "" || l.Events > 0 || l.Malformed > 0 {
			continue
		}
		unread++
		fmt.Fprintf(e.stderr, "kaudit: %s: %s\n", printableName(l.Name), oneLine(l.Cut))
	}
	if unread > 0 {
		return usage("%d of %d logs could not be read, and may hide requests; each is named above", unread, len(r.Logs))
	}
	return nil
}

// printableName is a name that a terminal may be shown.
func printableName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return strings.Trim(fmt.Sprintf("%q", name), `"`)
}

// reading shows on a terminal how far the reading is, in one line of standard error that is gone once
// done is called. Elsewhere it shows nothing.
func reading(e env) (show func(auditlog.Progress), done func()) {
	columns, ok := terminal(e.stderr)
	if !ok || e.getenv("TERM") == "dumb" {
		return nil, func() {}
	}
	began := time.Now()
	var last time.Time
	show = func(p auditlog.Progress) {
		now := time.Now()
		if now.Sub(last) < 100*time.Millisecond {
			return
		}
		last = now
		showLine(e.stderr, columns, readingLine(p, now.Sub(began)))
	}
	return show, func() { fmt.Fprint(e.stderr, "\r\x1b[K") }
}

func showLine(w io.Writer, columns int, line string) {
	fmt.Fprintf(w, "\r\x1b[K%.*s", columns-1, line)
}

// readingLine says how much was read and how fast.
func readingLine(p auditlog.Progress, took time.Duration) string {
	line := "reading: " + megabytes(float64(p.Read))
	if p.Total > 0 {
		line += fmt.Sprintf(" of %s, %.0f%%", megabytes(float64(p.Total)), 100*float64(p.Read)/float64(p.Total))
	}
	if took >= time.Second/2 {
		line += fmt.Sprintf(", %s/s", megabytes(float64(p.Read)/took.Seconds()))
	}
	return line
}

// megabytes prints a size as disks are sold.
func megabytes(n float64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f GB", n/1e9)
	}
	return fmt.Sprintf("%.0f MB", n/1e6)
}
