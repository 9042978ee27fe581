package checks

import (
	"testing"

	"github.com/kaudit/kaudit/evidence"
)

func TestPlace(t *testing.T) {
	live := Evidence{Source: evidence.Source{Via: "etcd", From: "https://10.0.0.1:2379"}, Detail: "quota"}
	file := func(path string, line int, detail string) Evidence {
		return Evidence{evidence.Source{Via: evidence.ViaFile, From: path, Line: line}, detail}
	}
	for name, tc := range map[string]struct {
		seen []Evidence
		path string
		line int
	}{
		"nothing":                      {nil, "", 0},
		"live":                         {[]Evidence{live}, "", 0},
		"a file of no name":            {[]Evidence{file("", 3, "x")}, "", 0},
		"a file":                       {[]Evidence{live, file("a.yaml", 0, "x")}, "a.yaml", 0},
		"a line before a file":         {[]Evidence{file("a.yaml", 0, "x"), file("b.yaml", 7, "")}, "b.yaml", 7},
		"words before a bare line":     {[]Evidence{file("a.yaml", 1, ""), file("a.yaml", 9, "--x")}, "a.yaml", 9},
		"the first of two":             {[]Evidence{file("a.yaml", 4, "--x"), file("a.yaml", 2, "--y")}, "a.yaml", 4},
		"the first of two bare ones":   {[]Evidence{file("a.yaml", 4, ""), file("a.yaml", 2, "")}, "a.yaml", 4},
		"the first of two mere files":  {[]Evidence{file("b.yaml", 0, ""), file("a.yaml", 0, "x")}, "b.yaml", 0},
		"a bare line before mere file": {[]Evidence{file("b.yaml", 1, ""), file("a.yaml", 0, "x")}, "b.yaml", 1},
	} {
		got, ok := Verdict{Seen: tc.seen}.Place()
		if got.From != tc.path || got.Line != tc.line || ok != (tc.path != "") {
			t.Errorf("%s: got %s:%d, %t, want %s:%d", name, got.From, got.Line, ok, tc.path, tc.line)
		}
	}
}
