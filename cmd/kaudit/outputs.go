package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/report"
)

// output is one -o: a format, and the file it goes to, or standard output.
type output struct {
	format string
	file   *replacement // nil: standard output
}

// openOutputs reads -o FORMAT and -o FORMAT=FILE. It opens the files, so that nobody waits for an
// audit that then cannot be written down.
func openOutputs(specs, formats []string) (outs []output, err error) {
	defer func() {
		if err != nil {
			discard(outs)
		}
	}()
	toStdout := ""
	paths := map[string]bool{}
	for _, spec := range specs {
		name, path, toFile := strings.Cut(spec, "=")
		if !slices.Contains(formats, name) {
			return outs, noSuch("format", name, formats, "-o takes "+strings.Join(formats, ", "))
		}
		if !toFile || path == "-" {
			if toStdout != "" {
				return outs, usage("-o %s and -o %s both go to standard output; give one of them a file: -o %s=FILE", toStdout, name, name)
			}
			toStdout, outs = name, append(outs, output{format: name})
			continue
		}
		if path == "" {
			return outs, usage("-o %s names no file; write -o %s=FILE, or -o %s for standard output", spec, name, name)
		}
		if paths[filepath.Clean(path)] {
			return outs, usage("two -o go to %s; give each a file of its own", path)
		}
		paths[filepath.Clean(path)] = true
		file, err := replaceFile(path, 0o644)
		if err != nil {
			return outs, usage("%w; give -o %s=FILE a path that can be written", err, name)
		}
		outs = append(outs, output{name, file})
	}
	return outs, nil
}

// formatNamed is the format of an audit; it panics on a name that is none, which openOutputs lets nobody give.
func formatNamed(name string) report.Format {
	i := slices.IndexFunc(report.Formats(), func(f report.Format) bool { return f.Name == name })
	return report.Formats()[i]
}

// writeAudit writes every output of scan.
func writeAudit(e env, outs []output, a report.Audit, bar checks.Severity) error {
	return writeOutputs(e, outs, func(w io.Writer, format string, o report.Options) error {
		o.FailOn = bar
		return formatNamed(format).Write(w, a, o)
	})
}

// writeOutputs writes every output: all of the files or none, and then standard output, where a reader that has seen
// enough, as head has, ends this program.
func writeOutputs(e env, outs []output, write func(w io.Writer, format string, o report.Options) error) error {
	defer discard(outs)
	one := func(o output, w io.Writer, opts report.Options) error {
		opts.Command = e.name
		if err := write(w, o.format, opts); err != nil {
			return noAudit("write %s to %s: %w", o.format, o.place(), bare(err))
		}
		return nil
	}
	for _, o := range outs {
		if o.file != nil {
			if err := one(o, o.file, report.Options{}); err != nil {
				return err
			}
		}
	}
	for _, o := range outs {
		if o.file != nil {
			if err := o.file.commit(); err != nil {
				return noAudit("%w", err)
			}
		}
	}
	for _, o := range outs {
		if o.file == nil {
			if err := one(o, e.stdout, terminalOptions(e)); err != nil {
				return err
			}
		}
	}
	return nil
}

// place is where an output goes, as people call it.
func (o output) place() string {
	if o.file == nil {
		return "standard output"
	}
	return cmp.Or(o.file.path, o.file.Name())
}

func discard(outs []output) {
	for _, o := range outs {
		if o.file != nil {
			o.file.discard()
		}
	}
}

// replacement is a file being written beside the one that it will replace, so that a reader sees
// the old content or the new, and a program that is killed leaves the old.
type replacement struct {
	*os.File
	path string // to be replaced; "" for a device or pipe, which is written in place
	done bool
}

// replaceFile opens path for replacement and finds out now whether that will be possible.
func replaceFile(path string, mode fs.FileMode) (*replacement, error) {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("write %s: %w", path, bare(err))
	case info.IsDir():
		return nil, fmt.Errorf("write %s: is a directory", path)
	default:
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", path, bare(err))
		}
		if !info.Mode().IsRegular() {
			return &replacement{File: f}, nil
		}
		_ = f.Close() // only tried
	}
	var suffix [6]byte
	_, _ = rand.Read(suffix[:]) // never fails
	dir, base := filepath.Split(path)
	f, err := os.OpenFile(fmt.Sprintf("%s.%s.%x", dir, base, suffix), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, bare(err))
	}
	return &replacement{File: f, path: path}, nil
}

// commit puts the new content in place.
func (r *replacement) commit() error {
	r.done = true
	err := r.Close()
	if err == nil && r.path != "" {
		err = os.Rename(r.Name(), r.path)
	}
	if err != nil {
		_ = r.remove()
		return fmt.Errorf("write %s: %w", r.path, bare(err))
	}
	return nil
}

// discard leaves what was there before; after commit it does nothing.
func (r *replacement) discard() {
	if !r.done {
		r.done = true
		_ = r.Close() // nothing of it is kept
		_ = r.remove()
	}
}

func (r *replacement) remove() error {
	if r.path == "" {
		return nil
	}
	return os.Remove(r.Name())
}

// bare is an error without the operation and the path, which the sentence around it names.
func bare(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	if l := (*os.LinkError)(nil); errors.As(err, &l) {
		return l.Err
	}
	return err
}
