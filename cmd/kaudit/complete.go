package main

import (
	"github.com/spf13/cobra"
)

// complete offers fixed values for a flag on the tab key.
func complete(cmd *cobra.Command, flag string, values ...string) {
	// Its one error is a flag that the command does not have, which the first completion would show.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// completeChecks offers ids and components.
func completeChecks(cmd *cobra.Command, flags ...string) {
	for _, f := range flags {
		complete(cmd, f, append(idsOf(catalogue()), components(catalogue())...)...)
	}
}
