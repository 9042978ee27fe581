package configfile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A page is a document of a file as it can be edited.
type page struct {
	file *file // with templates masked, which leaves every character in its place
	raw  []string
	mask []string
	docs []*doc
	doc  *doc
	root *yaml.Node
}

// openPage parses one document of a text. Whether its last line has an end is part of what it means: the text
// has an empty line behind it then.
func openPage(text []string, index int) (*page, error) {
	p := &page{raw: text}
	p.file = newFile("", "", strings.Join(text, "\n"))
	p.mask = strings.Split(p.file.text, "\n")
	p.docs = split(p.file)
	if index < 0 || index >= len(p.docs) {
		return nil, errors.New("its document is not there any more")
	}
	p.doc = p.docs[index]
	if err := p.doc.parse(); err != nil {
		return nil, fmt.Errorf("its document does not parse: %w", err)
	}
	p.root = p.doc.root.node
	if strings.ContainsAny(p.doc.text, "\u0085\u2028\u2029") || p.deepest(p.root) >= len(text) {
		return nil, errors.New("its document has line ends that kaudit does not count")
	}
	return p, nil
}

// deepest is the last line on which a node begins.
func (p *page) deepest(n *yaml.Node) int {
	line := p.line(n)
	for _, c := range n.Content {
		line = max(line, p.deepest(c))
	}
	return line
}

// find completes a site that is a map, or the document in a value, and begins at a place.
func (s *Site) find(text []string) error {
	s.Doc = -1
	for _, d := range split(newFile("", "", strings.Join(text, "\n"))) {
		if d.line < s.Source.Line {
			s.Doc = d.index
		}
	}
	p, err := openPage(text, s.Doc)
	if err != nil {
		return err
	}
	if !p.seek(p.root, nil, s) {
		return errors.New("its place in the file cannot be told")
	}
	return nil
}

func (p *page) seek(n *yaml.Node, path []string, s *Site) bool {
	line := s.Source.Line - 1
	switch {
	case n.Kind == yaml.MappingNode && p.line(n) == line && n.Column == s.Source.Column:
		s.Path = path
		return true
	case n.Kind == yaml.ScalarNode && n.Style&yaml.LiteralStyle != 0 && s.Source.Column == 0:
		if inner := strings.Count(n.Value, "\n"); p.line(n) < line && line <= p.line(n)+inner+1 {
			s.Inside = path
			return true
		}
	}
	for i, c := range n.Content {
		key := strconv.Itoa(i)
		if n.Kind == yaml.MappingNode {
			key = n.Content[i-i%2].Value
		}
		if p.seek(c, append(slices.Clip(path), key), s) {
			return true
		}
	}
	return false
}

// line is the index of the line on which a node begins.
func (p *page) line(n *yaml.Node) int { return p.doc.line + n.Line - 1 }

// column is the index of the character at which it begins.
func (p *page) column(n *yaml.Node) (int, error) {
	at := n.Column - 1
	if n.Line == 1 && strings.HasPrefix(p.mask[p.doc.line], "---") {
		return 0, errors.New("it stands on the line that begins the document")
	}
	if line := p.line(n); line >= len(p.mask) || at > len([]rune(p.mask[line])) {
		return 0, errors.New("its place in the file cannot be told")
	}
	return at, nil
}

// A spot is how far a path leads.
type spot struct {
	nodes   []*yaml.Node // from the root on; one more than the keys that were found
	missing []string     // keys that are not there
}

func (s spot) last() *yaml.Node { return s.nodes[len(s.nodes)-1] }

// locate follows a path. It goes through nothing that several places share, or that a template decides on.
func (p *page) locate(path []string) (spot, error) {
	s := spot{nodes: []*yaml.Node{p.root}}
	for i, key := range path {
		n := s.last()
		if err := p.own(n); err != nil {
			return s, err
		}
		next, err := childOf(n, key)
		if err != nil {
			return s, err
		}
		if next == nil {
			s.missing = path[i:]
			return s, nil
		}
		s.nodes = append(s.nodes, next)
	}
	return s, p.own(s.last())
}

// own refuses a node that stands for more than one place, or that may not be there.
func (p *page) own(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return fmt.Errorf("it is an alias, *%s: a change would be one of several places", n.Value)
	case n.Anchor != "":
		return fmt.Errorf("it is within the anchor &%s, which other places may share", n.Anchor)
	case p.file.isLoose(p.line(n) + 1):
		return errors.New("a template decides whether it is there")
	}
	if n.Kind == yaml.MappingNode && slices.ContainsFunc(keysOf(n), func(k *yaml.Node) bool { return k.Value == "<<" }) {
		return errors.New("the map takes keys from an anchor")
	}
	return nil
}

// firm refuses lines, from 1, that a template adds to or decides on in part.
func (f *file) firm(lines span) error {
	if line, ok := f.opensIn(lines); ok {
		return fmt.Errorf("a template adds lines there, at line %d", line)
	}
	for _, s := range f.loose {
		if s.first <= lines.last && s.last >= lines.first {
			return fmt.Errorf("a template decides on what is there, at line %d", s.first)
		}
	}
	return nil
}

func keysOf(m *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for i := 0; i+1 < len(m.Content); i += 2 {
		out = append(out, m.Content[i])
	}
	return out
}

// childOf is what stands under a key or at an index; nil if nothing does.
func childOf(n *yaml.Node, key string) (*yaml.Node, error) {
	switch n.Kind {
	case yaml.MappingNode:
		var found *yaml.Node
		for i, k := range keysOf(n) {
			if k.Value != key {
				continue
			}
			if found != nil {
				return nil, fmt.Errorf("the key %s is there twice", key)
			}
			found = n.Content[2*i+1]
		}
		return found, nil
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], nil
		}
		return nil, errors.New("an item of a list is not there any more")
	default:
		if isNull(n) {
			return nil, nil
		}
		return nil, fmt.Errorf("what holds %s is neither map nor list", key)
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// equal compares two trees by what they mean: not by quotes, places or comments.
func equal(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	switch a.Kind {
	case yaml.ScalarNode:
		return a.Value == b.Value && a.ShortTag() == b.ShortTag()
	case yaml.AliasNode:
		return a.Value == b.Value
	case yaml.DocumentNode, yaml.MappingNode, yaml.SequenceNode:
	}
	for i := range a.Content {
		if !equal(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// holds reports whether a text is what was wanted: the document a tree, the others untouched.
func (p *page) holds(text []string, index int, want *yaml.Node) bool {
	got, err := openPage(text, index)
	if err != nil || len(got.docs) != len(p.docs) || !equal(got.root, want) {
		return false
	}
	for i := range got.docs {
		if i != index && got.docs[i].text != p.docs[i].text {
			return false
		}
	}
	return true
}
