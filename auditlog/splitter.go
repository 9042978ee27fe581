package auditlog

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
			if s.depth == 1 && s.items == 0 {
				s.name = memberName(b[s.start:s.end])
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

func memberName(b []byte) string {
	switch string(b) {
	case "kind":
		return "kind"
	case "items":
		return "items"
	default:
		return ""
	}
}

// isList says whether the elements of the value are to be read one by one. Its kind may stand behind them.
func (s *splitter) isList() bool {
	return s.items > 0 && (s.kind == "" || s.kind == "EventList" || s.kind == "List")
}
