package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/deploy"
)

const rbacHelp = `Rbac prints the manifest of the permissions that kaudit uses: a namespace, a service account and what it may
read. Nothing is asked of a cluster. Comments in it say which permissions are powerful, and what is skipped without them.`

func newRBACCmd(e env) *cobra.Command {
	return &cobra.Command{
		Use:     "rbac",
		Short:   "print the permissions that kaudit uses, to apply to a cluster",
		Long:    rbacHelp,
		Example: examples(e, "rbac | kubectl apply -f -"),
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(e.stdout, deploy.RBAC)
			return err
		},
	}
}
