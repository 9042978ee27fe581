package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/policy"
	"github.com/kaudit/kaudit/report"
)

// touched are the files of repositories that differ from where a branch left a revision.
type touched struct {
	roots map[string]map[string]bool // by the whole path of a repository: paths from there, with slashes
}

// gitTimeout is of each question to git; a repository of 300,000 files answers in about a second.
const gitTimeout = 30 * time.Second

// touched asks git what --changed-since means, in the repository of each -f. nil if nobody wants to know.
func (o scanOptions) touched(ctx context.Context) (*touched, error) {
	rev := o.policy.changedSince
	if rev == "" {
		if o.policy.given("changed-since") {
			return nil, usage("--changed-since names no revision; give it a branch, a tag or a commit: origin/main")
		}
		return nil, nil
	}
	t := &touched{map[string]map[string]bool{}}
	for _, file := range o.files.paths {
		if file == "-" {
			continue // its findings are always shown
		}
		root, err := repositoryOf(ctx, file)
		if err != nil {
			return nil, err
		}
		if t.roots[root] == nil {
			if t.roots[root], err = changedSince(ctx, root, rev); err != nil {
				return nil, err
			}
		}
	}
	if len(t.roots) == 0 {
		return nil, usage("--changed-since is about files of a git repository; name them with -f")
	}
	return t, nil
}

func repositoryOf(ctx context.Context, file string) (string, error) {
	dir := file
	if info, err := os.Stat(file); err == nil && !info.IsDir() {
		dir = filepath.Dir(file)
	}
	out, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", usage("--changed-since: ask git about %s: %w", file, err)
	}
	return unlinked(filepath.FromSlash(strings.TrimRight(out, "\r\n"))), nil
}

// changedSince lists what was changed since the branch left rev: committed, uncommitted or new. A file that was
// renamed is changed. What git ignores is not.
func changedSince(ctx context.Context, root, rev string) (map[string]bool, error) {
	if _, err := git(ctx, root, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}"); err != nil {
		return nil, usage("--changed-since: no revision %q in %s%s", rev, root, shallow(ctx, root, "; git branch -a and git tag list what there is"))
	}
	base, err := git(ctx, root, "merge-base", "--end-of-options", rev, "HEAD")
	if err != nil {
		return nil, usage("--changed-since: %s and HEAD have no commit in common in %s%s", rev, root, shallow(ctx, root, "; name the branch that this one left"))
	}
	files := map[string]bool{}
	for _, args := range [][]string{
		{"diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", strings.TrimSpace(base), "--"},
		{"ls-files", "--others", "--exclude-standard", "-z"},
	} {
		out, err := git(ctx, root, args...)
		if err != nil {
			return nil, usage("--changed-since: ask git about %s: %w", root, err)
		}
		for name := range strings.SplitSeq(out, "\x00") {
			if name != "" {
				files[name] = true
			}
		}
	}
	return files, nil
}

// shallow is what to do about history that is not there; otherwise, where it is.
func shallow(ctx context.Context, root, otherwise string) string {
	out, err := git(ctx, root, "rev-parse", "--is-shallow-repository")
	if err == nil && strings.TrimSpace(out) == "true" {
		return ", which is a shallow clone: fetch its history (actions/checkout: fetch-depth: 0; GitLab: GIT_DEPTH: 0; by hand: git fetch --unshallow)"
	}
	return otherwise
}

// git asks, and takes no lock that somebody else may want.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "-c", "core.fsmonitor=false"}, args...)...)
	// A hook is told its repository by variables, which would be taken for that of dir.
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"}, name)
	})
	cmd.Env = append(env, "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0")
	cmd.WaitDelay = time.Second
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	switch first, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n"); {
	case err == nil:
		return out.String(), nil
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("there is no git on the PATH; install it, or leave --changed-since out")
	case ctx.Err() != nil:
		return "", fmt.Errorf("no answer within %s", gitTimeout)
	case strings.Contains(first, "not a git repository"):
		return "", errors.New("it is in no git repository")
	case first != "":
		return "", errors.New(strings.TrimPrefix(first, "fatal: "))
	}
	return "", err
}

// only leaves out the findings in files that nobody touched, and says how many they are.
func (t *touched) only(e env, a report.Audit) report.Audit {
	if t == nil {
		return a
	}
	left := 0
	a.Results, left = policy.Within(a.Results, t.has)
	switch {
	case left == 1:
		fmt.Fprintln(e.stderr, "kaudit: 1 finding in files that the branch does not touch is left out; without --changed-since it is shown")
	case left > 1:
		fmt.Fprintf(e.stderr, "kaudit: %d findings in files that the branch does not touch are left out; without --changed-since they are shown\n", left)
	}
	return a
}

// has reports whether a file was touched, or what a link of its name leads to, or a submodule that it is in.
// What is in no repository is nobody's to leave out.
func (t *touched) has(file string) bool {
	whole, err := filepath.Abs(filepath.FromSlash(file))
	if err != nil {
		return true
	}
	inside := false
	for _, name := range []string{filepath.Join(unlinked(filepath.Dir(whole)), filepath.Base(whole)), unlinked(whole)} {
		for root, files := range t.roots {
			rel, err := filepath.Rel(root, name)
			if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
				continue
			}
			inside = true
			for at := filepath.ToSlash(rel); at != "."; at = path.Dir(at) {
				if files[at] {
					return true
				}
			}
		}
	}
	return !inside
}

// unlinked is a path without links, as git has it; the path itself if nothing is there.
func unlinked(name string) string {
	if to, err := filepath.EvalSymlinks(name); err == nil {
		return to
	}
	return name
}
