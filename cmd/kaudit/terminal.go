package main

import (
	"fmt"
	"io"
	"os"
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
	show = func(stage string, done, total int) {
		line := fmt.Sprintf("collecting %d/%d: %s", done, total, stage)
		if window > 0 {
			line = fmt.Sprintf("collecting %d/%d, with %s between two scrapes: %s", done, total, window, stage)
		}
		fmt.Fprintf(e.stderr, "\r\x1b[K%.*s", columns-1, line)
	}
	return show, func() { fmt.Fprint(e.stderr, "\r\x1b[K") }
}
