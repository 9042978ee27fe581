package vet

import (
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// reader is where one of controller-runtime's readers comes from.
type reader struct {
	Kind  readerKind
	Param int
	How   string // "GetAPIReader(), which does not read from the cache"
	pos   token.Pos
}

type readerKind int

const (
	unknownReader readerKind = iota
	cached                   // or a fake
	uncached
	structured // cached, but for unstructured objects
	givenReader
)

// readerList tells List of controller-runtime's client.Reader by its shape.
func readerList(fn *types.Func) bool {
	p := fn.Signature().Params()
	if !fn.Signature().Variadic() || p.Len() != 3 || !is(p.At(1).Type(), ctrlClient, "ObjectList") {
		return false
	}
	s, ok := p.At(2).Type().(*types.Slice)
	return ok && is(s.Elem(), ctrlClient, "ListOption")
}

// readerSite describes a LIST through a reader of controller-runtime.
func (c *checker) readerSite(call *ssa.Call, recv ssa.Value, args []ssa.Value) (site, bool) {
	r := c.reader(recv)
	path, kind := named(dynamicValue(args[1]).Type())
	if r.Kind == unknownReader || r.Kind == cached {
		return site{}, false
	}
	s := site{Given: true, Loose: path == unstructured, Reader: r, Options: c.listOptions(call, args[2]), What: strings.TrimSuffix(kind, "List") + " objects"}
	switch {
	case path == unstructured, kind == "PartialObjectMetadataList":
		s.What, s.Any = "objects", true
	case !strings.HasSuffix(kind, "List"):
		s.What, s.Any = "objects", true
	case !s.describe(path, kind):
		return site{}, false
	}
	if s.Scope != clusterScoped {
		s.Scope = scopeOf(s.Options.Fields[namespace])
	}
	s.Options = rawUnder(s.Options)
	return s, true
}

// rawUnder makes of controller-runtime's options what is sent: it takes limit and continue from its own fields, and the
// rest of what is in Raw.
func rawUnder(o options) options {
	if o.Fields[raw].Kind == Zero {
		o.Fields[resourceVersion], o.Fields[resourceVersionMatch] = value{Kind: Zero}, value{Kind: Zero}
		return o
	}
	o.Fields[resourceVersion], o.Fields[resourceVersionMatch] = o.Fields[rawResourceVersion], o.Fields[rawResourceVersionMatch]
	if o.Fields[fieldSelector].Kind == Zero {
		o.Fields[fieldSelector] = o.Fields[rawFieldSelector]
	}
	if o.Fields[labelSelector].Kind == Zero {
		o.Fields[labelSelector] = o.Fields[rawLabelSelector]
	}
	return o
}

// listOptions applies controller-runtime's ListOption values, in order.
func (c *checker) listOptions(call *ssa.Call, variadic ssa.Value) options {
	elems, ok := elements(variadic)
	if !ok {
		return options{}
	}
	out := uniform(value{Kind: Zero})
	out.built = call.Pos()
	for _, e := range elems {
		if !c.applyOption(&out, dynamicValue(e), call) {
			return options{}
		}
	}
	return out
}

// dynamicValue is what an interface holds.
func dynamicValue(v ssa.Value) ssa.Value {
	for {
		switch w := v.(type) {
		case *ssa.MakeInterface:
			v = w.X
		case *ssa.ChangeInterface:
			v = w.X
		default:
			return v
		}
	}
}

func (c *checker) applyOption(o *options, v ssa.Value, at ssa.Instruction) bool {
	path, name := named(v.Type())
	if path != ctrlClient {
		return false
	}
	switch name {
	case "InNamespace":
		o.Fields[namespace] = c.value(v)
	case "Limit":
		o.Fields[limit] = c.value(v)
	case "Continue":
		o.Fields[continueToken] = c.value(v)
	case "MatchingFields":
		o.Fields[fieldSelector] = c.value(v)
	case "MatchingFieldsSelector":
		o.Fields[fieldSelector] = value{}
	case "MatchingLabels", "HasLabels", "MatchingLabelsSelector":
		o.Fields[labelSelector] = value{}
	case "UnsafeDisableDeepCopyOption", "unsafeDisableDeepCopyOption":
	case "ListOptions":
		for f, v := range c.options(v, at).Fields {
			switch {
			case v.Kind == Zero:
			case v.set():
				o.Fields[f] = v
			default:
				o.Fields[f] = value{}
			}
		}
	default:
		return false
	}
	return true
}

// reader follows a reader to where it comes from.
func (c *checker) reader(v ssa.Value) reader {
	if c.visiting[v] {
		return reader{}
	}
	c.visiting[v] = true
	defer delete(c.visiting, v)
	switch v := v.(type) {
	case *ssa.MakeInterface:
		return c.reader(v.X)
	case *ssa.ChangeInterface:
		return c.reader(v.X)
	case *ssa.ChangeType:
		return c.reader(v.X)
	case *ssa.TypeAssert:
		return c.reader(v.X)
	case *ssa.Parameter:
		if _, ok := v.Type().Underlying().(*types.Interface); ok {
			return reader{Kind: givenReader, Param: paramIndex(v)}
		}
	case *ssa.Phi:
		return c.joinedReaders(v.Edges)
	case *ssa.Extract:
		if call, ok := v.Tuple.(*ssa.Call); ok {
			return c.readerOf(call, v.Index)
		}
	case *ssa.Call:
		return c.readerOf(v, 0)
	case *ssa.UnOp:
		if v.Op == token.MUL {
			return c.storedReader(v.X)
		}
	case *ssa.Field:
		return c.joinedReaders(c.stores[v.X.Type().Underlying().(*types.Struct).Field(v.Field).Origin()])
	}
	return reader{}
}

func (c *checker) joinedReaders(vs []ssa.Value) reader {
	var out reader
	for i, v := range vs {
		r := c.reader(v)
		if i == 0 {
			out = r
		} else if r.Kind != out.Kind {
			return reader{}
		}
	}
	if out.Kind == givenReader && len(vs) > 1 {
		return reader{}
	}
	return out
}

// storedReader is the reader at an address: a local variable, a field or a package variable. What a field holds is
// certain only if everything that the package stores there comes from the same place.
func (c *checker) storedReader(addr ssa.Value) reader {
	switch a := addr.(type) {
	case *ssa.Alloc:
		var vals []ssa.Value
		for _, ref := range *a.Referrers() {
			if s, ok := ref.(*ssa.Store); ok && s.Addr == a {
				vals = append(vals, s.Val)
			}
		}
		return c.joinedReaders(vals)
	case *ssa.FreeVar:
		if bound, _ := c.captured(a); bound != nil {
			r := c.storedReader(bound)
			if r.Kind == givenReader {
				return reader{} // of the function around it
			}
			return r
		}
	case *ssa.FieldAddr:
		r := c.joinedReaders(c.stores[fieldOf(a)])
		if r.Kind == givenReader {
			return reader{}
		}
		return r
	case *ssa.Global:
		return c.joinedReaders(c.stores[a])
	}
	return reader{}
}

// readerOf is what a call returns.
func (c *checker) readerOf(call *ssa.Call, result int) reader {
	fn, recv, args := method(call.Common())
	if fn == nil {
		return reader{}
	}
	name := funcName(fn)
	switch {
	case !strings.HasPrefix(name, ctrl+"/"):
	case fn.Name() == "GetAPIReader" && recv != nil:
		return reader{Kind: uncached, How: "GetAPIReader(), which does not read from the cache", pos: call.Pos()}
	case fn.Name() == "GetClient" && recv != nil:
		return c.managerClient(recv)
	case fn.Name() == "GetCache" && recv != nil, strings.Contains(name, "/fake."):
		return reader{Kind: cached}
	case name == ctrlClient+".New", name == ctrlClient+".NewWithWatch":
		if c.zeroField(args[1], "Cache") && result == 0 {
			return reader{Kind: uncached, How: "client." + fn.Name() + ", which does not read from a cache", pos: call.Pos()}
		}
		return reader{}
	case name == ctrlClient+".NewNamespacedClient", name == ctrlClient+".NewDryRunClient",
		name == ctrlClient+".WithFieldOwner", name == ctrlClient+".WithFieldValidation":
		return c.reader(args[0])
	default:
		return reader{}
	}
	h := c.helperOf(call.Common().StaticCallee())
	if h == nil || result >= len(h.Results) {
		return reader{}
	}
	r := h.Results[result].Reader
	if r.Kind == givenReader {
		if r.Param >= len(call.Common().Args) {
			return reader{}
		}
		return c.reader(call.Common().Args[r.Param])
	}
	r.pos = call.Pos()
	return r
}

// managerClient is GetClient of a manager: it reads from the cache, but, unless it was told otherwise, not unstructured
// objects. That is certain only where the manager is made.
func (c *checker) managerClient(mgr ssa.Value) reader {
	ext, ok := unwrap(mgr).(*ssa.Extract)
	if !ok {
		return reader{Kind: cached}
	}
	call, ok := ext.Tuple.(*ssa.Call)
	if !ok {
		return reader{Kind: cached}
	}
	args := call.Common().Args
	if len(args) != 2 || !makesManager(call.Common()) {
		return reader{Kind: cached}
	}
	if is(args[1].Type(), ctrl+"/pkg/manager", "Options") && c.zeroField(args[1], "Client") && c.zeroField(args[1], "NewClient") {
		return reader{Kind: structured, How: "GetClient(), whose cache leaves out unstructured objects", pos: call.Pos()}
	}
	return reader{Kind: cached}
}

// makesManager tells a call of manager.New, or of ctrl.NewManager, which is a variable.
func makesManager(call *ssa.CallCommon) bool {
	if fn := call.StaticCallee(); fn != nil {
		return calleeName(fn) == ctrl+"/pkg/manager.New"
	}
	load, ok := call.Value.(*ssa.UnOp)
	if !ok {
		return false
	}
	g, ok := load.X.(*ssa.Global)
	return ok && g.Name() == "NewManager" && importPath(g.Pkg.Pkg.Path()) == ctrl
}

// zeroField tells whether a field of a struct is certain to be its zero: of a literal that is used once, and does not set it.
func (c *checker) zeroField(v ssa.Value, name string) bool {
	switch v := v.(type) {
	case *ssa.Const:
		return true
	case *ssa.UnOp:
		a, ok := v.X.(*ssa.Alloc)
		if !ok {
			return false
		}
		for _, ref := range *a.Referrers() {
			switch ref := ref.(type) {
			case *ssa.UnOp:
			case *ssa.FieldAddr:
				if fieldOf(ref).Name() == name {
					return false
				}
			default:
				return false
			}
		}
		return true
	}
	return false
}
