package configfile

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kaudit/kaudit/evidence"
)

// A file is one that was read, as text with plain line ends.
type file struct {
	path    string // as people name it, with slashes
	rel     string // from the root of its tree, with slashes
	rootDir        // that it is of
	text    string // template directives are masked, each character by one, so that places stay
	// loose are the lines under a condition or in a loop of a template: what stands there may not apply.
	loose []span
	// open are the lines at which a template puts in text of its own.
	open []int
}

// A span is a range of lines, both included.
type span struct{ first, last int }

func (s span) has(line int) bool { return line >= s.first && line <= s.last }

// isLoose reports whether what stands at a line depends on a template.
func (f *file) isLoose(line int) bool {
	for _, s := range f.loose {
		if s.has(line) {
			return true
		}
	}
	return false
}

// opensIn reports whether a template adds something between two lines, both included.
func (f *file) opensIn(s span) (line int, ok bool) {
	for _, l := range f.open {
		if s.has(l) {
			return l, true
		}
	}
	return 0, false
}

// at is a place in the file.
func (f *file) at(line, column int) evidence.Source {
	return evidence.Source{Via: evidence.ViaFile, From: f.path, Line: line, Column: column}
}

// hole stands for a character of what a template fills in. It is of Unicode's private use area, and YAML
// takes it as a letter.
const hole = '\uE000'

// errNotText is what binaries, archives and images give.
var errNotText = errors.New("is no text")

// decode makes text of what a file holds: UTF-8 or UTF-16 by its mark, Unix or Windows line ends.
func decode(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		data = data[3:]
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return unix(fromUTF16(data)), nil
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "", errNotText
	}
	if !utf8.Valid(data) {
		line := 1 + bytes.Count(data[:firstInvalid(data)], []byte("\n"))
		return "", fmt.Errorf("line %d: is not UTF-8; save it as UTF-8", line)
	}
	return unix(string(data)), nil
}

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

func fromUTF16(data []byte) string {
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		if data[0] == 0xFF {
			units = append(units, uint16(data[i])|uint16(data[i+1])<<8)
		} else {
			units = append(units, uint16(data[i+1])|uint16(data[i])<<8)
		}
	}
	return string(utf16.Decode(units))
}

func unix(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

var (
	directive = regexp.MustCompile(`(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}`)
	opens     = regexp.MustCompile(`^\{[{%]-?\+?\s*(if|with|range|for|define|block)\b`)
	closes    = regexp.MustCompile(`^\{[{%]-?\+?\s*(end|endif|endfor)\b`)
	silent    = regexp.MustCompile(`^\{[{%]-?\+?\s*(else|elif|/\*|end|endif|endfor|if|with|range|for|define|block|set|macro|endmacro|\$\w+\s*:?=)|^\{#`)
)

// newFile masks what a template engine would replace. Directives on lines of their own go; those that stand
// for text become holes, and a line that is nothing but one may become any number of lines.
func newFile(path, rel, text string) *file {
	f := &file{path: path, rel: rel, text: text}
	if !strings.Contains(text, "{{") && !strings.Contains(text, "{%") {
		return f
	}
	var b strings.Builder
	var began []int
	end, line := 0, 1
	for _, m := range directive.FindAllStringIndex(text, -1) {
		b.WriteString(text[end:m[0]])
		line += strings.Count(text[end:m[0]], "\n")
		d := text[m[0]:m[1]]
		alone := isBlank(text[strings.LastIndexByte(text[:m[0]], '\n')+1:m[0]]) && isBlank(firstLine(text[m[1]:]))
		switch {
		case opens.MatchString(d):
			began = append(began, line)
		case closes.MatchString(d) && len(began) > 0:
			f.loose = append(f.loose, span{began[len(began)-1], line})
			began = began[:len(began)-1]
		}
		mask := hole
		if silent.MatchString(d) {
			mask = ' '
		} else if alone {
			mask = ' '
			f.open = append(f.open, line)
		}
		for _, r := range d {
			if r == '\n' {
				b.WriteByte('\n')
			} else {
				b.WriteRune(mask)
			}
		}
		line += strings.Count(d, "\n")
		end = m[1]
	}
	b.WriteString(text[end:])
	if len(began) > 0 { // never closed here: the rest depends on it
		f.loose = append(f.loose, span{began[0], 1 + strings.Count(text, "\n")})
	}
	f.text = b.String()
	return f
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// filledIn matches what envsubst, clusterctl, a shell or a person replaces: ${NAME}, ${NAME:=default}, $(NAME), <ip>.
var filledIn = regexp.MustCompile(`\$\{[^}]*\}|\$\([A-Za-z_][^)]*\)|\$[A-Z_][A-Z0-9_]+|<[A-Za-z][^<>=,;]*>|__[A-Z][A-Z0-9_]+__|@[A-Z][A-Z0-9_]+@`)

// isHole reports whether a value is not known before a template or a person fills it in.
func isHole(v string) bool { return strings.ContainsRune(v, hole) || filledIn.MatchString(v) }
