package checks

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"etcd-quota", "etcd-space", "reason", "until", "off"}
	for name, want := range map[string]string{
		"etcd-qouta": "etcd-quota", "ETCD-SPACE": "etcd-space", "reasons": "reason", "utnil": "until",
		"zzz": "", "": "", strings.Repeat("etcd-quota", 1000): "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("%.20s: got %q, want %q", name, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"quota", "qouta", 2}, {"same", "same", 0}} {
		if got := Distance(tc.a, tc.b); got != tc.want {
			t.Errorf("%q to %q: got %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}
