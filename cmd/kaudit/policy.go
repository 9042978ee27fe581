package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/configfile"
	"github.com/kaudit/kaudit/policy"
	"github.com/kaudit/kaudit/report"
)

// policyOptions is what the flags of scan say about what people have decided.
type policyOptions struct {
	config        string
	noConfig      bool
	baseline      string
	writeBaseline string
	changedSince  string
	given         func(flag string) bool
}

func policyFlags(cmd *cobra.Command) *policyOptions {
	o := configFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.baseline, "baseline", "", "a report (json or yaml) of before: what is in it, and no worse, does not fail")
	f.StringVar(&o.writeBaseline, "write-baseline", "", "write the findings to a file for --baseline, and fail on none of them")
	f.StringVar(&o.changedSince, "changed-since", "", "findings only for files that differ from where the branch left this git revision; the whole of -f is read still")
	return o
}

// configFlags are those of the file with what people have decided.
func configFlags(cmd *cobra.Command) *policyOptions {
	o := &policyOptions{given: cmd.Flags().Changed}
	f := cmd.Flags()
	f.StringVar(&o.config, "config", "", "settings and waivers, instead of the kaudit.yaml at the root of what -f names, or of the working directory")
	f.BoolVar(&o.noConfig, "no-config", false, "read no kaudit.yaml")
	return o
}

const (
	policyName     = "kaudit.yaml"
	maxPolicyBytes = 1 << 20
)

// decisions are a policy, and where its file stands.
type decisions struct {
	policy.Policy
	dir string // whole path of its folder; "" if there is no file
}

// decisions reads the file that --config names, or finds one. Who did not name it is told, as it changes what
// is found.
func (o scanOptions) decisions(e env) (decisions, error) {
	none, _ := policy.Parse("", nil, catalogue()) // nothing has no mistakes
	d := decisions{Policy: none}
	log := newLogger(e.stderr, o.verbose)
	named := o.policy.given("config")
	if named && o.policy.noConfig {
		return d, usage("--config and --no-config exclude each other")
	}
	path := o.policy.config
	if !named && !o.policy.noConfig && !o.demo {
		path = findPolicy(e, o.files.paths)
	}
	if path == "" {
		log.Info("no settings and waivers", slog.String("file", policyName))
		return d, nil
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return d, usage("read %s: %w", path, err)
	}
	data, err := readPolicy(path)
	if err != nil {
		return d, usage("read settings and waivers: %s: %w; --no-config does without", path, bare(err))
	}
	d.dir = filepath.Dir(whole)
	d.Policy, err = policy.Parse(filepath.ToSlash(path), data, catalogue())
	if wrong := (*policy.MistakesError)(nil); errors.As(err, &wrong) {
		last := fmt.Sprintf("%s has %s; nothing was judged", path, checks.Count(len(wrong.List), "mistake"))
		return d, &exitError{exitUsage, &lines{wrong.Lines(), last}}
	}
	if what := d.Told(); !named && what != "nothing" {
		fmt.Fprintf(e.stderr, "kaudit: %s applies: %s; --no-config does without\n", path, what)
	}
	log.Info("settings and waivers", slog.String("file", path), slog.String("say", d.Told()))
	return d, nil
}

func readPolicy(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(f, maxPolicyBytes+1))
	if len(data) > maxPolicyBytes {
		return nil, fmt.Errorf("is larger than %s", checks.Bytes(maxPolicyBytes))
	}
	return data, err
}

// findPolicy looks beside what the first -f names and above it up to the root of its repository, then in the
// working directory. It returns the path as seen from there; "" if there is none.
func findPolicy(e env, files []string) string {
	var dirs []string
	for _, path := range files {
		if path != "-" {
			dirs = upToRepository(path)
			break
		}
	}
	here, err := os.Getwd()
	if err != nil {
		return ""
	}
	for _, dir := range append(dirs, here) {
		path := filepath.Join(dir, policyName)
		if rel, err := filepath.Rel(here, path); err == nil {
			path = rel
		}
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
		if other := strings.TrimSuffix(path, ".yaml") + ".yml"; exists(other) {
			fmt.Fprintf(e.stderr, "kaudit: %s is not read: call it %s\n", other, policyName)
		}
	}
	return ""
}

// upToRepository lists the folder of a path and those above it, up to the root of its git repository; only
// the folder itself if there is none.
func upToRepository(path string) []string {
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	dirs := []string{dir}
	for at := dir; !exists(filepath.Join(at, ".git")); {
		above := filepath.Dir(at)
		if above == at {
			return dirs[:1]
		}
		at = above
		dirs = append(dirs, at)
	}
	return dirs
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// checks are those to run.
func (d decisions) checks(cs []checks.Check) ([]checks.Check, error) {
	left := d.Select(cs)
	if len(left) == 0 {
		return nil, noAudit("nothing to check: %s turns off %s; --no-config does without it", d.Name, strings.Join(d.Off(cs), ", "))
	}
	return left, nil
}

// apply holds the waivers, of the policy and in files, against what was found.
func (d decisions) apply(o scanOptions, a report.Audit, tree *configfile.Tree) report.Audit {
	sc := policy.Scope{Now: a.Started, Files: len(o.files.paths) > 0, Path: d.below}
	if !sc.Files || o.live {
		sc.Cluster = a.Target.Name
	}
	for _, c := range tree.Clusters {
		sc.Remarks = append(sc.Remarks, c.Snapshot.Remarks...)
	}
	sc.Whole = sc.Files && unread(tree) == 0 && d.readWhole(o.files.paths)
	a.Results = d.Apply(a.Results, sc)
	return a
}

// below is the path of a file as the patterns of kaudit.yaml have it: from its folder, with slashes.
func (d decisions) below(path string) string {
	whole, err := filepath.Abs(filepath.FromSlash(path))
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(d.dir, whole)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return ""
	}
	return filepath.ToSlash(rel)
}

// readWhole reports whether -f names the folder of kaudit.yaml, or one above it.
func (d decisions) readWhole(paths []string) bool {
	for _, path := range paths {
		whole, err := filepath.Abs(path)
		if err != nil || path == "-" {
			continue
		}
		rel, err := filepath.Rel(whole, d.dir)
		if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// failOn is --fail-on, or what kaudit.yaml says in its place. What is written into a baseline fails nothing.
func (d decisions) failOn(o scanOptions) string {
	if o.policy.writeBaseline != "" {
		return "never"
	}
	if o.policy.given("fail-on") {
		return o.failOn
	}
	return cmp.Or(d.FailOn, o.failOn)
}

// setVersion is --kubernetes-version, or what kaudit.yaml says in its place.
func (d decisions) setVersion(o *fileOptions) {
	if len(o.paths) > 0 {
		o.version = cmp.Or(o.version, d.KubernetesVersion)
	}
}
