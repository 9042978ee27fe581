package vet

import (
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// site is a LIST: a call that sends one, or one that a helper sends with what its caller passes.
type site struct {
	Raw     bool // a REST request put together by hand
	Options options
	Reader  reader // of controller-runtime; a client of client-go is live
	What    string // "pods"
	Scope   scope
	Small   bool   // of a kind of which there are few
	Events  bool   // no watch cache
	Any     bool   // of a kind that only the run tells
	Loose   bool   // of unstructured objects
	Given   bool   // Reader counts
	Where   string // of one that a helper sends: the function and the line
}

// scope is how much of a collection a LIST asks for.
type scope int

const (
	someNamespace scope = iota // which one, or whether all, is not certain
	oneNamespace
	allNamespaces
	clusterScoped
)

// list recognises a call that sends a LIST.
func (c *checker) list(call *ssa.Call) (site, bool) {
	fn, recv, args := method(call.Common())
	if fn == nil || recv == nil {
		return site{}, false
	}
	switch {
	case fn.Name() == "List" && typedList(fn, recv):
		return c.typedSite(call, fn, recv, args)
	case fn.Name() == "List" && readerList(fn):
		return c.readerSite(call, recv, args)
	case strings.HasPrefix(funcName(fn), restPkg+".Request.Do"):
		return c.rawSite(recv)
	}
	return site{}, false
}

// typedList tells a method of a generated, dynamic or metadata client by its shape: List(ctx, metav1.ListOptions)
// (*XList, error) beside a Watch or Get of their shape.
func typedList(fn *types.Func, recv ssa.Value) bool {
	sig := fn.Signature()
	params, results := sig.Params(), sig.Results()
	if params.Len() == 0 || params.Len() > 2 || results.Len() != 2 || sig.Variadic() {
		return false
	}
	last := params.At(params.Len() - 1).Type()
	if _, pointer := last.(*types.Pointer); pointer || !is(last, metaV1, "ListOptions") {
		return false
	}
	if _, name := named(results.At(0).Type()); !strings.HasSuffix(name, "List") {
		return false
	}
	for sel := range types.NewMethodSet(recv.Type()).Methods() {
		m, ok := sel.Obj().(*types.Func)
		if !ok {
			continue
		}
		switch p := m.Signature().Params(); {
		case m.Name() == "Watch" && p.Len() > 0 && is(p.At(p.Len()-1).Type(), metaV1, "ListOptions"):
			return true
		case m.Name() == "Get" && hasParam(p, "GetOptions"):
			return true
		}
	}
	return false
}

func hasParam(params *types.Tuple, name string) bool {
	for p := range params.Variables() {
		if is(p.Type(), metaV1, name) {
			return true
		}
	}
	return false
}

// typedSite describes a LIST through a client of client-go's shape.
func (c *checker) typedSite(call *ssa.Call, fn *types.Func, recv ssa.Value, args []ssa.Value) (site, bool) {
	if fake(recv) {
		return site{}, false
	}
	path, kind := named(fn.Signature().Results().At(0).Type())
	s := site{Options: c.options(args[len(args)-1], call), What: strings.TrimSuffix(kind, "List") + " objects"}
	if !s.describe(path, kind) {
		return site{}, false
	}
	if path == unstructured || kind == "PartialObjectMetadataList" {
		s.What, s.Any = "objects", true
	}
	c.getter(&s, recv)
	return s, s.Scope != scope(-1)
}

// describe notes what a kind of list says of its collection; false if a LIST of it is no load on etcd at all.
func (s *site) describe(path, kind string) bool {
	switch {
	case strings.HasPrefix(path, "k8s.io/metrics/"), kind == "ComponentStatusList":
		return false // served by others, from memory
	case kind == "EventList" && (path == "k8s.io/api/core/v1" || strings.HasPrefix(path, "k8s.io/api/events/")):
		s.Events = true
	}
	kind = strings.TrimSuffix(kind, "List")
	builtIn := strings.HasPrefix(path, "k8s.io/")
	s.Small = builtIn && few[kind]
	if builtIn && (few[kind] || global[kind]) {
		s.Scope = clusterScoped
	}
	return true
}

// few are kinds of which clusters have few objects, and small ones.
var few = map[string]bool{
	"Namespace": true, "StorageClass": true, "CSIDriver": true, "VolumeAttributesClass": true, "APIService": true,
	"IngressClass": true, "PriorityClass": true, "RuntimeClass": true, "DeviceClass": true, "PodSecurityPolicy": true,
	"FlowSchema": true, "PriorityLevelConfiguration": true, "ServiceCIDR": true, "ClusterRole": true,
	"MutatingWebhookConfiguration": true, "ValidatingWebhookConfiguration": true,
	"ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true,
	"MutatingAdmissionPolicy": true, "MutatingAdmissionPolicyBinding": true,
}

// global are the other built-in kinds that are in no namespace.
var global = map[string]bool{
	"Node": true, "PersistentVolume": true, "VolumeAttachment": true, "CSINode": true, "ClusterRoleBinding": true,
	"CertificateSigningRequest": true, "CustomResourceDefinition": true, "ResourceSlice": true, "StorageVersion": true,
}

// getter notes what the call that the client comes from says: Pods(ns), Nodes(), Resource(gvr), Namespace(ns).
func (c *checker) getter(s *site, recv ssa.Value) {
	call, ok := unwrap(recv).(*ssa.Call)
	if !ok {
		return
	}
	fn, inner, args := method(call.Common())
	if fn == nil || inner == nil {
		return
	}
	switch {
	case fn.Name() == "Namespace" && len(args) == 1 && s.Any:
		c.getter(s, inner)
		if s.Scope != scope(-1) && s.Scope != clusterScoped {
			s.Scope = scopeOf(c.value(args[0]))
		}
	case fn.Name() == "Resource" && len(args) == 1 && s.Any:
		s.Scope = allNamespaces
		c.resource(s, args[0])
	case len(args) == 0:
		s.Scope, s.What = clusterScoped, strings.ToLower(fn.Name())
	case len(args) == 1 && isString(args[0].Type()):
		s.Scope, s.What = scopeOf(c.value(args[0])), strings.ToLower(fn.Name())
	}
}

func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.String
}

func scopeOf(ns value) scope {
	switch {
	case ns.Kind == Zero:
		return allNamespaces
	case ns.nonZero():
		return oneNamespace
	}
	return someNamespace
}

// resource notes what a GroupVersionResource says, where it is a literal.
func (c *checker) resource(s *site, gvr ssa.Value) {
	s.What = "objects"
	group, name := c.literalField(gvr, "Group"), c.literalField(gvr, "Resource")
	if strings.HasSuffix(group.Text, "metrics.k8s.io") {
		s.Scope = scope(-1)
		return
	}
	if name.Kind == Known {
		s.What, s.Any = name.Text, false
		s.Events = name.Text == "events"
		if builtIn := group.Kind == Zero || !strings.Contains(strings.TrimSuffix(group.Text, ".k8s.io"), "."); builtIn {
			s.Small = fewPlural[name.Text]
			if s.Small || globalPlural[name.Text] {
				s.Scope = clusterScoped
			}
		}
	}
}

// The same kinds as resources.
var fewPlural, globalPlural = plurals(few), plurals(global)

func plurals(kinds map[string]bool) map[string]bool {
	out := map[string]bool{}
	for kind := range kinds {
		plural := strings.ToLower(kind)
		switch {
		case strings.HasSuffix(plural, "s"):
			plural += "es"
		case strings.HasSuffix(plural, "y"):
			plural = strings.TrimSuffix(plural, "y") + "ies"
		default:
			plural += "s"
		}
		out[plural] = true
	}
	return out
}

// literalField is a string field of a struct literal, of a local one or of a package variable.
func (c *checker) literalField(v ssa.Value, name string) value {
	load, ok := unwrap(v).(*ssa.UnOp)
	if !ok {
		return value{}
	}
	if g, ok := load.X.(*ssa.Global); ok {
		if vals := c.stores[g]; len(vals) == 1 && g.Pkg == c.pkg {
			return c.literalField(vals[0], name)
		}
		return value{}
	}
	var out value
	found := 0
	note := func(in ssa.Instruction) {
		st, ok := in.(*ssa.Store)
		if !ok {
			return
		}
		if a, ok := st.Addr.(*ssa.FieldAddr); ok && a.X == load.X && fieldOf(a).Name() == name {
			found++
			out = c.value(st.Val)
		}
	}
	for _, b := range load.Parent().Blocks {
		for _, in := range b.Instrs {
			note(in)
		}
	}
	if found != 1 {
		return value{}
	}
	return out
}

// unwrap is a value without conversions around it.
func unwrap(v ssa.Value) ssa.Value {
	for {
		switch w := v.(type) {
		case *ssa.ChangeInterface:
			v = w.X
		case *ssa.MakeInterface:
			v = w.X
		case *ssa.ChangeType:
			v = w.X
		case *ssa.TypeAssert:
			v = w.X
		default:
			return v
		}
	}
}

// fake tells whether a client, or what it comes from, is one of those that answer from memory in tests.
func fake(v ssa.Value) bool {
	for range 10 {
		v = unwrap(v)
		if path, _ := named(v.Type()); strings.HasSuffix(path, "/fake") || strings.Contains(path, "/fake/") {
			return true
		}
		switch w := v.(type) {
		case *ssa.Call:
			_, recv, _ := method(w.Common())
			if recv == nil {
				return false
			}
			v = recv
		case *ssa.Extract:
			v = w.Tuple
		default:
			return false
		}
	}
	return false
}
