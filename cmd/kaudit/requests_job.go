package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/deploy"
)

const requestsJobHelp = `Job prints the manifest of a Job that runs requests on each control-plane node, over the audit logs that lie there, and leaves a
report in the log of each pod. Nothing is asked of a cluster. The pods have no network, no token and no capability, and see that
one folder, read-only; comments in the manifest say more.

No image of kaudit is public: deploy/Dockerfile makes one of the binary.`

func newRequestsJobCmd(e env) *cobra.Command {
	var image, folder string
	var nodes int
	cmd := &cobra.Command{
		Use:   "job",
		Short: "print a Job that reads the logs on the control-plane nodes",
		Long:  requestsJobHelp,
		Example: examples(e, "requests job --image registry.example.com/kaudit:dev --nodes 3 | kubectl apply -f -") +
			"\n  kubectl -n kaudit-requests logs -l job-name=kaudit-requests --tail=-1 | " + e.name + " requests merge -",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			manifest, err := deploy.RequestsJob(image, nodes, folder)
			if err != nil {
				return usage("%w; --image, --nodes and --log-dir say them", err)
			}
			_, err = io.WriteString(e.stdout, manifest)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&image, "image", "", "an image of kaudit that the nodes can pull")
	f.IntVar(&nodes, "nodes", 0, "how many control-plane nodes there are")
	f.StringVar(&folder, "log-dir", "/var/log/kubernetes/audit", "the folder of kube-apiserver's --audit-log-path")
	return cmd
}
