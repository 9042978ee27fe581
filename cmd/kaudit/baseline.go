package main

import (
	"fmt"
	"os"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/policy"
	"github.com/kaudit/kaudit/report"
)

// readReport reads a report from a file, or from standard input.
func readReport(e env, path string) (report.Audit, error) {
	r, name := e.stdin, "standard input"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return report.Audit{}, usage("read report %s: %w; %s scan -o json=FILE writes one", path, bare(err), e.name)
		}
		defer f.Close() //nolint:errcheck // only read
		r, name = f, path
	}
	a, err := report.Read(r)
	if err != nil {
		return a, usage("%s %w", name, err)
	}
	return a, nil
}

// known is a baseline to hold findings against, and one to write.
type known struct {
	before *policy.Baseline
	file   *replacement // nil: none is written
}

// known reads what --baseline names, and sees whether what --write-baseline names can be written.
func (o scanOptions) known(e env) (known, error) {
	var k known
	if o.policy.baseline != "" {
		a, err := readReport(e, o.policy.baseline)
		if err != nil {
			return k, err
		}
		k.before = policy.NewBaseline(o.policy.baseline, a.Results)
	}
	if path := o.policy.writeBaseline; path != "" {
		if o.policy.changedSince != "" {
			return k, usage("--write-baseline writes all findings, and --changed-since leaves some out; choose one")
		}
		file, err := replaceFile(path, 0o644)
		if err != nil {
			return k, usage("%w; give --write-baseline a path that can be written", err)
		}
		k.file = file
	}
	return k, nil
}

// discard leaves the old baseline, if no new one was written.
func (k known) discard() {
	if k.file != nil {
		k.file.discard()
	}
}

// apply writes the findings down, and accepts those that were there before.
func (k known) apply(e env, a report.Audit) (report.Audit, error) {
	if k.file != nil {
		if err := k.write(e, a); err != nil {
			return a, err
		}
	} else if n := k.before.Gone(a.Results); n > 0 {
		fmt.Fprintf(e.stderr, "kaudit: %s of the baseline %s over; write it anew with --write-baseline\n", checks.Count(n, "finding"), isAre(n))
	}
	a.Results = k.before.Accept(a.Results)
	return a, nil
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// write makes a report of the findings alone, without what would change it from day to day.
func (k known) write(e env, a report.Audit) error {
	path := k.file.path
	base := report.Audit{
		Kaudit: a.Kaudit, Target: report.Target{Name: a.Target.Name, KubernetesVersion: a.Target.KubernetesVersion, Distribution: a.Target.Distribution},
		Results: policy.Known(a.Results),
	}
	if err := formatNamed("json").Write(k.file, base, report.Options{}); err != nil {
		return noAudit("write baseline %s: %w", path, bare(err))
	}
	if err := k.file.commit(); err != nil {
		return noAudit("%w", err)
	}
	n := 0
	for _, r := range base.Results {
		n += len(r.Verdicts)
	}
	fmt.Fprintf(e.stderr, "kaudit: %s written to %s; --baseline %s accepts them\n", checks.Count(n, "finding"), path, path)
	return nil
}
