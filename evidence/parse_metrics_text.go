package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

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
