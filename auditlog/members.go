package auditlog

import "bytes"

// A scope is an object of an event whose members are looked at.
type scope uint8

const (
	inEvent scope = iota
	inUser
	inImpersonated
	inObjectRef
	inStatus
	inAnswer      // the answer to a LIST
	inList        // an EventList
	inExtra       // a map: any name is one of it, and no other case of it is the same
	inAnnotations // likewise
)

// fields are the names that a scope's fields have in eventJSON: encoding/json takes them in any case.
var fields = [...][]string{
	inEvent: {
		"kind", "apiVersion", "level", "auditID", "stage", "requestURI", "verb", "user", "impersonatedUser", "sourceIPs", "userAgent",
		"objectRef", "responseStatus", "responseObject", "requestReceivedTimestamp", "stageTimestamp", "annotations",
	},
	inUser:         {"username", "extra"},
	inImpersonated: {"username"},
	inObjectRef:    {"resource", "namespace", "name", "apiGroup", "subresource"},
	inStatus:       {"code"},
	inAnswer:       {"items", "rows"},
	inList:         {"items"},
	inExtra:        nil,
	inAnnotations:  nil,
}

// A seenSet has a bit for each field that a document had so far. A second of one is left to encoding/json.
type seenSet uint64

const (
	seenKind seenSet = 1 << iota
	seenAPIVersion
	seenLevel
	seenAuditID
	seenStage
	seenRequestURI
	seenVerb
	seenUser
	seenUsername
	seenExtra
	seenNode
	seenPod
	seenImpersonated
	seenImpersonatedName
	seenSourceIPs
	seenUserAgent
	seenObjectRef
	seenResource
	seenNamespace
	seenName
	seenAPIGroup
	seenSubresource
	seenStatus
	seenCode
	seenAnswer
	seenItems
	seenRows
	seenReceived
	seenStaged
	seenAnnotations
	seenTotal
	seenEtcd
	seenQueue
)

// members reads an object from p on, which is behind its opening brace if first, else behind one of its members. It
// gives where the object ends; -1 of whatever is not as usual.
func (s *scanner) members(in scope, p int, first bool, e *event) int {
	b := s.line
	for {
		if p = s.space(p); p >= len(b) {
			return -1
		}
		switch {
		case b[p] == '}':
			return p + 1
		case first:
			first = false
		case b[p] == ',':
			p = s.space(p + 1)
		default:
			return -1
		}
		if p >= len(b) || b[p] != '"' {
			return -1
		}
		end := next(s.special, p+1) // of a plain name
		if end >= len(b) || b[end] != '"' {
			return -1
		}
		name := b[p+1 : end]
		if p = s.name(p); p < 0 {
			return -1
		}
		if p = s.member(in, name, s.space(p), e); p < 0 {
			return -1
		}
	}
}

// another opens an object of another scope at p, the first of its kind.
func (s *scanner) another(in scope, seen seenSet, p int, e *event) int {
	if s.seen&seen != 0 || p >= len(s.line) || s.line[p] != '{' {
		return -1
	}
	s.seen |= seen
	return s.members(in, p+1, true, e)
}

// text takes a string at p, the first of its kind.
func (s *scanner) text(seen seenSet, p int, to *[]byte) int {
	if s.seen&seen != 0 || p >= len(s.line) || s.line[p] != '"' {
		return -1
	}
	s.seen |= seen
	if p = s.unusual(p+1, to); p < 0 {
		return -1
	}
	return p + 1
}

// unknown passes over a member that is no field of its scope, if it is none in other letters either.
func (s *scanner) unknown(in scope, name []byte, p int) int {
	for _, f := range fields[in] {
		if len(f) == len(name) && bytes.EqualFold([]byte(f), name) {
			return -1
		}
	}
	return s.skip(p)
}

// listOfTexts passes over an array of strings, null aside, and gives the first and the last of them.
func (s *scanner) listOfTexts(p int, first, last *[]byte) int {
	b := s.line
	if p >= len(b) || b[p] != '[' {
		return -1
	}
	if p = s.space(p + 1); p < len(b) && b[p] == ']' {
		return p + 1
	}
	for i := 0; ; i++ {
		if p >= len(b) || b[p] != '"' {
			return -1
		}
		if p = s.unusual(p+1, last); p < 0 {
			return -1
		}
		if i == 0 {
			*first = *last
		}
		if p = s.space(p + 1); p >= len(b) {
			return -1
		}
		switch b[p] {
		case ']':
			return p + 1
		case ',':
			p = s.space(p + 1)
		default:
			return -1
		}
	}
}

// count passes over an array and counts its elements.
func (s *scanner) count(seen seenSet, p int, n *int64) int {
	b := s.line
	if s.seen&seen != 0 || p >= len(b) || b[p] != '[' {
		return -1
	}
	s.seen |= seen
	*n = 0
	if p = s.space(p + 1); p < len(b) && b[p] == ']' {
		return p + 1
	}
	for {
		if p = s.skip(p); p < 0 {
			return -1
		}
		*n++
		if p = s.space(p); p >= len(b) {
			return -1
		}
		switch b[p] {
		case ']':
			return p + 1
		case ',':
			p++
		default:
			return -1
		}
	}
}
