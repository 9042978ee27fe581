package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/evidence"
)

func newCollectCmd(e env) *cobra.Command {
	var path string
	var c *collection
	cmd := &cobra.Command{
		Use:   "collect -o FILE",
		Short: "only collect: a snapshot that scan --snapshot reads anywhere, later, with no cluster",
		Long: `Collect reads what the checks need and judges nothing. The snapshot holds no Secret, no token and no private key, but
names and addresses of the cluster, and the users who had requests under way: the file is written for its owner alone.`,
		Example: examples(e, "collect -o cluster.json.gz", "collect -o - | "+e.name+" scan --snapshot -"),
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.validate(); err != nil {
				return err
			}
			return runCollect(cmd.Context(), e, c, path)
		},
	}
	c = collectionFlags(cmd)
	cmd.Flags().StringVarP(&path, "output", "o", "", "file to write; compressed if its name ends in .gz; - is standard output")
	return cmd
}

func runCollect(ctx context.Context, e env, c *collection, path string) error {
	if path == "" {
		return usage("say where the snapshot goes: -o FILE, or -o - for standard output")
	}
	if path == "-" {
		s, err := c.collect(ctx, e)
		if err != nil {
			return err
		}
		return saveTo(e.stdout, s, false)
	}
	file, err := replaceFile(path, 0o600)
	if err != nil {
		return usage("%w; give -o a path that can be written", err)
	}
	defer file.discard()
	s, err := c.collect(ctx, e)
	if err != nil {
		return err
	}
	if err := saveTo(file, s, strings.HasSuffix(path, ".gz")); err != nil {
		return noAudit("write %s: %w", path, bare(err))
	}
	if err := file.commit(); err != nil {
		return noAudit("%w", err)
	}
	return nil
}

func saveTo(w io.Writer, s *evidence.Snapshot, compress bool) error {
	b := bufio.NewWriter(w)
	if !compress {
		if err := evidence.Save(b, s); err != nil {
			return err
		}
		return b.Flush()
	}
	z := gzip.NewWriter(b)
	if err := evidence.Save(z, s); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return b.Flush()
}
