package vet

import (
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"
)

// helper is what is certain of a function for its callers, in this package or in another: what it returns, and the
// LISTs that it sends with what it is given.
type helper struct {
	Results []result
	Lists   []site
}

// result is what a function returns in one place, of which its type makes one field meaningful.
type result struct {
	Value   value
	Options options
	Reader  reader
}

// AFact makes helper a fact of go/analysis.
func (*helper) AFact() {}

func (h *helper) String() string { return "helper" }

var _ analysis.Fact = (*helper)(nil)

// helperOf is what is known of a callee, or nil.
func (c *checker) helperOf(fn *ssa.Function) *helper {
	if fn = c.written(fn); fn == nil {
		return nil
	}
	if len(fn.Blocks) > 0 {
		return c.helper(fn)
	}
	if obj, ok := fn.Object().(*types.Func); ok && obj.Pkg() != nil && obj.Pkg() != c.pass.Pkg {
		h := new(helper)
		if c.pass.ImportObjectFact(obj, h) {
			return h
		}
	}
	return nil
}

// helper judges a function of the package, once, and notes what its callers need to know.
func (c *checker) helper(fn *ssa.Function) *helper {
	if h, ok := c.helpers[fn]; ok {
		return h // nil while it is being judged: of recursion nothing is certain
	}
	c.helpers[fn] = nil
	h := &helper{Results: c.results(fn)}
	for _, b := range fn.Blocks {
		for _, in := range b.Instrs {
			if call, ok := in.(*ssa.Call); ok {
				h.Lists = append(h.Lists, c.judge(call)...)
			}
		}
	}
	c.helpers[fn] = h
	return h
}

// judge reports the LIST that a call sends, or that a helper sends for it, and returns those that are up to the caller.
func (c *checker) judge(call *ssa.Call) []site {
	if s, ok := c.list(call); ok {
		return c.judgeSite(call, s)
	}
	callee := call.Common().StaticCallee()
	if callee == nil {
		return nil
	}
	h := c.helperOf(callee)
	if h == nil {
		return nil
	}
	var open []site
	for _, s := range h.Lists {
		s.Options = c.fillOptions(s.Options, call)
		if s.Reader.Kind == givenReader {
			if s.Reader.Param >= len(call.Common().Args) {
				continue
			}
			s.Reader = c.reader(call.Common().Args[s.Reader.Param])
		}
		open = append(open, c.judgeSite(call, s)...)
	}
	return open
}

func (c *checker) judgeSite(call *ssa.Call, s site) []site {
	if s.Given && s.Reader.Kind == structured && s.Loose {
		s.Reader.Kind = uncached
	}
	if s.Given && s.Reader.Kind != uncached && s.Reader.Kind != givenReader {
		return nil
	}
	if !s.open() {
		c.finding(call, s)
		return nil
	}
	node := c.calls[call.Pos()]
	if node == nil || !s.possible() || c.passedOver(node.Pos()) || c.ignored(node, "") {
		return nil
	}
	if s.Where == "" {
		s.Where = c.place(call.Pos())
	}
	return []site{s}
}

// open tells whether a caller decides if this is a finding.
func (s site) open() bool {
	if s.Reader.Kind == givenReader {
		return true
	}
	for _, f := range []field{resourceVersion, limit, continueToken, fieldSelector} {
		if s.Options.Fields[f].open() {
			return true
		}
	}
	return false
}

// possible tells whether there can be a finding at all.
func (s site) possible() bool {
	for _, f := range []field{resourceVersion, limit, continueToken} {
		if s.Options.Fields[f].Kind == Unknown {
			return false
		}
	}
	return true
}

// results joins what a function returns.
func (c *checker) results(fn *ssa.Function) []result {
	n := fn.Signature.Results().Len()
	wanted := false
	for i := range n {
		wanted = wanted || interesting(fn.Signature.Results().At(i).Type())
	}
	if !wanted {
		return nil
	}
	var out []result
	for _, b := range fn.Blocks {
		ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return)
		if !ok || fn.Recover == b || fails(ret) {
			continue
		}
		these := make([]result, n)
		for i, v := range ret.Results {
			these[i] = c.result(v, ret)
		}
		if out == nil {
			out = these
			continue
		}
		for i := range out {
			out[i] = joinResults(out[i], these[i])
		}
	}
	return out
}

// fails tells whether a return hands back an error and nothing beside it, so that nobody uses what is there.
func fails(ret *ssa.Return) bool {
	if len(ret.Results) < 2 {
		return false
	}
	for i, v := range ret.Results {
		k, constant := v.(*ssa.Const)
		switch last := i == len(ret.Results)-1; {
		case last:
			return isError(v.Type()) && (!constant || !k.IsNil())
		case !constant || k.Value != nil && constantValue(k).Kind != Zero:
			return false
		}
	}
	return false
}

func joinResults(a, b result) result {
	out := result{Value: join(a.Value, b.Value), Options: joinOptions(a.Options, b.Options)}
	if a.Reader.Kind == b.Reader.Kind && a.Reader.Param == b.Reader.Param {
		out.Reader = a.Reader
	}
	return out
}

// interesting tells whether a result of a type can go into a LIST.
func interesting(t types.Type) bool {
	switch path, name := named(t); {
	case name == "ListOptions" && (path == metaV1 || path == ctrlClient),
		path == ctrlClient && (name == "Client" || name == "Reader" || name == "WithWatch"),
		path == fieldsPkg && name == "Selector":
		return true
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsString|types.IsInteger) != 0
}

func (c *checker) result(v ssa.Value, at ssa.Instruction) result {
	t := v.Type()
	switch _, name := named(t); {
	case !interesting(t):
		return result{}
	case name == "ListOptions":
		return result{Options: c.options(v, at)}
	case name == "Client" || name == "Reader" || name == "WithWatch":
		return result{Reader: c.reader(v)}
	}
	return result{Value: c.value(v)}
}

// exportHelpers hands what other packages can use of this one to their passes.
func (c *checker) exportHelpers() {
	for fn, h := range c.helpers {
		obj, ok := fn.Object().(*types.Func)
		if h == nil || !ok || obj.Pkg() != c.pass.Pkg || !obj.Exported() || fn.Synthetic != "" || !h.useful() {
			continue
		}
		c.pass.ExportObjectFact(obj, h)
	}
}

// useful tells whether there is anything certain in it.
func (h *helper) useful() bool {
	for _, r := range h.Results {
		if r.Value.Kind != Unknown || r.Reader.Kind != unknownReader {
			return true
		}
		for _, v := range r.Options.Fields {
			if v.Kind != Unknown {
				return true
			}
		}
	}
	return len(h.Lists) > 0
}
