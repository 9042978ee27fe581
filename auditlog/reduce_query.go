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
		var o option
		if o, rest = cutOption(rest); o.semicolon {
			continue
		}
		ok := true
		if o.keyEscaped {
			if o.key, scratch, ok = unescape(o.key, scratch); !ok {
				continue
			}
		}
		to, has := p.of(o.key)
		if to == nil || *has {
			continue
		}
		if o.valueEscaped {
			o.value, scratch, ok = unescape(o.value, scratch)
		}
		if ok {
			*to, *has = o.value, true
		}
	}
	return scratch
}

// An option is a pair of a query as it stands there.
type option struct {
	key, value                          []byte
	keyEscaped, valueEscaped, semicolon bool
}

// telling are the bytes that mean something in a query.
var telling = [256]bool{'&': true, '=': true, ';': true, '%': true, '+': true}

// cutOption takes the first pair off a query. One look at each byte: most URIs of LISTs are a few short pairs, for which
// searching for each of these bytes in turn costs more than all else that is done with them.
func cutOption(query []byte) (o option, rest []byte) {
	equals, end := -1, len(query)
	for i, c := range query {
		switch {
		case !telling[c]:
			continue
		case c == '=':
			if equals < 0 {
				equals = i
			}
			continue
		case c == ';':
			o.semicolon = true
			continue
		case c != '&': // an escape
			o.keyEscaped = o.keyEscaped || equals < 0
			o.valueEscaped = o.valueEscaped || equals >= 0
			continue
		}
		end, rest = i, query[i+1:]
		break
	}
	o.key = query[:end]
	if equals >= 0 {
		o.key, o.value = query[:equals], query[equals+1:end]
	}
	return o, rest
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

// unescape is url.QueryUnescape into scratch.
func unescape(s, scratch []byte) (out, rest []byte, ok bool) {
	start := len(scratch)
	for i := 0; i < len(s); i++ {
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
