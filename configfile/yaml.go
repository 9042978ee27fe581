package configfile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kaudit/kaudit/evidence"
)

// A doc is one YAML or JSON document of a file, or of a value that holds a document.
type doc struct {
	file  *file
	index int // in the file, from 0
	line  int // lines of the file before it
	text  string
	// inside is the value that holds the document; nil where it stands in the file itself.
	inside *cursor
	flat   bool // its lines are not those of the file: all of it stands on one
	// title is what the value that holds it is called there: a key of a ConfigMap, a path on a machine.
	title string
	part  bool // of another document: a list's, a value's
	// kind and group are what the list says of an item that does not say itself.
	kind, group string
	root        cursor
}

// maxDoc bounds a document that is parsed: its tree takes many times its size. A cluster's own
// configuration has some kilobytes.
const maxDoc = 8 << 20

// split gives the documents of a file, unparsed: one that is malformed does not hide the others.
func split(f *file) []*doc {
	var docs []*doc
	line, counted := 0, 0
	for _, p := range parts(f.text) {
		line += strings.Count(f.text[counted:p.from], "\n")
		counted = p.from
		docs = append(docs, &doc{file: f, index: len(docs), line: line, text: f.text[p.from:p.to]})
	}
	return docs
}

// A part is where a document stands in a text.
type part struct{ from, to int }

// parts are the documents of a text that are not empty.
func parts(text string) []part {
	var out []part
	add := func(from, to int) {
		if !isBlank(text[from:to]) {
			out = append(out, part{from, to})
		}
	}
	from := 0
	for at := 0; at < len(text); {
		line := firstLine(text[at:])
		switch rest := strings.TrimLeft(line, "-."); {
		case strings.HasPrefix(line, "---") && (rest == "" || rest[0] == ' ' || rest[0] == '\t') && len(line)-len(rest) == 3:
			add(from, at)
			from = at + 3 // a document may begin on the line of its separator
		case strings.HasPrefix(line, "...") && strings.TrimRight(line, " \t") == "...":
			add(from, at)
			from = at + len(line)
		}
		at += len(line) + 1
	}
	add(from, len(text))
	return out
}

// A placed error is one at a line of a file.
type placed struct {
	line, column int
	why          string
}

func (e *placed) Error() string { return e.why }

var yamlLine = regexp.MustCompile(`^yaml: (?:(?:unmarshal errors:\s*)?line (\d+): )?`)

// parse reads the document.
func (d *doc) parse() error {
	if len(d.text) > maxDoc {
		return &placed{line: d.line + 1, why: fmt.Sprintf("a document of %d MiB; kaudit reads up to %d MiB of one", len(d.text)>>20, maxDoc>>20)}
	}
	text := d.text
	if t := strings.TrimSpace(text); strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") {
		text = strings.ReplaceAll(text, "\t", " ") // JSON may be indented by tabs, YAML may not
	}
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		return d.malformed(err.Error())
	}
	d.root = cursor{doc: d, node: &n}
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		d.root.node = n.Content[0]
	}
	return nil
}

// countsFromZero are the errors of the library's parser; those of its scanner count lines from one.
var countsFromZero = regexp.MustCompile(`did not find expected (node content|key|'-' indicator|',' or '[]}]'|<)`)

func (d *doc) malformed(text string) error {
	line := 1
	if m := yamlLine.FindStringSubmatch(text); m != nil && m[1] != "" {
		line, _ = strconv.Atoi(m[1])
	}
	if countsFromZero.MatchString(text) {
		line++
	}
	if d.flat {
		line = 1
	}
	return &placed{line: d.line + line, why: "malformed YAML: " + strings.ReplaceAll(yamlLine.ReplaceAllString(text, ""), string(hole), "")}
}

// A cursor is a place in a document; its zero value is a place that is not there.
type cursor struct {
	doc  *doc
	node *yaml.Node
	path []string // keys and indexes from the root
}

func (c cursor) ok() bool { return c.node != nil }

// maxAliases bounds aliases of aliases.
const maxAliases = 16

// real follows aliases.
func (c cursor) real() *yaml.Node {
	n := c.node
	for range maxAliases {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return nil
}

// get goes down by keys. Of a key that is there twice the last counts, as for Kubernetes.
func (c cursor) get(keys ...string) cursor {
	for _, key := range keys {
		c = c.child(key, maxAliases)
	}
	return c
}

func (c cursor) child(key string, depth int) cursor {
	n := c.real()
	if n == nil || n.Kind != yaml.MappingNode || depth == 0 {
		return cursor{}
	}
	for i := len(n.Content) - 2; i >= 0; i -= 2 {
		if n.Content[i].Value == key {
			return c.down(n.Content[i+1], key)
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 { // YAML's merge key
		if n.Content[i].Value != "<<" {
			continue
		}
		from := c.down(n.Content[i+1], "<<")
		for _, m := range append([]cursor{from}, from.items()...) {
			if found := m.child(key, depth-1); found.ok() {
				return found
			}
		}
	}
	return cursor{}
}

func (c cursor) down(n *yaml.Node, key string) cursor {
	return cursor{doc: c.doc, node: n, path: append(slices.Clip(c.path), key)}
}

// An entry is a key of a map with its value.
type entry struct {
	key   string
	at    evidence.Source // of the key
	value cursor
}

// entries are those of a map, in order; those that are merged in come last. Of a key that is there twice it has the last.
func (c cursor) entries() []entry { return c.merged(maxAliases) }

func (c cursor) merged(depth int) []entry {
	n := c.real()
	if n == nil || n.Kind != yaml.MappingNode || depth == 0 {
		return nil
	}
	var out, below []entry
	at := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], c.down(n.Content[i+1], n.Content[i].Value)
		if k.Value == "<<" {
			for _, m := range append([]cursor{v}, v.items()...) {
				below = append(below, m.merged(depth-1)...)
			}
			continue
		}
		e := entry{k.Value, c.doc.at(k), v}
		if j, twice := at[k.Value]; twice {
			out[j] = e
			continue
		}
		at[k.Value] = len(out)
		out = append(out, e)
	}
	for _, e := range below {
		if _, own := at[e.key]; !own {
			at[e.key] = len(out)
			out = append(out, e)
		}
	}
	return out
}

// items are those of a list.
func (c cursor) items() []cursor {
	n := c.real()
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	out := make([]cursor, len(n.Content))
	for i, item := range n.Content {
		out[i] = c.down(item, strconv.Itoa(i))
	}
	return out
}

// str is the text of a scalar; false if it is none, or null.
func (c cursor) str() (string, bool) {
	n := c.real()
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return "", false
	}
	return n.Value, true
}

// text is str without the word whether there is one.
func (c cursor) text() string {
	s, _ := c.str()
	return s
}

// known is the text of a scalar that no template fills in.
func (c cursor) known() string {
	if s := c.text(); !isHole(s) && !c.isLoose() {
		return s
	}
	return ""
}

// words are the texts of a list's scalars.
func (c cursor) words() []string {
	var out []string
	for _, i := range c.items() {
		out = append(out, i.text())
	}
	return out
}

// isLoose reports whether a template decides if this is there.
func (c cursor) isLoose() bool { return c.node != nil && c.doc.file.isLoose(c.src().Line) }

// src is where it stands. In a document within a value only the line can be told.
func (c cursor) src() evidence.Source {
	if c.node == nil {
		return evidence.Source{}
	}
	return c.doc.at(c.node)
}

func (d *doc) at(n *yaml.Node) evidence.Source {
	switch {
	case d.flat:
		return d.file.at(d.line+1, 0)
	case d.inside != nil:
		return d.file.at(d.line+n.Line, 0)
	}
	return d.file.at(d.line+n.Line, n.Column)
}

// lines are those that the document covers.
func (d *doc) lines() span {
	return span{d.line + 1, d.line + 1 + strings.Count(strings.TrimRight(d.text, "\n"), "\n")}
}

// lines are those that the value covers.
func (c cursor) lines() span {
	if c.node == nil {
		return span{}
	}
	if c.doc.flat {
		return span{c.src().Line, c.src().Line}
	}
	return span{c.doc.line + c.node.Line, c.doc.line + lastLine(c.node)}
}

func lastLine(n *yaml.Node) int {
	line := n.Line
	if n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		line += 1 + strings.Count(strings.TrimRight(n.Value, "\n"), "\n")
	}
	if n.Kind != yaml.AliasNode && len(n.Content) > 0 {
		line = max(line, lastLine(n.Content[len(n.Content)-1]))
	}
	return line
}

// find is where a word stands within a value of several lines; where the value begins if it is not found.
func (c cursor) find(word string) evidence.Source {
	src := c.src()
	n := c.real()
	if n == nil || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 || c.doc.flat {
		return src
	}
	lines := strings.Split(c.doc.text, "\n")
	for i := n.Line; i < len(lines) && i <= n.Line+strings.Count(n.Value, "\n")+1; i++ {
		if at := strings.Index(lines[i], word); at >= 0 {
			if c.doc.inside != nil { // what stands before the value's lines is not known
				return c.doc.file.at(c.doc.line+i+1, 0)
			}
			return c.doc.file.at(c.doc.line+i+1, 1+len([]rune(lines[i][:at])))
		}
	}
	return src
}
