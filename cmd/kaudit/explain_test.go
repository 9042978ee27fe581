package main

import (
	"strings"
	"testing"
)

func TestRenderKeepsFlagsWhole(t *testing.T) {
	const text = "# Title\n\n- Members stay: `--heartbeat-interval` about the round trip, `--election-timeout` ten, the same on\n  every member.\n- two-words\n\n" +
		"Wait until `etcdctl endpoint health --cluster` is good, and then the next of them.\n\n```\n--a-flag\n- b\n```\n\n| a | b |\n| --- | --- |\n| `--request-timeout` | c-d |\n\n- [a-b](https://example.com/c-d)\n"
	for name, color := range map[string]bool{"plain": false, "coloured": true} {
		for columns := 40; columns <= 80; columns++ {
			got, err := render(text, columns, color)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"--heartbeat-interval", "--election-timeout", "--cluster", "--a-flag", "- b", "--request-timeout", "two-words", "c-d"} {
				if !strings.Contains(got, want) {
					t.Errorf("%s, %d columns: no %q in\n%s", name, columns, want, got)
				}
			}
			if strings.Contains(got, hyphen) || strings.Contains(got, "%E2") {
				t.Errorf("%s, %d columns: hyphens of ours are left in\n%s", name, columns, got)
			}
		}
	}
	if got, want := joined("- one\n  two-three\n- four\n"), "- one two"+hyphen+"three\n- four\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
