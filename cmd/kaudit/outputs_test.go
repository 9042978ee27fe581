package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/kaudit/kaudit/report"
)

// A reader like head closes standard output early, and the program with it: the files must be there by then.
func TestFilesAreWrittenBeforeStandardOutput(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.json")
	outs, err := openOutputs([]string{"table", "json=" + file}, []string{"table", "json"})
	if err != nil {
		t.Fatal(err)
	}
	r, stdout := io.Pipe()
	gone := errors.New("closed")
	_ = r.CloseWithError(gone)
	e := env{stdout: stdout, stderr: io.Discard, getenv: func(string) string { return "" }}
	err = writeOutputs(e, outs, func(w io.Writer, format string, _ report.Options) error {
		_, err := io.WriteString(w, format)
		return err
	})
	if !errors.Is(err, gone) {
		t.Errorf("got error %v, want that of standard output", err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "json" {
		t.Errorf("got %q (%v) in the file, want it whole", got, err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("got %v (%v), want nothing beside the file", names, err)
	}
}
