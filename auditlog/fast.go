package auditlog

// fast reads the line that s.line has from start on, if it is in every way as servers write them, up to the order of its
// names and spaces between them. It says false of any other, valid or not: then e holds nothing of use. Control says
// whether control characters are in the line. Its escapes are known to be valid.
func (s *scanner) fast(start int, control bool, e *event) bool {
	line := s.line
	s.scratch, s.seen = s.scratch[:0], 0
	s.kind, s.apiVersion, s.answerItems, s.answerRows = nil, nil, -1, -1
	if control && !s.controlsOutside(start) {
		return false
	}
	*e = event{responseItems: -1}
	p := s.usual(start, e)
	if first := p == 0; first {
		if p = s.space(start); p >= len(line) || line[p] != '{' {
			return false
		}
		p = s.members(inEvent, p+1, true, e)
	} else if p > 0 {
		p = s.members(inEvent, p, false, e)
	}
	if p < 0 || s.space(p) < len(line) {
		return false
	}
	e.kind = e.kindOf(string(s.kind), string(s.apiVersion))
	if string(e.verb) == "list" {
		e.responseItems = s.answerItems
		if s.answerItems < 0 {
			e.responseItems = s.answerRows
		}
	}
	return true
}
