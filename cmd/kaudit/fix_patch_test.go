package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPatch(t *testing.T) {
	for _, tt := range []struct {
		name, path, old, now, want string
	}{
		{"in the middle", "a.yaml", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n", "--- a/a.yaml\n+++ b/a.yaml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n"},
		{"no end of the last line", "a b", "1\n2", "1\n3", "--- a/a b\t\n+++ b/a b\t\n@@ -1,2 +1,2 @@\n 1\n-2\n\\ No newline at end of file\n+3\n\\ No newline at end of file\n"},
		{"windows", "a", "1\r\n2\r\n", "1\r\n2\r\n3\r\n", "--- a/a\n+++ b/a\n@@ -1,2 +1,3 @@\n 1\r\n 2\r\n+3\r\n"},
		{"a secret above", "a", "token: abc\n2\n3\n", "token: abc\nX\n3\n", "--- a/a\n+++ b/a\n@@ -2,2 +2,2 @@\n-2\n+X\n 3\n"},
		{"a secret below", "a", "1\n2\n3\npassword=abc\n5\n", "1\nX\n3\npassword=abc\n5\n", "--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n-2\n+X\n 3\n"},
		{"the name of a file is no secret", "a", "1\ntoken-auth-file: /x\n2\n", "1\ntoken-auth-file: /x\n3\n", "--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n token-auth-file: /x\n-2\n+3\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := patch(tt.path, []byte(tt.old), []byte(tt.now))
			if d := cmp.Diff(tt.want, string(got)); d != "" || !ok {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
	for _, text := range []string{"1\n2\nsecret: abc\n4\n", "1\n2\nurl: https://me:abc@x\n", "2\ntoken: a\n2\n"} {
		if got, ok := patch("a", []byte(text), []byte(strings.ReplaceAll(text, "2", "X"))); ok {
			t.Errorf("got %s, want none: a secret stands where git needs a line", got)
		}
	}
}
