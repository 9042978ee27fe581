package vet

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// field is one of the fields that decide who answers a LIST; others are not kept.
type field int

const (
	resourceVersion field = iota
	resourceVersionMatch
	limit
	continueToken
	fieldSelector
	labelSelector
	namespace // the rest are controller-runtime's
	raw
	rawResourceVersion
	rawResourceVersionMatch
	rawFieldSelector
	rawLabelSelector
	numFields
)

// fieldsNamed are the fields that a field of the Go types stands for.
var fieldsNamed = map[string][]field{
	"ResourceVersion":      {resourceVersion},
	"ResourceVersionMatch": {resourceVersionMatch},
	"Limit":                {limit},
	"Continue":             {continueToken},
	"FieldSelector":        {fieldSelector},
	"LabelSelector":        {labelSelector},
	"Namespace":            {namespace},
	"Raw":                  {raw, rawResourceVersion, rawResourceVersionMatch, rawFieldSelector, rawLabelSelector},
}

// options is what is certain of a metav1.ListOptions, or of controller-runtime's.
type options struct {
	Fields [numFields]value
	built  token.Pos // where they were made, if that is one place
}

// uniform is options of which the same is certain in every field.
func uniform(v value) options {
	var o options
	for f := range o.Fields {
		o.Fields[f] = v
		if v.Kind == Field {
			o.Fields[f].Field = field(f)
		}
	}
	return o
}

func joinOptions(a, b options) options {
	var out options
	for f := range out.Fields {
		out.Fields[f] = join(a.Fields[f], b.Fields[f])
	}
	if a.built == b.built {
		out.built = a.built
	}
	return out
}

// options follows list options, or a pointer to them, to where they are made. They are read at an instruction, or, if
// that is nil, where they are passed on.
func (c *checker) options(v ssa.Value, at ssa.Instruction) options {
	if c.visiting[v] {
		return options{}
	}
	c.visiting[v] = true
	defer delete(c.visiting, v)
	if at == nil {
		at, _ = v.(ssa.Instruction)
	}
	if _, pointer := v.Type().Underlying().(*types.Pointer); pointer {
		return c.pointee(v, at)
	}
	switch v := v.(type) {
	case *ssa.Const:
		return uniform(value{Kind: Zero})
	case *ssa.UnOp:
		if v.Op == token.MUL {
			return c.pointee(v.X, v)
		}
	case *ssa.Call:
		return c.returned(v, 0)
	case *ssa.Extract:
		if call, ok := v.Tuple.(*ssa.Call); ok {
			return c.returned(call, v.Index)
		}
	case *ssa.Phi:
		return c.joinedOptions(v.Edges)
	case *ssa.Parameter:
		return uniform(value{Kind: Field, Param: paramIndex(v)})
	case *ssa.MakeInterface:
		return c.options(v.X, at)
	case *ssa.ChangeType:
		return c.options(v.X, at)
	}
	return options{}
}

func (c *checker) joinedOptions(vs []ssa.Value) options {
	var out options
	for i, v := range vs {
		if got := c.options(v, nil); i == 0 {
			out = got
		} else {
			out = joinOptions(out, got)
		}
	}
	return out
}

// pointee is what is certain of the options at an address when an instruction reads them.
func (c *checker) pointee(addr ssa.Value, at ssa.Instruction) options {
	switch a := addr.(type) {
	case *ssa.Const:
		return uniform(value{Kind: Zero}) // nil
	case *ssa.Alloc:
		begin := uniform(value{Kind: Zero})
		begin.built = a.Pos()
		return c.region(a, begin, at)
	case *ssa.Parameter:
		return c.region(a, uniform(value{Kind: Field, Param: paramIndex(a)}), at)
	case *ssa.FreeVar:
		if bound, made := c.captured(a); bound != nil {
			return c.pointee(bound, made)
		}
	case *ssa.Global:
		return c.global(a)
	case *ssa.Call:
		return c.region(a, c.returned(a, 0), at)
	case *ssa.Extract:
		if call, ok := a.Tuple.(*ssa.Call); ok {
			return c.region(a, c.returned(call, a.Index), at)
		}
	}
	return options{}
}

// captured is the variable that a closure captures, and the instruction that makes the closure, if there is one such.
func (c *checker) captured(v *ssa.FreeVar) (ssa.Value, *ssa.MakeClosure) {
	fn := v.Parent()
	if fn.Parent() == nil {
		return nil, nil
	}
	var found *ssa.MakeClosure
	for _, b := range fn.Parent().Blocks {
		for _, in := range b.Instrs {
			if m, ok := in.(*ssa.MakeClosure); ok && m.Fn == fn {
				if found != nil {
					return nil, nil
				}
				found = m
			}
		}
	}
	if found == nil {
		return nil, nil
	}
	for i, f := range fn.FreeVars {
		if f == v {
			return found.Bindings[i], found
		}
	}
	return nil, nil
}

// global is a variable of the package that only its declaration sets, and that no other package can set.
func (c *checker) global(g *ssa.Global) options {
	if g.Pkg != c.pkg || token.IsExported(g.Name()) {
		return options{}
	}
	var out *options
	for _, fn := range c.funcs {
		for _, b := range fn.Blocks {
			for _, in := range b.Instrs {
				if !uses(in, g) {
					continue
				}
				switch in := in.(type) {
				case *ssa.UnOp:
				case *ssa.Store:
					if in.Addr != g || out != nil || fn.Name() != "init" {
						return options{}
					}
					o := c.options(in.Val, in)
					out = &o
				case *ssa.FieldAddr: // of a literal
					if fn.Name() != "init" {
						return options{}
					}
				default:
					return options{}
				}
			}
		}
	}
	if out == nil {
		return options{}
	}
	return *out
}

func uses(in ssa.Instruction, v ssa.Value) bool {
	for _, op := range in.Operands(nil) {
		if *op == v {
			return true
		}
	}
	return false
}

// returned is a result of a helper that makes options.
func (c *checker) returned(call *ssa.Call, result int) options {
	h := c.helperOf(call.Common().StaticCallee())
	if h == nil || result >= len(h.Results) {
		return options{}
	}
	return c.fillOptions(h.Results[result].Options, call)
}

// fillOptions puts what a call passes in the place of parameters.
func (c *checker) fillOptions(o options, call *ssa.Call) options {
	out := options{built: call.Pos()}
	for f, v := range o.Fields {
		out.Fields[f] = c.fill(v, call)
	}
	return out
}
