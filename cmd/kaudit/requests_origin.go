package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/report"
)

// nameOrigin puts where logs are from before their names: every node has an audit.log.
func nameOrigin(r *evidence.Requests, origin string) {
	if origin == "" {
		return
	}
	for i := range r.Logs {
		r.Logs[i].Name = origin + ":" + r.Logs[i].Name
	}
	for i := range r.Faults {
		r.Faults[i].Log = origin + ":" + r.Faults[i].Log
	}
}

// fromOrigin says the same of an error.
func fromOrigin(err error, origin string) error {
	exit := (*exitError)(nil)
	if origin == "" || !errors.As(err, &exit) {
		return err
	}
	return &exitError{exit.code, fmt.Errorf("%s: %w", printableName(origin), exit.err)}
}

var withOrigin = regexp.MustCompile(`^[^:/]+:`)

// readTwice are logs of one origin that two reports over the same time tell of.
func readTwice(parts []report.RequestPart) []string {
	var out []string
	seen := map[string][]*evidence.Requests{}
	for i := range parts {
		r := &parts[i].Requests
		for _, l := range r.Logs {
			if !withOrigin.MatchString(l.Name) || l.Events == 0 {
				continue
			}
			for _, o := range seen[l.Name] {
				if !r.Start().After(o.To) && !o.Start().After(r.To) {
					out = append(out, fmt.Sprintf("two reports over the same time tell of the log %s: its requests count twice, and those of another node may be missing", printableName(l.Name)))
				}
			}
			seen[l.Name] = append(seen[l.Name], r)
		}
	}
	return out
}

// asides leaves out of a stream what kaudit said on standard error, which kubectl logs mixes with its reports, and passes it on
// to a person. No line of a report begins so.
type asides struct {
	r    *bufio.Reader
	to   io.Writer
	line []byte // what is left of a line, or of a part of a very long one
	mid  bool   // what comes next does not begin a line
}

var saidByKaudit = []byte("kaudit: ")

// maxSaid bounds what is passed on of one line.
const maxSaid = 64 << 10

func (a *asides) Read(p []byte) (int, error) {
	for len(a.line) == 0 {
		line, err := a.r.ReadSlice('\n')
		if len(line) == 0 {
			return 0, err
		}
		if !a.mid && bytes.HasPrefix(line, saidByKaudit) {
			said := bytes.Clone(line)
			for errors.Is(err, bufio.ErrBufferFull) {
				line, err = a.r.ReadSlice('\n')
				said = append(said, line[:min(len(line), maxSaid-len(said))]...)
			}
			fmt.Fprintln(a.to, strings.ReplaceAll(printableName(string(bytes.TrimSpace(said))), `\"`, `"`))
			continue
		}
		a.line, a.mid = line, line[len(line)-1] != '\n'
	}
	n := copy(p, a.line)
	a.line = a.line[n:]
	return n, nil
}
