package auditlog

// A scanner turns one JSON document of an audit log into an event, exactly as encoding/json would. It holds scratch
// memory of about half the longest line seen, so each worker has one of its own. The zero value is ready.
type scanner struct {
	masks
	line             []byte
	scratch          []byte // what strings of the line stand for that are not as they are written
	short            []byte // what scanLong keeps of a line
	kind, apiVersion []byte
	seen             seenSet

	answerItems, answerRows int64 // how many the answer has; -1 if it has none such

	itemsAt int // where the items of a list start

	nesting [maxFast]byte // the brackets that skip is in

	elements *scanner // of a list

	below kernelKind // set by tests: how many of the best kernels to do without
	slow  int        // counts for tests what was left to encoding/json
}

// scan reads one whole line, with or without its line feed, into e. The error says why the line is malformed: it is what
// json.Unmarshal says. Then e is not to be used. A list of events is told by e.kind, and read by items.
func (s *scanner) scan(line []byte, e *event) error {
	s.line = line
	s.build(line, kernelBest-s.below)
	if _, valid, control := s.survey(0, false); valid && s.fast(0, control, e) {
		return nil
	}
	s.slow++
	return s.slowly(line, e)
}
