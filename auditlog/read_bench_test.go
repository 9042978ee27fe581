//go:build unix

package auditlog

import (
	"testing"

	"github.com/kaudit/kaudit/auditlog/auditgen"
)

// BenchmarkRead reads files as the command does: it says how many bytes of text go through in a second of processor time,
// however many processors work on it.
func BenchmarkRead(b *testing.B) {
	o := auditgen.Defaults()
	o.Level = "metadata"
	g, err := auditgen.New(o)
	if err != nil {
		b.Fatal(err)
	}
	var log []byte
	for len(log) < 64<<20 {
		log = g.AppendLine(log)
	}
	for name, content := range map[string]string{"plain": string(log), "gzip": string(gzipOf(string(log))), "zstd": string(zstdOf(string(log)))} {
		path := write(b, "audit.log", content)
		for _, workers := range []int{1, 2} {
			b.Run(name+"/"+[]string{1: "one worker", 2: "two workers"}[workers], func(b *testing.B) {
				done := cpuSpeed(b, len(log))
				for b.Loop() {
					if _, err := Read(b.Context(), []string{path}, Options{Workers: workers}); err != nil {
						b.Fatal(err)
					}
				}
				done()
			})
		}
	}
}
