package checks

import "testing"

func TestCount(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{Count(0, "pod"), "0 pods"},
		{Count(1, "pod"), "1 pod"},
		{Count(2, "WAL fsync"), "2 WAL fsyncs"},
		{Count(1, "address"), "1 address"},
		{Count(3, "address"), "3 addresses"},
		{Count(1.0, "request"), "1 request"},
		{Count(12345678.0, "request"), "12345678 requests"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}
