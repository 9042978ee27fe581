package auditlog

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// maxShort is how much a line that is read as a stream may keep: all of an event but its bodies.
const maxShort = 1 << 20

var errTooLong = errors.New("more than 1 MiB of values that are no body of a request or an answer")

// scanLong is scan for a line too long to be held: it reads one document from r to its end in bounded memory, whatever
// lengths the bodies in it have. A document with more than a megabyte beside them is an error, though it may be valid.
// e.responseObject stays nil, e.responseBytes and e.responseItems are right. Give it a reader that ends where the line
// does, and read on from there after it: on an error it stops near the fault.
func (s *scanner) scanLong(r io.Reader, e *event) error {
	sh := shortener{out: s.short[:0], from: r, answer: answerStream{items: -1, rows: -1}}
	err := sh.run()
	s.short = sh.out
	if err != nil {
		return err
	}
	if err := s.scan(s.short, e); err != nil {
		return err
	}
	e.responseObject = nil
	e.responseBytes, e.responseItems = sh.answer.bytes, -1
	if string(e.verb) == "list" {
		e.responseItems = sh.answer.count()
	}
	return nil
}

// A shortener copies an event without what no field of eventJSON takes, and without the answer, which it measures. It
// checks all of it as encoding/json does.
type shortener struct {
	grammar
	from io.Reader
	off  int64 // of the byte that is looked at
	out  []byte
	drop bool   // what is looked at is not copied
	name []byte // the last name, as it is written, if it is short enough to be a field's
	long bool   // it is not

	answer answerStream
}

// maxName is longer than any field's name is with each letter escaped.
const maxName = 256

func (s *shortener) run() error {
	buf := make([]byte, 64<<10)
	for {
		n, err := s.from.Read(buf)
		if fault := s.feed(buf[:n]); fault != nil {
			return fault
		}
		switch {
		case errors.Is(err, io.EOF):
			return s.end()
		case err != nil:
			return err
		}
	}
}

func (s *shortener) feed(b []byte) error {
	for len(b) > 0 {
		if len(s.out) > maxShort {
			return errTooLong
		}
		if n := s.plain(b); n > 0 {
			s.copy(b[:n])
			s.off, b = s.off+int64(n), b[n:]
			continue
		}
		depth := len(s.open)
		switch what, err := s.step(b[0]); {
		case err != nil:
			return err
		case what == beginsValue:
			s.begins(depth, b[0])
		case what == endsValue:
			s.copy(b[:1])
			s.ends(len(s.open), s.off+1)
		case what == endedValue: // a number, by the byte behind it
			s.ends(depth, s.off)
			s.around(b[0])
		case what == around:
			s.around(b[0])
		case what == inside:
			s.copy(b[:1])
		}
		s.off, b = s.off+1, b[1:]
	}
	return nil
}

// copy takes a piece of a name or of a value.
func (s *shortener) copy(b []byte) {
	if s.inName && len(s.open) <= 2 {
		if s.long = s.long || len(s.name)+len(b) > maxName; !s.long {
			s.name = append(s.name, b...)
		}
	}
	if !s.drop {
		s.out = append(s.out, b...)
	}
}

// around takes a byte between values.
func (s *shortener) around(c byte) {
	if c == '"' { // a name begins
		s.name, s.long = s.name[:0], false
	}
	if !s.drop {
		s.out = append(s.out, c)
	}
	if c == ']' || c == '}' {
		s.ends(len(s.open), s.off+1)
	}
}

// begins is told of a value, which is in depth brackets, by its first byte.
func (s *shortener) begins(depth int, c byte) {
	if depth == 1 && s.open[0] == '{' {
		answer := s.is("responseObject")
		if s.drop = answer || !s.field(); s.drop {
			s.out = append(s.out, "null"...)
		}
		if answer {
			s.answer = answerStream{from: s.off, reading: true, items: -1, rows: -1, bad: c != '{' && c != 'n'}
		}
	}
	if s.answer.reading {
		s.answer.begins(depth, c, s)
	}
	if !s.drop {
		s.out = append(s.out, c)
	}
}

// ends is told of the end of a value that is in depth brackets.
func (s *shortener) ends(depth int, off int64) {
	if depth != 1 {
		return
	}
	s.drop = false
	if s.answer.reading {
		s.answer.reading = false
		s.answer.bytes = off - s.answer.from
	}
}

// field says whether the last name is one that eventJSON has.
func (s *shortener) field() bool { return slices.ContainsFunc(fields[inEvent], s.is) }

// is says whether the last name is f to encoding/json.
func (s *shortener) is(f string) bool {
	return !s.long && bytes.EqualFold(appendUnquoted(nil, s.name), []byte(f))
}

// An answerStream measures an answer that is not held.
type answerStream struct {
	reading     bool
	from, bytes int64
	items, rows int64  // -1 if there are none such
	counting    *int64 // which of them is looked at
	bad         bool   // encoding/json would not read it as a list
}

func (a *answerStream) begins(depth int, c byte, s *shortener) {
	switch {
	case depth == 2 && s.open[1] == '{':
		a.counting = nil
		if s.is("items") {
			a.counting = &a.items
		} else if s.is("rows") {
			a.counting = &a.rows
		}
		if a.counting == nil {
			return
		}
		*a.counting = -1
		if c == '[' {
			*a.counting = 0
		}
		a.bad = a.bad || c != '[' && c != 'n'
	case depth == 3 && s.open[2] == '[' && a.counting != nil:
		*a.counting++
	}
}

func (a *answerStream) count() int64 {
	switch {
	case a.bad:
		return -1
	case a.items >= 0:
		return a.items
	default:
		return a.rows
	}
}
