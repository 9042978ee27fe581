package evidence

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"mime"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// MetricsAccept is the Accept header that prefers delimited protobuf: a fifth of the work of the
// text format for the same metrics, and a fifth of the bytes.
const MetricsAccept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,text/plain;version=0.0.4;q=0.5"

// Bounds of what one exposition may make us hold. A kube-apiserver of 5,000 nodes stays far below:
// its largest family has a few MiB, and folding leaves some hundred series of it.
const (
	maxFamilyBytes = 64 << 20
	maxLineBytes   = 1 << 20
	maxSeries      = 50_000 // of one family, after folding
)

// startFamily is read whether or not it is kept: it tells processes apart.
const startFamily = "process_start_time_seconds"

// ParseMetrics reads an exposition, text or delimited protobuf, family by family, and keeps what keep
// names. A body that is malformed or cut off is an error: what was read of it is not all there was.
// The caller sets At.
func ParseMetrics(r io.Reader, contentType string, keep Keep) (Scrape, error) {
	f := folder{keep: keep, out: map[string]*folded{}}
	delimited, err := isProtobuf(contentType)
	if err == nil {
		if delimited {
			err = f.readProtobuf(bufio.NewReaderSize(r, 64<<10))
		} else {
			err = f.readText(bufio.NewReaderSize(r, maxLineBytes))
		}
	}
	if err == nil && !f.any {
		err = errors.New("no metrics in it")
	}
	if err != nil {
		return Scrape{}, fmt.Errorf("metrics: %w", err)
	}
	return Scrape{Start: f.start, Families: f.families()}, nil
}

func isProtobuf(contentType string) (bool, error) {
	if contentType == "" {
		return false, nil
	}
	mt, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false, fmt.Errorf("content type %q: %w", contentType, err)
	}
	switch mt {
	case "application/vnd.google.protobuf":
		if e := params["encoding"]; e != "delimited" {
			return false, fmt.Errorf("protobuf with encoding %q, want delimited", e)
		}
		return true, nil
	case "text/plain":
		return false, nil
	}
	return false, fmt.Errorf("content type %s is no exposition that kaudit reads", mt)
}

// readProtobuf reads length-delimited families; those not kept are skipped before they are decoded.
func (f *folder) readProtobuf(r *bufio.Reader) error {
	var buf bytes.Buffer
	for {
		size, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return cutOff(err)
		}
		if size > maxFamilyBytes {
			return fmt.Errorf("a family of %d bytes, more than %d", size, maxFamilyBytes)
		}
		buf.Reset()
		// Copied rather than allocated at once: a length that lies costs no more than the bytes there are.
		if _, err := io.CopyN(&buf, r, int64(size)); err != nil {
			return cutOff(err)
		}
		name, err := familyName(buf.Bytes())
		if err != nil {
			return err
		}
		f.any = true
		if !f.wants(name) {
			continue
		}
		if err := f.addProtobuf(name, buf.Bytes()); err != nil {
			return fmt.Errorf("family %s: %w", name, err)
		}
	}
}

// Fields of a MetricFamily.
const (
	familyType   = 3
	familyMetric = 4
)

// addProtobuf decodes a family one metric at a time: whole, it takes up to eighty times its size, and
// whoever wrote it may be a node that nobody should trust.
func (f *folder) addProtobuf(name string, b []byte) error {
	typ := dto.MetricType_COUNTER // what an encoder may leave out
	err := eachField(b, func(num protowire.Number, value []byte) error {
		if num == familyType {
			v, _ := protowire.ConsumeVarint(value)
			typ = dto.MetricType(v) //nolint:gosec // what is no type is not known, and dropped
		}
		return nil
	})
	if err != nil {
		return err
	}
	to := f.family(name, typ)
	var m dto.Metric
	return eachField(b, func(num protowire.Number, value []byte) error {
		if num != familyMetric {
			return nil
		}
		raw, n := protowire.ConsumeBytes(value)
		if n < 0 {
			return errors.New("a metric of another wire type")
		}
		if len(raw) > maxLineBytes {
			return fmt.Errorf("a metric of %d bytes, more than %d", len(raw), maxLineBytes)
		}
		if err := proto.Unmarshal(raw, &m); err != nil {
			return err
		}
		return f.add(to, &m)
	})
}

// eachField hands over the fields of a message, each as it stands behind its tag.
func eachField(b []byte, do func(num protowire.Number, value []byte) error) error {
	for len(b) > 0 {
		num, typ, tag := protowire.ConsumeTag(b)
		if tag < 0 {
			return protowire.ParseError(tag)
		}
		n := protowire.ConsumeFieldValue(num, typ, b[tag:])
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := do(num, b[tag:tag+n]); err != nil {
			return err
		}
		b = b[tag+n:]
	}
	return nil
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("cut off in the middle of a family")
	}
	return err
}

// familyName finds field 1 of a MetricFamily. Encoders write it first; any place will do.
func familyName(b []byte) (string, error) {
	name := ""
	err := eachField(b, func(num protowire.Number, value []byte) error {
		if num == 1 {
			v, _ := protowire.ConsumeBytes(value)
			name = string(v)
			return errFound
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errFound):
		return "", fmt.Errorf("malformed family: %w", err)
	case name == "":
		return "", errors.New("a family without a name")
	}
	return name, nil
}

var errFound = errors.New("found")
