package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A Mistake is one thing that is wrong with a file, and where.
type Mistake struct {
	Line, Column int
	Text         string
}

// A MistakesError is all that is wrong with a file, from its top to its end.
type MistakesError struct {
	Name string // of the file
	List []Mistake
}

func (m *MistakesError) Error() string { return strings.Join(m.Lines(), "\n") }

// Lines are the mistakes as editors read them: "kaudit.yaml:12:5: no check …".
func (m *MistakesError) Lines() []string {
	var out []string
	for _, one := range m.List {
		out = append(out, fmt.Sprintf("%s:%d:%d: %s", m.Name, one.Line, one.Column, strings.Map(shown, one.Text)))
	}
	return out
}

// shown drops what would move a cursor or turn text around.
func shown(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

func sorted(list []Mistake) []Mistake {
	slices.SortStableFunc(list, func(a, b Mistake) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	return list
}

// quote shows what was typed, whatever it is, on one line of bearable length.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
