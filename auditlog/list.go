package auditlog

import (
	"encoding/json"
	"fmt"
)

// scanItem is scan for an element of an EventList, which is an Event of the list's version if it names neither.
func (s *scanner) scanItem(doc []byte, e *event) error {
	if err := s.scan(doc, e); err != nil {
		return err
	}
	kind, apiVersion := string(s.kind), string(s.apiVersion)
	if kind == "" {
		kind = "Event"
	}
	if apiVersion == "" {
		apiVersion = "audit.k8s.io/v1"
	}
	if e.kind = kindOf(kind, apiVersion); len(s.kind) == 0 && len(e.auditID) == 0 {
		e.kind = kindOther // an object of some other kind, most likely
	}
	return nil
}

// items reads the events of a list: one line, or a whole file of many lines. What is malformed in one of them is yielded
// in its place, and does not hide the others; what is wrong with the list itself is yielded once, in place of all. It stops
// when yield says false.
func (s *scanner) items(doc []byte, yield func(*event, error) bool) {
	if s.elements == nil {
		s.elements = &scanner{below: s.below}
	}
	var e event
	i := 0
	element := func(doc []byte) bool {
		err := s.elements.scanItem(doc, &e)
		if err != nil {
			err = fmt.Errorf("item %d: %w", i, err)
		}
		i++
		return yield(&e, err)
	}
	if s.fastItems(doc, element) {
		return
	}
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(doc, &list); err != nil {
		yield(nil, err)
		return
	}
	for _, item := range list.Items {
		if !element(item) {
			return
		}
	}
}

// fastItems gives the elements of a list that is as usual; it says false of any other, and then gave none.
func (s *scanner) fastItems(doc []byte, yield func([]byte) bool) bool {
	s.line, s.scratch, s.seen, s.itemsAt = doc, s.scratch[:0], 0, 0
	s.build(doc, kernelBest-s.below)
	if _, valid, control := s.survey(0, false); !valid || control && !s.controlsOutside(0) {
		return false
	}
	p := s.space(0)
	if p >= len(doc) || doc[p] != '{' {
		return false
	}
	if p = s.members(inList, p+1, true, nil); p < 0 || s.space(p) < len(doc) {
		return false
	}
	if s.itemsAt == 0 {
		return true
	}
	// All of it is valid JSON, so the rest only finds where each element ends.
	p = s.space(s.itemsAt + 1)
	for doc[p] != ']' {
		end := s.skip(p)
		if !yield(doc[p:end:end]) {
			break
		}
		if p = s.space(end); doc[p] == ',' {
			p = s.space(p + 1)
		}
	}
	return true
}
