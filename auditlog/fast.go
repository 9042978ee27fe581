package auditlog

// fast reads a line that is in every way as servers write them, up to the order of its names and spaces between them. It
// says false of any other, valid or not: then e holds nothing of use.
func (s *scanner) fast(line []byte, e *event) bool {
	s.line, s.scratch, s.seen = line, s.scratch[:0], 0
	s.kind, s.apiVersion, s.answerItems, s.answerRows = nil, nil, -1, -1
	s.build(line, s.portable)
	if !s.escapesValid() || s.flags&hasControl != 0 && !s.controlsOutside() {
		return false
	}
	*e = event{responseItems: -1}
	p := s.usual(e)
	if first := p == 0; first {
		if p = s.space(0); p >= len(line) || line[p] != '{' {
			return false
		}
		p = s.members(inEvent, p+1, true, e)
	} else if p > 0 {
		p = s.members(inEvent, p, false, e)
	}
	if p < 0 || s.space(p) < len(line) {
		return false
	}
	e.kind = kindOf(string(s.kind), string(s.apiVersion))
	if string(e.verb) == "list" {
		e.responseItems = max(s.answerItems, -1)
		if s.answerItems < 0 {
			e.responseItems = s.answerRows
		}
	}
	return true
}
