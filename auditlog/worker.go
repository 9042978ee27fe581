package auditlog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
)

// A worker parses pieces of logs, and keeps what they say to itself until the end.
type worker struct {
	*queue
	batch   batch   // of lines
	scanner scanner // of a document by itself, while a batch is under way too
	event   event
	reducer *reducer
	buf     []byte
}

func newWorker(q *queue) *worker { return &worker{queue: q, reducer: newReducer(q.options.filter())} }

// run works until nothing is left or ctx ends.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		in, chunk := w.next()
		switch {
		case in == nil:
			return
		case chunk >= 0:
			w.chunk(in, chunk)
		default:
			w.stream(ctx, in)
		}
	}
}

// lines reads whole lines, of which the last may have no line feed.
func (w *worker) lines(b []byte, t *part) {
	w.batch.begin(b)
	for {
		line, ok, err := w.batch.next(&w.event)
		if !ok {
			return
		}
		w.scanned(line, err, t)
	}
}

// line reads one. It says whether the line is cut off: JSON as far as it goes.
func (w *worker) line(line []byte, t *part) (cut bool) {
	return w.scanned(line, w.scanner.scan(line, &w.event), t)
}

// scanned takes what the scanner made of a line.
func (w *worker) scanned(line []byte, err error, t *part) (cut bool) {
	number := t.lines
	t.lines++
	if err != nil && (blank(line) || w.several(line, number, t)) {
		return false
	}
	if err == nil && w.event.kind == kindEventList {
		w.values(line, number, t)
		return false
	}
	return w.found(line, number, err, t)
}

// several reads a line that holds an array of events, or some one after the other, if all of it is valid.
func (w *worker) several(line []byte, number int64, t *part) bool {
	line = bytes.Trim(line, " \t\r\n")
	if line[0] != '[' && line[0] != '{' {
		return false
	}
	for rest := line; len(rest) > 0; {
		var s splitter
		if whole, _ := s.find(rest); !whole || !json.Valid(rest[:s.off]) {
			return false
		}
		if rest = bytes.TrimLeft(rest[s.off:], " \t\r"); len(rest) > 0 && rest[0] != '{' && rest[0] != '[' {
			return false
		}
	}
	w.values(line, number, t)
	return true
}

// found takes what the scanner made of a document.
func (w *worker) found(doc []byte, number int64, err error, t *part) (cut bool) {
	switch {
	case err != nil:
		why, cut := whyBad(doc, err)
		t.bad(number, why)
		return cut
	case w.event.kind == kindEvent:
		t.events++
		w.reducer.add(&w.event)
	case w.event.kind == kindEventList:
		w.scanner.items(doc, func(e *event, err error) bool {
			switch {
			case err != nil:
				why, _ := whyBad(doc, err)
				t.bad(number, why)
			case e.kind != kindEvent:
				t.bad(number, "in a list: JSON, but no audit event")
			default:
				t.events++
				w.reducer.add(e)
			}
			return true
		})
	default:
		t.bad(number, "JSON, but no audit event")
	}
	return false
}

// values reads values that are known to be valid, one by one.
func (w *worker) values(doc []byte, number int64, t *part) {
	d := &documents{w: w, t: t, r: bytes.NewReader(nil), buf: doc, end: len(doc), line: number}
	for _, ok := d.space(); ok; _, ok = d.space() {
		d.value()
	}
}

func blank(line []byte) bool { return len(bytes.TrimLeft(line, " \t\r\n")) == 0 }

// whyBad says in words why a document is none, and nothing of what stands in it.
func whyBad(doc []byte, err error) (why string, cut bool) {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case bytes.IndexByte(doc, 0) >= 0:
		return "NUL bytes, as a crash of the machine leaves them", false
	case errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input":
		return "cut off", true
	case errors.As(err, &wrong):
		return wrongValue(wrong), false
	default:
		return "no JSON", false
	}
}

// wrongValue names the kind of the value, not the value: of a number encoding/json tells that, too.
func wrongValue(wrong *json.UnmarshalTypeError) string {
	what, _, _ := strings.Cut(wrong.Value, " ")
	switch {
	case wrong.Field == "":
		return "JSON, but no audit event"
	case what == "array" || what == "object":
		what = "an " + what
	default:
		what = "a " + what
	}
	return "an audit event has no such value: " + what + " in " + wrong.Field
}
