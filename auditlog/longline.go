package auditlog

import (
	"bytes"
	"io"
)

// blocks is the rest of a log, piece by piece. A piece holds until the next one is asked for.
type blocks interface {
	next() ([]byte, error)
	unread(b []byte) // the end of the last piece, to be had again
}

// longLine reads a line whose head does not stand in one piece with its end. All workers share one buffer for
// these, so that some that meet long lines at the same time do not hold one each.
func (w *worker) longLine(in *input, head []byte, rest blocks, t *part) {
	long := <-w.long
	defer func() { w.long <- long }()
	if cap(long) < w.size.line {
		long = make([]byte, 0, w.size.line) // costs only what is written to
	}
	long = append(long[:0], head[:min(len(head), w.size.line)]...)
	line := &lineReader{rest: rest, held: head[len(long):]}
	n, err := io.ReadFull(line, long[len(long):w.size.line])
	long = long[:len(long)+n]
	switch {
	case err == nil && !line.ends():
		w.endlessLine(in, long, line, t)
	case line.ended:
		w.line(long, t)
	default:
		w.lastLine(in, long, t)
	}
}

// lastLine reads the last line of a log, which has no line feed. The server may be about to write the rest of it.
func (w *worker) lastLine(in *input, line []byte, t *part) {
	before := *t
	switch cut := w.line(line, t); {
	case cut:
		w.cutOff(in, before, t)
	case len(line) > 0 && line[len(line)-1] == 0:
		in.ledger.cut("it ends in NUL bytes, as a crash of the machine leaves them")
	}
}

// cutOff tells of a last line that is not whole. It is no fault of a log that is being written.
func (w *worker) cutOff(in *input, before part, t *part) {
	if !in.grew() {
		in.ledger.cut("its last line is cut off")
		return
	}
	t.malformed, t.faults = before.malformed, before.faults
	in.ledger.cut("it was being written to: its last line was not whole yet")
}

// endlessLine reads a line that is too long to be held, of which head is.
func (w *worker) endlessLine(in *input, head []byte, line *lineReader, t *part) {
	before, number := *t, t.lines
	d := &documents{w: w, t: t, r: line, buf: head[:w.size.line], end: len(head), line: number, oneLine: true}
	for c, ok := d.space(); ok; c, ok = d.space() {
		if c != '{' && c != '[' {
			t.bad(number, "no JSON")
			break
		}
		d.value()
	}
	t.lines = number + 1
	if line.drain(); t.malformed > before.malformed && !line.ended {
		w.cutOff(in, before, t)
	}
}

// A lineReader reads to the end of the line.
type lineReader struct {
	rest  blocks
	held  []byte
	ended bool // by a line feed, which is taken
	err   error
}

func (l *lineReader) Read(p []byte) (int, error) {
	if !l.fill() {
		return 0, io.EOF
	}
	b := l.held
	if i := bytes.IndexByte(b[:min(len(b), len(p)+1)], '\n'); i >= 0 {
		b = b[:i]
	}
	n := copy(p, b)
	l.held = l.held[n:]
	return n, nil
}

// fill sees to it that something of the line is held, unless nothing is left of it.
func (l *lineReader) fill() bool {
	for !l.ended && l.err == nil {
		if len(l.held) == 0 {
			l.held, l.err = l.rest.next()
			continue
		}
		if l.held[0] != '\n' {
			return true
		}
		l.ended = true
		l.rest.unread(l.held[1:])
		l.held = nil
	}
	return false
}

// ends says whether nothing of the line is left.
func (l *lineReader) ends() bool { return !l.fill() }

// drain passes over what is left of the line.
func (l *lineReader) drain() {
	for l.fill() {
		i := bytes.IndexByte(l.held, '\n')
		if i < 0 {
			i = len(l.held)
		}
		l.held = l.held[i:]
	}
}
