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
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
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

// readText hands only the lines of kept families to the text parser, one family at a time: the
// parser is slow and holds all it is given, and nine lines of ten are of no use here.
func (f *folder) readText(r *bufio.Reader) error {
	var family bytes.Buffer
	var current string // the family that is kept; "" if this one is not
	var typeLine []byte
	flush := func() error {
		defer family.Reset()
		return f.parseText(&family)
	}
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			if len(line) > 0 {
				return fmt.Errorf("cut off in the middle of line %d", n)
			}
			return flush()
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("line %d is longer than %d bytes", n, maxLineBytes)
		}
		if err != nil {
			return err
		}
		name, typed, err := lineName(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if name == nil {
			continue
		}
		f.any = true
		if typed {
			if err := flush(); err != nil {
				return err
			}
			current = ""
			if f.wants(string(name)) {
				current = string(name)
			}
		}
		if current == "" || !belongs(name, current) {
			// A sample without a TYPE line: Kubernetes and etcd write none, and its meaning is not told.
			continue
		}
		if typed {
			typeLine = append(typeLine[:0], line...)
		}
		family.Write(line)
		if family.Len() > maxFamilyBytes {
			return fmt.Errorf("family %s is larger than %d bytes", current, maxFamilyBytes)
		}
		// A series ends with its only sample, or the count of a histogram: a good place to part a large family.
		if family.Len() > maxLineBytes && (string(name) == current || bytes.HasSuffix(name, []byte("_count"))) {
			if err := flush(); err != nil {
				return err
			}
			family.Write(typeLine)
		}
	}
}

// lineName returns the metric name of a line and whether it is the TYPE line that opens a family;
// nil for an empty line or another comment.
func lineName(line []byte) (name []byte, typed bool, err error) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil, false, nil
	}
	if rest, ok := bytes.CutPrefix(line, []byte("# TYPE ")); ok {
		name, _, _ = bytes.Cut(rest, []byte(" "))
		return name, true, nil
	}
	if line[0] == '#' {
		return nil, false, nil
	}
	end := bytes.IndexAny(line, "{ \t")
	if end <= 0 || !model.LegacyValidation.IsValidMetricName(string(line[:end])) {
		return nil, false, fmt.Errorf("%q is no metric", clip(line))
	}
	if c := line[len(line)-1]; c != 'N' && c != 'f' && (c < '0' || c > '9') { // a number, NaN, Inf, -Inf
		return nil, false, fmt.Errorf("%q ends in no number", clip(line))
	}
	return line[:end], false, nil
}

// clip shows the start of what could not be read.
func clip(b []byte) string {
	if len(b) > 40 {
		return string(b[:40]) + "…"
	}
	return string(b)
}

func belongs(name []byte, family string) bool {
	rest, ok := bytes.CutPrefix(name, []byte(family))
	if !ok {
		return false
	}
	switch string(rest) {
	case "", "_bucket", "_sum", "_count":
		return true
	}
	return false
}

func (f *folder) parseText(b *bytes.Buffer) error {
	if b.Len() == 0 {
		return nil
	}
	p := expfmt.NewTextParser(model.UTF8Validation)
	fams, err := p.TextToMetricFamilies(b)
	if err != nil {
		return err
	}
	for _, fam := range fams {
		to := f.family(fam.GetName(), fam.GetType())
		for _, m := range fam.GetMetric() {
			if err := f.add(to, m); err != nil {
				return fmt.Errorf("family %s: %w", fam.GetName(), err)
			}
		}
	}
	return nil
}
