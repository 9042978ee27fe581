package auditlog

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzScanLong holds the stream to encoding/json, whatever pieces it comes in.
func FuzzScanLong(f *testing.F) {
	for _, tc := range hostile {
		f.Add([]byte(tc.line))
	}
	for i, line := range recorded(f, "request-response.log") {
		if i%4 == 0 && len(line) < 8000 {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) { longAsReference(t, line) })
}

func longAsReference(t *testing.T, line []byte) {
	t.Helper()
	var want event
	wantErr := reference(line, &want)
	want.responseObject = nil
	for _, r := range []io.Reader{bytes.NewReader(line), iotest.OneByteReader(bytes.NewReader(line)), iotest.DataErrReader(bytes.NewReader(line))} {
		var s scanner
		var got event
		if err := s.scanLong(r, &got); (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: got error %v, want %v", line, err, wantErr)
		}
		if wantErr != nil {
			continue
		}
		sameEvents(t, line, &want, &got)
	}
}

func TestScanLongReadsRecordedLogs(t *testing.T) {
	for _, line := range recorded(t, "request-response.log") {
		longAsReference(t, line)
	}
}

func TestScanLongHoldsNoBody(t *testing.T) {
	const n = 300_000
	item := `{"metadata":{"name":"a\"b"},"spec":[1,true,null]}`
	body := io.MultiReader(
		strings.NewReader(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"list","requestObject":"`),
		&repeated{"a long text ", n},
		strings.NewReader(`","responseObject":{"kind":"PodList","items":[`+item),
		&repeated{"," + item, n},
		strings.NewReader(`]},"annotations":{}}`))
	var s scanner
	var e event
	if err := s.scanLong(body, &e); err != nil {
		t.Fatal(err)
	}
	wantBytes := int64(len(`{"kind":"PodList","items":[`+item+`]}`) + n*(len(item)+1))
	if e.kind != kindEvent || string(e.verb) != "list" || e.responseItems != n+1 || e.responseBytes != wantBytes {
		t.Errorf("got kind %d, verb %s, %d items, %d bytes, want an event, list, %d items, %d bytes", e.kind, e.verb, e.responseItems, e.responseBytes, n+1, wantBytes)
	}
	if got := cap(s.short) + len(s.quotes); got > 1<<16 {
		t.Errorf("got %d bytes held, want no body among them", got)
	}
}

func TestScanLongIsBounded(t *testing.T) {
	for _, head := range []string{`{"verb":"`, `{"annotations":{"a":"`, `{"`, `{"user":{"extra":{"`} {
		var s scanner
		var e event
		if err := s.scanLong(io.MultiReader(strings.NewReader(head), &repeated{"text", 1 << 20}), &e); !errors.Is(err, errTooLong) {
			t.Errorf("%s: got %v, want %v", head, err, errTooLong)
		}
	}
}

// repeated reads as a text some times over.
type repeated struct {
	text string
	n    int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for r.n > 0 && n+len(r.text) <= len(p) {
		n += copy(p[n:], r.text)
		r.n--
	}
	if r.n == 0 {
		return n, io.EOF
	}
	return n, nil
}

func BenchmarkScanLong(b *testing.B) {
	line := []byte(`{"kind":"Event","verb":"list","responseObject":{"items":[` + strings.Repeat(`{"metadata":{"name":"some-name"},"spec":{"nodeName":"a-node","n":12}},`, 100_000) + `{}]}}`)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		var s scanner
		var e event
		if err := s.scanLong(bytes.NewReader(line), &e); err != nil {
			b.Fatal(err)
		}
	}
}
