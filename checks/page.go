package checks

import (
	"regexp"
	"strings"
)

// A Reference is a place that a check's advice comes from.
type Reference struct{ Title, URL string }

// Title is the first line of the page: the fault in plain words.
func (c Check) Title() string {
	line, _, _ := strings.Cut(c.Doc, "\n")
	return strings.TrimPrefix(strings.TrimSpace(line), "# ")
}

// Section returns the body of a "## " section of the page; "" if there is none.
func (c Check) Section(name string) string {
	_, rest, ok := strings.Cut("\n"+c.Doc, "\n## "+name+"\n")
	if !ok {
		return ""
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return strings.TrimSpace(body)
}

var link = regexp.MustCompile(`\[([^\]]+)\]\(([^)\s]+)\)`)

// References lists the links of the page's References section, in order. The first one is the
// section of the source document, where it has one.
func (c Check) References() []Reference {
	var rs []Reference
	for _, m := range link.FindAllStringSubmatch(c.Section("References"), -1) {
		rs = append(rs, Reference{m[1], m[2]})
	}
	return rs
}
