package auditlog

import (
	"errors"
	"fmt"
)

// A grammar checks JSON a byte at a time, as encoding/json does: https://www.rfc-editor.org/rfc/rfc8259.
type grammar struct {
	state  grammarState
	open   []byte // the brackets that are open
	inName bool   // the string that is looked at is a member's name
	rest   string // of true, false or null
	hex    int    // how many digits of an escape are to come
}

type grammarState uint8

const (
	wantValue grammarState = iota
	wantElementOrEnd
	wantName
	wantNameOrEnd
	wantColon
	wantCommaOrEnd
	wantNothing
	inString
	inEscape
	inHex
	inLiteral
	afterMinus
	afterZero
	inInteger
	afterPoint
	inFraction
	afterE
	afterESign
	inExponent
)

// A byteRole says what a byte is to the document.
type byteRole uint8

const (
	inside      byteRole = iota // of a name or a value, but its first
	beginsValue                 // the first of a value
	endsValue                   // the last of a string or a literal
	endedValue                  // the first behind a number
	around                      // a bracket that closes, a comma, a colon, the first quote of a name
	between                     // a space outside strings
)

// maxNesting is how many brackets encoding/json takes.
const maxNesting = 10000

// plain gives how many bytes b starts with that stand for themselves in the string that is looked at.
func (g *grammar) plain(b []byte) int {
	if g.state != inString {
		return 0
	}
	for i, c := range b {
		if c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return len(b)
}

func (g *grammar) step(c byte) (byteRole, error) {
	switch g.state {
	case inString:
		return g.stringByte(c)
	case inEscape, inHex:
		return inside, g.escape(c)
	case inLiteral:
		if c != g.rest[0] {
			return 0, g.fault(c)
		}
		if g.rest = g.rest[1:]; g.rest == "" {
			g.valueEnded()
			return endsValue, nil
		}
		return inside, nil
	case afterMinus, afterZero, inInteger, afterPoint, inFraction, afterE, afterESign, inExponent:
		return g.number(c)
	default:
	}
	if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
		return between, nil
	}
	return g.structure(c)
}

func (g *grammar) stringByte(c byte) (byteRole, error) {
	switch {
	case c == '\\':
		g.state = inEscape
	case c < ' ':
		return 0, g.fault(c)
	case c == '"' && g.inName:
		g.inName = false
		g.state = wantColon
	case c == '"':
		g.valueEnded()
		return endsValue, nil
	}
	return inside, nil
}

func (g *grammar) escape(c byte) error {
	switch {
	case g.state == inHex && hexDigit[c] >= 0:
		if g.hex--; g.hex == 0 {
			g.state = inString
		}
	case g.state == inEscape && c == 'u':
		g.state, g.hex = inHex, 4
	case g.state == inEscape && unescaped[c] != 0:
		g.state = inString
	default:
		return g.fault(c)
	}
	return nil
}

// structure takes a byte that is in no string, number or literal.
func (g *grammar) structure(c byte) (byteRole, error) {
	switch g.state {
	case wantElementOrEnd:
		if c == ']' {
			return around, g.closeBracket(c)
		}
		return beginsValue, g.value(c)
	case wantValue:
		return beginsValue, g.value(c)
	case wantNameOrEnd, wantName:
		if c == '}' && g.state == wantNameOrEnd {
			return around, g.closeBracket(c)
		}
		if c != '"' {
			return 0, g.fault(c)
		}
		g.state, g.inName = inString, true
		return around, nil
	case wantColon:
		if c != ':' {
			return 0, g.fault(c)
		}
		g.state = wantValue
		return around, nil
	case wantCommaOrEnd:
		if c != ',' {
			return around, g.closeBracket(c)
		}
		if g.state = wantValue; g.open[len(g.open)-1] == '{' {
			g.state = wantName
		}
		return around, nil
	default:
		return 0, g.fault(c)
	}
}

func (g *grammar) value(c byte) error {
	switch {
	case c == '{' || c == '[':
		if len(g.open) == maxNesting {
			return errors.New("exceeded max depth")
		}
		g.open = append(g.open, c)
		if g.state = wantElementOrEnd; c == '{' {
			g.state = wantNameOrEnd
		}
	case c == '"':
		g.state = inString
	case c == 't':
		g.state, g.rest = inLiteral, "true"[1:]
	case c == 'f':
		g.state, g.rest = inLiteral, "false"[1:]
	case c == 'n':
		g.state, g.rest = inLiteral, "null"[1:]
	case c == '-':
		g.state = afterMinus
	case c == '0':
		g.state = afterZero
	case '1' <= c && c <= '9':
		g.state = inInteger
	default:
		return g.fault(c)
	}
	return nil
}

func (g *grammar) number(c byte) (byteRole, error) {
	digit := c-'0' <= 9
	switch {
	case g.state == afterMinus && c == '0':
		g.state = afterZero
	case g.state == afterMinus && digit, g.state == inInteger && digit:
		g.state = inInteger
	case (g.state == afterPoint || g.state == inFraction) && digit:
		g.state = inFraction
	case (g.state == afterE || g.state == afterESign || g.state == inExponent) && digit:
		g.state = inExponent
	case (g.state == afterZero || g.state == inInteger) && c == '.':
		g.state = afterPoint
	case (g.state == afterZero || g.state == inInteger || g.state == inFraction) && c|0x20 == 'e':
		g.state = afterE
	case g.state == afterE && (c == '+' || c == '-'):
		g.state = afterESign
	case !g.numberIsWhole():
		return 0, g.fault(c)
	default:
		g.valueEnded()
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			return endedValue, nil
		}
		_, err := g.structure(c)
		return endedValue, err
	}
	return inside, nil
}

func (g *grammar) numberIsWhole() bool {
	return g.state == afterZero || g.state == inInteger || g.state == inFraction || g.state == inExponent
}

func (g *grammar) valueEnded() {
	if g.state = wantCommaOrEnd; len(g.open) == 0 {
		g.state = wantNothing
	}
}

func (g *grammar) closeBracket(c byte) error {
	last := len(g.open) - 1
	if c != g.open[last]+2 {
		return g.fault(c)
	}
	g.open = g.open[:last]
	g.valueEnded()
	return nil
}

// end says whether a document may end where the bytes do.
func (g *grammar) end() error {
	if g.state == wantNothing || len(g.open) == 0 && g.numberIsWhole() {
		return nil
	}
	return errors.New("unexpected end of JSON input")
}

func (g *grammar) fault(c byte) error { return fmt.Errorf("invalid character %q", c) }
