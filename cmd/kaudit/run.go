package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// env is everything that a command may touch of the process.
type env struct {
	name           string // how people call the program: "kaudit", or "kubectl kaudit" as a plugin
	stdin          io.Reader
	stdout, stderr io.Writer // stdout: the report and nothing else
	getenv         func(string) string
}

// Exit statuses; 0 is an audit with nothing to fail on.
const (
	exitFindings = 1 // at least one finding at or above --fail-on
	exitUsage    = 2 // a mistake of the caller's
	exitNoAudit  = 3 // the audit could not be made
)

// exitError ends the program with a status. Without an error nothing more needs saying.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// lines is an error that takes several lines to tell, and one that says what it amounts to.
type lines struct {
	first []string
	last  string
}

func (l *lines) Error() string { return l.last }

// usage is a mistake of the caller's.
func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// noAudit says why there could be none.
func noAudit(format string, args ...any) error {
	return &exitError{exitNoAudit, fmt.Errorf(format, args...)}
}

// run executes a command line and returns the exit status.
func run(ctx context.Context, args []string, e env) int {
	e.name = "kaudit"
	if strings.HasPrefix(filepath.Base(args[0]), "kubectl-") {
		e.name = "kubectl kaudit"
	}
	root := newRootCmd(e)
	root.SetArgs(vetArgs(args[1:]))
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	exit := &exitError{exitUsage, err} // what cobra itself refuses is a mistake of the caller's
	errors.As(err, &exit)
	if many := (*lines)(nil); errors.As(exit.err, &many) {
		for _, line := range many.first {
			fmt.Fprintln(e.stderr, line)
		}
	}
	if line := oneLine(exit.Error()); line != "" {
		fmt.Fprintf(e.stderr, "kaudit: %s\n", line)
	}
	return exit.code
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func newRootCmd(e env) *cobra.Command {
	root := &cobra.Command{
		Use:           "kaudit",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: e.name},
		Short:         "audit the control plane of a Kubernetes cluster for scale and reliability",
		Long:          rootHelp,
		Example:       examples(e, "scan", "scan --demo", "explain etcd-quota", "collect -o cluster.json.gz", "scan --snapshot cluster.json.gz -o markdown"),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return usage("no command %q; did you mean %s? %s --help lists them", args[0], strings.Join(near, " or "), e.name)
			}
			return usage("no command %q; %s --help lists them", args[0], e.name)
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w; %s --help lists the flags", err, cmd.CommandPath())
	})
	root.AddCommand(newScanCmd(e), newRequestsCmd(e), newFixCmd(e), newCollectCmd(e), newDiffCmd(e), newExplainCmd(e), newChecksCmd(e), newRBACCmd(e), newVetCmd(e), newVersionCmd(e))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Short = "help about a command"
		case "completion":
			strictCompletion(cmd)
		}
	}
	return root
}

// strictCompletion makes a shell that cobra does not know a mistake; cobra prints its help instead,
// which a shell would then read.
func strictCompletion(cmd *cobra.Command) {
	cmd.Use, cmd.Short = "completion SHELL", "what makes a shell complete commands, flags and checks"
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		var shells []string
		for _, shell := range cmd.Commands() {
			shells = append(shells, shell.Name())
		}
		list := strings.Join(shells, ", ")
		if len(args) == 0 {
			return usage("name a shell: %s", list)
		}
		return usage("no shell %q; completion knows %s", args[0], list)
	}
}

const rootHelp = `Kaudit collects evidence of a cluster's control plane, read-only, and holds it against checks: etcd, kube-apiserver,
kube-scheduler, clients and kubelets. Each finding says what was seen, where, what to do, and where the advice comes from.

Exit status: 0 nothing at or above --fail-on, 1 at least one such finding, 2 wrong usage or input, 3 no audit could be made.`

// noArgs is for commands that take none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage("%s takes no argument, and was given %q; %s --help lists its flags", cmd.CommandPath(), args[0], cmd.CommandPath())
}

// examples are command lines as they are typed, one a line.
func examples(e env, args ...string) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "  %s %s", e.name, a)
	}
	return b.String()
}
