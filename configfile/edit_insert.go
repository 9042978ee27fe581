package configfile

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A growth is what is added to a list or a map: its nodes, and how they are written.
type growth struct {
	nodes []*yaml.Node
	block []string // lines, not indented
	flow  string   // within braces or brackets
}

// under puts a growth below keys that are not there yet.
func (p *page) under(keys []string, g growth, list bool) growth {
	for _, key := range slices.Backward(keys) {
		in := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: g.nodes}
		step, open, shut := p.step(), "{", "}"
		if list {
			in.Kind, in.Tag, open, shut = yaml.SequenceNode, "!!seq", "[", "]"
			step = p.listStep()
		}
		name := quoted(key, p.keyStyle())
		lines := []string{name + ":"}
		for _, line := range g.block {
			lines = append(lines, strings.Repeat(" ", step)+line)
		}
		g = growth{[]*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, in}, lines, name + ": " + open + g.flow + shut}
		list = false
	}
	return g
}

// step is how deep the document indents a map within a map.
func (p *page) step() int {
	return p.measure(p.root, yaml.MappingNode, 1, 2)
}

// listStep is how deep it indents a list within a map.
func (p *page) listStep() int {
	return p.measure(p.root, yaml.SequenceNode, 0, p.step())
}

func (p *page) measure(n *yaml.Node, kind yaml.Kind, least, usual int) int {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && c.Kind == kind && c.Style&yaml.FlowStyle == 0 && c.Line > n.Content[i-1].Line {
			if d := c.Column - n.Content[i-1].Column; d >= least {
				return d
			}
		}
		if d := p.measure(c, kind, least, -1); d >= 0 {
			return d
		}
	}
	return usual
}

// keyStyle is how the document quotes its keys: JSON does.
func (p *page) keyStyle() yaml.Style {
	if p.root.Kind == yaml.MappingNode && len(p.root.Content) > 0 {
		return p.root.Content[0].Style
	}
	return 0
}

// add is the way to put a growth into the last of the nodes of a spot, behind so many of its items or entries.
func (p *page) add(s spot, index int, g growth) (draft, error) {
	n := s.last()
	width := 1
	if n.Kind == yaml.MappingNode {
		width = 2
	}
	d := draft{want: p.expect(func(of func(*yaml.Node) *yaml.Node) {
		c := of(n)
		if isNull(n) {
			kind := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			if strings.HasPrefix(g.block[0], "- ") {
				kind.Kind, kind.Tag = yaml.SequenceNode, "!!seq"
			}
			*c = *kind
		}
		c.Content = slices.Insert(c.Content, index*width, g.nodes...)
	})}
	var err error
	switch {
	case len(n.Content) == 0 && s.inFlow():
		d.splice, err = p.fillFlow(n, g)
	case len(n.Content) == 0:
		d.splice, err = p.open(s, g)
	case n.Style&yaml.FlowStyle != 0:
		d.splice, err = p.addFlow(n, index*width, g)
	default:
		d.splice, err = p.addBlock(s, index, width, g)
	}
	return d, err
}

// inFlow reports whether what holds the last node is within braces.
func (s spot) inFlow() bool {
	return len(s.nodes) > 1 && s.nodes[len(s.nodes)-2].Style&yaml.FlowStyle != 0
}

// addBlock adds lines behind an item or entry; as the first one below the key of the whole.
func (p *page) addBlock(s spot, index, width int, g growth) (splice, error) {
	n := s.last()
	depth := n.Column - 1
	at := 0
	if index > 0 {
		head, value := n.Content[(index-1)*width], n.Content[index*width-1]
		end, err := p.end(value, p.line(head), depth)
		if err != nil {
			return splice{}, err
		}
		at = end + 1
	} else {
		key := s.key()
		if key == nil || p.line(key) >= p.line(n) {
			return splice{}, errUncertain
		}
		at = p.line(key) + 1
	}
	return splice{at: at, with: indented(g.block, depth)}, nil
}

func indented(lines []string, depth int) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.Repeat(" ", depth) + line
	}
	return out
}

// key is that of the last node in the map that holds it.
func (s spot) key() *yaml.Node {
	if len(s.nodes) < 2 {
		return nil
	}
	in := s.nodes[len(s.nodes)-2]
	for i, c := range in.Content {
		if in.Kind == yaml.MappingNode && i%2 == 1 && c == s.last() {
			return in.Content[i-1]
		}
	}
	return nil
}

// open puts lines below a key that has nothing, {} or [].
func (p *page) open(s spot, g growth) (splice, error) {
	key := s.key()
	if key == nil {
		return splice{}, errors.New("what it would go into is empty")
	}
	name, err := p.scalar(key)
	if err != nil {
		return splice{}, err
	}
	line := []rune(p.raw[name.line])
	head, rest := string(line[:name.to]), string(line[name.to:])
	rest, ok := strings.CutPrefix(strings.TrimLeft(rest, " "), ":")
	note := strings.TrimLeft(rest, " \t")
	for _, nothing := range []string{"{}", "[]", "null", "~"} {
		if after, cut := strings.CutPrefix(note, nothing); cut {
			note = strings.TrimLeft(after, " \t")
			rest = " " + note
			break
		}
	}
	if !ok || note != "" && !strings.HasPrefix(note, "#") {
		return splice{}, errUncertain
	}
	step := p.step()
	if strings.HasPrefix(g.block[0], "- ") {
		step = p.listStep()
	}
	with := []string{strings.TrimRight(head+":"+rest, " \t")}
	return splice{name.line, 1, append(with, indented(g.block, key.Column-1+step)...)}, nil
}

// fillFlow puts something between empty braces within braces.
func (p *page) fillFlow(n *yaml.Node, g growth) (splice, error) {
	end, err := p.flowEnd(n)
	if err != nil || n.Kind == yaml.ScalarNode {
		return splice{}, errUncertain
	}
	end.from, end.to = end.from-1, end.to-1
	return splice{end.line, 1, []string{p.put(end, g.flow)}}, nil
}

// addFlow puts something behind another within braces: on a line of its own where the others have such.
func (p *page) addFlow(n *yaml.Node, index int, g growth) (splice, error) {
	if index == 0 {
		first := n.Content[0]
		at, err := p.scalar(first)
		if err != nil {
			return splice{}, err
		}
		at.to = at.from
		if isBlank(string([]rune(p.raw[at.line])[:at.from])) {
			return splice{at: at.line, with: []string{strings.Repeat(" ", at.from) + g.flow + ","}}, nil
		}
		return splice{at.line, 1, []string{p.put(at, g.flow+", ")}}, nil
	}
	head := n.Content[index-1]
	if n.Kind == yaml.MappingNode {
		head = n.Content[index-2]
	}
	at, err := p.flowEnd(n.Content[index-1])
	if err != nil {
		return splice{}, err
	}
	line := []rune(p.raw[at.line])
	rest := string(line[at.to:])
	comma := strings.HasPrefix(strings.TrimLeft(rest, " \t"), ",")
	behind := strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(rest, " \t"), ","), " \t")
	own := isBlank(string([]rune(p.raw[p.line(head)])[:head.Column-1]))
	if own && (behind == "" || strings.HasPrefix(behind, "#")) {
		first, last := p.put(at, ","), g.flow
		if comma {
			first, last = p.raw[at.line], g.flow+","
		}
		lead := string([]rune(p.raw[p.line(head)])[:head.Column-1])
		return splice{at.line, 1, []string{first, lead + last}}, nil
	}
	return splice{at.line, 1, []string{p.put(at, ", "+g.flow)}}, nil
}
