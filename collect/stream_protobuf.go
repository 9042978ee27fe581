package collect

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// protoMagic opens every answer in the Kubernetes protobuf encoding; a runtime.Unknown follows.
const protoMagic = "k8s\x00"

// Fields of the messages that are taken apart here: k8s.io/apimachinery/pkg/runtime/generated.proto
// and any XxxList of k8s.io/api.
const (
	unknownTypeMeta        = 1
	unknownRaw             = 2
	unknownContentEncoding = 3
	listMetadata           = 1
	listItems              = 2
)

// Wire types of protobuf.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// wire reads protobuf from a stream.
type wire struct {
	r    *bufio.Reader
	m    *meter
	left int64 // of the message being read; negative: it ends with the stream
	buf  []byte
}

// streamProtobuf reads a List out of its envelope.
func streamProtobuf(m *meter, each func([]byte) error) (meta metav1.ListMeta, items int, err error) {
	w := &wire{r: bufio.NewReaderSize(m, 64<<10), m: m, left: -1}
	magic := make([]byte, len(protoMagic))
	if _, err := io.ReadFull(w.r, magic); err != nil {
		return meta, 0, err
	}
	if string(magic) != protoMagic {
		return meta, 0, fmt.Errorf("does not begin as Kubernetes protobuf does: %q", magic)
	}
	const whole = 1<<unknownTypeMeta | 1<<unknownRaw
	found := 0
	for {
		field, typ, err := w.tag()
		if ended(err) && found == whole {
			return meta, items, nil
		}
		if err != nil {
			return meta, items, err
		}
		switch {
		case field == unknownTypeMeta && typ == wireBytes:
			found |= 1 << unknownTypeMeta
			err = w.kind()
		case field == unknownContentEncoding && typ == wireBytes:
			err = w.plain()
		case field == unknownRaw && found&(1<<unknownRaw) != 0:
			err = errors.New("garbled: it has two contents")
		case field == unknownRaw && typ == wireBytes:
			found |= 1 << unknownRaw
			err = w.list(&meta, func(item []byte) error { items++; return each(item) })
		default:
			err = w.skip(typ)
		}
		if err != nil {
			return meta, items, err
		}
	}
}

func (w *wire) kind() error {
	raw, err := w.bytes()
	if err != nil {
		return err
	}
	var t runtime.TypeMeta
	if err := t.Unmarshal(raw); err != nil {
		return err
	}
	return isList(t.Kind)
}

// plain refuses content that is encoded once more.
func (w *wire) plain() error {
	raw, err := w.bytes()
	if err == nil && len(raw) > 0 {
		err = fmt.Errorf("has the encoding %q, which nobody asked for", raw)
	}
	return err
}

// list reads the List itself, which is one field of the envelope.
func (w *wire) list(meta *metav1.ListMeta, each func([]byte) error) error {
	n, err := w.length()
	if err != nil {
		return err
	}
	w.left = n
	defer func() { w.left = -1 }()
	for w.left > 0 {
		w.m.item = 0
		field, typ, err := w.tag()
		if err != nil {
			return err
		}
		if typ != wireBytes || (field != listMetadata && field != listItems) {
			if err := w.skip(typ); err != nil {
				return err
			}
			continue
		}
		raw, err := w.bytes()
		if err != nil {
			return err
		}
		if field == listMetadata {
			err = meta.Unmarshal(raw)
		} else {
			err = each(raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tag reads the number and wire type of the next field. io.EOF means that there is none.
func (w *wire) tag() (field, typ uint64, err error) {
	v, err := w.varint()
	if err != nil {
		return 0, 0, err
	}
	if v>>3 == 0 {
		return 0, 0, errors.New("garbled: a field has the number 0")
	}
	return v >> 3, v & 7, nil
}

// length reads the length of a field, and holds it against what is left of the message around it.
func (w *wire) length() (int64, error) {
	v, err := w.varint()
	if err != nil {
		return 0, within(err)
	}
	if v > 1<<62 || (w.left >= 0 && int64(v) > w.left) {
		return 0, fmt.Errorf("garbled: a field of %d bytes in a message with %d left", v, w.left)
	}
	return int64(v), nil
}

// bytes reads a field whole, into the one buffer there is.
func (w *wire) bytes() ([]byte, error) {
	n, err := w.length()
	if err != nil {
		return nil, err
	}
	if n > itemLimit {
		return nil, errItemSize
	}
	if int64(cap(w.buf)) < n {
		w.buf = make([]byte, n+n/4)
	}
	b := w.buf[:n]
	if _, err := io.ReadFull(w.r, b); err != nil {
		return nil, within(err)
	}
	return b, w.spend(n)
}

// skip passes over a field that nobody reads.
func (w *wire) skip(typ uint64) error {
	var n int64
	var err error
	switch typ {
	case wireVarint:
		_, err = w.varint()
	case wireFixed64:
		n = 8
	case wireFixed32:
		n = 4
	case wireBytes:
		n, err = w.length()
	default:
		err = fmt.Errorf("garbled: wire type %d", typ)
	}
	if err != nil || n == 0 {
		return within(err)
	}
	if w.left >= 0 && n > w.left {
		return errOverEnd
	}
	if _, err := io.CopyN(io.Discard, w.r, n); err != nil {
		return within(err)
	}
	return w.spend(n)
}

// varint reads a number. io.EOF means that the stream ended before it.
func (w *wire) varint() (uint64, error) {
	var v uint64
	for n := range binary.MaxVarintLen64 {
		b, err := w.r.ReadByte()
		if ended(err) && n > 0 {
			return 0, io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		v |= uint64(b&0x7f) << (7 * n)
		if b < 0x80 {
			return v, w.spend(int64(n) + 1)
		}
	}
	return 0, errors.New("garbled: a number has no end")
}

// spend takes what was read off what is left of the message.
func (w *wire) spend(n int64) error {
	if w.left < 0 {
		return nil
	}
	if w.left -= n; w.left < 0 {
		w.left = 0
		return errOverEnd
	}
	return nil
}

var errOverEnd = errors.New("garbled: a field runs over the end of its message")

// within makes the end of the stream an early one: more was due.
func within(err error) error {
	if ended(err) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ended reports whether a stream came to its end. An io.EOF inside another error is how a connection
// broke, and stays as it is.
func ended(err error) bool {
	return err == io.EOF //nolint:errorlint // the bare one, as said
}
