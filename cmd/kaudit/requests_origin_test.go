package main

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestAsides(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, c := range []struct{ in, kept, told string }{
		{"", "", ""},
		{"{\n}\n", "{\n}\n", ""},
		{"kaudit: a\n{}\nkaudit: b\n{}", "{}\n{}", "kaudit: a\nkaudit: b\n"},
		{"{\"a\":\nkaudit: its last line is cut off\n1}", "{\"a\":\n1}", "kaudit: its last line is cut off\n"},
		{"{} kaudit: not at the beginning\n", "{} kaudit: not at the beginning\n", ""},
		{long + "kaudit: " + long + "\n", long + "kaudit: " + long + "\n", ""},
		{"kaudit: \x1b[31mred\x07\r\n", "", "kaudit: \\x1b[31mred\\a\n"},
		{"kaudit: log \"a\" is none\n", "", "kaudit: log \"a\" is none\n"},
		{"kaudit: without an end", "", "kaudit: without an end\n"},
	} {
		var told strings.Builder
		a := &asides{r: bufio.NewReaderSize(strings.NewReader(c.in), 16), to: &told}
		kept, err := io.ReadAll(iotest.OneByteReader(a))
		if err != nil || string(kept) != c.kept || told.String() != c.told {
			t.Errorf("%.40q: got %q, told %q (%v), want %q, told %q", c.in, kept, told.String(), err, c.kept, c.told)
		}
	}
}
