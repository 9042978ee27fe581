package configfile

import (
	"errors"
	"regexp"
	"strings"
)

// editPlain edits a file that is no YAML: a unit's command line, or variables.
func (t *lines) editPlain(e Edit) error {
	first := e.Site.Source.Line - 1
	if e.Site.Form == Env {
		first = 0
	}
	if first < 0 || first >= len(t.text) {
		return errors.New("its place in the file is not there any more")
	}
	f := newFile("", "", strings.Join(t.text, "\n"))
	if len(f.loose)+len(f.open) > 0 || strings.ContainsRune(f.text, hole) {
		return errors.New("the file is a template")
	}
	s, err := planPlain(t.text, first, e)
	if errors.Is(err, errDone) {
		return nil
	}
	if err != nil {
		return err
	}
	if !e.settled(func(e Edit) error { _, err := planPlain(spliced(t.text, s), first, e); return err }) {
		return errUncertain
	}
	t.apply(s)
	return nil
}

// planPlain finds the lines of the command that begins at a line, or of the variables, to change.
func planPlain(text []string, first int, e Edit) (splice, error) {
	if e.Site.Form == Env {
		return planEnv(text, e)
	}
	last := first
	for last+1 < len(text) && (strings.HasSuffix(strings.TrimRight(text[last], " \t"), `\`) || last > first && isNote(text[last])) {
		last++
	}
	s, err := planTokens(text, first, last, e)
	if err != nil {
		return s, err
	}
	after := spliced(text, s)
	end := last + 1 + len(s.with) - s.n
	if !oneWordApart(strings.Join(text[first:last+1], "\n"), strings.Join(after[first:end], "\n"), e) {
		return s, errUncertain
	}
	return s, nil
}

// isNote reports whether a line is a comment, which a unit may have between the lines of a command.
func isNote(line string) bool {
	t := strings.TrimLeft(line, " \t")
	return strings.HasPrefix(t, "#") || strings.HasPrefix(t, ";")
}

var variableLine = regexp.MustCompile(`^(\s*(?:export\s+)?)([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// planEnv edits NAME=value, a line each.
func planEnv(text []string, e Edit) (splice, error) {
	name := e.variable(e.now())
	at, last := -1, -1
	for i, line := range text {
		m := variableLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if strings.HasPrefix(m[2], e.Site.Prefix) {
			last = i
		}
		if m[2] != name {
			continue
		}
		if at >= 0 {
			return splice{}, errTwice
		}
		at = i
	}
	if at < 0 {
		switch {
		case e.Remove || !e.Add:
			return splice{}, ErrAbsent
		case last < 0:
			return splice{}, errors.New("kaudit cannot tell where it belongs")
		}
		return insertEnv(text, last, name, e.Value)
	}
	m := variableLine.FindStringSubmatch(text[at])
	if e.Was != "" {
		return splice{at, 1, []string{m[1] + e.variable(e.Name) + "=" + m[3]}}, nil
	}
	end, quote := valueEnd(m[3], 0, true)
	old := strings.Trim(m[3][:end], `"'`)
	switch rest := m[3][end:]; {
	case strings.HasSuffix(rest, `\`) || rest != "" && quote == 0 && rest[0] != ' ' && rest[0] != '\t':
		return splice{}, errors.New("its value goes on over several parts")
	case strings.ContainsAny(m[3][:end], "$`\\"):
		return splice{}, errors.New("its value comes from a variable")
	case e.Remove:
		return splice{at: at, n: 1}, knowable(old)
	case old == e.Value:
		return splice{}, errDone
	}
	if err := knowable(old); err != nil {
		return splice{}, err
	}
	if quote == 0 && !harmless.MatchString(e.Value) || strings.ContainsAny(e.Value, "\"'$`\\") {
		return splice{}, errors.New("its new value would have to be quoted")
	}
	value := e.Value
	if quote != 0 {
		value = string(quote) + value + string(quote)
	}
	return splice{at, 1, []string{m[1] + m[2] + "=" + value + m[3][end:]}}, nil
}

// insertEnv adds a variable behind another, written like it.
func insertEnv(text []string, behind int, name, value string) (splice, error) {
	m := variableLine.FindStringSubmatch(text[behind])
	if strings.HasSuffix(text[behind], `\`) || !harmless.MatchString(value) {
		return splice{}, errUncertain
	}
	if _, quote := valueEnd(m[3], 0, true); quote != 0 {
		value = string(quote) + value + string(quote)
	}
	return splice{at: behind + 1, with: []string{m[1] + name + "=" + value}}, nil
}
