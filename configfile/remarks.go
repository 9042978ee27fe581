package configfile

import (
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// readRemarks finds the waivers that stand in comments. One behind a setting is about its line; one on a line
// of its own is about the next setting with all that is indented below it; one at the head of a document is
// about the whole.
func (s *sink) readRemarks() {
	if !strings.Contains(s.file.text, "kaudit") {
		return
	}
	lines := strings.Split(s.file.text, "\n")
	for i, line := range lines {
		at := strings.IndexAny(line, "#;")
		if at < 0 || !strings.Contains(line[at:], "kaudit") {
			continue
		}
		about := span{i + 1, i + 1}
		if isBlank(line[:at]) {
			about = below(lines, i)
		}
		s.remark(evidence.ParseComment(line[at:]), s.file.at(i+1, at+1), about)
	}
}

func (s *sink) remark(rs []evidence.Remark, at evidence.Source, about span) {
	for _, r := range rs {
		r.Source, r.FirstLine, r.LastLine = at, about.first, about.last
		s.remarks = append(s.remarks, r)
	}
}

// below is what a comment on a line of its own speaks of.
func below(lines []string, comment int) span {
	first := comment + 1
	for first < len(lines) && isComment(lines[first]) {
		first++
	}
	if first == len(lines) {
		return span{comment + 1, comment + 1}
	}
	last := first
	depth := indent(lines[first])
	if headOf(lines, comment) {
		depth = -1
	}
	for i := first + 1; i < len(lines) && !strings.HasPrefix(lines[i], "---"); i++ {
		switch {
		case isBlank(lines[i]):
		case indent(lines[i]) > depth:
			last = i
		default:
			return span{first + 1, last + 1}
		}
	}
	return span{first + 1, last + 1}
}

// headOf reports whether nothing but comments stands before a line in its document.
func headOf(lines []string, at int) bool {
	for i := at - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "---") {
			return true
		}
		if !isComment(lines[i]) {
			return false
		}
	}
	return true
}

func isComment(line string) bool {
	t := strings.TrimSpace(line)
	return t == "" || t[0] == '#' || t[0] == ';'
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// readAnnotation reads the waivers that an object's annotation holds: they are about the whole of it.
func (s *sink) readAnnotation(object cursor) {
	note := object.get("metadata", "annotations", evidence.RemarkAnnotation)
	if text, ok := note.str(); ok {
		about := object.doc.lines()
		if len(object.path) > 0 { // an item of a list
			about = object.lines()
		}
		s.remark(evidence.ParseAnnotation(text), note.src(), about)
	}
}
