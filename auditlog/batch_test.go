package auditlog

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// FuzzBatch wants of lines one behind the other what scan makes of each alone.
func FuzzBatch(f *testing.F) {
	for i, tc := range hostile {
		if len(tc.line) < 4000 {
			f.Add([]byte(tc.line + "\n" + hostile[(i+7)%len(hostile)].line + "\n" + hostile[0].line))
		}
	}
	f.Fuzz(func(t *testing.T, lines []byte) {
		for _, below := range kernels {
			batchAsScan(t, &batch{scanner: scanner{below: below}}, lines)
		}
	})
}

func batchAsScan(t *testing.T, b *batch, lines []byte) {
	t.Helper()
	var got, want event
	b.begin(lines)
	for rest := lines; len(rest) > 0; {
		line, behind, _ := bytes.Cut(rest, []byte("\n"))
		rest = behind
		wantErr := reference(line, &want)
		gotLine, ok, err := b.next(&got)
		if !ok || !bytes.Equal(gotLine, line) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("%q: got line %q, %v, error %v, want %q, error %v", lines, gotLine, ok, err, line, wantErr)
		}
		if err == nil {
			sameEvents(t, line, &want, &got)
		}
	}
	if line, ok, _ := b.next(&got); ok {
		t.Fatalf("%q: got another line %q, want the end", lines, line)
	}
}

// Lines that end where blocks do, around there, and in none.
func TestBatchOfLinesOfAllLengths(t *testing.T) {
	var lines []byte
	for i := range 1200 {
		n := i * 7 % 301
		if i%200 == 0 {
			n = blockSize*(i/200) - 20
		}
		lines = fmt.Appendf(lines, "{\"verb\":\"v%d\",\"a\":\"%s\"}\n", i, strings.Repeat("x", max(0, n)))
	}
	for _, below := range kernels {
		b := &batch{scanner: scanner{below: below}}
		for cut := range 12 {
			batchAsScan(t, b, lines[cut:len(lines)-cut])
		}
		if b.slow > 24 {
			t.Errorf("without %d kernels: got %d lines left to encoding/json, want only those cut off", below, b.slow)
		}
	}
}

func TestBatchOfRecordedLogs(t *testing.T) {
	for _, name := range []string{"metadata.log", "request-response.log"} {
		lines := bytes.Join(recorded(t, name), []byte("\n"))
		for _, below := range kernels {
			b := &batch{scanner: scanner{below: below}}
			batchAsScan(t, b, lines)
			if batchAsScan(t, b, append(lines, '\n')); b.slow != 0 {
				t.Errorf("%s, without %d kernels: got %d lines left to encoding/json, want none", name, below, b.slow)
			}
		}
	}
}
