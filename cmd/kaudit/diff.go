package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/report"
)

func newDiffCmd(e env) *cobra.Command {
	var output, failOn string
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "what appeared, disappeared or changed between two reports",
		Long: `Diff holds a report against an earlier one, both written by scan as json or yaml; - is standard input. A finding that can no
longer be told is not taken for one that is mended.

Exit status: 0 nothing new at or above --fail-on, 1 at least one such finding, 2 wrong usage or input.`,
		Example: examples(e, "diff yesterday.json today.json", "scan -o json | "+e.name+" diff yesterday.json - -o markdown"),
		RunE: func(_ *cobra.Command, args []string) error {
			return runDiff(e, args, output, failOn)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "table", "FORMAT: "+strings.Join(diffFormats(), ", "))
	f.StringVar(&failOn, "fail-on", "critical", "exit with 1 from this severity on: critical, warning, info, never")
	complete(cmd, "output", diffFormats()...)
	complete(cmd, "fail-on", "critical", "warning", "info", "never")
	return cmd
}

func diffFormats() []string {
	var names []string
	for _, f := range report.DiffFormats() {
		names = append(names, f.Name)
	}
	return names
}

func runDiff(e env, args []string, output, failOn string) error {
	bar, err := severityNamed(failOn)
	if err != nil {
		return err
	}
	i := slices.Index(diffFormats(), output)
	switch {
	case i < 0:
		return noSuch("format", output, diffFormats(), "-o takes "+strings.Join(diffFormats(), ", "))
	case len(args) != 2:
		return usage("diff takes two reports, the earlier one first, and was given %d; %s scan -o json=FILE writes one", len(args), e.name)
	case args[0] == "-" && args[1] == "-":
		return usage("only one of the two reports can come from standard input")
	}
	before, err := readReport(e, args[0])
	if err != nil {
		return err
	}
	after, err := readReport(e, args[1])
	if err != nil {
		return err
	}
	c := report.Compare(before, after)
	if err := report.DiffFormats()[i].Write(e.stdout, c, terminalOptions(e)); err != nil {
		return noAudit("write %s: %w", output, bare(err))
	}
	if slices.ContainsFunc(c.Changes, func(one report.Change) bool { return one.Fails(bar) }) {
		return &exitError{code: exitFindings}
	}
	return nil
}
