package auditlog

import (
	"bytes"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// survey looks at what is odd in the line that s.line has from start on: whether all escapes are valid, and whether there
// are control characters, which may stand outside of strings. The line ends with s.line, or where oneLine has its line feed.
func (s *scanner) survey(start int, oneLine bool) (end int, valid, control bool) {
	b := s.line
	valid = true
	w := word(s.odd, start>>6<<3) & (^uint64(0) << (start & 63))
	for i := start &^ 63; ; w = word(s.odd, i>>3) {
		for ; w != 0; w &= w - 1 {
			p := i + bits.TrailingZeros64(w)
			if p >= len(b) {
				return len(b), valid, control
			}
			c := b[p]
			switch {
			case unescaped[c] != 0:
			case c == 'u':
				valid = valid && hex4(b[p+1:]) >= 0
			case c == '\n' && oneLine:
				return p, valid, control
			case c < ' ':
				control = true
			default:
				valid = false
			}
		}
		i += 64
	}
}

// controlsOutside checks that no string of the line has a control character in it.
func (s *scanner) controlsOutside(start int) bool {
	for p := next(s.quotes, start); p < len(s.line); {
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

// hex4 reads the four hex digits of a \u escape, or says a negative number.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	// The sign of a byte that is no digit is the sign of all.
	return rune(hexDigit[b[0]])<<12 | rune(hexDigit[b[1]])<<8 | rune(hexDigit[b[2]])<<4 | rune(hexDigit[b[3]])
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
	odd := next(s.special, p)
	switch v := s.line[p:end]; {
	case odd == end, s.line[odd] != '\\' && bytes.IndexByte(v, '\\') < 0 && utf8.Valid(v):
		*to = v
	default:
		*to = s.unquote(p, odd, end)
	}
	return end
}

// unquote gives what the string from p to end stands for, of which odd is the first byte that does not stand for itself.
func (s *scanner) unquote(p, odd, end int) []byte {
	b, to := s.line, s.scratch
	from := len(to)
	for odd < end {
		to = append(to, b[p:odd]...)
		p = odd
		if b[p] == '\\' && b[p+1] == 'u' && b[p+2] == '0' && b[p+3] == '0' && b[p+4] < '8' {
			to = append(to, byte(hex4(b[p+2:])))
			p += 6
		} else {
			n := 0
			to, n = appendRune(to, b[p:end])
			p += n
		}
		odd = next(s.special, p)
	}
	s.scratch = append(to, b[p:end]...)
	return s.scratch[from:len(s.scratch):len(s.scratch)]
}

// appendUnquoted appends what a string stands for, whose escapes are known to be valid.
func appendUnquoted(to, v []byte) []byte {
	for i := 0; i < len(v); {
		n := 0
		to, n = appendRune(to, v[i:])
		i += n
	}
	return to
}

// appendRune appends what a string stands for up to its first rune, and gives how many bytes that is written in.
func appendRune(to, v []byte) ([]byte, int) {
	if v[0] != '\\' {
		r, n := utf8.DecodeRune(v)
		return utf8.AppendRune(to, r), n
	}
	if v[1] != 'u' {
		return append(to, unescaped[v[1]]), 2
	}
	r := hex4(v[2:])
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(to, r), 6
	}
	if len(v) >= 12 && v[6] == '\\' && v[7] == 'u' {
		if r = utf16.DecodeRune(r, hex4(v[8:])); r != utf8.RuneError {
			return utf8.AppendRune(to, r), 12
		}
	}
	return utf8.AppendRune(to, utf8.RuneError), 6
}

var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
