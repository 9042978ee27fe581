package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// timedLoop is the innermost loop around a call that goes round on a timer and waits for nothing else.
func (c *checker) timedLoop(call *ssa.Call) ast.Stmt {
	for _, l := range c.loops(call) {
		if timer, work := c.waits(l); timer && !work {
			return l
		}
	}
	return nil
}

// waits tells what a loop waits for: a timer, or work.
func (c *checker) waits(loop ast.Stmt) (timer, work bool) {
	note := func(t types.Type) {
		switch chanKind(t) {
		case timerChan:
			timer = true
		case workChan:
			work = true
		case stopChan:
		}
	}
	ast.Inspect(loop, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				note(c.pass.TypesInfo.TypeOf(n.X))
			}
		case *ast.RangeStmt:
			if t := c.pass.TypesInfo.TypeOf(n.X); t != nil {
				if _, ok := t.Underlying().(*types.Chan); ok {
					note(t)
				}
			}
		case *ast.CallExpr:
			sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
			if !ok {
				break
			}
			if m, ok := c.pass.TypesInfo.Uses[sel.Sel].(*types.Func); ok {
				timer = timer || m.Name() == "Sleep"
				work = work || blocks(m)
			}
		}
		return true
	})
	return timer, work
}

// itemLoop is the innermost loop around a call that goes over items and asks the same client for the same kind each time.
func (c *checker) itemLoop(call *ssa.Call) ast.Stmt {
	loops := c.loops(call)
	if len(loops) == 0 {
		return nil
	}
	l := loops[0]
	if f, ok := l.(*ast.ForStmt); ok && (f.Cond == nil || f.Post == nil) {
		return nil
	}
	if _, work := c.waits(l); work || searches(call, l) || !sameClient(call, l) {
		return nil
	}
	return l
}

// searches tells whether a loop ends, without an error, as soon as a LIST had what it looks for: that may be the first.
func searches(call *ssa.Call, loop ast.Node) bool {
	seen := map[*ssa.BasicBlock]bool{}
	var ends func(b *ssa.BasicBlock) bool
	ends = func(b *ssa.BasicBlock) bool {
		if seen[b] {
			return false
		}
		seen[b] = true
		if outside(b, loop) {
			return true
		}
		if ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return); ok {
			return !returnsError(ret)
		}
		if strings.HasSuffix(b.Comment, ".loop") && b.Dominates(call.Block()) {
			return false // the next item, or the end of them
		}
		return slices.ContainsFunc(b.Succs, ends)
	}
	return slices.ContainsFunc(afterSuccess(call), ends)
}

func returnsError(ret *ssa.Return) bool {
	if len(ret.Results) == 0 {
		return false
	}
	last := ret.Results[len(ret.Results)-1]
	k, constant := last.(*ssa.Const)
	return isError(last.Type()) && (!constant || !k.IsNil())
}

// sameClient tells whether the client of a LIST is the same each time that a loop goes round, and so is the kind.
func sameClient(call *ssa.Call, loop ast.Node) bool {
	fn, recv, args := method(call.Common())
	if fn == nil || recv == nil {
		return false
	}
	if readerList(fn) {
		path, kind := named(unwrap(args[1]).Type())
		return path != unstructured && kind != "PartialObjectMetadataList" && steady(recv, loop)
	}
	getter, ok := unwrap(recv).(*ssa.Call)
	if !ok {
		return steady(recv, loop)
	}
	g, inner, gargs := method(getter.Common())
	if g == nil || inner == nil {
		return false
	}
	if len(gargs) == 1 && isString(gargs[0].Type()) { // Pods(ns): the namespace may change
		return steady(inner, loop)
	}
	return steady(recv, loop)
}

// steady tells whether a value is the same each time that a loop goes round.
func steady(v ssa.Value, loop ast.Node) bool {
	switch v := unwrap(v).(type) {
	case *ssa.Parameter, *ssa.FreeVar, *ssa.Global, *ssa.Const, *ssa.Function:
		return true
	case *ssa.UnOp:
		return v.Op == token.MUL && steady(v.X, loop)
	case *ssa.FieldAddr:
		return steady(v.X, loop)
	case *ssa.Field:
		return steady(v.X, loop)
	case *ssa.Call:
		if v.Pos().IsValid() && !within(loop, v.Pos()) {
			return true
		}
		fn, recv, args := method(v.Common())
		if fn == nil || recv == nil || !steady(recv, loop) {
			return false
		}
		for _, a := range args {
			if !steady(a, loop) {
				return false
			}
		}
		return true
	case *ssa.Alloc, *ssa.Extract:
		return v.Pos().IsValid() && !within(loop, v.Pos())
	}
	return false
}
