package configfile

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxFile bounds what is read of a tree; a larger file holds no configuration that a person wrote.
const maxFile = 64 << 20

// An input is a file to read.
type input struct {
	path    string // on this machine
	shown   string // as people name it, with slashes
	rel     string // from the root of its tree, with slashes
	rootDir        // that it is of
	named   bool   // by the caller: what is wrong with it is an error, whatever it holds
	size    int64
}

// A rootDir is what files are named within. What a cluster is called must depend neither on where a repository is
// checked out nor on how -f is written: waivers and baselines name it.
type rootDir struct {
	dir  string // its root, the whole path
	root string // what stands at the root is called
}

// rootOf is the tree of a directory: its git repository, else the directory itself. below is where in it the
// directory stands.
func rootOf(dir string) (r rootDir, below string) {
	whole, err := filepath.EvalSymlinks(dir)
	if err != nil {
		whole = dir
	}
	for at := whole; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil { // a file in a linked work tree
			below, err := filepath.Rel(at, whole)
			if err != nil || below == "." {
				below = ""
			}
			return rootDir{at, "default"}, filepath.ToSlash(below)
		}
		if at == filepath.Dir(at) {
			return rootDir{dir, filepath.Base(dir)}, ""
		}
	}
}

// notRead are directories that hold other people's files or none of a cluster's.
var notRead = []string{".git", ".hg", ".svn", "node_modules", ".terraform"}

// proseOrCode are endings of files that may quote configuration and are none. What the caller names is read all the same.
var proseOrCode = []string{
	".md", ".markdown", ".mdx", ".rst", ".adoc", ".html", ".htm", ".svg", ".css", ".go", ".py", ".rb", ".rs", ".java", ".kt", ".scala", ".c", ".h", ".cc", ".cpp", ".cs",
	".js", ".jsx", ".mjs", ".ts", ".tsx", ".vue", ".php", ".pl", ".lua", ".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".nix", ".tf", ".hcl", ".rego", ".cue", ".jsonnet",
	".libsonnet", ".ipynb", ".txtar", ".golden", ".patch", ".diff", ".proto", ".sql",
}

// isProseOrCode reports whether a file found in a tree is of those.
func (in input) isProseOrCode() bool {
	return !in.named && slices.Contains(proseOrCode, strings.ToLower(path.Ext(in.rel)))
}

// walker finds the files of a tree, each once, whatever links lead to it.
type walker struct {
	seen     map[string]bool // real paths of files and directories
	inputs   []input
	problems []Problem
}

// add walks a path that the caller names.
func (w *walker) add(ctx context.Context, name string) error {
	clean := filepath.Clean(name)
	info, err := os.Stat(clean)
	if err != nil {
		return &OptionsError{Path: name, Err: err}
	}
	whole, err := filepath.Abs(clean)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() && info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) == 0 {
			return &OptionsError{Path: name, Err: fmt.Errorf("is no file or directory")}
		}
		of, below := rootOf(filepath.Dir(whole))
		w.file(input{path: clean, shown: filepath.ToSlash(clean), rel: path.Join(below, filepath.Base(clean)), rootDir: of, named: true, size: info.Size()})
		return nil
	}
	of, below := rootOf(whole)
	return w.dir(ctx, clean, below, of)
}

func (w *walker) dir(ctx context.Context, dir, rel string, of rootDir) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		if w.seen[target] {
			return nil
		}
		w.seen[target] = true
	}
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		w.problem(dir, err)
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		below := path.Join(rel, e.Name())
		info, err := os.Stat(name) // of what a link leads to
		switch {
		case err != nil:
			w.problem(name, err)
		case info.IsDir() && slices.Contains(notRead, e.Name()):
		case info.IsDir():
			if err := w.dir(ctx, name, below, of); err != nil {
				return err
			}
		case info.Mode().IsRegular():
			w.file(input{path: name, shown: filepath.ToSlash(name), rel: below, rootDir: of, size: info.Size()})
		}
	}
	return nil
}

// problem notes what could not be looked at. A link that leads nowhere, or around in a circle, hides nothing.
func (w *walker) problem(name string, err error) {
	info, lerr := os.Lstat(name)
	link := lerr == nil && info.Mode()&fs.ModeSymlink != 0
	w.problems = append(w.problems, Problem{File: filepath.ToSlash(name), Why: bare(err).Error(), Quiet: link})
}

func (w *walker) file(in input) {
	if target, err := filepath.EvalSymlinks(in.path); err == nil {
		if w.seen[target] {
			return
		}
		w.seen[target] = true
	}
	w.inputs = append(w.inputs, in)
}
