package auditlog

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// headSize is how much of a log tells what it is.
const headSize = 64 << 10

// stream reads a log that can only be read from its start to its end.
func (w *worker) stream(ctx context.Context, in *input) {
	var t part
	defer func() { in.ledger.add(0, t) }()
	r, err := in.stream(func(n int) {
		in.ledger.read(n)
		w.progress.add(n)
	})
	if err != nil {
		in.ledger.cut(in.whyDamaged(err))
		return
	}
	head := make([]byte, headSize)
	n, err := readFull(r, head)
	head = head[:n]
	if why := foreign(head); why != "" {
		in.ledger.cut(why)
		r.Close()
		return
	}
	src := readAhead(ctx, &resumed{bytes.TrimPrefix(head, byteOrderMark), r, err}, w.size.block)
	if isDocuments(head) {
		w.documents(in, src, &t)
	} else {
		w.streamLines(in, src, &t)
	}
	if err := src.stop(in.pipe != nil); !errors.Is(err, io.EOF) && ctx.Err() == nil {
		in.ledger.cut(in.whyDamaged(err))
	}
	if ctx.Err() == nil || in.pipe == nil { // else it may still be read from
		r.Close()
	}
}

// streamLines reads JSON lines. What a piece begins with is put together with the end of the one before.
func (w *worker) streamLines(in *input, src *ahead, t *part) {
	head := make([]byte, 0, w.size.chunk)
	for {
		b, err := src.next()
		if err != nil {
			break
		}
		if len(head) > 0 {
			i := bytes.IndexByte(b, '\n')
			if i < 0 && len(head)+len(b) <= cap(head) {
				head = append(head, b...)
				continue
			}
			if i < 0 || len(head)+i > cap(head) {
				src.unread(b)
				w.longLine(in, head, src, t)
				head = head[:0]
				continue
			}
			w.line(append(head, b[:i]...), t)
			b = b[i+1:]
		}
		whole := bytes.LastIndexByte(b, '\n') + 1
		w.lines(b[:whole], t)
		head = append(head[:0], b[whole:]...)
	}
	if len(head) > 0 {
		w.lastLine(in, head, t)
	}
}

// readFull fills p as far as r goes, and gives r's own error: what ends early must be told from what is short.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var got int
		got, err = r.Read(p[n:])
		n += got
	}
	return n, err
}

// resumed goes on where the head of a log ends.
type resumed struct {
	head []byte
	rest io.Reader
	err  error
}

func (r *resumed) Read(p []byte) (int, error) {
	if len(r.head) > 0 {
		n := copy(p, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	if r.err != nil {
		return 0, r.err
	}
	return r.rest.Read(p)
}

// ahead reads a stream, and decompresses it, while what came before is parsed.
type ahead struct {
	full chan []byte
	free chan []byte
	done <-chan struct{}
	err  error // of the stream, once full is closed

	piece []byte // that next gave out
	rest  []byte // of it, to be given out again
}

// pieces is how far it reads ahead.
const pieces = 4

func readAhead(ctx context.Context, r io.Reader, size int) *ahead {
	a := &ahead{full: make(chan []byte, pieces), free: make(chan []byte, pieces), done: ctx.Done()}
	for range pieces {
		a.free <- nil
	}
	go func() {
		defer close(a.full)
		for a.err == nil {
			select {
			case <-a.done:
				a.err = context.Canceled
				return
			case b := <-a.free:
				if b == nil {
					b = make([]byte, size)
				}
				var n int
				n, a.err = readFull(r, b[:size])
				a.full <- b[:n]
			}
		}
	}()
	return a
}

// next never waits for a stream that hangs, as a pipe may, once ctx has ended.
func (a *ahead) next() ([]byte, error) {
	if len(a.rest) > 0 {
		b := a.rest
		a.rest = nil
		return b, nil
	}
	for {
		if a.piece != nil {
			a.free <- a.piece
			a.piece = nil
		}
		select {
		case <-a.done:
			return nil, context.Canceled
		case b, ok := <-a.full:
			if !ok {
				return nil, a.err
			}
			if a.piece = b; len(b) > 0 {
				return b, nil
			}
		}
	}
}

func (a *ahead) unread(b []byte) { a.rest = b }

// stop reads to the end and says how that came. It does not wait for a pipe once ctx has ended.
func (a *ahead) stop(hangs bool) error {
	for {
		if _, err := a.next(); err == nil {
			continue
		} else if hangs || !errors.Is(err, context.Canceled) {
			return err
		}
		for range a.full { // the goroutine ends by itself
		}
		return context.Canceled
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	b, err := a.next()
	n := copy(p, b)
	a.unread(b[n:])
	return n, err
}
