package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/kaudit/kaudit/report"
)

// terminal returns the width of the terminal that a writer is; false if it is none.
func terminal(w io.Writer) (columns int, ok bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		columns = 80
	}
	return columns, true
}

// terminalOptions say how standard output wants a report.
func terminalOptions(e env) report.Options {
	columns, ok := terminal(e.stdout)
	return report.Options{Width: columns, Color: ok && e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb"}
}

// progress shows what is under way on a terminal, in one line of standard error that is gone once
// done is called. Elsewhere it shows nothing.
func progress(e env, window time.Duration) (show func(stage string, done, total int), done func()) {
	columns, ok := terminal(e.stderr)
	if !ok || e.getenv("TERM") == "dumb" {
		return nil, func() {}
	}
	var s stages
	show = func(stage string, done, total int) {
		fmt.Fprintf(e.stderr, "\r\x1b[K%.*s", columns-1, s.line(stage, done, total, window))
	}
	return show, func() { fmt.Fprint(e.stderr, "\r\x1b[K") }
}

// stages are those that have begun and not ended.
type stages struct {
	running []string
	done    int
}

// line says what is still waited for: the stage that began or ended last is often long over.
func (s *stages) line(stage string, done, total int, window time.Duration) string {
	if done == s.done {
		s.running = append(s.running, stage)
	} else if i := slices.Index(s.running, stage); i >= 0 {
		s.running = slices.Delete(s.running, i, i+1)
	}
	s.done = done
	line := fmt.Sprintf("collecting %d/%d", done, total)
	if window > 0 {
		line += fmt.Sprintf(", with %s between two scrapes", window)
	}
	return line + ": " + strings.Join(s.running, ", ")
}
