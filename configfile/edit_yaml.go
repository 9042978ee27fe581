package configfile

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A draft is a way to make an edit, and what the document should mean after it.
type draft struct {
	splice
	want *yaml.Node
}

// errDone is what a plan gives whose setting has its value already.
var errDone = errors.New("has the value")

// errUncertain is what is said where none of the ways to write it down reads back as it should.
var errUncertain = errors.New("kaudit cannot tell how to write it there without changing something else")

func (t *lines) editYAML(e Edit) error {
	text := t.exact()
	s, err := planYAML(text, e)
	if errors.Is(err, errDone) {
		return nil
	}
	if err != nil {
		return err
	}
	if !e.settled(func(e Edit) error { _, err := planYAML(spliced(text, s), e); return err }) {
		return errUncertain
	}
	t.apply(s)
	return nil
}

// exact are the lines, with an empty one behind them where the last one has an end.
func (t *lines) exact() []string {
	if n := len(t.ends); n > 0 && t.ends[n-1] != "" {
		return append(slices.Clip(t.text), "")
	}
	return t.text
}

// settled reports whether an edit that was made is found done: it has the value, it is gone, or it is gone under
// its old name and there under the new one.
func (e Edit) settled(again func(Edit) error) bool {
	switch {
	case e.Remove:
		return errors.Is(again(e), ErrAbsent)
	case e.Was != "":
		now := e
		now.Was, now.Value, now.Add = "", "\x00", false // no value is this one
		err := again(now)
		return errors.Is(again(e), ErrAbsent) && !errors.Is(err, ErrAbsent) && !errors.Is(err, errTwice)
	}
	return errors.Is(again(e), errDone)
}

// planYAML finds the lines to change. A change is one only if the text reads back as exactly what was wanted.
func planYAML(text []string, e Edit) (splice, error) {
	if len(e.Site.Inside) > 0 {
		return planInside(text, e)
	}
	p, err := openPage(text, e.Site.Doc)
	if err != nil {
		return splice{}, err
	}
	if e.Site.Form == Script {
		return p.planScript(e)
	}
	var drafts []draft
	switch e.Site.Form {
	case Map, Lists, Fields:
		drafts, err = p.planMap(e)
	case Words, Suite:
		drafts, err = p.planWords(e)
	case Pairs:
		drafts, err = p.planPairs(e)
	default:
		err = errors.New("kaudit does not know how its place is written")
	}
	if err != nil {
		return splice{}, err
	}
	for _, d := range drafts {
		if d.at+d.n <= len(text) && p.holds(spliced(text, d.splice), e.Site.Doc, d.want) {
			return d.splice, nil
		}
	}
	return splice{}, errUncertain
}

func spliced(text []string, s splice) []string {
	return slices.Concat(text[:s.at], s.with, text[s.at+s.n:])
}

// planInside edits a document that a value holds as text, where the value is a literal block.
func planInside(text []string, e Edit) (splice, error) {
	p, err := openPage(text, e.Site.Doc)
	if err != nil {
		return splice{}, err
	}
	s, err := p.locate(e.Site.Inside)
	if err != nil {
		return splice{}, err
	}
	n := s.last()
	if len(s.missing) > 0 || n.Kind != yaml.ScalarNode || n.Style&yaml.LiteralStyle == 0 {
		return splice{}, errors.New("the document that it is in is not a literal block of the file")
	}
	first := p.line(n) + 1
	end := p.blockEnd(first, s.nodes[len(s.nodes)-2].Column-1)
	depth := -1
	var inner []string
	for _, line := range text[first:end] {
		if depth < 0 && !isBlank(line) {
			depth = indent(line)
		}
		inner = append(inner, line[min(len(line), max(depth, 0)):])
	}
	if depth < 0 || strings.Contains(strings.Join(inner, "\n"), "\t") {
		return splice{}, errors.New("the document that it is in is blank, or is indented by tabs")
	}
	in := e
	in.Site.Inside, in.Site.Doc = nil, 0
	for _, d := range split(newFile("", "", strings.Join(inner, "\n"))) {
		if d.line+first < e.Site.Source.Line {
			in.Site.Doc = d.index
		}
	}
	part, err := planYAML(inner, in)
	if err != nil {
		return splice{}, err
	}
	after := strings.Join(spliced(inner, part), "\n")
	part.at += first
	for i, line := range part.with {
		part.with[i] = strings.Repeat(" ", depth) + line
	}
	want := p.expect(func(of func(*yaml.Node) *yaml.Node) {
		of(n).Value = after + n.Value[len(strings.TrimRight(n.Value, "\n")):]
	})
	if strings.TrimRight(strings.Join(inner, "\n"), "\n") != strings.TrimRight(n.Value, "\n") || !p.holds(spliced(text, part), e.Site.Doc, want) {
		return splice{}, errUncertain
	}
	return part, nil
}

// blockEnd is the line behind a block that begins at a line and is indented deeper than a depth.
func (p *page) blockEnd(first, depth int) int {
	end := first
	for i := first; i < len(p.raw); i++ {
		switch {
		case isBlank(p.mask[i]):
		case indent(p.mask[i]) > depth:
			end = i + 1
		default:
			return end
		}
	}
	return end
}

// expect is the tree of the document with a change.
func (p *page) expect(change func(of func(*yaml.Node) *yaml.Node)) *yaml.Node {
	copies := map[*yaml.Node]*yaml.Node{}
	root := copyTree(p.root, copies)
	change(func(n *yaml.Node) *yaml.Node { return copies[n] })
	return root
}

func copyTree(n *yaml.Node, copies map[*yaml.Node]*yaml.Node) *yaml.Node {
	c := *n
	c.Content = nil
	for _, child := range n.Content {
		c.Content = append(c.Content, copyTree(child, copies))
	}
	copies[n] = &c
	return &c
}

// replace gives a scalar another value.
func (p *page) replace(n *yaml.Node, value string, typed bool) ([]draft, error) {
	if err := p.own(n); err != nil {
		return nil, err
	}
	s, err := p.scalar(n)
	if err != nil {
		return nil, err
	}
	to := scalarNode(value, typed)
	want := p.expect(func(of func(*yaml.Node) *yaml.Node) {
		of(n).Value, of(n).Tag = to.Value, to.Tag
		of(n).Style = 0
	})
	var out []draft
	for _, style := range styles(n.Style) {
		if !isText(to) {
			style = 0
		}
		out = append(out, draft{splice{s.line, 1, []string{p.put(s, quoted(value, style))}}, want})
	}
	return out, nil
}

// end is the last line of a value. Its key, or its dash, stands on a line and at a depth.
func (p *page) end(n *yaml.Node, line, depth int) (int, error) {
	for n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode {
		if n.Style&yaml.FlowStyle != 0 {
			at, err := p.flowEnd(n)
			return at.line, err
		}
		depth, line = n.Column-1, p.line(n)
		if n.Kind == yaml.MappingNode {
			line = p.line(n.Content[len(n.Content)-2])
		}
		n = n.Content[len(n.Content)-1]
	}
	switch {
	case isNull(n) && n.Value == "", n.Kind == yaml.AliasNode:
		return line, nil
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return p.blockEnd(p.line(n)+1, depth) - 1, nil
	}
	at, err := p.scalar(n)
	return at.line, err
}

// flowEnd is behind a value in braces or brackets, or within them.
func (p *page) flowEnd(n *yaml.Node) (stretch, error) {
	if n.Kind == yaml.ScalarNode {
		s, err := p.scalar(n)
		s.from = s.to
		return s, err
	}
	none := errors.New("it is within braces that kaudit cannot follow")
	col, err := p.column(n)
	if err != nil || n.Anchor != "" || n.Kind == yaml.AliasNode {
		return stretch{}, none
	}
	depth := 0
	for i := p.line(n); i < len(p.mask); i++ {
		line := []rune(p.mask[i])
		for j := col; j < len(line); j++ {
			switch c := line[j]; {
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				if depth--; depth == 0 {
					return stretch{i, j + 1, j + 1}, nil
				}
			case (c == '"' || c == '\'') && strings.ContainsRune("{[,: ", before(line, j)):
				n := quoteEnd(line[j:], c)
				if n < 0 {
					return stretch{}, none
				}
				j += n - 1
			case c == '#' && strings.ContainsRune(" \t", before(line, j)):
				j = len(line)
			}
		}
		col = 0
	}
	return stretch{}, none
}

func before(line []rune, i int) rune {
	if i == 0 {
		return ' '
	}
	return line[i-1]
}
