package auditlog

import (
	"bytes"
	"strconv"
)

// params are the options of a LIST or WATCH, as its URI has them: the first value of each, unescaped.
type params struct {
	rv, match, limit, cont, field, label, watch, initial []byte

	hasRV, hasMatch, hasLimit, hasCont, hasField, hasLabel, hasWatch, hasInitial bool
}

// query reads the options of a request's URI by the rules of net/url: a pair with a semicolon or a bad escape is no
// pair, + is a space, of repeated keys the first counts. What needs unescaping goes to scratch, which it returns.
func query(uri []byte, p *params, scratch []byte) []byte {
	*p = params{}
	_, rest, _ := bytes.Cut(uri, []byte("?"))
	scratch = scratch[:0]
	for len(rest) > 0 {
		var pair []byte
		pair, rest, _ = bytes.Cut(rest, []byte("&"))
		if bytes.IndexByte(pair, ';') >= 0 {
			continue
		}
		key, value, _ := bytes.Cut(pair, []byte("="))
		var ok bool
		if key, scratch, ok = unescape(key, scratch); !ok {
			continue
		}
		to, has := p.of(key)
		if to == nil || *has {
			continue
		}
		if value, scratch, ok = unescape(value, scratch); ok {
			*to, *has = value, true
		}
	}
	return scratch
}

// of is where the value of a key goes; nil if nobody asks for it.
func (p *params) of(key []byte) (value *[]byte, has *bool) {
	switch string(key) {
	case "resourceVersion":
		return &p.rv, &p.hasRV
	case "resourceVersionMatch":
		return &p.match, &p.hasMatch
	case "limit":
		return &p.limit, &p.hasLimit
	case "continue":
		return &p.cont, &p.hasCont
	case "fieldSelector":
		return &p.field, &p.hasField
	case "labelSelector":
		return &p.label, &p.hasLabel
	case "watch":
		return &p.watch, &p.hasWatch
	case "sendInitialEvents":
		return &p.initial, &p.hasInitial
	}
	return nil, nil
}

// unescape is url.QueryUnescape. Most values have nothing to unescape and are returned as they are.
func unescape(s, scratch []byte) (out, rest []byte, ok bool) {
	i := bytes.IndexAny(s, "%+")
	if i < 0 {
		return s, scratch, true
	}
	start := len(scratch)
	scratch = append(scratch, s[:i]...)
	for ; i < len(s); i++ {
		switch s[i] {
		case '+':
			scratch = append(scratch, ' ')
		case '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return nil, scratch[:start], false
			}
			scratch = append(scratch, fromHex(s[i+1])<<4|fromHex(s[i+2]))
			i += 2
		default:
			scratch = append(scratch, s[i])
		}
	}
	return scratch[start:len(scratch):len(scratch)], scratch, true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func fromHex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// isTrue reads a flag as apimachinery does: all but "0" and "false" is true, nothing at all too.
func isTrue(value []byte, has bool) bool {
	return has && string(value) != "0" && !bytes.EqualFold(value, []byte("false"))
}

// limitOf reads a limit; 0 is none. One that is no number is refused by the server: it limits nothing either.
func limitOf(p *params) int64 {
	if !p.hasLimit {
		return 0
	}
	n, err := strconv.ParseInt(string(p.limit), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
