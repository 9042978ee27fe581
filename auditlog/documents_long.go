package auditlog

import "io"

// endless reads an event that is longer than the window. If it is no event, the end of it may have been passed by.
func (d *documents) endless() (cut bool) {
	v := &valueReader{d: d, s: splitter{blind: true}}
	number := d.line
	err := d.w.scanner.scanLong(v, &d.w.event)
	_, _ = io.Copy(io.Discard, v)
	switch {
	case err == nil:
		d.w.found(nil, number, nil, d.t)
	case v.cut:
		d.t.bad(number, "cut off")
	default:
		d.t.bad(number, "no JSON, or of a kind that is not read at this length")
	}
	return v.cut && err != nil
}

// A valueReader reads the value that the window of documents starts with, to its end and no further.
type valueReader struct {
	d     *documents
	s     splitter
	ended bool
	cut   bool // there is no more before its end
}

func (v *valueReader) Read(p []byte) (int, error) {
	d := v.d
	if d.pos == d.end && !v.ended && !d.more() {
		v.cut = !d.oneLine
		v.ended = true
	}
	if v.ended {
		return 0, io.EOF
	}
	b := d.buf[d.pos:min(d.end, d.pos+len(p))]
	n := len(b)
	if !d.oneLine {
		v.s.off = 0
		whole, broken := v.s.find(b)
		v.ended = whole || broken
		n = v.s.off
	}
	copy(p, b[:n])
	d.skip(n)
	return n, nil
}
