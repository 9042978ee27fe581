package auditlog

import "bytes"

// A splitter finds where a JSON value ends, piece by piece, by its brackets and strings alone: whether the value is
// valid is for the scanner to say.
type splitter struct {
	off   int // how far it has looked, from the start of the value
	depth int
	items int // where the elements of the value's member "items" begin; 0: none yet

	inString, escaped bool
	start, end        int    // of the last string
	name              string // of the last member at depth 1, where it matters
	kind              string // the value of the member of that name
	odd               bool   // the members that matter are not written as anybody writes them, or are there twice
	blind             bool   // set where b no longer starts with the value
}

// find looks on in b, which starts where the value does, and says whether the value ends in it: at s.off. It is broken
// if there is a line feed within a string.
func (s *splitter) find(b []byte) (whole, broken bool) {
	for s.off < len(b) {
		c := b[s.off]
		s.off++
		if s.inString {
			switch {
			case s.escaped:
				s.escaped = false
			case c == '\\':
				s.escaped = true
			case c == '"':
				s.inString, s.end = false, s.off-1
				if s.depth == 1 && s.name == "kind" {
					s.kind, s.name = string(b[s.start:s.end]), ""
				}
			case c == '\n':
				return false, true
			}
			continue
		}
		switch c {
		case '"':
			s.inString = true
			s.start = s.off
		case ':':
			if s.depth == 1 && !s.blind {
				s.member(b[s.start:s.end])
			}
		case '[', '{':
			if s.depth == 1 && s.name == "items" && s.items == 0 && c == '[' {
				s.items = s.off
			}
			s.depth++
		case ']', '}':
			if s.depth--; s.depth <= 0 {
				return true, false
			}
		}
	}
	return false, false
}

// member notes what the member is called whose value comes next.
func (s *splitter) member(name []byte) {
	switch s.name = ""; string(name) {
	case "kind":
		s.name = "kind"
	case "items":
		s.name = "items"
		s.odd = s.odd || s.items > 0
	default:
		s.odd = s.odd || bytes.IndexByte(name, '\\') >= 0 || bytes.EqualFold(name, []byte("items")) || bytes.EqualFold(name, []byte("kind"))
	}
}

// isList says whether the elements of the value can be read one by one. Its kind may stand behind them.
func (s *splitter) isList() bool {
	return s.items > 0 && !s.odd && (s.kind == "" || s.kind == "EventList" || s.kind == "List")
}
