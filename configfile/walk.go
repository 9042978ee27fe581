package configfile

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// maxFile bounds what is read of a tree; a larger file holds no configuration that a person wrote.
const maxFile = 64 << 20

// An input is a file to read.
type input struct {
	path  string // on this machine
	shown string // as people name it, with slashes
	rel   string // from the root that it was found under, with slashes
	root  string // name of that root: the last part of its whole path
	named bool   // by the caller: what is wrong with it is an error, whatever it holds
	size  int64
}

// notRead are directories that hold other people's files or none of a cluster's.
var notRead = []string{".git", ".hg", ".svn", "node_modules", ".terraform"}

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
		w.file(input{
			path: clean, shown: filepath.ToSlash(clean), rel: filepath.Base(clean), root: filepath.Base(filepath.Dir(whole)), named: true, size: info.Size(),
		})
		return nil
	}
	return w.dir(ctx, clean, "", filepath.Base(whole))
}

func (w *walker) dir(ctx context.Context, dir, rel, root string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		if w.seen[real] {
			return nil
		}
		w.seen[real] = true
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
			if err := w.dir(ctx, name, below, root); err != nil {
				return err
			}
		case info.Mode().IsRegular():
			w.file(input{path: name, shown: filepath.ToSlash(name), rel: below, root: root, size: info.Size()})
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
	if real, err := filepath.EvalSymlinks(in.path); err == nil {
		if w.seen[real] {
			return
		}
		w.seen[real] = true
	}
	w.inputs = append(w.inputs, in)
}
