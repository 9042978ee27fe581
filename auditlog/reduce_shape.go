package auditlog

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"path"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// shapeOf says how a request asks, by its options and by what the server made of its path. The scope of namespaces may
// come of its selector.
func shapeOf(verb byte, p *params, e *event, scratch []byte) (shape evidence.Shape, namespaced bool) {
	fields := selected(p.field)
	namespaced = len(e.namespace) > 0 || fields.namespace
	shape = evidence.Shape{RV: rvWord(p), Match: matchWord(p)}
	if verb == verbList {
		shape.Limit = limitOf(p) > 0
		shape.Continue = continueWord(p.cont, scratch)
	}
	if isTrue(p.initial, p.hasInitial) {
		shape.Initial = true
	} else if verb == verbWatch && p.hasInitial {
		shape.Match = "" // it comes with sendInitialEvents=false, and then changes nothing
	}
	switch {
	case (fields.name || len(e.name) > 0) && (namespaced || isNamespaces(e)):
		shape.Selector = evidence.SelectName
	case fields.name || len(e.name) > 0:
		shape.Selector = evidence.SelectNameAnywhere
	case fields.node && (string(e.resource) == "pods" && len(e.apiGroup) == 0 || string(e.resource) == "resourceslices"):
		shape.Selector = evidence.SelectNode
	case fields.node || fields.other:
		shape.Selector = evidence.SelectField
	case len(p.label) > 0:
		shape.Selector = evidence.SelectLabel
	}
	return shape, namespaced
}

// isNamespaces: the server gives a namespace itself as the namespace of a request for it, or none.
func isNamespaces(e *event) bool { return string(e.resource) == "namespaces" && len(e.apiGroup) == 0 }

func rvWord(p *params) string {
	switch {
	case len(p.rv) == 0:
		return evidence.RVUnset
	case string(p.rv) == "0":
		return evidence.RVZero
	}
	// A resourceVersion is an unsigned 64 bit number; Twenty digits may be too large.
	if len(p.rv) > 20 || len(p.rv) == 20 && string(p.rv) > "18446744073709551615" {
		return evidence.RVInvalid
	}
	for _, c := range p.rv {
		if c < '0' || c > '9' {
			return evidence.RVInvalid
		}
	}
	return evidence.RVExact
}

func matchWord(p *params) string {
	switch string(p.match) {
	case "":
		return ""
	case evidence.MatchExact:
		return evidence.MatchExact
	case evidence.MatchNotOlderThan:
		return evidence.MatchNotOlderThan
	}
	return evidence.MatchInvalid
}

// continueWord reads a continue token as k8s.io/apiserver/pkg/storage does. It has the name of an object in it, so nothing
// of it is kept.
func continueWord(encoded, scratch []byte) string {
	if len(encoded) == 0 {
		return ""
	}
	text, err := base64.RawURLEncoding.AppendDecode(scratch[len(scratch):], encoded)
	if err != nil {
		return evidence.ContinueUnknown
	}
	rv, ok := usualToken(text)
	if !ok {
		rv, ok = anyToken(text)
	}
	switch {
	case !ok || rv == 0:
		return evidence.ContinueUnknown
	case rv < 0:
		return evidence.ContinueLatest
	}
	return evidence.ContinueAt
}

func anyToken(text []byte) (rv int64, ok bool) {
	var c struct {
		Version string `json:"v"`
		RV      int64  `json:"rv"`
		Start   string `json:"start"`
	}
	if json.Unmarshal(text, &c) != nil || c.Version != "meta.k8s.io/v1" || c.Start == "" {
		return 0, false
	}
	if !strings.HasPrefix(c.Start, "/") {
		c.Start = "/" + c.Start
	}
	return c.RV, path.Clean(c.Start) == c.Start
}

// usualToken reads what servers write, which is most tokens, without allocating. Of any other it says false.
func usualToken(text []byte) (rv int64, ok bool) {
	rest, ok := bytes.CutPrefix(text, []byte(`{"v":"meta.k8s.io/v1","rv":`))
	if !ok {
		return 0, false
	}
	rest, negative := bytes.CutPrefix(rest, []byte("-"))
	digits := 0
	for ; digits < len(rest) && digits < 18 && '0' <= rest[digits] && rest[digits] <= '9'; digits++ {
		rv = 10*rv + int64(rest[digits]-'0')
	}
	if digits == 0 || rest[0] == '0' {
		return 0, false
	}
	start, ok := bytes.CutPrefix(rest[digits:], []byte(`,"start":"`))
	if !ok {
		return 0, false
	}
	if start, ok = bytes.CutSuffix(start, []byte(`"}`)); !ok {
		return 0, false
	}
	start = bytes.TrimPrefix(bytes.TrimSuffix(start, []byte(`\u0000`)), []byte("/")) // 1.37 has the slash
	for i, c := range start {
		plain := 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == ':' || c == '.' && i > 0 && start[i-1] != '/' || c == '/' && i > 0 && start[i-1] != '/'
		if !plain {
			return 0, false
		}
	}
	if negative {
		rv = -rv
	}
	return rv, len(start) > 0 && start[len(start)-1] != '/'
}

// fieldTerms is what of a field selector matters.
type fieldTerms struct{ name, namespace, node, other bool }

// selected reads a field selector as k8s.io/apimachinery/pkg/fields does: terms between commas that no backslash
// escapes, each with !=, == or =. Only equality can be looked up, and nothing of a selector that is invalid.
func selected(selector []byte) fieldTerms {
	var out fieldTerms
	for start := 0; start < len(selector); {
		end := start
		for end < len(selector) && selector[end] != ',' {
			if selector[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(selector))
		if term := selector[start:end]; len(term) > 0 && !out.add(term) {
			return fieldTerms{other: true}
		}
		start = end + 1
	}
	return out
}

// add reads a term; false if it is none.
func (f *fieldTerms) add(term []byte) bool {
	eq := bytes.IndexByte(term, '=')
	if eq < 0 {
		return false
	}
	field, value, equal := term[:eq], term[eq+1:], true
	if eq > 0 && term[eq-1] == '!' {
		field, equal = term[:eq-1], false
	} else {
		value = bytes.TrimPrefix(value, []byte("="))
	}
	if !validValue(value) {
		return false
	}
	// What can be no name of an object cannot be looked up by its key.
	named := equal && len(value) > 0 && string(value) != "." && string(value) != ".." && !bytes.ContainsAny(value, "/%")
	switch string(field) {
	case "":
		f.other = f.other || len(value) > 0
	case "metadata.name":
		f.name, f.other = f.name || named, f.other || !named
	case "metadata.namespace":
		f.namespace, f.other = f.namespace || named, f.other || !named
	case "spec.nodeName":
		f.node, f.other = f.node || equal, f.other || !equal
	default:
		f.other = true
	}
	return true
}

// validValue reports whether every = and \ of a value is escaped.
func validValue(value []byte) bool {
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '=', ',':
			return false
		case '\\':
			i++
			if i == len(value) || !bytes.ContainsAny(value[i:i+1], `\,=`) {
				return false
			}
		}
	}
	return true
}
