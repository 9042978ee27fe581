package main

import (
	"testing"
	"time"

	"github.com/kaudit/kaudit/auditlog"
)

func TestReadingLine(t *testing.T) {
	for _, tc := range []struct {
		p    auditlog.Progress
		took time.Duration
		want string
	}{
		{auditlog.Progress{Read: 19e6, Total: 336e6}, 100 * time.Millisecond, "reading: 19 MB of 336 MB, 6%"},
		{auditlog.Progress{Read: 5e9, Total: 10e9}, 2 * time.Second, "reading: 5.0 GB of 10.0 GB, 50%, 2.5 GB/s"},
		{auditlog.Progress{Read: 400e6}, time.Second, "reading: 400 MB, 400 MB/s"},
	} {
		if got := readingLine(tc.p, tc.took); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}
