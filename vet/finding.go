package vet

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"
)

// finding reports a LIST if it is certain to be one that costs.
func (c *checker) finding(call *ssa.Call, s site) {
	node := c.calls[call.Pos()]
	if node == nil || c.passedOver(node.Pos()) || c.reported[node.Pos()] {
		return
	}
	f := c.classify(call, s)
	if f.category == "" || !c.settings.wants(f.category) || c.ignored(node, f.category) {
		return
	}
	c.reported[node.Pos()] = true
	d := analysis.Diagnostic{
		Pos: node.Pos(), End: node.End(), Category: f.category,
		Message: fmt.Sprintf("%s [%s]", f.message, f.category),
		URL:     "#" + f.category,
	}
	d.Related = c.related(call, node, s, f)
	if f.category == RV0Limit && !s.Any {
		d.SuggestedFixes = c.withoutLimit(node)
	}
	c.pass.Report(d)
}

// verdict is what a finding says.
type verdict struct {
	category, message string
	repeat            repeat
}

// classify names what is wrong with a LIST, the gravest first. No category: nothing, or nothing certain.
func (c *checker) classify(call *ssa.Call, s site) verdict {
	rv, lim, next := s.Options.Fields[resourceVersion], s.Options.Fields[limit], s.Options.Fields[continueToken]
	selected, node := selects(s.Options.Fields[fieldSelector])
	zero := rv.Kind == Known && rv.Text == "0"
	switch {
	case selected != manyObjects, node && strings.HasPrefix(strings.ToLower(s.What), "resourceslice"):
		return verdict{} // one, or those of a node, for which every server that has them has an index
	case zero && lim.nonZero() && !s.Events && s.Options.Fields[resourceVersionMatch].Kind != Unknown && s.Options.Fields[resourceVersionMatch].Text != "Exact":
		return verdict{category: RV0Limit, message: s.rv0Limit()}
	case lim.Kind != Zero || next.Kind != Zero || rv.Kind != Zero && !zero:
		return verdict{}
	}
	if r, ok := c.polled(call); ok {
		return verdict{category: Poll, message: s.poll(r, zero), repeat: r}
	}
	if zero {
		return verdict{}
	}
	if node && (s.Any || strings.HasPrefix(strings.ToLower(s.What), "pod")) {
		return verdict{category: PerNode, message: s.perNode()}
	}
	if l := c.itemLoop(call); l != nil {
		r := repeat{how: "the loop", pos: l.Pos()}
		return verdict{category: InLoop, message: s.inLoop(), repeat: r}
	}
	switch {
	case s.Small:
		return verdict{category: Small, message: s.unbounded()}
	case s.Raw:
		return verdict{category: Raw, message: s.unbounded()}
	case s.Scope == oneNamespace || s.Scope == someNamespace:
		return verdict{category: Namespace, message: s.unbounded()}
	}
	return verdict{category: Unbounded, message: s.unbounded()}
}

// polled tells what repeats a call on a timer.
func (c *checker) polled(call *ssa.Call) (repeat, bool) {
	if l := c.timedLoop(call); l != nil {
		return repeat{how: "the loop", pos: l.Pos()}, true
	}
	r, ok := c.repeats[call.Parent()]
	if !ok || r.condition && endsAfter(call) {
		return repeat{}, false
	}
	return r, true
}

type selection int

const (
	manyObjects selection = iota
	oneObject
	notCertain
)

// selects tells what a field selector leaves: perhaps one object by its name, and whether it is by node.
func selects(v value) (sel selection, node bool) {
	switch v.Kind {
	case Zero:
		return manyObjects, false
	case Known, Pattern:
	default:
		return notCertain, false
	}
	for term := range strings.SplitSeq(v.Text, ",") {
		key, _, _ := strings.Cut(term, "=")
		switch {
		case strings.Contains(key, hole):
			return notCertain, false
		case strings.TrimSpace(key) == "metadata.name":
			return oneObject, false
		case strings.TrimSpace(key) == "spec.nodeName" && !strings.HasSuffix(term, "="):
			node = true
		}
	}
	return manyObjects, node
}

// related are the other places that a person wants to see.
func (c *checker) related(call *ssa.Call, node ast.Node, s site, f verdict) []analysis.RelatedInformation {
	var out []analysis.RelatedInformation
	note := func(pos token.Pos, message string) {
		if pos.IsValid() && c.pass.Fset.Position(pos).Line != c.pass.Fset.Position(node.Pos()).Line {
			out = append(out, analysis.RelatedInformation{Pos: pos, Message: message})
		}
	}
	note(s.Options.built, "the options are made here")
	note(s.Reader.pos, "the reader comes from here: "+s.Reader.How)
	note(f.repeat.pos, f.repeat.how+" repeats it")
	if callee := call.Common().StaticCallee(); s.Where != "" && callee != nil && callee.Object() != nil {
		note(callee.Object().Pos(), callee.Name()+" sends it")
	}
	return out
}

// withoutLimit removes a limit that the server ignores, where both stand in one literal.
func (c *checker) withoutLimit(call *ast.CallExpr) []analysis.SuggestedFix {
	var fix []analysis.SuggestedFix
	for _, arg := range call.Args {
		lit, ok := ast.Unparen(arg).(*ast.CompositeLit)
		if !ok || !is(c.pass.TypesInfo.TypeOf(lit), metaV1, "ListOptions") {
			continue
		}
		for i, e := range lit.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				return nil
			}
			if key, ok := kv.Key.(*ast.Ident); !ok || key.Name != "Limit" {
				continue
			}
			if c.pass.TypesInfo.Types[kv.Value].Value == nil {
				return nil
			}
			pos, end := kv.Pos(), kv.End()
			switch {
			case i > 0:
				pos = lit.Elts[i-1].End()
			case len(lit.Elts) > 1:
				end = lit.Elts[1].Pos()
			}
			fix = append(fix, analysis.SuggestedFix{
				Message:   "Remove the limit, which the server ignores beside resourceVersion=0",
				TextEdits: []analysis.TextEdit{{Pos: pos, End: end}},
			})
		}
	}
	return fix
}
