package configfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaudit/kaudit/evidence"
)

// An Edit gives a setting another value in the place where it stands, adds it there, or takes it out.
type Edit struct {
	Site   Site
	Name   string // of the setting: a flag without dashes, or the path of a field
	Value  string // as it stands on a command line
	Was    string // its name until now: it is renamed, and keeps its value
	Remove bool
	Add    bool // it may be put where it is not
	// Exact is set where names are taken letter by letter: etcd does not take _ for -.
	Exact bool
}

// ErrAbsent is what an edit gives whose setting is not in its place.
var ErrAbsent = errors.New("is not set there")

// errNoField is what an edit gives whose place has no name for the setting.
var errNoField = errors.New("kaudit knows no field for it there")

// errTwice is what an edit gives whose setting is in its place more than once.
var errTwice = errors.New("it is given more than once")

// anyDoc is the document of a site that is a map and told by the place where that begins.
const anyDoc = -1

// Apply makes edits in the text of a file, one after the other, and leaves every other line as it is: its
// order, comments, quotes, line ends. An edit that is not certain is refused with the reason, at its index, and
// does not hinder the others; an edit whose value stands there already changes nothing.
func Apply(data []byte, edits []Edit) ([]byte, []error) {
	errs := make([]error, len(edits))
	t, err := readLines(data)
	for i, e := range edits {
		if err != nil {
			errs[i] = err
			continue
		}
		errs[i] = t.edit(e)
	}
	if err != nil {
		return data, errs
	}
	return t.bytes(), errs
}

// lines are those of a text, without their ends, which stand beside them.
type lines struct {
	mark string // of the byte order, before the first line
	text []string
	ends []string // "\n", "\r\n", and "" of a last line that has none
	made []splice
}

var generated = regexp.MustCompile(`(?i)^\s*(#|//|;|\{#|\{\{/\*)(.*do not (edit|modify)\b|\W*(this file (is|was) )?(auto-?)?generated (by|from|with)\b)`)

func readLines(data []byte) (*lines, error) {
	t := &lines{}
	if rest, ok := bytes.CutPrefix(data, []byte("\xEF\xBB\xBF")); ok {
		t.mark, data = "\xEF\xBB\xBF", rest
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return nil, errors.New("the file is not UTF-8")
	}
	for line := range strings.Lines(string(data)) {
		body, hasEnd := strings.CutSuffix(line, "\n")
		end := "\n"
		if body, hasCR := strings.CutSuffix(body, "\r"); hasCR && hasEnd {
			t.text, t.ends = append(t.text, body), append(t.ends, "\r\n")
			continue
		}
		if !hasEnd {
			end = ""
		}
		t.text, t.ends = append(t.text, body), append(t.ends, end)
	}
	for i, line := range t.text {
		if strings.ContainsRune(line, '\r') {
			return nil, fmt.Errorf("line %d of the file has a line end of old Macs in it", i+1)
		}
		if i < 20 && generated.MatchString(line) {
			return nil, fmt.Errorf("line %d says that the file is generated; change what generates it", i+1)
		}
	}
	return t, nil
}

func (t *lines) bytes() []byte {
	var b bytes.Buffer
	b.WriteString(t.mark)
	for i, line := range t.text {
		b.WriteString(line)
		b.WriteString(t.ends[i])
	}
	return b.Bytes()
}

// A splice puts other lines in the place of some.
type splice struct {
	at, n int // the first line, from 0, and how many
	with  []string
}

// shift is where a line, from 1, is after it.
func (s splice) shift(line int) int {
	if line > s.at+s.n {
		return line + len(s.with) - s.n
	}
	return line
}

// apply keeps the line ends of what was there; a new line ends as its neighbour does.
func (t *lines) apply(s splice) {
	t.made = append(t.made, s)
	usual := "\n"
	if len(t.ends) > 0 && t.ends[0] != "" {
		usual = t.ends[0]
	}
	last := len(t.ends) > 0 && t.ends[len(t.ends)-1] == "" // the text has no end of its last line
	if last {
		t.ends[len(t.ends)-1] = usual
	}
	var ends []string
	for i := range s.with {
		switch at := s.at + i; {
		case i < s.n:
			ends = append(ends, t.ends[at])
		case s.at+s.n > 0:
			ends = append(ends, t.ends[s.at+s.n-1])
		default:
			ends = append(ends, usual)
		}
	}
	t.text = append(t.text[:s.at:s.at], append(s.with, t.text[s.at+s.n:]...)...)
	t.ends = append(t.ends[:s.at:s.at], append(ends, t.ends[s.at+s.n:]...)...)
	if last && len(t.ends) > 0 {
		t.ends[len(t.ends)-1] = ""
	}
}

// edit makes one edit, or none if it fails.
func (t *lines) edit(e Edit) error {
	if strings.ContainsFunc(e.Value, func(r rune) bool {
		return r < ' ' || r == 0x7F || r == hole || r == '\u2028' || r == '\u2029' || r == '\u0085' || r == '\uFEFF'
	}) {
		return errors.New("its value has characters that no configuration should have")
	}
	if !e.Remove && evidence.SecretFlag(e.Name) {
		return errors.New("is a secret, which kaudit does not write")
	}
	if slices.Contains(e.Site.Nanoseconds, e.Name) && !e.Remove {
		d, err := time.ParseDuration(e.Value)
		if err != nil {
			return fmt.Errorf("its value has to be a time: %w", err)
		}
		e.Value = strconv.FormatInt(d.Nanoseconds(), 10)
	}
	if e.Site.Doc == anyDoc {
		if err := e.Site.find(t.exact()); err != nil {
			return err
		}
	}
	switch e.Site.Form {
	case Unit, Env:
		return t.editPlain(e)
	case Script:
		if len(e.Site.Path) == 0 {
			return t.editPlain(e)
		}
	case Words, Map, Pairs, Suite, Lists, Fields:
	}
	return t.editYAML(e)
}

// same reports whether two names are those of one setting.
func (e Edit) same(name string) bool {
	if e.Site.Form == Fields || e.Exact {
		return name == e.now()
	}
	return strings.ReplaceAll(name, "_", "-") == strings.ReplaceAll(e.now(), "_", "-")
}

// written reports whether a name is that of the setting as the place writes it.
func (e Edit) written(name string) bool {
	if e.Site.Prefix != "" {
		return name == e.variable(e.now())
	}
	return e.same(name)
}

// now is what the setting is called where it stands.
func (e Edit) now() string { return cmp.Or(e.Was, e.Name) }

// keys are how the place calls the setting, from the path of the place on.
func (e Edit) keys() ([]string, error) {
	name := e.now()
	if e.Site.Fields != nil {
		f, ok := e.Site.Fields[name]
		if !ok {
			return nil, errNoField
		}
		name = f.Key
	}
	if e.Site.Form == Fields {
		return strings.Split(strings.NewReplacer("[", ".", "]", "").Replace(name), "."), nil
	}
	return []string{e.variable(name)}, nil
}

// variable is a name as the place writes it.
func (e Edit) variable(name string) string {
	if e.Site.Prefix == "" {
		return name
	}
	return e.Site.Prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// typed reports whether the value is written as a number or a boolean where it is one.
func (e Edit) typed() bool {
	return e.Site.Typed && !e.Site.Fields[e.Name].Text && (e.Site.Form == Map || e.Site.Form == Fields)
}

// knowable refuses to replace what kaudit has not seen as it is.
func knowable(old string) error {
	switch {
	case isHole(old) || strings.Contains(old, evidence.Elsewhere):
		return errors.New("its value is filled in by a template, or comes from a variable")
	case evidence.WithoutUserinfo(old) != old:
		return errors.New("its value holds a password, which kaudit does not copy")
	}
	return nil
}
