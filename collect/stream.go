package collect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
