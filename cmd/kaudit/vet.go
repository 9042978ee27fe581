package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/report"
	"github.com/kaudit/kaudit/vet"
)

// vetOptions is what the flags of vet say.
type vetOptions struct {
	outputs    []string
	json       bool
	fix, tests bool
	tags       string
	categories string
	skip       string
}

func newVetCmd(e env) *cobra.Command {
	var o vetOptions
	cmd := &cobra.Command{
		Use:   "vet [flags] [PACKAGE...]",
		Short: "find LISTs in Go source that skip the watch cache",
		Long: `Vet finds, in Go source, the requests that kaudit requests finds in audit logs: LISTs with neither resourceVersion nor limit,
polls and loops of LISTs, and limits that the server ignores; through client-go's typed, dynamic and metadata clients,
controller-runtime's readers that bypass its cache, and raw REST requests. It says only what is certain.

Packages are named as for the go command (./... unless given), and need its toolchain. A comment accepts a finding on its
line or the next: //kaudit:ignore list-unbounded -- the reason. It also runs as go vet -vettool=$(which kaudit).

Exit status: 0 no finding, 1 findings, 2 wrong usage, or packages that do not load; those are named, the rest is judged.`,
		Example: examples(e, "vet ./...", "vet -o sarif=kaudit.sarif ./cmd/... ./pkg/...", "vet --categories list-poll,list-per-node ./...", "vet --fix ./..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runVet(cmd.Context(), e, o, args)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.outputs, "output", "o", nil, "FORMAT or FORMAT=FILE, repeatable; formats: "+strings.Join(sourceFormatNames(), ", "))
	f.BoolVar(&o.json, "json", false, "the same as -o json")
	f.BoolVar(&o.fix, "fix", false, "make the changes that are certain, and report what is left")
	f.BoolVar(&o.tests, "tests", false, "judge test files too")
	f.BoolVar(&o.tests, "test", false, "the same as --tests")
	_ = f.MarkHidden("test") // it is there
	f.StringVar(&o.tags, "tags", "", "build tags, as the go command takes them")
	f.StringVar(&o.categories, "categories", "", "only these categories, or all: "+strings.Join(vet.Names(), ", "))
	f.StringVar(&o.skip, "skip", "", "all but these categories")
	return cmd
}

// goFlags are those of vet that people of the go command write with one dash.
var goFlags = regexp.MustCompile(`^-(json|fix|tests?|tags|categories|skip)(=|$)`)

// vetArgs lets vet take its flags with one dash, as go vet does.
func vetArgs(args []string) []string {
	if len(args) == 0 || args[0] != "vet" {
		return args
	}
	args = slices.Clone(args)
	for i, a := range args {
		if goFlags.MatchString(a) {
			args[i] = "-" + a
		}
	}
	return args
}

// asVettool is how the go command runs a program that is its -vettool: with -V=full, with -flags, or with a file that
// describes one package. It does not return then.
func asVettool(args []string) {
	flags := func(a string) bool { return strings.HasPrefix(a, "-") }
	switch n := len(args); {
	case n == 2 && (args[1] == "-V=full" || args[1] == "-flags"):
	case n >= 2 && strings.HasSuffix(args[n-1], ".cfg") && !slices.ContainsFunc(args[1:n-1], func(a string) bool { return !flags(a) }):
	default:
		return
	}
	unitchecker.Main(vet.Analyzer)
}

func runVet(ctx context.Context, e env, o vetOptions, patterns []string) error {
	if o.json {
		o.outputs = append(o.outputs, "json")
	}
	if len(o.outputs) == 0 {
		o.outputs = []string{"text"}
	}
	outs, err := openSourceOutputs(o.outputs)
	if err != nil {
		return err
	}
	defer discardSource(outs)
	a, err := o.analyzer()
	if err != nil {
		return err
	}
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	got, err := vet.Run(ctx, a, vet.Config{Patterns: patterns, Tests: o.tests, Tags: o.tags})
	if err != nil {
		return usage("load packages: %w; run it in a Go module, with the go command on the PATH", err)
	}
	if got.Packages == 0 {
		return usage("no package matches %s; name packages as for the go command, ./... for all", strings.Join(patterns, " "))
	}
	if o.fix {
		if got.Findings, err = applyFixes(e, got.Findings); err != nil {
			return err
		}
	}
	if err := writeSource(e, outs, sourceAudit(got)); err != nil {
		return err
	}
	return vetOutcome(e, got)
}

func vetOutcome(e env, got vet.Result) error {
	for _, b := range got.Broken {
		for _, reason := range b.Reasons[:min(3, len(b.Reasons))] {
			fmt.Fprintf(e.stderr, "kaudit: %s: %s\n", b.Package, oneLine(reason))
		}
	}
	switch {
	case len(got.Broken) > 0:
		return usage("%s of %d could not be judged, and may hide findings; each is named above", checks.Count(len(got.Broken), "package"), got.Packages)
	case len(got.Findings) > 0:
		return &exitError{code: exitFindings}
	}
	return nil
}

// analyzer is the analyzer with the flags that it shares with go vet and golangci-lint.
func (o vetOptions) analyzer() (*analysis.Analyzer, error) {
	a := vet.New()
	a.Flags.Init("kaudit vet", flag.ContinueOnError)
	set := func(name, value string) error {
		if value == "" {
			return nil
		}
		if err := a.Flags.Set(name, value); err != nil {
			return usage("--%s: %w", name, err)
		}
		return nil
	}
	if err := set("categories", o.categories); err != nil {
		return nil, err
	}
	if err := set("skip", o.skip); err != nil {
		return nil, err
	}
	return a, set("tests", fmt.Sprint(o.tests))
}

// sourceAudit is what reports are written from.
func sourceAudit(got vet.Result) report.SourceAudit {
	a := report.SourceAudit{Kaudit: thisBuild().Version}
	for _, c := range vet.Categories {
		a.Categories = append(a.Categories, report.SourceCategory{Name: c.Name, Doc: c.Doc})
	}
	for _, b := range got.Broken {
		a.Broken = append(a.Broken, report.SourceBroken{Package: b.Package, Reasons: b.Reasons})
	}
	for _, f := range got.Findings {
		s := report.SourceFinding{
			Category: f.Category, Message: f.Message, Package: f.Package, File: shortPath(f.Start.Filename),
			Line: f.Start.Line, Column: f.Start.Column, EndLine: f.End.Line, EndColumn: f.End.Column, Fixable: len(f.Fixes) > 0,
		}
		for _, r := range f.Related {
			s.Related = append(s.Related, report.SourceRelated{File: shortPath(r.At.Filename), Line: r.At.Line, Column: r.At.Column, Message: r.Message})
		}
		a.Findings = append(a.Findings, s)
	}
	return a
}

// shortPath is a path relative to the working directory, if it is below it.
func shortPath(path string) string {
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, path); err == nil && filepath.IsLocal(rel) {
			path = rel
		}
	}
	return filepath.ToSlash(path)
}
