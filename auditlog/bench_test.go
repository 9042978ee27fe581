//go:build unix

package auditlog

import (
	"bytes"
	"encoding/json"
	"testing"
)

// benchmarked are logs of some megabytes made of recorded lines, so that they do not lie in the nearest cache.
func benchmarked(b *testing.B, name string, keep func(line []byte) bool) [][]byte {
	b.Helper()
	var kept [][]byte
	for _, l := range recorded(b, name) {
		if keep(l) {
			kept = append(kept, l)
		}
	}
	var log [][]byte
	for size := 0; size < 8<<20; {
		for _, l := range kept {
			l = bytes.Clone(l)
			log, size = append(log, l), size+len(l)
		}
	}
	return log
}

func BenchmarkScan(b *testing.B) {
	all := func([]byte) bool { return true }
	lists := func(l []byte) bool { return bytes.Contains(l, []byte(`\u0026`)) }
	for _, tc := range []struct {
		name string
		log  [][]byte
	}{
		{"metadata", benchmarked(b, "metadata.log", all)},
		{"lists", benchmarked(b, "metadata.log", lists)},
		{"request-response", benchmarked(b, "request-response.log", all)},
	} {
		size := 0
		for _, l := range tc.log {
			size += len(l)
		}
		scan := func(below kernelKind) func(b *testing.B) {
			return func(b *testing.B) {
				b.Helper()
				s := scanner{below: below}
				var e event
				done := cpuSpeed(b, size)
				for b.Loop() {
					for _, l := range tc.log {
						if err := s.scan(l, &e); err != nil {
							b.Fatal(err)
						}
					}
				}
				done()
			}
		}
		b.Run(tc.name+"/here", scan(0))
		b.Run(tc.name+"/avx2", scan(kernelBest-kernelAVX2))
		b.Run(tc.name+"/go", scan(kernelBest-kernelGo))
		b.Run(tc.name+"/batch", func(b *testing.B) {
			var s batch
			var e event
			lines := append(bytes.Join(tc.log, []byte("\n")), '\n')
			done := cpuSpeed(b, size)
			for b.Loop() {
				s.begin(lines)
				for _, ok, err := s.next(&e); ok; _, ok, err = s.next(&e) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			done()
		})
		b.Run(tc.name+"/json", func(b *testing.B) {
			done := cpuSpeed(b, size)
			for b.Loop() {
				for _, l := range tc.log {
					var e eventJSON
					if err := json.Unmarshal(l, &e); err != nil {
						b.Fatal(err)
					}
				}
			}
			done()
		})
	}
}
