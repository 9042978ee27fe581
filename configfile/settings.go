package configfile

import (
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// addMap takes name: value, where a value may be a list for a flag that is given several times.
func (p *Process) addMap(c cursor, from evidence.Provenance) {
	if len(c.entries()) == 0 {
		return
	}
	if c.isLoose() {
		p.opaque("takes settings that a template decides on at line " + itoa(c.src().Line))
		return
	}
	for _, e := range c.entries() {
		if items := e.value.items(); len(items) > 0 {
			for _, item := range items {
				p.addNode(e.key, item, from)
			}
			continue
		}
		p.addNode(e.key, e.value, from)
	}
	p.openIn(c)
	p.Sites = append(p.Sites, siteOf(c, Map))
}

// addSuite takes a list of name=value, or one of them as text.
func (p *Process) addSuite(c cursor, from evidence.Provenance) {
	items := c.items()
	if _, scalar := c.str(); scalar {
		items = []cursor{c}
	}
	if c.ok() {
		p.Sites = append(p.Sites, siteOf(c, Suite))
	}
	for _, item := range items {
		name, value, has := strings.Cut(item.text(), "=")
		if !has {
			value = "true"
		}
		p.add(name, value, from, item.src(), item.isLoose())
	}
	p.openIn(c)
}

// openIn makes the process opaque where a template puts in settings of its own.
func (p *Process) openIn(c cursor) {
	if !c.ok() {
		return
	}
	lines := c.lines()
	lines.first--
	if line, ok := c.doc.file.opensIn(span{lines.first, lines.last + 1}); ok {
		p.opaque("takes what a template adds at line " + itoa(line))
	}
}

// empty reports whether nothing is known of the process.
func (p *Process) empty() bool {
	return len(p.Flags.Values)+len(p.Flags.Unknown) == 0 && p.Flags.Version == ""
}

// joinParts makes one process of what several files of a cluster say of it in part. Of what two files say of one
// flag the later one counts.
func (g *group) joinParts() {
	type place struct{ dialect, component, of string }
	first := map[place]*Process{}
	for _, piece := range g.pieces {
		piece.processes = slices.DeleteFunc(piece.processes, func(p *Process) bool {
			if p.part == "" {
				return false
			}
			at := place{p.Dialect, p.Component, p.part}
			whole, ok := first[at]
			if !ok {
				first[at] = p
				return false
			}
			whole.takePart(p)
			return true
		})
	}
}

func (p *Process) takePart(later *Process) {
	if later.replaces { // a list that is written again
		for name := range p.Flags.Values {
			delete(p.Flags.Values, name)
		}
		p.Flags.Unknown, p.Sites = nil, nil
	}
	for name, vs := range later.Flags.Values {
		if !slices.Contains(p.Flags.Unknown, name) {
			p.Flags.Values[name] = vs
		}
	}
	p.unknown(later.Flags.Unknown...)
	p.Sites = append(p.Sites, later.Sites...)
	if later.Flags.Opaque != "" {
		p.opaque(later.Flags.Opaque)
	}
	if p.Flags.Version == "" {
		p.Flags.Version = later.Flags.Version
	}
}
