package main

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/configfile"
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/policy"
	"github.com/kaudit/kaudit/report"
)

// scanOptions is what the flags of scan say.
type scanOptions struct {
	*collection
	files      *fileOptions
	policy     *policyOptions
	demo       bool
	snapshot   string
	auditLogs  []string
	outputs    []string
	only, skip []string
	failOn     string
	strict     bool
	live       bool // a flag names a cluster to ask
}

func newScanCmd(e env) *cobra.Command {
	var o scanOptions
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "collect, check and report",
		Long: `Scan reads what the checks need from the cluster that kubectl would talk to, judges it, and reports. It sends nothing but
reads. Evidence that cannot be had makes a check skipped, with the reason; nothing passes unseen.`,
		Example: examples(e, "scan", "scan --context prod -o table -o json=report.json", "scan --only 'etcd-*' --fail-on warning",
			"scan --etcd-endpoints https://10.0.0.1:2379 --etcd-cacert ca.crt --etcd-cert client.crt --etcd-key client.key", "scan --snapshot cluster.json.gz", "scan --snapshot cluster.json.gz --audit-log /var/log/kubernetes/audit/", "scan --demo"),
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := exclusive(cmd, o.collection, o.demo, o.snapshot, o.files.paths); err != nil {
				return err
			}
			o.live = o.conn.given(cmd)
			return runScan(cmd.Context(), e, o)
		},
	}
	o.collection = collectionFlags(cmd)
	o.files = fileFlags(cmd)
	o.policy = policyFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.demo, "demo", false, "judge a snapshot recorded from a real cluster, inside this program")
	f.StringVar(&o.snapshot, "snapshot", "", "judge a snapshot that collect wrote; - is standard input")
	f.StringArrayVar(&o.auditLogs, "audit-log", nil, "audit log of a kube-apiserver, plain, .gz or .zst, or a directory of them, repeatable: who sends the LISTs; alone, no cluster is asked")
	f.StringArrayVarP(&o.outputs, "output", "o", []string{"table"}, "FORMAT or FORMAT=FILE, repeatable: "+strings.Join(formatNames(), ", "))
	f.StringSliceVar(&o.only, "only", nil, "only these checks: ids, patterns (etcd-*) or components")
	f.StringSliceVar(&o.skip, "skip", nil, "all but these checks")
	f.StringVar(&o.failOn, "fail-on", "critical", "exit with 1 from this severity on: critical, warning, info, never")
	f.BoolVar(&o.strict, "strict", false, "exit with 3 if a check could not get its evidence")
	completeChecks(cmd, "only", "skip")
	complete(cmd, "output", formatNames()...)
	complete(cmd, "fail-on", "critical", "warning", "info", "never")
	return cmd
}

func formatNames() []string {
	var names []string
	for _, f := range report.Formats() {
		names = append(names, f.Name)
	}
	return names
}

// runScan finds every mistake in the options before it asks a cluster for anything.
func runScan(ctx context.Context, e env, o scanOptions) error {
	if _, err := severityNamed(o.failOn); err != nil {
		return err
	}
	cs, err := selectChecks(e, catalogue(), o.only, o.skip)
	if err != nil {
		return err
	}
	if err := cmp.Or(o.validate(), o.files.validate(), o.validateLogs()); err != nil {
		return err
	}
	decided, err := o.decisions(e)
	if err != nil {
		return err
	}
	if cs, err = decided.checks(cs); err != nil {
		return err
	}
	decided.setVersion(o.files)
	bar, err := severityNamed(decided.failOn(o))
	if err != nil {
		return err
	}
	changed, err := o.touched(ctx)
	if err != nil {
		return err
	}
	before, err := o.known(e)
	if err != nil {
		return err
	}
	defer before.discard()
	outs, err := openOutputs(o.outputs, formatNames())
	if err != nil {
		return err
	}
	defer discard(outs)
	audit, tree, logs, err := o.audit(ctx, e, cs)
	if err != nil {
		return err
	}
	if audit, err = before.apply(e, decided.apply(o, audit, tree)); err != nil {
		return err
	}
	audit = changed.only(e, audit)
	if err := writeAudit(e, outs, audit, bar); err != nil {
		return err
	}
	err = exitStatus(audit.Results, bar, o.strict)
	if n := unread(tree); n > 0 {
		return usage("%s of files could not be read, and may hide findings; each is named above", checks.Count(n, "part"))
	}
	if logs != nil {
		return cmp.Or(unreadLogs(e, logs), o.noneLogged(e, logs), err)
	}
	return err
}

// audit judges what the options name. Files are judged beside a live cluster or audit logs.
func (o scanOptions) audit(ctx context.Context, e env, cs []checks.Check) (report.Audit, *configfile.Tree, *evidence.Requests, error) {
	var a report.Audit
	tree := &configfile.Tree{}
	began := time.Now()
	if len(o.files.paths) > 0 {
		var err error
		if tree, err = o.files.readFiles(ctx, e, o.verbose); err != nil {
			return a, nil, nil, err
		}
		a = auditOfFiles(o.files, tree, judgeFiles(tree, cs), began)
		switch {
		case o.live:
		case len(o.auditLogs) > 0:
			cs = readingLogs(cs)
			a.Results = untold(a.Results, cs)
		default:
			return a, tree, nil, nil
		}
	}
	s, err := o.evidence(ctx, e)
	if err != nil {
		return a, nil, nil, err
	}
	both := report.Of(s, checks.Run(s, cs), thisBuild().Version)
	switch {
	case o.logAlone() && len(o.files.paths) > 0:
		both.Target, both.Live = a.Target, false
	case o.logAlone():
		both.Target.KubernetesVersion, both.Live = versionsInLog(s.Requests.Value), false
	}
	both.Clusters, both.Cost.Files, both.Cost.FileBytes = a.Clusters, a.Cost.Files, a.Cost.FileBytes
	both.Results = append(both.Results, a.Results...)
	return both, tree, s.Requests.Value, nil
}

// evidence comes from the one source of a cluster that the options name, and from audit logs besides. These are read
// last, so that they reach as far as what the cluster counted.
func (o scanOptions) evidence(ctx context.Context, e env) (*evidence.Snapshot, error) {
	var s *evidence.Snapshot
	var err error
	switch {
	case o.demo:
		s, err = recorded()
	case o.snapshot != "":
		s, err = saved(e, o.snapshot)
	case o.logAlone():
		s = noCluster()
	default:
		s, err = o.collect(ctx, e)
	}
	if err == nil {
		err = o.readAuditLogs(ctx, e, s)
	}
	return s, err
}

// severityNamed is the bar that a finding is held against; never is one above every severity.
func severityNamed(name string) (checks.Severity, error) {
	names := []string{checks.Info.String(), checks.Warning.String(), checks.Critical.String(), "never"}
	for i, n := range names {
		if n == name {
			return checks.Info + checks.Severity(i), nil
		}
	}
	return 0, noSuch("severity", name, names, "--fail-on takes critical, warning, info, never")
}

// exitStatus is the outcome for scripts. An incomplete audit, where completeness was asked for,
// stands above its findings; an audit that judged nothing is none.
func exitStatus(results []checks.Result, bar checks.Severity, strict bool) error {
	judged, failed := false, false
	var lacking []string
	first := ""
	for _, r := range results {
		why := ""
		for _, v := range r.Verdicts {
			switch v.Outcome {
			case checks.Finding:
				judged = judged || r.Check.ID != policy.CheckID // which looks at no cluster
				failed = failed || v.Active() && v.Severity >= bar
			case checks.Pass, checks.NotApplicable:
				judged = true
			default:
				if why == "" {
					why = lack(v)
				}
			}
		}
		if why != "" {
			lacking = append(lacking, r.Check.ID)
			first = cmp.Or(first, why)
		}
	}
	names := strings.Join(lacking, ", ")
	if len(lacking) == 1 {
		names += ": " + first
	} else {
		names += "; the report says what would unlock them"
	}
	switch {
	case !judged && len(lacking) > 1:
		return noAudit("nothing could be judged: all %d checks lack evidence; the report says what would unlock them", len(lacking))
	case !judged:
		return noAudit("nothing could be judged: %s", names)
	case strict && len(lacking) > 0:
		return noAudit("--strict: %d of %d checks lack evidence: %s", len(lacking), len(results), names)
	case failed:
		return &exitError{code: exitFindings}
	}
	return nil
}

// lack is what a check would need to say something of a subject, else why it could not.
func lack(v checks.Verdict) string {
	if v.Unlock != "" {
		return v.Unlock
	}
	return v.Subject + " " + v.Message
}
