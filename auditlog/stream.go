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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	src := readAhead(ctx, w.size.block, func() (io.ReadCloser, error) {
		return in.stream(func(n int) {
			in.ledger.read(n)
			w.progress.add(n)
		})
	})
	var t part
	if head, err := src.head(); err == nil {
		if why := foreign(head); why != "" {
			in.ledger.cut(why)
			cancel()
		}
		src.rest = bytes.TrimPrefix(head, byteOrderMark)
		if isDocuments(head) {
			w.documents(in, src, &t)
		} else {
			w.streamLines(in, src, &t)
		}
	}
	in.ledger.add(0, t)
	if err := src.stop(in.pipe != nil); !errors.Is(err, io.EOF) && !errors.Is(err, context.Canceled) {
		in.ledger.damaged(in.whyDamaged(err))
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

// ahead reads a stream, and decompresses it, while what came before is parsed.
type ahead struct {
	size int
	full chan []byte
	free chan []byte
	done <-chan struct{}
	err  error // of the stream, once full is closed

	piece []byte // that next gave out
	rest  []byte // of it, to be given out
}

// pieces is how far it reads ahead.
const pieces = 4

// readAhead reads what is opened in pieces of a size; the first one is the head of the log.
func readAhead(ctx context.Context, size int, open func() (io.ReadCloser, error)) *ahead {
	a := &ahead{size: size, full: make(chan []byte, pieces), free: make(chan []byte, pieces), done: ctx.Done()}
	a.free <- make([]byte, headSize)
	for range pieces - 1 {
		a.free <- nil
	}
	go a.run(open)
	return a
}

func (a *ahead) run(open func() (io.ReadCloser, error)) {
	defer close(a.full)
	r, err := open()
	if err != nil {
		a.err = err
		return
	}
	defer func() { _ = r.Close() }()
	for a.err == nil {
		select {
		case <-a.done:
			a.err = context.Canceled
		case b := <-a.free:
			if b == nil {
				b = make([]byte, a.size)
			}
			var n int
			n, a.err = readFull(r, b[:cap(b)])
			a.full <- b[:n]
		}
	}
}

// head is what the stream starts with: at least headSize of it, if there is so much.
func (a *ahead) head() ([]byte, error) {
	err := a.fill()
	return a.rest, err
}

// next is the next piece.
func (a *ahead) next() ([]byte, error) {
	err := a.fill()
	b := a.rest[:min(len(a.rest), a.size)]
	a.rest = a.rest[len(b):]
	return b, err
}

// fill sees to it that there is something to give out. It does not wait for a pipe that hangs once ctx has ended.
func (a *ahead) fill() error {
	for len(a.rest) == 0 {
		if a.piece != nil {
			a.free <- a.piece
			a.piece = nil
		}
		select {
		case <-a.done:
			return context.Canceled
		case b, ok := <-a.full:
			if !ok {
				return a.err
			}
			a.piece, a.rest = b, b
		}
	}
	return nil
}

// unread puts back the end of what next gave out.
func (a *ahead) unread(b []byte) { a.rest = b[:len(b)+len(a.rest)] }

func (a *ahead) Read(p []byte) (int, error) {
	b, err := a.next()
	n := copy(p, b)
	if err == nil {
		a.unread(b[n:])
	}
	return n, err
}

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
