package auditlog

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A kind of input is told by its first bytes, whatever its name is.
type kind uint8

const (
	unreadable kind = iota
	plain
	gzipped
	zstandard
	bzipped
)

func (k kind) String() string {
	return [...]string{"unreadable", "plain", "gzip", "zstd", "bzip2"}[k]
}

// sniff tells the kind of a log.
func sniff(head []byte) kind {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzipped
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}), skippableFrame(head):
		return zstandard
	case bytes.HasPrefix(head, []byte("BZh")):
		return bzipped
	default:
		return plain
	}
}

// skippableFrame tells a frame of zstd that holds no data, as pzstd and others write one first.
func skippableFrame(head []byte) bool {
	return len(head) >= 4 && head[0]&0xf0 == 0x50 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18
}

// foreign says what an input is that is no log and looks like something a person would try; else it is empty.
func foreign(head []byte) string {
	starts := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case starts("\xfd7zXZ\x00"):
		return "an xz archive, which is not read: pipe it in by xz -dc FILE | kaudit requests -"
	case starts("\x04\x22\x4d\x18"):
		return "an lz4 archive, which is not read: pipe it in by lz4 -dc FILE | kaudit requests -"
	case starts("PK\x03\x04"), starts("7z\xbc\xaf\x27\x1c"):
		return "an archive of files, which is not read: unpack it first"
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return "a tar archive, which is not read: unpack it first, and give the directory"
	case starts("\xff\xfe"), starts("\xfe\xff"):
		return "UTF-16 text, which is not read: convert it by iconv -f UTF-16 -t UTF-8"
	default:
		return ""
	}
}

// maxWindow bounds what a zstd decoder remembers: that of zstd -19 is 8 MiB, only --long and --ultra want more.
const maxWindow = 16 << 20

// stream opens an input to be read from its start to its end, and says how much of it is read.
func (in *input) stream(read func(n int)) (io.ReadCloser, error) {
	var r io.Reader = &counted{in.reader(), read}
	if in.pipe != nil { // nobody waited for its first bytes yet
		b := bufio.NewReaderSize(r, headSize)
		head, _ := b.Peek(4) // an error comes again
		r, in.kind = b, sniff(head)
	}
	switch in.kind {
	case gzipped:
		return gzip.NewReader(bufio.NewReaderSize(r, 64<<10))
	case zstandard:
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case bzipped:
		r = bzip2.NewReader(bufio.NewReaderSize(r, 64<<10))
	case plain, unreadable:
	}
	return io.NopCloser(r), nil
}

type counted struct {
	r    io.Reader
	read func(n int)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read(n)
	return n, err
}

// whyDamaged says in words why a stream ended early.
func (in *input) whyDamaged(err error) string {
	var corrupt flate.CorruptInputError
	var structural bzip2.StructuralError
	switch {
	case in.kind == plain:
		return whyShort(err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("the %s data ends early", in.kind)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return "zstd with a window of over 16 MiB (--long, --ultra): pipe it in by zstd -dc --long=31 FILE | kaudit requests -"
	case errors.Is(err, gzip.ErrHeader):
		return "something follows the gzip data that is none"
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, zstd.ErrCRCMismatch), errors.As(err, &corrupt), errors.As(err, &structural):
		return fmt.Sprintf("the %s data is damaged", in.kind)
	default:
		return fmt.Sprintf("the %s data is damaged: %v", in.kind, err)
	}
}
