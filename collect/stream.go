package collect

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Media types of the Kubernetes API.
const (
	asProtobuf = "application/vnd.kubernetes.protobuf"
	// Types compiled into the server are all offered as protobuf; JSON is for what stands in between.
	protobufOrJSON = asProtobuf + ",application/json;q=0.5"
)

// itemLimit is more than one object can be: etcd refuses requests of over 1.5 MiB by default, and JSON
// takes about twice the space of protobuf.
const itemLimit = 8 << 20

// errStop is returned by a receiver of items that has enough.
var errStop = errors.New("enough")

// streamList reads a List and hands over its items, one at a time, as bytes that are valid until the
// next one. So a List of 5,000 nodes takes the memory of one node. It stops early, without an error,
// if each returns errStop; the metadata of the List, which come first, are then still told.
func streamList(r io.Reader, contentType string, each func(item []byte) error) (metav1.ListMeta, error) {
	m := &meter{r: r}
	read := streamJSON
	if isProtobuf(contentType) {
		read = streamProtobuf
	}
	meta, items, err := read(m, each)
	switch {
	case errors.Is(err, errStop):
		return meta, nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return meta, fmt.Errorf("a list cut off after %d items and %d bytes: %w", items, m.total, within(err))
	case err != nil:
		return meta, fmt.Errorf("a list, after %d items: %w", items, err)
	}
	return meta, nil
}

func isProtobuf(contentType string) bool { return strings.HasPrefix(contentType, asProtobuf) }

// meter bounds what one item may take. What the whole answer may take is the client's matter.
type meter struct {
	r           io.Reader
	item, total int64
}

func (m *meter) Read(p []byte) (int, error) {
	if m.item > itemLimit {
		return 0, errItemSize
	}
	n, err := m.r.Read(p[:min(int64(len(p)), itemLimit+1-m.item)])
	m.item += int64(n)
	m.total += int64(n)
	return n, err
}

var errItemSize = fmt.Errorf("an item is larger than %d bytes", itemLimit)

// streamJSON reads {"kind": "NodeList", "metadata": {…}, "items": [{…}, …]}.
func streamJSON(m *meter, each func([]byte) error) (meta metav1.ListMeta, items int, err error) {
	d := json.NewDecoder(m)
	if err := expect(d, '{'); err != nil {
		return meta, 0, err
	}
	found := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return meta, items, err
		}
		switch key {
		case "kind":
			var kind string
			if err = d.Decode(&kind); err == nil {
				err = isList(kind)
			}
		case "metadata":
			err = d.Decode(&meta)
		case "items":
			found = true
			err = jsonItems(d, m, func(item []byte) error { items++; return each(item) })
		default:
			var other json.RawMessage
			err = d.Decode(&other)
		}
		if err != nil {
			return meta, items, err
		}
	}
	if err := expect(d, '}'); err != nil {
		return meta, items, err
	}
	if !found {
		return meta, 0, errors.New("has no items, not even none")
	}
	return meta, items, nil
}

// isList refuses what is no List: a Status, for instance.
func isList(kind string) error {
	if !strings.HasSuffix(kind, "List") {
		return fmt.Errorf("is of kind %q, not a list", kind)
	}
	return nil
}

func jsonItems(d *json.Decoder, m *meter, each func([]byte) error) error {
	t, err := d.Token()
	if err != nil || t == nil { // null: no items
		return err
	}
	if t != json.Delim('[') {
		return fmt.Errorf("its items are %v, not a list", t)
	}
	var item json.RawMessage
	for d.More() {
		m.item = 0
		if err := d.Decode(&item); err != nil {
			return err
		}
		if err := each(item); err != nil {
			return err
		}
	}
	return expect(d, ']')
}

func expect(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err == nil && t != want {
		return fmt.Errorf("has %v where %v is due", t, want)
	}
	return err
}

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
