package auditlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// isDocuments says whether a log is JSON values that go over several lines, by its first few: a list of events as
// it is sent to a webhook, or events that were printed for a person. A log of lines may start with one that was cut
// off. That is told by what follows it, which does not go on with the value.
func isDocuments(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, byteOrderMark), " \t\r\n")
	if len(head) == 0 || head[0] != '{' && head[0] != '[' {
		return false
	}
	first := bytes.IndexByte(head, '\n')
	if first < 0 {
		return false
	}
	const lines = 4
	end := first + 1
	for i := 1; i < lines && end < len(head); {
		n := bytes.IndexByte(head[end:], '\n') + 1
		if n == 0 {
			n = len(head) - end
		}
		if !blank(head[end : end+n]) {
			i++
		}
		end += n
	}
	dec := json.NewDecoder(bytes.NewReader(head[:end]))
	for depth := 0; ; {
		token, err := dec.Token()
		switch delim, _ := token.(json.Delim); {
		case err != nil:
			// It ends within the value, and not within a string of its first line.
			return dec.InputOffset() > int64(first) && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF))
		case delim == '{' || delim == '[':
			depth++
		case delim == '}' || delim == ']':
			depth--
		}
		if depth == 0 {
			return dec.InputOffset() > int64(first)
		}
	}
}

// documents reads a log, or one line of it, of JSON values that need not be held whole.
type documents struct {
	w    *worker
	t    *part
	r    io.Reader
	line int64 // of buf[pos], from 0

	buf      []byte // the window is buf[pos:end]
	pos, end int
	oneLine  bool // r ends where the value should
}

// documents reads a whole log of them.
func (w *worker) documents(in *input, r io.Reader, t *part) {
	long := <-w.long
	defer func() { w.long <- long }()
	if cap(long) < w.size.line {
		long = make([]byte, w.size.line)
	}
	d := &documents{w: w, t: t, r: r, buf: long[:w.size.line]}
	for {
		before := *t
		switch c, ok := d.space(); {
		case !ok:
			return
		case c != '{' && c != '[':
			t.bad(d.line, "no JSON")
			d.resync()
		case d.value():
			w.cutOff(in, before, t)
			return
		}
	}
}

// more reads on, and says whether there is anything to be had in the window.
func (d *documents) more() bool {
	if d.pos > 0 {
		copy(d.buf, d.buf[d.pos:d.end])
		d.end -= d.pos
		d.pos = 0
	}
	for d.end < len(d.buf) {
		n, err := d.r.Read(d.buf[d.end:])
		d.end += n
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	return false
}

func (d *documents) full() bool { return d.pos == 0 && d.end == len(d.buf) }

// skip passes over n bytes of the window.
func (d *documents) skip(n int) {
	d.line += int64(bytes.Count(d.buf[d.pos:d.pos+n], []byte{'\n'}))
	d.pos += n
}

// space passes over white space and says what comes next.
func (d *documents) space() (byte, bool) {
	for {
		for ; d.pos < d.end; d.pos++ {
			switch c := d.buf[d.pos]; c {
			case '\n':
				d.line++
			case ' ', '\t', '\r':
			default:
				return c, true
			}
		}
		if !d.more() {
			return 0, false
		}
	}
}

// resync passes over the rest of a line that is broken, to the next one that a value starts in.
func (d *documents) resync() {
	for {
		i := bytes.IndexByte(d.buf[d.pos:d.end], '\n')
		if i < 0 {
			if d.pos = d.end; !d.more() {
				return
			}
			continue
		}
		d.skip(i + 1)
		if d.pos == d.end && !d.more() {
			return
		}
		if c := d.buf[d.pos]; c == '{' || c == '[' {
			return
		}
	}
}

// value reads the value that the window starts with, and says whether it is cut off.
func (d *documents) value() (cut bool) {
	var s splitter
	for {
		switch whole, broken := s.find(d.buf[d.pos:d.end]); {
		case whole:
			d.held(&s)
			return false
		case broken:
			d.broken(s.off)
			return false
		}
		if !d.full() && d.more() {
			continue
		}
		switch cut := !d.full(); {
		case d.buf[d.pos] == '[':
			return d.elements(1, 1)
		case s.isList():
			return d.elements(s.items, 2)
		case cut:
			d.t.bad(d.line, "cut off")
			d.skip(d.end - d.pos)
			return true
		}
		return d.endless()
	}
}

// held takes a value that is in the window.
func (d *documents) held(s *splitter) {
	n := s.off
	doc := d.buf[d.pos : d.pos+n]
	switch {
	case d.oneLine && d.trailed(n):
		return
	case doc[0] == '[':
		d.elements(1, 1)
		return
	case s.isList():
		d.elements(s.items, 2)
		return
	}
	err := d.w.scanner.scan(doc, &d.w.event)
	d.w.found(doc, d.line+faultLine(doc, err), err, d.t)
	d.skip(n)
}

// trailed tells of a line with a value that something follows which is none.
func (d *documents) trailed(n int) bool {
	rest := bytes.TrimLeft(d.buf[d.pos+n:d.end], " \t\r")
	if len(rest) == 0 || rest[0] == '{' || rest[0] == '[' {
		return false
	}
	d.t.bad(d.line, "no JSON")
	d.pos = d.end
	_, _ = io.Copy(io.Discard, d.r)
	return true
}

// faultLine is how many lines into a document its fault is.
func faultLine(doc []byte, err error) int64 {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return 0
	}
	return int64(bytes.Count(doc[:min(int(syntax.Offset), len(doc))], []byte{'\n'}))
}

// broken tells of a value with a fault, n bytes into it, that hides where it ends.
func (d *documents) broken(n int) {
	d.skip(n - 1)
	d.t.bad(d.line, "no JSON")
	d.resync()
}

// elements reads the elements of a list one by one, from n bytes into its value, and what follows them to the end of the
// value, which is depth brackets away.
func (d *documents) elements(n, depth int) (cut bool) {
	d.skip(n)
	for {
		c, ok := d.space()
		switch {
		case !ok:
			d.t.bad(d.line, "cut off")
			return true
		case c == ',':
			d.pos++
		case c == ']':
			return d.rest(depth)
		case c != '{':
			d.t.bad(d.line, "no JSON, or no audit event")
			return d.rest(depth)
		default:
			if d.element() {
				return true
			}
		}
	}
}

// element reads one event of a list.
func (d *documents) element() (cut bool) {
	var s splitter
	for {
		switch whole, broken := s.find(d.buf[d.pos:d.end]); {
		case whole:
			d.item(d.buf[d.pos : d.pos+s.off])
			d.skip(s.off)
			return false
		case broken:
			d.broken(s.off)
			return false
		case !d.full() && d.more():
		case d.full():
			return d.endless()
		default:
			d.t.bad(d.line, "cut off")
			return true
		}
	}
}

// item takes one event of a list that is in the window.
func (d *documents) item(doc []byte) {
	err := d.w.scanner.scanItem(doc, &d.w.event)
	d.w.found(doc, d.line+faultLine(doc, err), err, d.t)
}

// rest passes over what follows, to the end of the value.
func (d *documents) rest(depth int) (cut bool) {
	s := splitter{depth: depth, blind: true}
	for {
		whole, broken := s.find(d.buf[d.pos:d.end])
		switch {
		case whole:
			d.skip(s.off)
			return false
		case broken:
			d.broken(s.off)
			return false
		}
		d.skip(d.end - d.pos)
		s.off = 0
		if !d.more() {
			d.t.bad(d.line, "cut off")
			return true
		}
	}
}
