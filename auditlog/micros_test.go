package auditlog

import (
	"testing"
	"time"
)

var timestamps = []string{
	"2026-03-01T10:00:00.123456Z", "2026-11-25T14:33:40.195020Z", "1970-01-01T00:00:00.000000Z", "1969-12-31T23:59:59.999999Z",
	"0000-01-01T00:00:00.000000Z", "0000-03-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "2024-02-29T12:00:00.000001Z",
	"2023-02-29T12:00:00.000001Z", "2000-02-29T00:00:00.000000Z", "1900-02-29T00:00:00.000000Z", "2026-04-31T00:00:00.000000Z",
	"2026-12-31T00:00:00.000000Z", "2026-13-01T00:00:00.000000Z", "2026-00-01T00:00:00.000000Z", "2026-01-00T00:00:00.000000Z",
	"2026-01-01T24:00:00.000000Z", "2026-01-01T23:60:00.000000Z", "2026-01-01T23:59:60.000000Z", "2026-01-01T23:59:5:.000000Z",
	"2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123456+02:00",
	"2026-01-01T00:00:00-23:59", "2026-01-01T00:00:00,123456Z", "2026-01-01t00:00:00.000000z", "2026-01-01 00:00:00.000000Z", "",
	"2026-01-01T00:00:00.000000", "x", "20260101T000000Z", "1969-12-31T23:59:59.9999999Z",
}

func FuzzMicros(f *testing.F) {
	for _, s := range timestamps {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseMicros([]byte(s))
		want, err := time.Parse(time.RFC3339Nano, s)
		if ok != (err == nil) {
			t.Fatalf("%q: got read %v, want what time.Parse says: %v", s, ok, err)
		}
		if ok && got != want.UnixMicro() {
			t.Errorf("%q: got %d, want %d", s, got, want.UnixMicro())
		}
	})
}

// Every day of some centuries, as no fuzzer hits them all.
func TestMicrosOfEveryDay(t *testing.T) {
	for day := time.Date(1890, 1, 1, 13, 14, 15, 161718e3, time.UTC); day.Year() < 2110; day = day.AddDate(0, 0, 1) {
		s := day.Format("2006-01-02T15:04:05.000000Z")
		if got, ok := serverMicros([]byte(s)); !ok || got != day.UnixMicro() {
			t.Fatalf("%s: got %d, %v, want %d", s, got, ok, day.UnixMicro())
		}
	}
}

func BenchmarkMicros(b *testing.B) {
	s := []byte("2026-11-25T14:33:40.195020Z")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := parseMicros(s); !ok {
			b.Fatal("not read")
		}
	}
}
