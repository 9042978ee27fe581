package configfile

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// A unitFile is a systemd unit, or a drop-in that changes one. It is read here and not by
// github.com/coreos/go-systemd/v22/unit: that tells no line of what it reads, and refuses lines of more than
// 2,048 bytes, which command lines of a kube-apiserver are.
type unitFile struct {
	file     *file
	name     string // of the unit: "etcd.service"; "" of a drop-in that does not tell
	dropIn   bool
	settings []unitSetting // of the section Service, in order
}

// A unitSetting is one line of a unit, continuations included.
type unitSetting struct {
	key   string
	value []letter
	src   evidence.Source // of the key
}

// A letter of a value, and where it stands.
type letter struct {
	r            rune
	line, column int
}

func (u unitSetting) text() string {
	var b strings.Builder
	for _, l := range u.value {
		b.WriteRune(l.r)
	}
	return strings.TrimSpace(b.String())
}

var (
	serviceSection = regexp.MustCompile(`(?m)^\[Service\][ \t]*$`)
	dropInDir      = regexp.MustCompile(`^(.+\.service)\.d$`)
	numberedConf   = regexp.MustCompile(`^\d+.*\.conf$`)
)

// programs are those whose units are read.
var programs = append(components.Components(), "k3s", "rke2")

// readUnit reads a unit that starts a component, and what may change one.
func readUnit(s *sink) bool {
	if !strings.Contains(s.file.text, "[Service]") || !serviceSection.MatchString(s.file.text) {
		return false
	}
	u := parseUnit(s.file)
	dir := path.Base(path.Dir(s.file.rel))
	if m := dropInDir.FindStringSubmatch(dir); m != nil {
		u.name, u.dropIn = m[1], true
	} else if base := path.Base(s.file.rel); strings.HasSuffix(base, ".service") || strings.HasSuffix(base, ".service.j2") {
		u.name, _, _ = strings.Cut(base, ".service")
		u.name += ".service"
	} else if numberedConf.MatchString(base) {
		u.dropIn = true
	}
	program := u.program()
	if program == "" && (!u.dropIn || !mentions(u.name, programs)) {
		return false
	}
	if u.name == "" {
		u.name = program + ".service"
	}
	out := s.piece("unit")
	out.unit = u
	out.inert = true
	if ps := (startedBy{unit: u, settings: u.settings}).processes(); len(ps) > 0 {
		out.processes, out.inert = ps, false // once the group is known they are read again, with all that belongs to them
	}
	return true
}

// program is what the unit starts; "" if it is none that concerns a cluster.
func (u *unitFile) program() string {
	for _, set := range u.settings {
		if set.key != "ExecStart" {
			continue
		}
		for _, w := range splitWords(set) {
			for field := range strings.FieldsSeq(w.text) {
				if name := strings.TrimLeft(path.Base(field), "@-:+!"); slices.Contains(programs, name) {
					return name
				}
			}
		}
	}
	return ""
}

// parseUnit reads the settings of the section Service.
func parseUnit(f *file) *unitFile {
	u := &unitFile{file: f}
	lines := strings.Split(f.text, "\n")
	inService := false
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if section := strings.TrimSpace(line); strings.HasPrefix(section, "[") {
			inService = section == "[Service]"
			continue
		}
		key, _, ok := strings.Cut(line, "=")
		if isComment(line) || !ok {
			continue
		}
		set := unitSetting{key: strings.TrimSpace(key), src: f.at(i+1, 1+indent(line))}
		from := len([]rune(key)) + 1
		for {
			more := oddBackslashes(lines[i])
			text := lines[i]
			if more {
				text = text[:len(text)-1] + " "
			}
			for c, r := range []rune(text) {
				if c >= from {
					set.value = append(set.value, letter{r, i + 1, c + 1})
				}
			}
			from = 0
			if !more {
				break
			}
			for i++; i < len(lines) && isComment(lines[i]) && !isBlank(lines[i]); {
				i++ // comments in between belong to nothing
			}
			if i == len(lines) {
				break
			}
		}
		if inService {
			u.settings = append(u.settings, set)
		}
	}
	return u
}

// A unitWord is one word of a setting.
type unitWord struct {
	text string
	src  evidence.Source
	bare bool // nothing of it is quoted
}

// splitWords splits a value as systemd does: at blanks, with quotes around words or parts of them, and escapes.
func splitWords(set unitSetting) []unitWord {
	var out []unitWord
	var b strings.Builder
	var quote rune
	var at letter
	in, bare := false, true
	end := func() {
		if in {
			out = append(out, unitWord{text: b.String(), src: evidence.Source{Via: evidence.ViaFile, From: set.src.From, Line: at.line, Column: at.column}, bare: bare})
		}
		b.Reset()
		in, bare = false, true
	}
	for i := 0; i < len(set.value); i++ {
		l := set.value[i]
		blank := l.r == ' ' || l.r == '\t'
		if blank && quote == 0 {
			end()
			continue
		}
		if !in {
			in, at = true, l
		}
		switch {
		case l.r == '\\' && i+1 < len(set.value):
			i++
			b.WriteRune(unescaped(set.value[i].r))
		case quote == 0 && (l.r == '"' || l.r == '\''):
			quote, bare = l.r, false
		case quote != 0 && l.r == quote:
			quote = 0
		default:
			b.WriteRune(l.r)
		}
	}
	end()
	return out
}

func unescaped(r rune) rune {
	switch r {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 's':
		return ' '
	}
	return r
}
