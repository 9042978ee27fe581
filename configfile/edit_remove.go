package configfile

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// remove is the way to take n items or entries out of the last of the nodes of a spot.
func (p *page) remove(s spot, index, count int) ([]draft, error) {
	n := s.last()
	width := 1
	if n.Kind == yaml.MappingNode {
		width = 2
	}
	from, to := index*width, (index+count)*width
	for _, c := range n.Content[from:to] {
		if err := p.own(c); err != nil {
			return nil, err
		}
	}
	d := draft{want: p.expect(func(of func(*yaml.Node) *yaml.Node) {
		c := of(n)
		c.Content = append(c.Content[:from:from], c.Content[to:]...)
	})}
	var err error
	switch {
	case n.Style&yaml.FlowStyle != 0:
		d.splice, err = p.removeFlow(n, from, to)
	case to-from == len(n.Content):
		d.splice, err = p.empty(s)
	default:
		d.splice, err = p.removeBlock(n, from, to, width)
	}
	return []draft{d}, err
}

// removeBlock takes whole lines out. Comments on lines of their own stay.
func (p *page) removeBlock(n *yaml.Node, from, to, width int) (splice, error) {
	first := p.line(n.Content[from])
	lead := p.raw[first]
	if n.Kind == yaml.MappingNode && !isBlank(string([]rune(lead)[:n.Column-1])) || n.Kind == yaml.SequenceNode && !strings.HasPrefix(strings.TrimLeft(lead, " "), "-") ||
		indent(lead) != n.Column-1 {
		return splice{}, errors.New("it shares its line with something else")
	}
	last, err := p.end(n.Content[to-1], p.line(n.Content[to-width]), n.Column-1)
	if err != nil {
		return splice{}, err
	}
	return splice{at: first, n: last - first + 1}, nil
}

// empty leaves {} or [] of a list or map.
func (p *page) empty(s spot) (splice, error) {
	n, key := s.last(), s.key()
	if key == nil || p.line(key) >= p.line(n) {
		return splice{}, errors.New("it is the only one there")
	}
	last, err := p.end(n, p.line(key), key.Column-1)
	if err != nil {
		return splice{}, err
	}
	name, err := p.scalar(key)
	if err != nil {
		return splice{}, err
	}
	rest, ok := strings.CutPrefix(string([]rune(p.raw[name.line])[name.to:]), ":")
	if note := strings.TrimLeft(rest, " \t"); !ok || note != "" && note[0] != '#' {
		return splice{}, errUncertain
	}
	nothing := " {}"
	if n.Kind == yaml.SequenceNode {
		nothing = " []"
	}
	with := []string{string([]rune(p.raw[name.line])[:name.to]) + ":" + nothing + rest}
	for i := name.line + 1; i <= last; i++ { // comments stay
		if t := strings.TrimLeft(p.raw[i], " \t"); strings.HasPrefix(t, "#") {
			with = append(with, p.raw[i])
		}
	}
	return splice{name.line, last - name.line + 1, with}, nil
}

// removeFlow takes something out from between braces, where it and its neighbour stand on one line, or it has
// a line of its own.
func (p *page) removeFlow(n *yaml.Node, from, to int) (splice, error) {
	start, err := p.column(n.Content[from])
	if err != nil {
		return splice{}, err
	}
	end, err := p.flowEnd(n.Content[to-1])
	if err != nil {
		return splice{}, err
	}
	cut := stretch{line: end.line, from: start, to: end.to}
	several := errors.New("it stands within braces over several lines")
	switch {
	case p.line(n.Content[from]) != end.line:
		return splice{}, several
	case to < len(n.Content):
		next, err := p.column(n.Content[to])
		if err != nil {
			return splice{}, err
		}
		if p.line(n.Content[to]) == end.line {
			cut.to = next
			return splice{cut.line, 1, []string{p.put(cut, "")}}, nil
		}
		rest := strings.TrimSpace(string([]rune(p.raw[end.line])[end.to:]))
		if isBlank(string([]rune(p.raw[end.line])[:start])) && (rest == "," || strings.HasPrefix(rest, ", #")) {
			return splice{at: end.line, n: 1}, nil
		}
		return splice{}, several
	case from > 0:
		before, err := p.flowEnd(n.Content[from-1])
		if err != nil {
			return splice{}, err
		}
		if before.line != end.line {
			return p.removeLastFlow(before, cut)
		}
		cut.from = before.to
	}
	return splice{cut.line, 1, []string{p.put(cut, "")}}, nil
}

// removeLastFlow takes out what stands behind the last comma within braces, on another line, and that comma with it
// unless there is one behind it too.
func (p *page) removeLastFlow(before, cut stretch) (splice, error) {
	last := p.put(cut, "")
	behind := strings.TrimLeft(string([]rune(p.raw[cut.line])[cut.to:]), " \t")
	with := slices.Clone(p.raw[before.line:cut.line])
	if rest, comma := strings.CutPrefix(behind, ","); comma {
		last = string([]rune(p.raw[cut.line])[:cut.from]) + strings.TrimLeft(rest, " \t")
	} else {
		line := []rune(p.raw[before.line])
		after, ok := strings.CutPrefix(strings.TrimLeft(string(line[before.to:]), " \t"), ",")
		if !ok {
			return splice{}, errUncertain
		}
		with[0] = string(line[:before.to]) + after
	}
	if !isBlank(last) {
		with = append(with, last)
	}
	return splice{before.line, cut.line - before.line + 1, with}, nil
}
