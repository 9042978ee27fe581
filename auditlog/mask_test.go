package auditlog

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plainMasks says what masks are, a byte at a time.
func plainMasks(line []byte) (quotes, special, odd string) {
	esc := false
	bit := func(b bool) string { return map[bool]string{false: "0", true: "1"}[b] }
	for _, c := range line {
		quotes += bit(c == '"' && !esc)
		special += bit(c == '"' || c == '\\' || c >= 0x80)
		odd += bit(esc || c < 0x20)
		esc = c == '\\' && !esc
	}
	return quotes, special, odd
}

func bitString(mask []byte, from, to int) string {
	s := ""
	for i := from; i < to; i++ {
		s += fmt.Sprint(mask[i/8] >> (i % 8) & 1)
	}
	return s
}

func TestMasks(t *testing.T) {
	const alphabet = "\\\\\\\\\"\"ab \x1f\x20\x7f\x80\xff!#[]"
	r := rand.New(rand.NewPCG(1, 2))
	var m masks
	for n := range 260 {
		line := make([]byte, n)
		for i := range line {
			line[i] = alphabet[r.IntN(len(alphabet))]
			if n%3 == 0 {
				line[i] = "\\\"a"[r.IntN(3)]
			}
		}
		quotes, special, odd := plainMasks(line)
		behind := string(bytes.Repeat([]byte("1"), 64))
		for _, below := range kernels {
			m.build(line, kernelBest-below)
			got := []string{bitString(m.quotes, 0, n+64), bitString(m.special, 0, n+64), bitString(m.odd, 0, n+64)}
			want := []string{quotes + behind, special + behind, odd + behind}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("without %d kernels, %q:\n%s", below, line, d)
			}
		}
	}
}

func BenchmarkMasks(b *testing.B) {
	lines := recorded(b, "metadata.log")
	for _, below := range kernels {
		b.Run(fmt.Sprintf("without=%d", below), func(b *testing.B) {
			var m masks
			size := 0
			for _, l := range lines {
				size += len(l)
			}
			done := cpuSpeed(b, size)
			for b.Loop() {
				for _, l := range lines {
					m.build(l, kernelBest-below)
				}
			}
			done()
		})
	}
}
