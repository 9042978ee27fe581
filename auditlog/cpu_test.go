//go:build unix

package auditlog

import (
	"syscall"
	"testing"
	"time"
)

// cpuSpeed reports a benchmark's bytes by the time of the processor, which others on the machine do not lengthen as they
// do that of the clock. Call it before the loop, and what it returns after it.
func cpuSpeed(b *testing.B, size int) func() {
	b.Helper()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	start := cpuTime(b)
	return func() {
		b.ReportMetric(float64(size)*float64(b.N)/1e6/(cpuTime(b)-start).Seconds(), "cpu-MB/s")
	}
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
