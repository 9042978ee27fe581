package evidence

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
)

// Schema is the number of the saved form. It grows when an older kaudit would misread a newer
// snapshot; a field that is merely new does not change it.
const Schema = 1

// maxSnapshotBytes bounds what Load reads, unpacked: some bytes of JSON can take a hundred times as many
// once decoded. A cluster of 5,000 nodes saves about 6 MB, and 0.3 MB compressed.
const maxSnapshotBytes = 256 << 20

// Save writes a snapshot as JSON. Who wants it compressed wraps w.
func Save(w io.Writer, s *Snapshot) error {
	out := *s
	out.Schema = Schema
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(&out); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	return nil
}

// Load reads a saved snapshot, plain or gzip, field by field: what is none is refused by its first byte.
// Its errors are a line for the person who named the file, and begin after its name: "is empty".
func Load(r io.Reader) (*Snapshot, error) {
	in, err := unpacked(r)
	if err != nil {
		return nil, err
	}
	limited := &io.LimitedReader{R: in, N: maxSnapshotBytes + 1}
	text := bufio.NewReader(limited)
	if err := object(text); err != nil {
		return nil, err
	}
	var s Snapshot
	damage, err := s.decode(json.NewDecoder(text))
	switch {
	case err != nil && limited.N <= 0:
		return nil, fmt.Errorf("is larger than %d MiB", maxSnapshotBytes>>20)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("ends in the middle, at byte %d: copy it again", maxSnapshotBytes+1-limited.N)
	}
	switch {
	case err != nil:
		return nil, err
	case s.Schema < 1:
		return nil, errors.New("is JSON, but no kaudit snapshot: it has no schema number; kaudit collect -o FILE writes one")
	case s.Schema > Schema: // nothing else of it can be relied upon
		return nil, fmt.Errorf("was written by %s with schema %d; this kaudit reads up to schema %d: upgrade kaudit", writer(s.Kaudit), s.Schema, Schema)
	case damage != nil:
		return nil, fmt.Errorf("is a damaged kaudit snapshot: %w", damage)
	}
	s.mend()
	return &s, nil
}

// unpacked is what a file holds, whether it is compressed or not.
func unpacked(r io.Reader) (io.Reader, error) {
	br := bufio.NewReader(r)
	if magic, _ := br.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return br, nil
	}
	z, err := gzip.NewReader(br)
	if err != nil {
		return nil, fmt.Errorf("is no whole gzip file: %w", err)
	}
	return z, nil
}

// maxBlank is the white space that a snapshot may begin with.
const maxBlank = 64 << 10

// object looks at the first byte that is not white space, so that a disk image is not read to its end.
func object(r *bufio.Reader) error {
	for range maxBlank {
		switch b, err := r.ReadByte(); {
		case errors.Is(err, io.EOF):
			return errors.New("is empty")
		case errors.Is(err, io.ErrUnexpectedEOF):
			return errors.New("ends in the middle, at byte 0: copy it again")
		case err != nil:
			return fmt.Errorf("could not be read: %w", err)
		case b == '{':
			return r.UnreadByte()
		case !bytes.ContainsRune([]byte(" \t\r\n"), rune(b)):
			return errors.New("is no kaudit snapshot: not a JSON object; kaudit collect -o FILE writes one")
		}
	}
	return errors.New("is no kaudit snapshot: it begins with white space and nothing else")
}

// decode reads an object into the snapshot. Damage is the first value of another type than its field; it
// matters only if the snapshot is of this schema.
func (s *Snapshot) decode(dec *json.Decoder) (damage, err error) {
	fields := s.fields()
	_, err = dec.Token() // the brace that object saw
	for err == nil && dec.More() {
		var key json.Token
		if key, err = dec.Token(); err != nil {
			break
		}
		name, _ := key.(string)
		var value json.RawMessage
		err = dec.Decode(&value)
		if field, known := fields[name]; known && err == nil {
			if wrong := json.Unmarshal(value, field); wrong != nil && damage == nil {
				damage = fmt.Errorf("%s: %w", name, wrong)
			}
		}
	}
	if err == nil {
		_, err = dec.Token() // the closing brace
	}
	if err != nil {
		return nil, unread(dec, err)
	}
	end := dec.InputOffset()
	switch _, err := dec.Token(); {
	case errors.Is(err, io.EOF):
		return damage, nil
	case err != nil && !isSyntax(err):
		return nil, unread(dec, err)
	}
	return nil, fmt.Errorf("has something after the end of the snapshot, at byte %d", end)
}

// fields are where the values of an object belong, by their names.
func (s *Snapshot) fields() map[string]any {
	out := map[string]any{}
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		out[name] = v.Field(i).Addr().Interface()
	}
	return out
}

func isSyntax(err error) bool {
	_, ok := errors.AsType[*json.SyntaxError](err)
	return ok
}

func unread(dec *json.Decoder, err error) error {
	if isSyntax(err) {
		return fmt.Errorf("is no kaudit snapshot: malformed JSON after byte %d", dec.InputOffset())
	}
	return fmt.Errorf("could not be read: %w", err)
}

var plainVersion = regexp.MustCompile(`^[\w.+-]{1,64}$`)

func writer(version string) string {
	if plainVersion.MatchString(version) {
		return "kaudit " + version
	}
	return "another kaudit"
}

// mend takes out what no collection writes and a hand or a fault can: entries without a value.
func (s *Snapshot) mend() {
	v := reflect.ValueOf(s).Elem()
	for _, i := range kindFields {
		if m, ok := reflect.TypeAssert[interface{ mend() }](v.Field(i).Addr()); ok {
			m.mend()
		}
	}
}

func (in *Instances[T]) mend() {
	kept := (*in)[:0]
	for _, o := range *in {
		if o.Value == nil && o.Gap == nil {
			continue
		}
		if m, ok := any(o.Value).(interface{ mend() }); ok && o.Value != nil {
			m.mend()
		}
		kept = append(kept, o)
	}
	*in = kept
}

func (s *Scrapes) mend() {
	for _, one := range []*Scrape{&s.First, s.Second} {
		if one == nil {
			continue
		}
		for name, f := range one.Families {
			if f == nil {
				delete(one.Families, name)
			}
		}
	}
}

func (f *Flags) mend() {
	n := min(len(f.Read), len(f.From))
	f.Read, f.From = f.Read[:n], f.From[:n]
}
