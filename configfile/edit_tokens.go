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
	quote          byte // 0: none
	bare           bool // --name, without a value
	odd            bool // where its value ends is not certain
}

var flagText = regexp.MustCompile(`(?:^|[\s"'=])(--?([A-Za-z][A-Za-z0-9_-]*))`)

// tokensOf finds a flag in lines of command line: in the text, not in comments.
func tokensOf(lines []string, first, last int, e Edit) []token {
	var out []token
	for i := first; i <= last && i < len(lines); i++ {
		if isNote(lines[i]) {
			continue
		}
		for _, m := range flagText.FindAllStringSubmatchIndex(lines[i], -1) {
			if e.same(lines[i][m[4]:m[5]]) {
				out = append(out, tokenAt(lines[i], token{line: i, start: m[2], name: m[5], from: m[5], to: m[5]}, e.Site.Form == Script))
			}
		}
	}
	return out
}

// tokenAt finds the value of a flag: behind a = or a blank, to its closing quote, else to the next blank, or sign of a
// shell. A word that is quoted whole ends at that quote.
func tokenAt(line string, t token, shell bool) token {
	if t.from == len(line) || line[t.from] != '=' && line[t.from] != ' ' {
		t.bare = true
		t.odd = !closed(line, t, shell)
		return t
	}
	apart := line[t.from] == ' '
	value := t
	value.from++
	if t.start > 0 && (line[t.start-1] == '"' || line[t.start-1] == '\'') && (t.start == 1 || line[t.start-2] == ' ' || line[t.start-2] == '\t') {
		end := strings.IndexByte(line[value.from:], line[t.start-1])
		value.to = value.from + max(end, 0)
		value.odd = end < 0 || apart
	} else {
		value.to, value.quote = valueEnd(line, value.from, shell)
		value.odd = !closed(line, value, shell)
	}
	value.old = line[value.from:value.to]
	if apart && (value.old == "" || strings.HasPrefix(value.old, "-") || shell && strings.HasPrefix(line[value.to:], ">")) {
		t.bare = true
		return t
	}
	return value
}

// valueEnd is where a value ends, and by which quote.
func valueEnd(line string, from int, shell bool) (int, byte) {
	if from < len(line) && (line[from] == '"' || line[from] == '\'') {
		if end := strings.IndexByte(line[from+1:], line[from]); end >= 0 {
			return from + 1 + end + 1, line[from]
		}
	}
	ends := " \t\"'\\"
	if shell {
		ends += "`;&|()<>"
	}
	if n := strings.IndexAny(line[from:], ends); n >= 0 {
		return from + n, 0
	}
	return len(line), 0
}

// closed reports whether a value surely ends where it seems to: what follows is no part of the same word.
func closed(line string, t token, shell bool) bool {
	rest := line[t.to:]
	switch {
	case rest == "", rest[0] == ' ', rest[0] == '\t', strings.TrimSpace(rest) == `\`:
		return true
	case rest[0] == '"' || rest[0] == '\'': // of the quote that the whole stands in
		return strings.Count(line[:t.start], rest[:1])%2 == 1
	}
	return shell && strings.ContainsAny(rest[:1], ";&|)")
}

// harmless are values that mean themselves in a shell, in a unit and within quotes of either.
var harmless = regexp.MustCompile(`^[A-Za-z0-9_.,:/=@+#-]+$`)

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
	found := tokensOf(text, first, last, e)
	switch {
	case len(found) > 1:
		return splice{}, errTwice
	case len(found) == 0 && (e.Remove || !e.Add):
		return splice{}, ErrAbsent
	case len(found) == 0:
		return insertToken(text, first, last, e)
	}
	t := found[0]
	if t.odd {
		return splice{}, errors.New("where its value ends is not certain")
	}
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
		if isNote(text[i]) {
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
	case isBlank(lead) && strings.HasPrefix(rest, " ") && !isBlank(rest):
		return splice{t.line, 1, []string{lead + strings.TrimLeft(rest, " ")}}, nil
	case strings.ContainsAny(lead[max(len(lead)-1, 0):], "=\"'") && strings.HasPrefix(rest, " "):
		return splice{t.line, 1, []string{lead + rest[1:]}}, nil
	case isBlank(lead) || !strings.HasSuffix(lead, " "):
		return splice{}, errUncertain
	}
	if strings.HasPrefix(rest, " ") {
		return splice{t.line, 1, []string{lead + rest[1:]}}, nil
	}
	return splice{t.line, 1, []string{strings.TrimRight(lead, " ") + rest}}, nil
}
