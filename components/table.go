package components

import (
	"embed"
	"maps"
	"slices"
	"strings"
)

//go:embed data/*.tsv
var data embed.FS

// A Span is the minor versions in which something exists. Where the catalogue lacks minors it may exist in
// some of these too, next to First and Last.
type Span struct {
	First, Last string // "1.24"
	Added       string // the first minor that has it; "" if the oldest of the catalogue has it
	Removed     string // the first minor of the catalogue that has it no more; "" if the newest has it
}

// table is what one file of data says: of each name the spans in which all about it stays the same.
type table[T any] struct {
	releases []string // 1.24.17
	minors   []string // 1.24
	names    map[string][]stretch[T]
}

type stretch[T any] struct {
	from, to int // places in minors
	value    T
}

// read reads a file of data: a line "# releases: …", a line that names the columns, then one line for
// each stretch: name, first and last minor, and what parse reads. A test holds that the files are sound.
func read[T any](file string, parse func(name string, fields []string) T) *table[T] {
	text, err := data.ReadFile("data/" + file + ".tsv")
	if err != nil {
		return nil
	}
	head, rest, _ := strings.Cut(string(text), "\n")
	t := &table[T]{releases: strings.Fields(strings.TrimPrefix(head, "# releases:")), names: map[string][]stretch[T]{}}
	for _, r := range t.releases {
		t.minors = append(t.minors, minorOf(r))
	}
	_, rest, _ = strings.Cut(rest, "\n")
	for line := range strings.Lines(rest) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i := range f {
			f[i] = plain.Replace(f[i])
		}
		s := stretch[T]{from: slices.Index(t.minors, f[1]), to: slices.Index(t.minors, f[2]), value: parse(f[0], f[3:])}
		t.names[f[0]] = append(t.names[f[0]], s)
	}
	return t
}

// plain undoes the escapes of the files of data.
var plain = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t")

// at is the place of a version; -1 if the catalogue does not cover it.
func (t *table[T]) at(version string) int { return slices.Index(t.minors, minorOf(version)) }

func (t *table[T]) lookup(version, name string) (T, bool) {
	var none T
	if t == nil {
		return none, false
	}
	at := t.at(version)
	for _, s := range t.names[name] {
		if at >= s.from && at <= s.to {
			return s.value, true
		}
	}
	return none, false
}

func (t *table[T]) history(name string) (Span, bool) {
	if t == nil || len(t.names[name]) == 0 {
		return Span{}, false
	}
	stretches := t.names[name]
	first, last := stretches[0].from, stretches[len(stretches)-1].to
	s := Span{First: t.minors[first], Last: t.minors[last]}
	if first > 0 {
		s.Added = s.First
	}
	if last < len(t.minors)-1 {
		s.Removed = t.minors[last+1]
	}
	return s, true
}

// namesAt lists what exists in a version, sorted; in any of them, if version is "".
func (t *table[T]) namesAt(version string) []string {
	if t == nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(t.names)) {
		if _, ok := t.lookup(version, name); ok || version == "" {
			out = append(out, name)
		}
	}
	return out
}
