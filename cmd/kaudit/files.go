package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/configfile"
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/report"
)

// fileOptions is what the flags of scan say about files.
type fileOptions struct {
	paths   []string
	version string
}

func fileFlags(cmd *cobra.Command) *fileOptions {
	o := &fileOptions{}
	cmd.Flags().StringArrayVarP(&o.paths, "filename", "f", nil, "judge configuration in files: FILE, DIR or - (standard input), repeatable; no cluster is asked unless --kubeconfig or --context is given too")
	cmd.Flags().StringVar(&o.version, "kubernetes-version", "", "of clusters whose files do not tell theirs, as 1.31")
	return o
}

func (o *fileOptions) validate() error {
	if o.version == "" {
		return nil
	}
	if _, ok := evidence.ParseSemver(o.version); !ok {
		return usage("--kubernetes-version %q is no version; write it as 1.31 or v1.31.4", o.version)
	}
	if len(o.paths) == 0 {
		return usage("--kubernetes-version is of files; a live cluster tells its own: leave it out, or add -f")
	}
	return nil
}

// options are those to read with, some texts in the place of what files hold.
func (o *fileOptions) options(e env, instead map[string][]byte) configfile.Options {
	return configfile.Options{Paths: o.paths, Stdin: e.stdin, Kaudit: thisBuild().Version, Version: o.version, Now: time.Now(), Instead: instead}
}

// readFiles reads what -f names, and says what could not be read.
func (o *fileOptions) readFiles(ctx context.Context, e env, verbose int) (*configfile.Tree, error) {
	log := newLogger(e.stderr, verbose)
	tree, err := configfile.Read(ctx, o.options(e, nil))
	if unusable := (*configfile.OptionsError)(nil); errors.As(err, &unusable) {
		return nil, usage("%w; name a file or a directory, or - for standard input", err)
	}
	if err != nil {
		return nil, noAudit("%w", err)
	}
	for _, p := range tree.Problems {
		switch {
		case p.Quiet:
			log.Info("passed over", slog.String("file", p.File), slog.Int("line", p.Line), slog.String("why", p.Why))
		case !p.Read:
			fmt.Fprintf(e.stderr, "kaudit: %s\n", oneLine(p.String()))
		}
	}
	for _, c := range tree.Clusters {
		log.Info("cluster", slog.String("name", c.Name), slog.Any("files", c.Files))
	}
	if len(tree.Clusters) == 0 && unread(tree) == 0 {
		return nil, noAudit("nothing to check: no configuration of a control plane in %s (%s); -v lists why each was passed over",
			strings.Join(o.paths, ", "), checks.Count(tree.Files, "file"))
	}
	return tree, nil
}

// unread counts the files, or parts of them, that could not be read.
func unread(t *configfile.Tree) int {
	n := 0
	for _, p := range t.Problems {
		if !p.Read && !p.Quiet {
			n++
		}
	}
	return n
}

// judgeFiles runs the checks on every cluster of a tree. What only a live cluster tells is said once for each
// check, whatever the number of clusters, and not where the check could say something else.
func judgeFiles(tree *configfile.Tree, cs []checks.Check) []checks.Result {
	var out []checks.Result
	spoke, lacks := map[string]bool{}, map[string]bool{}
	for _, c := range tree.Clusters {
		c.Snapshot.ConfigFiles = evidence.Observed[evidence.ConfigFiles]{Of: ofTree}
		for _, r := range checks.Run(c.Snapshot, slices.DeleteFunc(slices.Clone(cs), aboutTree)) {
			r.Cluster = c.Name
			n := len(r.Verdicts)
			r.Verdicts = slices.DeleteFunc(r.Verdicts, needsLive)
			lacks[r.Check.ID] = lacks[r.Check.ID] || len(r.Verdicts) < n
			if len(r.Verdicts) > 0 {
				spoke[r.Check.ID] = true
				out = append(out, r)
			}
		}
	}
	for _, c := range cs {
		switch {
		case aboutTree(c):
			out = append(out, checks.Run(treeSnapshot(tree), []checks.Check{c})...)
		case lacks[c.ID] && !spoke[c.ID]:
			gap := configfile.NotLive
			out = append(out, checks.Result{Check: c, Verdicts: []checks.Verdict{checks.About(ofTree).Skip("%s", gap.Note).Unlocked(gap.Unlock)}})
		}
	}
	return out
}

const ofTree = "files"

// aboutTree tells checks of the tree from those of a cluster in it.
func aboutTree(c checks.Check) bool { return slices.Contains(c.Needs, evidence.KindConfigFiles) }

// needsLive tells verdicts that only say that nobody asked a cluster.
func needsLive(v checks.Verdict) bool {
	return v.Outcome == checks.Skipped && strings.Contains(v.Message, configfile.NotLive.Note)
}

func treeSnapshot(t *configfile.Tree) *evidence.Snapshot {
	seen := evidence.ConfigFiles{Read: t.Files}
	for _, p := range t.Problems {
		if !p.Quiet {
			src := evidence.Source{Via: evidence.ViaFile, From: p.File, Line: p.Line, Column: p.Column}
			seen.Problems = append(seen.Problems, evidence.FileProblem{Source: src, Why: p.Why, Read: p.Read})
		}
	}
	return &evidence.Snapshot{ConfigFiles: evidence.See(ofTree, seen, evidence.Source{})}
}

// auditOfFiles is what the results of a tree amount to.
func auditOfFiles(o *fileOptions, tree *configfile.Tree, results []checks.Result, began time.Time) report.Audit {
	a := report.Audit{
		Kaudit: thisBuild().Version, Started: began, Finished: time.Now(), Results: results,
		Cost: evidence.Cost{Files: tree.Files, FileBytes: tree.Bytes},
	}
	for _, c := range tree.Clusters {
		one := report.Of(c.Snapshot, nil, a.Kaudit).Target
		one.Name = c.Name
		a.Clusters = append(a.Clusters, one)
	}
	if len(a.Clusters) == 1 {
		a.Target = a.Clusters[0]
	} else {
		a.Target.Name = cmp.Or(strings.Join(roots(o.paths), ", "), ofTree)
	}
	return a
}

func roots(paths []string) []string {
	var out []string
	for _, p := range paths {
		out = append(out, filepath.ToSlash(filepath.Clean(p)))
	}
	return out
}
