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

// Load reads a saved snapshot, plain or gzip. Its errors are a line for the person who named the file,
// and begin after its name: "is empty".
func Load(r io.Reader) (*Snapshot, error) {
	data, err := readSaved(r)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("is empty")
	}
	// The header first: of a newer schema nothing else can be relied upon.
	var head struct {
		Schema *int   `json:"schema"`
		Kaudit string `json:"kaudit"`
	}
	err = json.Unmarshal(data, &head)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, notJSON(data, syntax)
	case err != nil || head.Schema == nil || *head.Schema < 1:
		return nil, errors.New("is JSON, but no kaudit snapshot: it has no schema number; kaudit collect -o FILE writes one")
	case *head.Schema > Schema:
		return nil, fmt.Errorf("was written by %s with schema %d; this kaudit reads up to schema %d: upgrade kaudit", writer(head.Kaudit), *head.Schema, Schema)
	}
	var s Snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("is a damaged kaudit snapshot: %w", err)
	}
	s.mend()
	return &s, nil
}

func readSaved(r io.Reader) ([]byte, error) {
	br := bufio.NewReader(r)
	var in io.Reader = br
	if magic, _ := br.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("is no whole gzip file: %w", err)
		}
		in = z
	}
	data, err := io.ReadAll(io.LimitReader(in, maxSnapshotBytes+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("ends in the middle, at byte %d of its unpacked text: copy it again", len(data))
	case err != nil:
		return nil, fmt.Errorf("could not be read: %w", err)
	case len(data) > maxSnapshotBytes:
		return nil, fmt.Errorf("is larger than %d MiB", maxSnapshotBytes>>20)
	}
	return data, nil
}

// notJSON tells a file that was cut off from one that was never a snapshot.
func notJSON(data []byte, err *json.SyntaxError) error {
	if bytes.TrimSpace(data)[0] != '{' {
		return errors.New("is no kaudit snapshot: not JSON; kaudit collect -o FILE writes one")
	}
	// The decoder stops where the first value ends: what it takes whole has something behind it.
	var whole json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(data))
	switch derr := dec.Decode(&whole); {
	case derr == nil:
		return fmt.Errorf("has something after the end of the snapshot, at byte %d", dec.InputOffset())
	case errors.Is(derr, io.ErrUnexpectedEOF):
		return fmt.Errorf("ends in the middle, at byte %d: copy it again", len(data))
	}
	return fmt.Errorf("is no kaudit snapshot: malformed JSON at byte %d", err.Offset)
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
