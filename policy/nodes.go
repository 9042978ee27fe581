package policy

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kaudit/kaudit/checks"
)

// reader walks a document and keeps what is wrong with it.
type reader struct{ mistakes []Mistake }

func (r *reader) wrong(n *yaml.Node, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{max(n.Line, 1), max(n.Column, 1), fmt.Sprintf(format, args...)})
}

// plain is what a node stands for: an alias for its anchor.
func plain(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// fields calls each for the keys of a map, and says which of them are none. Without known names, any will do.
func (r *reader) fields(n *yaml.Node, what string, known []string, each func(key string, k, v *yaml.Node)) {
	m := plain(n)
	if m.Kind != yaml.MappingNode {
		r.wrong(n, "%s is %s, where a map is wanted", what, kind(m))
		return
	}
	at := map[string]int{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := m.Content[i], plain(m.Content[i+1])
		key := plain(k).Value
		switch line, twice := at[key], at[key] > 0; {
		case plain(k).Kind != yaml.ScalarNode:
			r.wrong(k, "a key of %s is %s, where a name is wanted", what, kind(plain(k)))
		case k.Tag == "!!merge":
			r.wrong(k, "<< is not read here; write the keys out")
		case twice:
			r.wrong(k, "%s is there twice: first in line %d", quote(key), line)
		case known != nil && !slices.Contains(known, key):
			r.wrong(k, "%s has no key %s%sthere %s", what, quote(key), meant(key, known), list(known))
		default:
			at[key] = k.Line
			each(key, k, v)
		}
	}
}

// items calls each for the entries of a list.
func (r *reader) items(n *yaml.Node, what string, each func(*yaml.Node)) {
	l := plain(n)
	if l.Kind != yaml.SequenceNode {
		r.wrong(n, "%s is %s, where a list is wanted", what, kind(l))
		return
	}
	for _, item := range l.Content {
		each(plain(item))
	}
}

// text is a scalar that is a text, or has one of the other tags.
func (r *reader) text(n *yaml.Node, what string, tags ...string) string {
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag != "!!str" && !slices.Contains(tags, n.Tag):
		hint := ""
		if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
			hint = "; put it in quotes"
		}
		r.wrong(n, "%s is %s, where a text is wanted%s", what, kind(n), hint)
		return ""
	case strings.TrimSpace(n.Value) == "":
		r.wrong(n, "%s is empty", what)
	}
	return n.Value
}

// kind says what a node is, for people.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
	default:
		return "something else"
	}
	switch n.Tag {
	case "!!null":
		return "empty"
	case "!!bool":
		return n.Value
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	}
	return quote(n.Value)
}

// meant joins what is said of a name that is none to what there is: "; " or "; did you mean this? ".
func meant(name string, known []string) string {
	if near := checks.Nearest(name, known); near != "" {
		return "; did you mean " + near + "? "
	}
	return "; "
}

func list(names []string) string {
	if len(names) == 1 {
		return "is " + names[0]
	}
	return "are " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
