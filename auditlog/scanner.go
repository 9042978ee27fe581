package auditlog

import (
	"encoding/json"
	"fmt"
)

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

	nesting [maxFast]byte // the brackets that skip is in

	portable bool // set by tests: do without what this processor has
	slow     int  // counts for tests what was left to encoding/json
}

// scan reads one whole line, with or without its line feed, into e. The error says why the line is malformed: it is what
// json.Unmarshal says. Then e is not to be used. A list of events is told by e.kind, and read by items.
func (s *scanner) scan(line []byte, e *event) error {
	if s.fast(line, e) {
		return nil
	}
	s.slow++
	return reference(line, e)
}

// items reads the events of a list: one line, or a whole file of many lines. What is malformed in one of them is yielded
// in its place, and does not hide the others; what is wrong with the list itself is yielded once, in place of all. An
// element that names no kind is an Event, as those of an EventList are written. It stops when yield says false.
func (s *scanner) items(doc []byte, yield func(*event, error) bool) {
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(doc, &list); err != nil {
		yield(nil, err)
		return
	}
	var e event
	for i, item := range list.Items {
		err := s.scan(item, &e)
		if err != nil {
			err = fmt.Errorf("item %d: %w", i, err)
		}
		if !yield(&e, err) {
			return
		}
	}
}
