package auditgen

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A pattern is text with holes, which each request fills in its own way: "/api/v1/namespaces/«ns»/pods".
type pattern []part

// A part is literal text, and then what a request writes.
type part struct {
	text string
	hole func(b []byte, g *Generator, r *request) []byte
}

// compile reads a pattern. Its holes are those of the table holes.
func compile(s string) pattern {
	var p pattern
	for {
		text, rest, ok := strings.Cut(s, "«")
		if !ok {
			return append(p, part{text: text})
		}
		name, rest, _ := strings.Cut(rest, "»")
		hole, ok := holes[name]
		if !ok {
			panic(fmt.Sprintf("no hole is called %q", name))
		}
		p = append(p, part{text: text, hole: hole})
		s = rest
	}
}

// quoted is text with holes as a JSON string, escaped as the server does it: & is \u0026.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return string(b)
}

func (p pattern) append(b []byte, g *Generator, r *request) []byte {
	for i := range p {
		b = append(b, p[i].text...)
		if p[i].hole != nil {
			b = p[i].hole(b, g, r)
		}
	}
	return b
}
