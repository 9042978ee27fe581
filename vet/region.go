package vet

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// region reads the options that lie at an address: what they begin as, and every store to them that may have been
// done when an instruction reads them. An address that goes elsewhere leaves nothing certain.
func (c *checker) region(root ssa.Value, begin options, at ssa.Instruction) options {
	var whole []*ssa.Store
	fields := map[string][]*ssa.Store{}
	lost := map[string]bool{}
	for _, ref := range *root.Referrers() {
		if at != nil && tooLate(ref, at) {
			continue
		}
		switch ref := ref.(type) {
		case *ssa.Store:
			if ref.Addr != root {
				if f, ok := ref.Addr.(*ssa.FieldAddr); ok && fieldOf(f).Name() == "Raw" {
					continue // of controller-runtime's options, which only read it
				}
				return options{}
			}
			whole = append(whole, ref)
		case *ssa.FieldAddr:
			name := fieldOf(ref).Name()
			stores, ok := fieldStores(ref)
			if at != nil {
				stores = slices.DeleteFunc(stores, func(s *ssa.Store) bool { return tooLate(s, at) })
			}
			fields[name] = append(fields[name], stores...)
			lost[name] = lost[name] || !ok
		default:
			if !c.harmless(ref, root) {
				return options{}
			}
		}
	}
	out := c.wholeStores(begin, whole, at)
	for name, stores := range fields {
		for _, f := range fieldsNamed[name] {
			out.Fields[f] = c.fieldStored(f, out.Fields[f], stores, at)
			if lost[name] {
				out.Fields[f] = value{}
			}
		}
	}
	return out
}

func (c *checker) wholeStores(begin options, stores []*ssa.Store, at ssa.Instruction) options {
	if len(stores) == 0 {
		return begin
	}
	out := c.options(stores[0].Val, stores[0])
	certain := before(stores[0], at)
	for _, s := range stores[1:] {
		out = joinOptions(out, c.options(s.Val, s))
		certain = certain || before(s, at)
	}
	if !certain {
		out = joinOptions(out, begin)
	}
	return out
}

// fieldStored is the value of a field: the one store to it that is always done, or what all of them agree in.
func (c *checker) fieldStored(f field, begin value, stores []*ssa.Store, at ssa.Instruction) value {
	out, certain := begin, false
	for i, s := range stores {
		if v := c.storedField(f, s); i == 0 {
			out = v
		} else {
			out = join(out, v)
		}
		certain = certain || before(s, at)
	}
	if !certain {
		return join(out, begin)
	}
	return out
}

// storedField is what a store makes of a field.
func (c *checker) storedField(f field, s *ssa.Store) value {
	if f < raw {
		return c.value(s.Val)
	}
	inner := c.options(s.Val, s)
	switch f {
	case rawResourceVersion:
		return inner.Fields[resourceVersion]
	case rawResourceVersionMatch:
		return inner.Fields[resourceVersionMatch]
	case rawFieldSelector:
		return inner.Fields[fieldSelector]
	case rawLabelSelector:
		return inner.Fields[labelSelector]
	default:
	}
	if k, ok := s.Val.(*ssa.Const); ok && k.IsNil() {
		return value{Kind: Zero}
	}
	return value{Kind: Known, Text: "set"}
}

// fieldStores are the stores through the address of a field; false if the address goes elsewhere.
func fieldStores(a *ssa.FieldAddr) (stores []*ssa.Store, ok bool) {
	ok = true
	for _, ref := range *a.Referrers() {
		switch ref := ref.(type) {
		case *ssa.Store:
			if ref.Addr != a {
				ok = false
			}
			stores = append(stores, ref)
		case *ssa.UnOp:
			if _, pointer := ref.Type().Underlying().(*types.Pointer); pointer {
				ok = false // what it points to may be set through it
			}
		default:
			ok = false
		}
	}
	return stores, ok
}

// harmless tells whether an instruction that has the address of options leaves them as they are.
func (c *checker) harmless(in ssa.Instruction, root ssa.Value) bool {
	switch in := in.(type) {
	case *ssa.UnOp, *ssa.Return, *ssa.DebugRef, *ssa.BinOp, *ssa.If:
		return true
	case *ssa.MakeInterface:
		return readOnly(in)
	case *ssa.Call:
		return c.readsOnly(in.Common(), root)
	case *ssa.MakeClosure:
		fn, ok := in.Fn.(*ssa.Function)
		if !ok {
			return false
		}
		for i, b := range in.Bindings {
			if b == root && !c.leaves(fn.FreeVars[i]) {
				return false
			}
		}
		return true
	}
	return false
}

// leaves tells whether a closure only reads a variable that it captures.
func (c *checker) leaves(v *ssa.FreeVar) bool {
	for _, ref := range *v.Referrers() {
		switch ref := ref.(type) {
		case *ssa.FieldAddr:
			if stores, ok := fieldStores(ref); !ok || len(stores) > 0 {
				return false
			}
		default:
			if !c.harmless(ref, v) {
				return false
			}
		}
	}
	return true
}

// readOnly tells whether an interface that holds the address is of a kind whose users read: the options of a call,
// the object that is encoded into a query, the argument of a log line.
func readOnly(in *ssa.MakeInterface) bool {
	switch t := in.Type().(type) {
	case *types.Named:
		return t.Obj().Name() == "ListOption" || t.Obj().Name() == "Object"
	case *types.Interface:
		return t.NumMethods() == 0
	case *types.Alias:
		return t.Obj().Name() == "any"
	}
	return false
}

// readsOnly tells whether a call that is given the address reads only.
func (c *checker) readsOnly(call *ssa.CallCommon, root ssa.Value) bool {
	fn := call.StaticCallee()
	if fn == nil {
		return false
	}
	switch fn.Name() {
	case "DeepCopy", "DeepCopyInto", "DeepCopyObject", "String", "Size", "Marshal", "GetObjectKind", "AsListOptions":
		return fn.Pkg != nil && fn.Pkg != c.pkg
	}
	w := c.written(fn)
	if w.Pkg != c.pkg || len(w.Blocks) == 0 || c.visiting[w] {
		return false
	}
	c.visiting[w] = true
	defer delete(c.visiting, w)
	for i, arg := range call.Args {
		if arg == root && !c.leavesParam(w.Params[i]) {
			return false
		}
	}
	return true
}

func (c *checker) leavesParam(p *ssa.Parameter) bool {
	return !slices.ContainsFunc(*p.Referrers(), func(ref ssa.Instruction) bool {
		if f, ok := ref.(*ssa.FieldAddr); ok {
			stores, ok := fieldStores(f)
			return !ok || len(stores) > 0
		}
		return !c.harmless(ref, p)
	})
}
