package evidence

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A Remark is a waiver in a file beside what it accepts: a comment, or an annotation of the object.
type Remark struct {
	Check  string    `json:"check"` // an id, or a pattern: etcd-*
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"` // the last moment it holds; zero: for good
	// Mistake is why it accepts nothing: a sentence for who wrote it.
	Mistake string `json:"mistake,omitempty"`
	Source  Source `json:"source"`
	// FirstLine and LastLine are the lines of the same file that it speaks of, both included.
	FirstLine int `json:"firstLine"`
	LastLine  int `json:"lastLine"`
}

// Covers reports whether the remark speaks of a place.
func (r Remark) Covers(src Source) bool {
	return src.InFile() && src.From == r.Source.From && src.Line >= r.FirstLine && src.Line <= r.LastLine
}

// RemarkAnnotation is the annotation of an object whose value ParseAnnotation reads.
const RemarkAnnotation = "kaudit.dev/ignore"

// RemarkForm is how a remark is written in a comment. An annotation has what stands after the "=".
const RemarkForm = "kaudit:ignore=CHECK[,CHECK...] [until=YYYY-MM-DD] -- REASON"

// comment is the beginning of a remark, or of what somebody takes for one.
var comment = regexp.MustCompile(`^(?i:[#;/*\s]*kaudit(?::\s*|-)(ignore|waive|disable|skip|nolint|allow)\b)(.*)$`)

// ParseComment reads the remarks of one line of comment, with or without the sign that begins it:
//
//	# kaudit:ignore=etcd-quota,config-drift until=2027-01-31 -- grown next quarter, OPS-412
//
// There is one for each check that it names, and none if the comment is another. What is wrong with a
// remark is in its Mistake; the caller adds the place, and the lines that it speaks of.
func ParseComment(text string) []Remark {
	m := comment.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return nil
	}
	rest, ok := strings.CutPrefix(m[2], "=")
	if !ok || !strings.Contains(text, "kaudit:ignore=") {
		return []Remark{{Mistake: "is not written as " + RemarkForm}}
	}
	return parseRemark(rest)
}

// ParseAnnotation reads the remarks in the value of an annotation, one on each line.
func ParseAnnotation(value string) []Remark {
	var rs []Remark
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); line != "" {
			rs = append(rs, parseRemark(strings.TrimPrefix(line, "kaudit:ignore="))...)
		}
	}
	return rs
}

// parseRemark reads what stands after the "=".
func parseRemark(text string) []Remark {
	before, reason, hasReason := cutReason(text)
	names, options, _ := strings.Cut(strings.ReplaceAll(before, "\t", " "), " ")
	all := Remark{Reason: strings.TrimSpace(reason)}
	if !hasReason || all.Reason == "" {
		all.Mistake = "gives no reason; add -- and why"
	}
	for word := range strings.FieldsSeq(options) {
		date, ok := strings.CutPrefix(word, "until=")
		switch until, err := ParseUntil(date); {
		case !ok:
			all.Mistake = fmt.Sprintf("has %q where until=YYYY-MM-DD or -- and the reason is wanted", short(word))
		case err != nil:
			all.Mistake = err.Error()
		case !all.Until.IsZero():
			all.Mistake = "has until= twice"
		default:
			all.Until = until
		}
	}
	var rs []Remark
	for name := range strings.SplitSeq(names, ",") {
		one := all
		if one.Check = short(name); name == "" {
			one.Mistake = "names no check, or has a comma too many; write " + RemarkForm
		}
		rs = append(rs, one)
	}
	return rs
}

// cutReason splits at the first "--" that stands by itself.
func cutReason(text string) (before, reason string, ok bool) {
	text = strings.TrimSuffix(strings.TrimSpace(text), "*/")
	for at := 0; ; {
		i := strings.Index(text[at:], "--")
		if i < 0 {
			return text, "", false
		}
		at += i
		end := at + len("--")
		if (at == 0 || blank(text[at-1])) && (end == len(text) || blank(text[end])) {
			return strings.TrimSpace(text[:at]), text[end:], true
		}
		at = end
	}
}

func blank(b byte) bool { return b == ' ' || b == '\t' }

// short keeps a mistake readable whatever was typed.
func short(s string) string {
	const most = 60
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// ParseUntil reads the end of a waiver: a date, whose day is still part of it (in UTC), or a time.
func ParseUntil(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1).Add(-time.Second), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	return time.Time{}, fmt.Errorf("has until %q, which is no date; write it as 2027-01-31", short(text))
}
