package configfile

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// A token is a flag in the text of a command line.
type token struct {
	line, from, to int // of the value, characters; from the name on where the value is missing
	start, name    int // of the flag, and the end of its name
	old            string
	quote          rune // 0: none
	bare           bool // --name, without a value
}

// tokensOf finds a flag in lines of command line: in the text, not in comments.
func tokensOf(lines []string, first, last int, same func(name string) bool) []token {
	var out []token
	for i := first; i <= last && i < len(lines); i++ {
		if t := strings.TrimLeft(lines[i], " \t"); strings.HasPrefix(t, "#") || strings.HasPrefix(t, ";") {
			continue
		}
		for _, m := range flagText.FindAllStringSubmatchIndex(lines[i], -1) {
			if !same(lines[i][m[4]:m[5]]) {
				continue
			}
			t := token{line: i, start: m[2], name: m[5], from: m[5], bare: true}
			if m[5] < len(lines[i]) && (lines[i][m[5]] == '=' || lines[i][m[5]] == ' ') {
				t.from, t.bare = m[5]+1, lines[i][m[5]] == ' '
			}
			t.to, t.quote = valueEnd(lines[i], t.from)
			t.old = lines[i][t.from:t.to]
			if t.bare && (t.old == "" || strings.HasPrefix(t.old, "-")) {
				t.from, t.to, t.old = m[5], m[5], ""
			} else {
				t.bare = false
			}
			out = append(out, t)
		}
	}
	return out
}

var flagText = regexp.MustCompile(`(?:^|[\s"'=])(--?([A-Za-z][A-Za-z0-9_-]*))`)

// valueEnd is where a value ends: at its quote, else at the next blank, quote or sign of the shell.
func valueEnd(line string, from int) (int, rune) {
	if from < len(line) && (line[from] == '"' || line[from] == '\'') {
		if end := strings.IndexByte(line[from+1:], line[from]); end >= 0 {
			return from + 1 + end + 1, rune(line[from])
		}
	}
	for i := from; i < len(line); i++ {
		if strings.IndexByte(" \t\"'`\\;&|()<>", line[i]) >= 0 {
			return i, 0
		}
	}
	return len(line), 0
}

// harmless are values that mean themselves in a shell, in a unit and within quotes of either.
var harmless = regexp.MustCompile(`^[A-Za-z0-9_.,:/=@+-]+$`)

// retoken is a line with another value of a flag.
func retoken(line string, t token, value string) (string, error) {
	switch {
	case strings.ContainsAny(t.old, "$`%\\{"):
		return "", errors.New("its value comes from a variable")
	case t.quote == 0 && !harmless.MatchString(value), strings.ContainsAny(value, "\"'$`%\\!"), value == "":
		return "", errors.New("its new value would have to be quoted in a command line")
	}
	if err := knowable(t.old); err != nil {
		return "", err
	}
	if t.quote != 0 {
		value = string(t.quote) + value + string(t.quote)
	}
	if t.bare {
		value = "=" + value
	}
	return line[:t.from] + value + line[t.to:], nil
}

// planTokens edits a command line that is written over lines, from first to last.
func planTokens(text []string, first, last int, e Edit) (splice, error) {
	found := tokensOf(text, first, last, func(name string) bool { return e.same(name) })
	switch {
	case len(found) > 1:
		return splice{}, errTwice
	case len(found) == 0 && (e.Remove || !e.Add):
		return splice{}, ErrAbsent
	case len(found) == 0:
		return insertToken(text, first, last, e)
	}
	t := found[0]
	if e.Was != "" {
		line := text[t.line]
		return splice{t.line, 1, []string{line[:t.name-len(e.Was)] + e.Name + line[t.name:]}}, nil
	}
	if e.Remove {
		return removeToken(text, t, first)
	}
	if strings.Trim(t.old, `"'`) == e.Value || t.bare && e.Value == "true" {
		return splice{}, errDone
	}
	line, err := retoken(text[t.line], t, e.Value)
	return splice{t.line, 1, []string{line}}, err
}

// alone matches a flag that has a line of its own, and what joins the next line to it.
var alone = regexp.MustCompile(`^(\s*)--[A-Za-z][A-Za-z0-9_-]*(=[A-Za-z0-9_.,:/=@+${}()-]*)?(\s*\\)?$`)

// amid matches a flag within a line.
var amid = regexp.MustCompile(`\s--[A-Za-z][A-Za-z0-9_-]*=[A-Za-z0-9_.,:/=@+-]*`)

// insertToken adds a flag behind the last one with a line of its own, else behind one within a line.
func insertToken(text []string, first, last int, e Edit) (splice, error) {
	if !harmless.MatchString(e.Value) {
		return splice{}, errors.New("its value would have to be quoted in a command line")
	}
	word := "--" + e.Name + "=" + e.Value
	for i := min(last, len(text)-1); i >= first; i-- {
		m := alone.FindStringSubmatch(text[i])
		switch {
		case m == nil || i == first && m[3] == "":
		case m[3] != "":
			return splice{at: i + 1, with: []string{m[1] + word + m[3]}}, nil
		case strings.HasSuffix(strings.TrimRight(text[i-1], " "), `\`):
			joint := ` \`
			if above := alone.FindStringSubmatch(text[i-1]); above != nil {
				joint = above[3]
			}
			return splice{i, 1, []string{text[i] + joint, m[1] + word}}, nil
		}
	}
	for i := min(last, len(text)-1); i >= first; i-- {
		if t := strings.TrimLeft(text[i], " \t"); strings.HasPrefix(t, "#") || strings.HasPrefix(t, ";") {
			continue
		}
		for _, m := range slices.Backward(amid.FindAllStringIndex(text[i], -1)) {
			if rest := text[i][m[1]:]; rest == "" || rest[0] == ' ' || rest[0] == '"' && e.Site.Form == Script {
				return splice{i, 1, []string{text[i][:m[1]] + " " + word + rest}}, nil
			}
		}
	}
	return splice{}, errors.New("kaudit cannot tell where in the command line it belongs")
}

// removeToken takes a flag out, with its line where it has one.
func removeToken(text []string, t token, first int) (splice, error) {
	if err := knowable(t.old); err != nil || strings.ContainsAny(t.old, "$`\\{") {
		return splice{}, errors.New("its value comes from a variable")
	}
	line := text[t.line]
	lead, rest := line[:t.start], line[t.to:]
	joint := strings.TrimSpace(rest) == `\`
	switch {
	case isBlank(lead) && joint:
		return splice{at: t.line, n: 1}, nil
	case isBlank(lead) && isBlank(rest) && t.line > first && strings.HasSuffix(strings.TrimRight(text[t.line-1], " "), `\`):
		above := strings.TrimRight(strings.TrimSuffix(strings.TrimRight(text[t.line-1], " "), `\`), " \t")
		return splice{t.line - 1, 2, []string{above}}, nil
	case isBlank(lead) || !strings.HasSuffix(lead, " "):
		return splice{}, errUncertain
	}
	if strings.HasPrefix(rest, " ") {
		return splice{t.line, 1, []string{lead + rest[1:]}}, nil
	}
	return splice{t.line, 1, []string{strings.TrimRight(lead, " ") + rest}}, nil
}
