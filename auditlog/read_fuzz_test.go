package auditlog

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzRead reads anything in pieces of any size, as a file and as a pipe, and wants what one piece gives.
func FuzzRead(f *testing.F) {
	for i, line := range hostileLines() {
		f.Add([]byte(eventOf("first")+"\n"+line+"\n"+eventOf("last")), uint8(i), uint8(i*7), uint8(3))
		f.Add([]byte("\xef\xbb\xbf{\n"+line+"\n}"), uint8(i), uint8(1), uint8(0))
	}
	f.Add(gzipOf(strings.Join(hostileLines(), "\n")), uint8(9), uint8(9), uint8(9))
	f.Add(zstdOf(strings.Join(hostileLines(), "\n")), uint8(9), uint8(9), uint8(9))
	f.Fuzz(func(t *testing.T, log []byte, chunk, block, ahead uint8) {
		whole := sizes{chunk: 1 << 20, block: 1 << 20, line: 1 << 16}
		pieces := sizes{chunk: int(chunk) + 1, block: int(block) + 1, ahead: int(ahead), room: int(chunk ^ ahead), line: 1 << 16}
		if foreign(log) != "" {
			return
		}
		want := readAs(t, bytes.Clone(log), true, 1, whole)
		cut := want.Logs[0].Cut
		bare(want)
		for _, file := range []bool{true, false} {
			got := readAs(t, bytes.Clone(log), file, 3, pieces)
			if got.Logs[0].Cut != cut {
				t.Errorf("file %v, %+v: got cut %q, want %q", file, pieces, got.Logs[0].Cut, cut)
			}
			if d := cmp.Diff(want, bare(got)); d != "" {
				t.Errorf("file %v, %+v (-want +got):\n%s", file, pieces, d)
			}
		}
	})
}
