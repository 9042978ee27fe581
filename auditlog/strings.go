package auditlog

import (
	"bytes"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// escapesValid checks what follows each backslash of the line.
func (s *scanner) escapesValid() bool {
	line := s.line
	for i := 0; i < len(line); i += 64 {
		for w := word(s.escaped, i/8); w != 0; w &= w - 1 {
			p := i + bits.TrailingZeros64(w)
			if p >= len(line) {
				return false
			}
			switch line[p] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if hex4(line[p+1:]) < 0 {
					return false
				}
			default:
				return false
			}
		}
	}
	return true
}

// controlsOutside checks that no string has a control character in it.
func (s *scanner) controlsOutside() bool {
	for p := next(s.quotes, 0); p < len(s.line); {
		end := next(s.quotes, p+1)
		if end >= len(s.line) {
			return false
		}
		for _, c := range s.line[p:end] {
			if c < ' ' {
				return false
			}
		}
		p = next(s.quotes, end+1)
	}
	return true
}

// hex4 reads the four hex digits of a \u escape, or says -1.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		d := hexDigit[c]
		if d < 0 {
			return -1
		}
		r = r<<4 | rune(d)
	}
	return r
}

// hexDigit is the value of a hex digit, -1 of any other byte.
var hexDigit = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte("0123456789") {
		t[c] = int8(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = int8(10+i), int8(10+i)
	}
	return t
}()

// unusual takes the string that starts at p, behind its quote, and has more in it than ASCII that stands for itself, or is
// long. It gives where its closing quote is, -1 if nowhere. What is invalid UTF-8 is replaced as encoding/json does.
func (s *scanner) unusual(p int, to *[]byte) int {
	end := next(s.quotes, p)
	if end >= len(s.line) {
		return -1
	}
	v := s.line[p:end]
	if next(s.special, p) == end || bytes.IndexByte(v, '\\') < 0 && utf8.Valid(v) {
		*to = v
		return end
	}
	from := len(s.scratch)
	s.scratch = appendUnquoted(s.scratch, v)
	*to = s.scratch[from:len(s.scratch):len(s.scratch)]
	return end
}

// appendUnquoted appends what a string stands for, whose escapes are known to be valid.
func appendUnquoted(to, v []byte) []byte {
	for len(v) > 0 {
		i := 0
		for i < len(v) && v[i] != '\\' && v[i] < utf8.RuneSelf {
			i++
		}
		to = append(to, v[:i]...)
		if v = v[i:]; len(v) == 0 {
			break
		}
		if v[0] != '\\' {
			r, n := utf8.DecodeRune(v)
			to, v = utf8.AppendRune(to, r), v[n:]
			continue
		}
		c := v[1]
		if c != 'u' {
			to, v = append(to, unescaped[c]), v[2:]
			continue
		}
		r, n := hex4(v[2:]), 6
		if utf16.IsSurrogate(r) {
			var low rune = -1
			if len(v) >= 12 && v[6] == '\\' && v[7] == 'u' {
				low = hex4(v[8:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				n = 12
			}
		}
		to, v = utf8.AppendRune(to, r), v[n:]
	}
	return to
}

var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
