package configfile

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A flagAt is a flag in a list of words.
type flagAt struct {
	item   int    // of the word that names it
	prefix string // how it begins: "--goaway-chance"
	value  string
	inline bool // its value stands behind a =
	items  int  // 1, or 2 where the next word is its value
}

func (f flagAt) name() string { return strings.TrimLeft(f.prefix, "-") }

var negativeNumber = regexp.MustCompile(`^-\d`)

// flagsIn finds the flags among the items of a list. Those of a suite have no dashes.
func flagsIn(items []*yaml.Node, suite bool) []flagAt {
	var out []flagAt
	for i := 0; i < len(items); i++ {
		text := items[i].Value
		if items[i].Kind != yaml.ScalarNode || !suite && !strings.HasPrefix(text, "-") || text == "--" || strings.Trim(text, "-") == "" {
			continue
		}
		f := flagAt{item: i, items: 1}
		f.prefix, f.value, f.inline = strings.Cut(text, "=")
		if !suite && !f.inline && i+1 < len(items) && items[i+1].Kind == yaml.ScalarNode {
			if next := items[i+1].Value; !strings.HasPrefix(next, "-") || negativeNumber.MatchString(next) {
				f.value, f.items = next, 2
				i++
			}
		}
		out = append(out, f)
	}
	return out
}

// planWords edits a list of words: - --name=value, or - --name and - value; or of a suite: - name=value.
func (p *page) planWords(e Edit) ([]draft, error) {
	suite := e.Site.Form == Suite
	s, err := p.locate(e.Site.Path)
	if err != nil {
		return nil, err
	}
	n := s.last()
	if len(s.missing) > 0 || isNull(n) {
		return p.grow(e, s, s.missing, func(style yaml.Style) growth { return e.words(nil, style) })
	}
	if suite && n.Kind == yaml.ScalarNode {
		return p.planOneWord(e, s)
	}
	if n.Kind != yaml.SequenceNode {
		return nil, errors.New("what holds it is no list")
	}
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			return nil, errors.New("the list holds more than words")
		}
	}
	all := flagsIn(n.Content, suite)
	own := slices.DeleteFunc(slices.Clone(all), func(f flagAt) bool { return !e.written(f.name()) })
	switch {
	case len(own) > 1:
		return nil, errTwice
	case len(own) == 0:
		return p.grow(e, s, nil, func(style yaml.Style) growth { return e.words(all, style) })
	}
	f := own[0]
	if e.Was != "" {
		return p.replace(n.Content[f.item], e.renamed(n.Content[f.item].Value), false)
	}
	if err := knowable(f.value); err != nil {
		return nil, err
	}
	switch {
	case e.Remove:
		return p.remove(s, f.item, f.items)
	case f.items == 2:
		return p.revalue(e, n.Content[f.item+1])
	case f.inline && f.value == e.Value:
		return nil, errDone
	case !f.inline && e.Value == "true":
		return nil, errDone
	}
	return p.replace(n.Content[f.item], f.prefix+"="+e.Value, false)
}

// renamed is a word with another name in the place of the one that it has.
func (e Edit) renamed(word string) string {
	name, value, inline := strings.Cut(word, "=")
	name = name[:len(name)-len(strings.TrimLeft(name, "-"))] + e.variable(e.Name)
	if inline {
		return name + "=" + value
	}
	return name
}

// words is the setting as a list would have it whose other flags are known.
func (e Edit) words(others []flagAt, style yaml.Style) growth {
	dashes := "--"
	if e.Site.Form == Suite {
		dashes = ""
		if len(others) > 0 && strings.HasPrefix(others[0].prefix, "--") {
			dashes = "--"
		}
	}
	apart := false
	for _, f := range others {
		if f.inline {
			apart = false
			break
		}
		apart = apart || f.items == 2
	}
	texts := []string{dashes + e.variable(e.Name) + "=" + e.Value}
	if apart && (!strings.HasPrefix(e.Value, "-") || negativeNumber.MatchString(e.Value)) {
		texts = []string{dashes + e.Name, e.Value}
	}
	var g growth
	var flow []string
	for _, text := range texts {
		g.nodes = append(g.nodes, scalarNode(text, false))
		style := style
		if style == 0 && !isText(readAs(text)) {
			style = yaml.DoubleQuotedStyle
		}
		g.block = append(g.block, "- "+quoted(text, style))
		flow = append(flow, quoted(text, style))
	}
	g.flow = strings.Join(flow, ", ")
	return g
}

// readAs is a plain text as YAML takes it.
func readAs(text string) *yaml.Node {
	var n yaml.Node
	if yaml.Unmarshal([]byte(text), &n) != nil || len(n.Content) != 1 {
		return &n
	}
	return n.Content[0]
}

// planOneWord edits the only argument of a suite, and makes a list of it for a second one.
func (p *page) planOneWord(e Edit, s spot) ([]draft, error) {
	n := s.last()
	name, value, inline := strings.Cut(n.Value, "=")
	if e.written(strings.TrimLeft(name, "-")) {
		switch {
		case e.Was != "":
			return p.replace(n, e.renamed(n.Value), false)
		case e.Remove:
			return p.removeKey(s)
		case inline && value == e.Value || !inline && e.Value == "true":
			return nil, errDone
		}
		if err := knowable(value); err != nil {
			return nil, err
		}
		return p.replace(n, name+"="+e.Value, false)
	}
	key := s.key()
	if e.Remove || !e.Add || key == nil {
		return nil, ErrAbsent
	}
	at, err := p.scalar(n)
	if err != nil || p.line(key) != at.line || s.inFlow() {
		return nil, errors.New("it would have to become a list")
	}
	old := string([]rune(p.raw[at.line])[at.from:at.to])
	var out []draft
	for _, style := range styles(n.Style) {
		g := e.words(nil, style)
		lines := indented(append([]string{"- " + old}, g.block...), key.Column-1+p.listStep())
		at := at
		rest := strings.TrimLeft(string([]rune(p.raw[at.line])[at.to:]), " \t")
		if rest != "" {
			rest = " " + rest
		}
		head := strings.TrimRight(string([]rune(p.raw[at.line])[:at.from]), " \t") + rest
		out = append(out, draft{splice{at.line, 1, append([]string{head}, lines...)}, p.expect(func(of func(*yaml.Node) *yaml.Node) {
			*of(n) = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: append([]*yaml.Node{scalarNode(n.Value, false)}, g.nodes...)}
		})})
	}
	return out, nil
}

// removeKey takes the last node of a spot out of the map that holds it.
func (p *page) removeKey(s spot) ([]draft, error) {
	key := s.key()
	in := spot{nodes: s.nodes[:len(s.nodes)-1]}
	if key == nil {
		return nil, errors.New("it is the only one there")
	}
	return p.remove(in, slices.Index(in.last().Content, key)/2, 1)
}

// placeInList is behind how many items a setting belongs.
func (e Edit) placeInList(n *yaml.Node) int {
	if e.Site.Form == Pairs {
		var names []string
		for _, item := range n.Content {
			name, _ := childOf(item, "name")
			if name == nil {
				return len(n.Content)
			}
			names = append(names, name.Value)
		}
		return inOrder(names, e.variable(e.Name))
	}
	flags := flagsIn(n.Content, e.Site.Form == Suite)
	if len(flags) == 0 {
		return len(n.Content)
	}
	var names []string
	for _, f := range flags {
		names = append(names, f.name())
	}
	if at := inOrder(names, e.variable(e.Name)); at > 0 {
		return flags[at-1].item + flags[at-1].items
	}
	return flags[0].item
}

// planPairs edits a list of names and values: - name: NAME, value: VALUE.
func (p *page) planPairs(e Edit) ([]draft, error) {
	s, err := p.locate(e.Site.Path)
	if err != nil {
		return nil, err
	}
	n := s.last()
	if n.Kind != yaml.SequenceNode && !isNull(n) && len(s.missing) == 0 {
		return nil, errors.New("what holds it is no list")
	}
	at := -1
	for i, item := range n.Content {
		if len(s.missing) > 0 {
			break
		}
		if err := p.own(item); err != nil {
			return nil, err
		}
		name, err := childOf(item, "name")
		switch {
		case err != nil:
			return nil, err
		case name == nil || !e.written(name.Value):
			continue
		case at >= 0:
			return nil, errTwice
		}
		at = i
	}
	switch {
	case at < 0:
		return p.grow(e, s, s.missing, func(style yaml.Style) growth { return e.pair(n, len(s.missing) == 0, style, p.keyStyle()) })
	case e.Remove:
		return p.remove(s, at, 1)
	}
	if e.Was != "" {
		name, err := childOf(n.Content[at], "name")
		if err != nil {
			return nil, err
		}
		return p.replace(name, e.variable(e.Name), false)
	}
	value, err := childOf(n.Content[at], "value")
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, errors.New("its value comes from elsewhere")
	}
	return p.revalue(e, value)
}

// pair is the setting as an item of names and values.
func (e Edit) pair(n *yaml.Node, beside bool, style, keyStyle yaml.Style) growth {
	nameStyle := style
	if beside && n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		last := n.Content[len(n.Content)-1]
		keyStyle = styleOfKeys(last)
		if name, _ := childOf(last, "name"); name != nil {
			nameStyle = name.Style & (yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle)
		}
	} else if keyStyle == 0 {
		nameStyle = 0
	}
	name := entryOf("name", e.variable(e.Name), false, nameStyle, keyStyle)
	value := entryOf("value", e.Value, false, style, keyStyle)
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: slices.Concat(name.nodes, value.nodes)}
	return growth{[]*yaml.Node{node}, []string{"- " + name.flow, "  " + value.flow}, "{" + name.flow + ", " + value.flow + "}"}
}

// styleOfPairs is how the values of a list of pairs are quoted.
func styleOfPairs(n *yaml.Node) yaml.Style {
	for _, item := range slices.Backward(n.Content) {
		if value, _ := childOf(item, "value"); value != nil && value.Kind == yaml.ScalarNode {
			return value.Style & (yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle)
		}
	}
	return 0
}
