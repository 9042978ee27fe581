package auditlog

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// chunk reads one chunk of a plain file: the lines that start in it, to the end of the last one.
func (w *worker) chunk(in *input, number int) {
	var t part
	defer func() { in.ledger.add(number, t) }()
	start := int64(number) * int64(w.size.chunk)
	end := min(start+int64(w.size.chunk), in.size)
	from := start
	if number > 0 {
		from-- // to see whether a line starts at start
	}
	b := w.fill(in, from, int(end-from))
	in.ledger.read(int(end - start))
	w.progress.add(int(end - start))
	own := min(int(end-from), len(b)) // what follows is of the next chunk
	at := from + int64(len(b))
	if number > 0 {
		i := bytes.IndexByte(b[:own], '\n')
		if i < 0 {
			return
		}
		b, own = b[i+1:], own-i-1
	}
	if whole := bytes.LastIndexByte(b[:own], '\n') + 1; whole > 0 {
		w.lines(b[:whole], &t)
		b, own = b[whole:], own-whole
	}
	if own > 0 {
		w.lineAcross(in, b, at, &t)
	}
}

// fill reads n bytes of a plain file into the worker's buffer, and some more, where the last line is likely to end.
func (w *worker) fill(in *input, from int64, n int) []byte {
	if w.buf == nil {
		w.buf = make([]byte, 1+w.size.chunk+w.size.ahead+w.size.room)
	}
	wanted := int(min(int64(n+w.size.ahead), in.size-from))
	got, err := in.ReadAt(w.buf[:wanted], from)
	if got < n {
		in.ledger.cut(whyShort(err))
	}
	return w.buf[:got]
}

// whyShort says why a file gave less than its size.
func whyShort(err error) string {
	var path *fs.PathError
	switch {
	case errors.Is(err, io.EOF):
		return "the file became shorter while it was read"
	case errors.As(err, &path):
		return path.Err.Error()
	default:
		return err.Error()
	}
}

// lineAcross reads the line that starts in a chunk and goes on behind it. What is read of it and of what follows, to
// the given place, is the end of what stands in the buffer.
func (w *worker) lineAcross(in *input, b []byte, at int64, t *part) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		w.line(b[:i], t)
		return
	}
	room := b[len(b):cap(b)]
	if n := min(int64(len(room)), in.size-at); n > 0 {
		got, _ := in.ReadAt(room[:n], at)
		if i := bytes.IndexByte(room[:got], '\n'); i >= 0 {
			w.line(b[:len(b)+i], t)
			return
		}
		b, at = b[:len(b)+got], at+int64(got)
	}
	w.longLine(in, b, &fileBlocks{in: in, at: at, buf: make([]byte, w.size.block)}, t)
}

// fileBlocks is the rest of a plain file.
type fileBlocks struct {
	in  *input
	at  int64
	buf []byte
}

func (f *fileBlocks) next() ([]byte, error) {
	n := min(int64(len(f.buf)), f.in.size-f.at)
	if n <= 0 {
		return nil, io.EOF
	}
	got, err := f.in.ReadAt(f.buf[:n], f.at)
	f.at += int64(got)
	if got > 0 {
		return f.buf[:got], nil
	}
	f.in.ledger.cut(whyShort(err))
	return nil, io.EOF
}

// unread drops what follows a line: it is of other chunks.
func (f *fileBlocks) unread([]byte) {}
