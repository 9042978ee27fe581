package auditlog

// maxFast is how deep the fast path goes into a document; encoding/json, which reads what is deeper, goes to 10,000.
const maxFast = 512

// skip checks one JSON value that starts at p, spaces before it allowed, and gives where it ends; -1 if it is not
// valid, or too deep to say. Strings are only measured: their escapes and control characters are checked for the whole line.
//
// This is where bodies go through, so it jumps from what it read to what may come next.
func (s *scanner) skip(p int) int {
	b, quotes := s.line, s.quotes
	depth := 0
	var c byte

value: // starts at p, or spaces before it
	if uint(p) >= uint(len(b)) {
		return -1
	}
	switch c = b[p]; c {
	case '"':
		p = next(quotes, p+1) + 1
		goto ended
	case '{', '[':
		if depth == maxFast {
			return -1
		}
		s.nesting[depth] = c
		depth++
		if p++; c == '{' && p < len(b) && b[p] == '"' {
			goto name
		}
		if p = s.space(p); p < len(b) && b[p] == c+2 { // the bracket that closes c
			p++
			depth--
			goto ended
		}
		if c == '{' {
			goto name
		}
		goto value
	case ' ', '\t', '\n', '\r':
		p = s.space(p)
		goto value
	default:
		if p = s.literal(p); p < 0 {
			return -1
		}
		goto ended
	}

name: // of a member, starts at p
	if uint(p) >= uint(len(b)) || b[p] != '"' {
		return -1
	}
	p = next(quotes, p+1) + 1
	if uint(p) < uint(len(b)) && b[p] != ':' {
		p = s.space(p)
	}
	if uint(p) >= uint(len(b)) || b[p] != ':' {
		return -1
	}
	if p++; p < len(b) && b[p] == '"' {
		p = next(quotes, p+1) + 1
		goto ended
	}
	goto value

ended: // a value, at p: what it is in goes on or ends too
	if depth == 0 && p <= len(b) {
		return p
	}
	if uint(p) >= uint(len(b)) {
		return -1
	}
	if c = b[p]; c <= ' ' {
		if p = s.space(p); p >= len(b) {
			return -1
		}
		c = b[p]
	}
	p++
	if c != ',' {
		if c != s.nesting[depth-1]+2 {
			return -1
		}
		depth--
		goto ended
	}
	if s.nesting[depth-1] == '[' {
		goto value
	}
	if p < len(b) && b[p] != '"' {
		p = s.space(p)
	}
	goto name
}

// name checks the name of a member that starts at p, with its colon, and gives what comes behind them.
func (s *scanner) name(p int) int {
	b := s.line
	if uint(p) >= uint(len(b)) || b[p] != '"' {
		return -1
	}
	p = next(s.quotes, p+1) + 1
	if uint(p) < uint(len(b)) && b[p] == ':' {
		return p + 1
	}
	if p = s.space(p); p < len(b) && b[p] == ':' {
		return p + 1
	}
	return -1
}

// space gives the first byte from p on that is no space.
func (s *scanner) space(p int) int {
	for ; p < len(s.line); p++ {
		if c := s.line[p]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			break
		}
	}
	return p
}

// literal checks a number, true, false or null that starts at p.
func (s *scanner) literal(p int) int {
	rest := s.line[p:]
	switch {
	case len(rest) >= 4 && (string(rest[:4]) == "true" || string(rest[:4]) == "null"):
		return p + 4
	case len(rest) >= 5 && string(rest[:5]) == "false":
		return p + 5
	}
	n := number(rest)
	if n == 0 {
		return -1
	}
	return p + n
}

// number gives how many bytes of b are a JSON number; 0 if it does not start with one.
func number(b []byte) int {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch n := digits(b[i:]); {
	case n == 0, n > 1 && b[i] == '0':
		return 0
	default:
		i += n
	}
	if i < len(b) && b[i] == '.' {
		n := digits(b[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		n := digits(b[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	return i
}

func digits(b []byte) int {
	for i, c := range b {
		if c-'0' > 9 {
			return i
		}
	}
	return len(b)
}
