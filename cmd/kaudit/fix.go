package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/checks"
)

// fixOptions is what the flags of fix say.
type fixOptions struct {
	scanOptions
	write bool
}

func newFixCmd(e env) *cobra.Command {
	o := fixOptions{scanOptions: scanOptions{collection: &collection{}}}
	cmd := &cobra.Command{
		Use:   "fix -f PATH",
		Short: "the plain settings that mend findings in files, as a patch or written into them",
		Long: `Fix judges configuration in files as scan -f does. Where a finding is mended by a plain setting it prints the change as a
patch for git apply, in the words of the file itself; comments, order and line ends stay. Nothing is written without
--write. What is not certain is not touched: templates, anchors, values from elsewhere, generated files. The findings
that are left are listed on standard error.

With -f - it prints standard input as it would be.

Exit status: 0 nothing to do, or all of it written; 1 there is something to do, or some of it could not be done; 2 wrong
usage or input; 3 nothing to check.`,
		Example: examples(e, "fix -f clusters/prod", "fix -f clusters/prod | git apply", "fix -f clusters/prod --only etcd-quota --write", "fix -f - < kube-apiserver.yaml"),
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runFix(cmd.Context(), e, o)
		},
	}
	o.files = fileFlags(cmd)
	f := cmd.Flags()
	f.Lookup("filename").Usage = "what to mend: FILE, DIR or - (standard input), repeatable"
	o.policy = configFlags(cmd)
	f.BoolVar(&o.write, "write", false, "write the changes into the files, and judge them again")
	f.StringSliceVar(&o.only, "only", nil, "only these checks: ids, patterns (etcd-*) or components")
	f.StringSliceVar(&o.skip, "skip", nil, "all but these checks")
	f.CountVarP(&o.verbose, "verbose", "v", "say which files were passed over, and why")
	completeChecks(cmd, "only", "skip")
	return cmd
}

// validate finds the mistakes in what -f and --write say.
func (o fixOptions) validate() error {
	switch stdin := slices.Contains(o.files.paths, "-"); {
	case len(o.files.paths) == 0:
		return usage("name what to mend: -f FILE, -f DIR, or -f - for standard input")
	case stdin && o.write:
		return usage("--write has no file to write where -f - reads standard input; leave it out, the mended text is printed")
	case stdin && len(o.files.paths) > 1:
		return usage("-f - prints the mended text, other files a patch; fix them one by one")
	}
	return o.files.validate()
}

func runFix(ctx context.Context, e env, o fixOptions) error {
	cs, err := selectChecks(e, catalogue(), o.only, o.skip)
	if err != nil {
		return err
	}
	if err := o.validate(); err != nil {
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
	m := &mender{e: e, o: o, checks: cs, decided: decided, refused: map[setting]string{}, found: map[string][]byte{}}
	if slices.Contains(o.files.paths, "-") {
		if m.stdin, err = io.ReadAll(io.LimitReader(e.stdin, maxStdin)); err != nil {
			return usage("read standard input: %w", err)
		}
	}
	if err := m.mend(ctx); err != nil {
		return err
	}
	if m.stdin != nil {
		if _, err := io.WriteString(e.stdout, cmp.Or(string(m.texts.Changed["-"]), string(m.stdin))); err != nil {
			return noAudit("write the mended text: %w", bare(err))
		}
		return m.outcome(len(m.texts.Changed) > 0, 0)
	}
	if o.write {
		return m.writeAll(ctx)
	}
	return m.printPatch()
}

const maxStdin = 64 << 20

// outcome tells what is left, and is the exit status: with something to do, or something that could not be done.
func (m *mender) outcome(todo bool, failed int) error {
	m.tellRest()
	switch n := unread(m.tree); {
	case n > 0:
		return usage("%s of files could not be read, and may hide findings; each is named above", checks.Count(n, "part"))
	case failed > 0:
		return usage("%s could not be mended; each is named above", checks.Count(failed, "file"))
	case todo, len(m.refused) > 0:
		return &exitError{code: exitFindings}
	}
	return nil
}

// tellRest lists the settings that were not touched, with what to do by hand, and the findings that no plain
// setting mends.
func (m *mender) tellRest() {
	byHand := map[setting]string{}
	var rest []string
	for _, r := range m.left {
		for _, v := range r.Verdicts {
			if !v.Active() {
				continue
			}
			refused := false
			for _, c := range v.Changes {
				s := setting{r.Cluster, c.Subject, c.Name}
				if _, no := m.refused[s]; no {
					refused, byHand[s] = true, v.Fix
				}
			}
			if !refused {
				rest = append(rest, fmt.Sprintf("  %s %s %s; %s explain %s", r.Check.ID, v.Subject, oneLine(v.Message), m.e.name, r.Check.ID))
			}
		}
	}
	for _, s := range sortedSettings(m.refused) {
		line := fmt.Sprintf("not touched: %s %s: %s", s.subject, s.name, m.refused[s])
		if fix := byHand[s]; fix != "" {
			line += "; by hand: " + fix
		}
		fmt.Fprintf(m.e.stderr, "kaudit: %s\n", oneLine(line))
	}
	if len(rest) > 0 {
		fmt.Fprintf(m.e.stderr, "kaudit: %s left that no plain setting was written for:\n%s\n", checks.Count(len(rest), "finding"), strings.Join(rest, "\n"))
	}
}
