package evidence

import (
	"regexp"
	"strings"
)

// word reads up to the next unquoted blank or operator.
func (t *tokens) word() (word, tokenKind) {
	var w word
	var b strings.Builder
	start := t.i
	for t.i < len(t.s) {
		c := t.s[t.i]
		if strings.IndexByte(" \t\r\n;&|()<>", c) >= 0 {
			break
		}
		if c == '\'' || c == '"' || c == '\\' {
			w.quoted = true
			w.quotedName = w.quotedName || t.i == start
		}
		switch c {
		case '\'':
			t.i++
			text, _, _ := strings.Cut(t.s[t.i:], "'")
			b.WriteString(text)
			t.i = min(len(t.s), t.i+len(text)+1)
		case '"':
			t.i++
			t.doubleQuoted(&b)
		case '\\':
			t.i++
			if t.i < len(t.s) {
				if t.s[t.i] != '\n' {
					b.WriteByte(t.s[t.i])
				}
				t.i++
			}
		case '$', '`':
			b.WriteString(t.expansion())
		default:
			b.WriteByte(c)
			t.i++
		}
	}
	raw := strings.Trim(t.s[start:t.i], `"`)
	w.positional = raw == "$@" || raw == "$*" || raw == "${@}" || raw == "${*}"
	w.text = b.String()
	return w, tokenWord
}

func (t *tokens) doubleQuoted(b *strings.Builder) {
	for t.i < len(t.s) {
		switch c := t.s[t.i]; c {
		case '"':
			t.i++
			return
		case '\\':
			t.i++
			if t.i == len(t.s) {
				return
			}
			if e := t.s[t.i]; e != '\n' {
				if strings.IndexByte("$`\"\\", e) < 0 {
					b.WriteByte('\\')
				}
				b.WriteByte(e)
			}
			t.i++
		case '$', '`':
			b.WriteString(t.expansion())
		default:
			b.WriteByte(c)
			t.i++
		}
	}
}

var plainVariable = regexp.MustCompile(`^(?:\$([A-Za-z_]\w*)|\$\{([A-Za-z_]\w*)\})`)

// expansion resolves $NAME and ${NAME} of known variables. Everything else the shell can put there,
// defaults, commands, arithmetic, is lost.
func (t *tokens) expansion() string {
	rest := t.s[t.i:]
	if m := plainVariable.FindStringSubmatch(rest); m != nil {
		t.i += len(m[0])
		if v, ok := t.env[m[1]+m[2]]; ok {
			return v
		}
		return lost
	}
	switch {
	case strings.HasPrefix(rest, "${"):
		t.skipPair(2, '{', '}')
	case strings.HasPrefix(rest, "$("):
		t.skipPair(2, '(', ')')
	case rest[0] == '`':
		text, _, _ := strings.Cut(rest[1:], "`")
		t.i = min(len(t.s), t.i+len(text)+2)
	case len(rest) > 1 && strings.IndexByte("@*#?-$!0123456789", rest[1]) >= 0:
		t.i += 2
	default:
		t.i++
		return "$"
	}
	return lost
}

func (t *tokens) skipPair(from int, open, shut byte) {
	depth := 1
	for t.i += from; t.i < len(t.s) && depth > 0; t.i++ {
		switch t.s[t.i] {
		case '\\':
			t.i++
		case open:
			depth++
		case shut:
			depth--
		}
	}
	t.i = min(t.i, len(t.s))
}
