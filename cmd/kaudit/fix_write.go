package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/kaudit/kaudit/checks"
)

// writeAll writes every file that can be written, and judges the tree again.
func (m *mender) writeAll(ctx context.Context) error {
	files, failed := m.mendedFiles()
	written := 0
	for _, f := range files {
		if err := f.write(); err != nil {
			fmt.Fprintf(m.e.stderr, "kaudit: %s\n", oneLine(err.Error()))
			failed++
			continue
		}
		fmt.Fprintf(m.e.stderr, "kaudit: wrote %s\n", f.path)
		written++
	}
	if written == 0 && failed == 0 {
		fmt.Fprintln(m.e.stderr, "kaudit: no plain setting to change")
		return m.outcome(false, 0)
	}
	again := &mender{e: m.e, o: m.o, checks: m.checks, decided: m.decided, refused: map[setting]string{}, found: map[string][]byte{}, tree: m.tree}
	if err := again.mend(ctx); err != nil {
		return err
	}
	m.left = again.left
	if len(again.texts.Changed) == 0 && failed == 0 {
		fmt.Fprintf(m.e.stderr, "kaudit: %s in %s changed; a second run has nothing to do\n", checks.Count(len(m.done), "setting"), checks.Count(written, "file"))
	}
	return m.outcome(failed == 0 && len(again.texts.Changed) > 0, failed)
}

// write replaces the file whole, if it still is as it was read.
func (f mendedFile) write() error {
	info, err := os.Stat(f.real)
	if err != nil {
		return fmt.Errorf("write %s: %w", f.path, bare(err))
	}
	now, err := os.ReadFile(f.real)
	if err != nil {
		return fmt.Errorf("write %s: %w", f.path, bare(err))
	}
	if !bytes.Equal(now, f.old) {
		return fmt.Errorf("write %s: %w; run it again", f.path, errStale)
	}
	file, err := replaceFile(f.real, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer file.discard()
	if err := file.Chmod(info.Mode().Perm()); err != nil { // what the umask took away
		return fmt.Errorf("write %s: %w", f.path, bare(err))
	}
	if _, err := file.Write(f.now); err != nil {
		return fmt.Errorf("write %s: %w", f.path, bare(err))
	}
	return file.commit()
}

var errStale = errors.New("has changed since it was read")
