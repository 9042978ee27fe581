package configfile

import (
	"errors"
	"slices"

	"go.yaml.in/yaml/v3"
)

// planMap edits a map, or fields: name: value.
func (p *page) planMap(e Edit) ([]draft, error) {
	keys, err := e.keys()
	if err != nil {
		return nil, err
	}
	s, err := p.locate(append(slices.Clone(e.Site.Path), keys[:len(keys)-1]...))
	if err != nil {
		return nil, err
	}
	key := keys[len(keys)-1]
	if len(s.missing) > 0 {
		return p.grow(e, s, s.missing, func(style yaml.Style) growth { return p.entry(e, key, style, p.keyStyle()) })
	}
	m := s.last()
	if m.Kind != yaml.MappingNode && !isNull(m) {
		return nil, errors.New("what holds it is no map")
	}
	at := -1
	for i, k := range keysOf(m) {
		if k.Value != key && (e.Site.Form == Fields || e.Site.Fields != nil || e.Site.Prefix != "" || !e.same(k.Value)) {
			continue
		}
		if at >= 0 {
			return nil, errTwice
		}
		at = i
	}
	switch {
	case at < 0:
		return p.grow(e, s, nil, func(style yaml.Style) growth { return p.entry(e, key, style, styleOfKeys(m)) })
	case e.Was != "" && (e.Site.Form == Fields || e.Site.Fields != nil):
		return nil, errors.New("its field has another name")
	case e.Was != "":
		return p.replace(m.Content[2*at], e.variable(e.Name), false)
	case e.Remove:
		return p.remove(s, at, 1)
	}
	value := m.Content[2*at+1]
	if (e.Site.Form == Lists || e.Site.Form == Map) && value.Kind == yaml.SequenceNode {
		if err := p.own(value); err != nil || len(value.Content) != 1 {
			return nil, errors.New("it has several values, or none of its own")
		}
		value = value.Content[0]
	}
	return p.revalue(e, value)
}

// revalue replaces the value of a setting that is there.
func (p *page) revalue(e Edit, n *yaml.Node) ([]draft, error) {
	if err := p.own(n); err != nil {
		return nil, err
	}
	switch {
	case n.Kind != yaml.ScalarNode:
		return nil, errors.New("its value is a list or a map")
	case isNull(n):
		return nil, errors.New("it is there without a value")
	}
	if err := knowable(n.Value); err != nil {
		return nil, err
	}
	if n.Value == e.Value && (e.typed() || isText(n)) {
		return nil, errDone
	}
	return p.replace(n, e.Value, e.typed())
}

func styleOfKeys(m *yaml.Node) yaml.Style {
	if len(m.Content) > 0 {
		return m.Content[0].Style
	}
	return 0
}

// styleOfValues is how the values of a list or map are quoted.
func styleOfValues(n *yaml.Node) yaml.Style {
	first := 0
	if n.Kind == yaml.MappingNode {
		first = 1
	}
	style := yaml.Style(0)
	for i := first; i < len(n.Content); i += first + 1 {
		if c := n.Content[i]; c.Kind == yaml.ScalarNode {
			style = c.Style & (yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle)
			if style == 0 && !isText(c) {
				continue
			}
			if style == 0 {
				return 0
			}
		}
	}
	return style
}

// entry is the setting as an entry of a map.
func (p *page) entry(e Edit, key string, style, keyStyle yaml.Style) growth {
	if e.Site.Form != Lists {
		return entryOf(key, e.Value, e.typed(), style, keyStyle)
	}
	text := quoted(e.Value, style)
	item := growth{[]*yaml.Node{scalarNode(e.Value, false)}, []string{"- " + text}, text}
	g := p.under([]string{key}, item, true)
	g.block[0] = quoted(key, keyStyle) + ":"
	return g
}

// entryOf is an entry of a map.
func entryOf(key, value string, typed bool, style, keyStyle yaml.Style) growth {
	to := scalarNode(value, typed)
	if !isText(to) {
		style = 0
	}
	text := quoted(key, keyStyle) + ": " + quoted(value, style)
	return growth{[]*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, to}, []string{text}, text}
}

// grow adds a setting to a list or map, or to one that is made for it.
func (p *page) grow(e Edit, s spot, missing []string, written func(yaml.Style) growth) ([]draft, error) {
	if e.Remove || !e.Add {
		return nil, ErrAbsent
	}
	n := s.last()
	list := e.Site.Form == Words || e.Site.Form == Suite || e.Site.Form == Pairs
	last, err := p.end(n, p.line(n), max(n.Column-2, -1))
	if err != nil {
		return nil, err
	}
	whole := span{p.line(n) + 1, last + 2}
	if key := s.key(); key != nil {
		whole.first = p.line(key) + 1
	}
	if err := p.file.firm(whole); err != nil {
		return nil, err
	}
	prefer := styleOfValues(n)
	if e.Site.Form == Pairs {
		prefer = styleOfPairs(n)
	}
	index := 0
	switch {
	case len(missing) > 0:
		prefer = 0
		if n.Kind != yaml.MappingNode && !isNull(n) {
			return nil, errors.New("what it would go into is no map")
		}
		index = len(n.Content) / 2
		if p.keyStyle() != 0 {
			prefer = p.keyStyle()
		}
	case n.Kind == yaml.MappingNode:
		index = placeInMap(keysOf(n), e)
	case n.Kind == yaml.SequenceNode:
		index = e.placeInList(n)
	}
	var out []draft
	for _, style := range styles(prefer) {
		g := written(style)
		if len(missing) > 0 {
			g = p.under(missing, g, list)
		}
		d, err := p.add(s, index, g)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// placeInMap is behind how many entries of a map a setting belongs: in order where they are, else behind all.
func placeInMap(keys []*yaml.Node, e Edit) int {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Value
	}
	own, err := e.keys()
	if err != nil {
		return len(names)
	}
	return inOrder(names, own[len(own)-1])
}

// inOrder is the place of a name among sorted ones; behind all where fewer than three show an order.
func inOrder(names []string, name string) int {
	if len(names) < 3 || !slices.IsSorted(names) {
		return len(names)
	}
	at, _ := slices.BinarySearch(names, name)
	return at
}
