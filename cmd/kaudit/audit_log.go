package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/report"
	"github.com/kaudit/kaudit/requests"
)

// ofLogs is how a report calls audit logs as a whole.
const ofLogs = "audit logs"

// logAlone reports whether audit logs are all there is to judge: no cluster is asked because a kubeconfig lies about.
func (o scanOptions) logAlone() bool {
	return len(o.auditLogs) > 0 && o.snapshot == "" && !o.demo && !o.live && len(o.etcdEndpoints) == 0
}

// validateLogs refuses what would not be an audit of one cluster, and standard input: it has no end on a terminal, and
// is a snapshot's or a file's.
func (o scanOptions) validateLogs() error {
	switch {
	case len(o.auditLogs) == 0:
		return nil
	case o.demo:
		return usage("--demo is a recorded cluster, and --audit-log is of another; leave one of them out")
	case slices.Contains(o.auditLogs, "-"):
		return usage("--audit-log takes files and directories; for a log on standard input there is: kaudit requests -")
	case slices.Contains(o.auditLogs, ""):
		return usage("--audit-log names no file; give it a file or a directory")
	}
	for _, path := range o.auditLogs {
		if _, err := os.Stat(path); err != nil {
			return usage("--audit-log %s: %w; %s", path, bare(err), whereLogs)
		}
	}
	return nil
}

// readAuditLogs adds what the audit logs tell to a snapshot. They are not saved in one: collect reads none.
func (o scanOptions) readAuditLogs(ctx context.Context, e env, s *evidence.Snapshot) error {
	if len(o.auditLogs) == 0 {
		return nil
	}
	r, err := readLogs(ctx, e, o.auditLogs, report.RequestFilters{})
	if err != nil {
		return err
	}
	if r.Events == 0 && o.logAlone() && len(o.files.paths) == 0 {
		return noEvents(o.auditLogs, r.Malformed)
	}
	var names []string
	for _, l := range r.Logs {
		names = append(names, l.Name)
	}
	const most = 3
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("%d more", len(names)-most))
	}
	s.Requests = evidence.See(ofLogs, *r, evidence.Source{Via: "audit log", From: strings.Join(names, ", ")})
	return nil
}

// noneLogged is how a scan ends whose logs have no event in them, beside what else it judged: as with a wrong file. An empty
// log is told, as one that has just begun looks the same.
func (o scanOptions) noneLogged(e env, r *evidence.Requests) error {
	if r.Events > 0 {
		return nil
	}
	err := noEvents(o.auditLogs, r.Malformed)
	if r.Malformed > 0 {
		return usage("%w", err)
	}
	fmt.Fprintf(e.stderr, "kaudit: %s\n", err)
	return nil
}

// noCluster is a snapshot of no cluster, for audit logs alone.
func noCluster() *evidence.Snapshot {
	s := &evidence.Snapshot{Schema: evidence.Schema, Kaudit: thisBuild().Version, Taken: time.Now()}
	s.Cluster.Name = ofLogs
	s.MissRest(evidence.Gap{Why: evidence.NotAsked, Note: "no cluster was asked, only audit logs were read", Unlock: "--kubeconfig or --context of the cluster, or --snapshot FILE of it"})
	return s
}

// readingLogs are the checks that audit logs alone let say something.
func readingLogs(cs []checks.Check) []checks.Check {
	return slices.DeleteFunc(slices.Clone(cs), func(c checks.Check) bool { return !slices.Contains(c.Kinds(), evidence.KindRequests) })
}

// untold leaves out what files say nothing of and logs are asked next: it would be skipped twice.
func untold(results []checks.Result, logs []checks.Check) []checks.Result {
	return slices.DeleteFunc(results, func(r checks.Result) bool {
		asked := slices.ContainsFunc(logs, func(c checks.Check) bool { return c.ID == r.Check.ID })
		return asked && !slices.ContainsFunc(r.Verdicts, func(v checks.Verdict) bool { return v.Outcome != checks.Skipped })
	})
}

// versionsInLog is the version of the target that logs alone tell: that of the servers that wrote them.
func versionsInLog(r *evidence.Requests) string {
	if s := requests.FromLog(r); len(s.Minors) > 0 {
		return s.Versions()
	}
	return ""
}
