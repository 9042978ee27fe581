package configfile

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

// planScript edits a shell script that is a word of a container's command.
func (p *page) planScript(e Edit) (splice, error) {
	s, err := p.locate(e.Site.Path)
	if err != nil {
		return splice{}, err
	}
	n := s.last()
	if n.Kind == yaml.SequenceNode {
		if n = scriptIn(n); n == nil {
			return splice{}, errors.New("kaudit does not find the script")
		}
	}
	if err := p.own(n); err != nil || n.Kind != yaml.ScalarNode {
		return splice{}, errUncertain
	}
	first, last := p.line(n), p.line(n)
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		first++
		last = first
		for depth := indent(p.mask[min(first, len(p.mask)-1)]); last+1 < len(p.mask) && (isBlank(p.mask[last+1]) || indent(p.mask[last+1]) >= depth); {
			last++
		}
	} else if _, err := p.scalar(n); err != nil {
		return splice{}, err
	}
	if err := p.file.firm(span{first + 1, last + 1}); err != nil {
		return splice{}, err
	}
	part, err := planTokens(p.raw, first, last, e)
	if err != nil {
		return splice{}, err
	}
	after := spliced(p.raw, part)
	got, err := openPage(after, e.Site.Doc)
	if err != nil {
		return splice{}, errUncertain
	}
	to, err := got.locate(e.Site.Path)
	if err != nil {
		return splice{}, errUncertain
	}
	m := to.last()
	if m.Kind == yaml.SequenceNode {
		m = scriptIn(m)
	}
	if m == nil || m.Kind != yaml.ScalarNode || !oneWordApart(n.Value, m.Value, e) {
		return splice{}, errUncertain
	}
	want := p.expect(func(of func(*yaml.Node) *yaml.Node) { of(n).Value = m.Value })
	if !p.holds(after, e.Site.Doc, want) {
		return splice{}, errUncertain
	}
	return part, nil
}

// scriptIn is the item of a command that is the script: the one that holds flags among other text.
func scriptIn(n *yaml.Node) *yaml.Node {
	var found *yaml.Node
	for _, item := range n.Content {
		if item.Kind == yaml.ScalarNode && strings.ContainsAny(item.Value, " \n") && strings.Contains(item.Value, "--") {
			if found != nil {
				return nil
			}
			found = item
		}
	}
	return found
}

// oneWordApart reports whether two command lines differ in the setting alone.
func oneWordApart(old, now string, e Edit) bool {
	strip := func(s string) []string {
		var out []string
		value := false
		for _, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\n\\\"'", r) }) {
			if name, rest, ok := strings.Cut(w, "=-"); ok && !strings.HasPrefix(name, "-") { // words in a variable
				out, w = append(out, name), "-"+rest
			}
			name, _, inline := strings.Cut(strings.TrimLeft(w, "-"), "=")
			isValue := value && !strings.HasPrefix(w, "-")
			value = false
			switch {
			case strings.HasPrefix(w, "-") && (e.same(name) || name == e.Name):
				value = !inline || strings.HasSuffix(w, "=")
			case !isValue:
				out = append(out, w)
			}
		}
		return out
	}
	return strings.Join(strip(old), " ") == strings.Join(strip(now), " ")
}
