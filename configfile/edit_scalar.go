package configfile

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A stretch is a part of a line.
type stretch struct{ line, from, to int } // characters, the last not included

// scalar is where the text of a scalar stands, quotes included. It stands on one line and bears no tag.
func (p *page) scalar(n *yaml.Node) (stretch, error) {
	from, err := p.column(n)
	if err != nil {
		return stretch{}, err
	}
	s := stretch{line: p.line(n), from: from}
	line := []rune(p.mask[s.line])[from:]
	length := -1
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0 && len(line) > 0 && line[0] == '"':
		length = quoteEnd(line, '"')
	case n.Style&yaml.SingleQuotedStyle != 0 && len(line) > 0 && line[0] == '\'':
		length = quoteEnd(line, '\'')
	case n.Style&^yaml.FlowStyle == 0 && n.Value != "" && strings.HasPrefix(string(line), n.Value):
		length = len([]rune(n.Value))
	}
	if length < 0 {
		return s, errors.New("its value is not written on one line, or has a tag")
	}
	s.to = s.from + length
	return s, nil
}

// quoteEnd is the length of a quoted text; -1 if it does not end on the line.
func quoteEnd(line []rune, quote rune) int {
	for i := 1; i < len(line); i++ {
		switch {
		case quote == '"' && line[i] == '\\':
			i++
		case line[i] == quote && quote == '\'' && i+1 < len(line) && line[i+1] == quote:
			i++
		case line[i] == quote:
			return i + 1
		}
	}
	return -1
}

// put is a line with other text in a stretch of it.
func (p *page) put(s stretch, text string) string {
	line := []rune(p.raw[s.line])
	return string(line[:s.from]) + text + string(line[s.to:])
}

// quoted writes a text as a scalar of a style.
func quoted(text string, style yaml.Style) string {
	switch {
	case style&yaml.DoubleQuotedStyle != 0:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	case style&yaml.SingleQuotedStyle != 0:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return text
}

// styles are those to try, the one to prefer first. What YAML would take for a number has to be quoted where
// text is wanted.
func styles(prefer yaml.Style) []yaml.Style {
	prefer &= yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle
	out := []yaml.Style{prefer}
	for _, s := range []yaml.Style{yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle} {
		if s != prefer {
			out = append(out, s)
		}
	}
	return out
}

// scalarNode is a value as it should be read back.
func scalarNode(value string, typed bool) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: value, Tag: "!!str"}
	if typed {
		var read yaml.Node
		if yaml.Unmarshal([]byte(value), &read) == nil && len(read.Content) == 1 && read.Content[0].Kind == yaml.ScalarNode {
			if tag := read.Content[0].ShortTag(); slices.Contains([]string{"!!int", "!!float", "!!bool"}, tag) && read.Content[0].Value == value {
				n.Tag = tag
			}
		}
	}
	return n
}

// isText reports whether a node is to be read as text.
func isText(n *yaml.Node) bool { return n.ShortTag() == "!!str" }
