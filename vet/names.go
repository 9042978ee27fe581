package vet

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// Packages that the analyzer knows by path.
const (
	metaV1       = "k8s.io/apimachinery/pkg/apis/meta/v1"
	unstructured = metaV1 + "/unstructured"
	fieldsPkg    = "k8s.io/apimachinery/pkg/fields"
	waitPkg      = "k8s.io/apimachinery/pkg/util/wait"
	clientGo     = "k8s.io/client-go/"
	restPkg      = "k8s.io/client-go/rest"
	workqueue    = "k8s.io/client-go/util/workqueue"
	ctrl         = "sigs.k8s.io/controller-runtime"
	ctrlClient   = ctrl + "/pkg/client"
)

// named is the named type behind a type or a pointer to it, with the path of its package.
func named(t types.Type) (path, name string) {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, ok := t.(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return "", ""
	}
	return importPath(n.Obj().Pkg().Path()), n.Obj().Name()
}

func is(t types.Type, path, name string) bool {
	p, n := named(t)
	return p == path && n == name
}

// calleeName is a function's path and name: fmt.Sprintf, k8s.io/client-go/rest.Request.Do.
func calleeName(fn *ssa.Function) string {
	if o := fn.Origin(); o != nil {
		fn = o
	}
	obj, ok := fn.Object().(*types.Func)
	if !ok {
		return ""
	}
	return funcName(obj)
}

func funcName(obj *types.Func) string {
	if obj.Pkg() == nil {
		return obj.Name()
	}
	if recv := obj.Signature().Recv(); recv != nil {
		path, name := named(recv.Type())
		return path + "." + name + "." + obj.Name()
	}
	return importPath(obj.Pkg().Path()) + "." + obj.Name()
}

// method is the function or the interface's method that a call calls, if that can be told, with its receiver.
func method(call *ssa.CallCommon) (fn *types.Func, recv ssa.Value, args []ssa.Value) {
	if call.IsInvoke() {
		return call.Method, call.Value, call.Args
	}
	callee := call.StaticCallee()
	if callee == nil {
		return nil, nil, nil
	}
	if o := callee.Origin(); o != nil {
		callee = o
	}
	obj, ok := callee.Object().(*types.Func)
	if !ok {
		return nil, nil, nil
	}
	if obj.Signature().Recv() != nil && len(call.Args) > 0 {
		return obj, call.Args[0], call.Args[1:]
	}
	return obj, nil, call.Args
}
