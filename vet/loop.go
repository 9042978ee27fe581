package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// loops are the loops around a call in the same function, innermost first, that can come back to it after it
// succeeded.
func (c *checker) loops(call *ssa.Call) []ast.Stmt {
	var out []ast.Stmt
	for _, l := range enclosing(call, func(body *ast.BlockStmt) bool { return within(body, call.Pos()) }) {
		if returnsTo(call, l) {
			out = append(out, l)
		}
	}
	return out
}

// enclosing are the loops around a call in the same function, innermost first, whose bodies are of interest.
func enclosing(call *ssa.Call, body func(*ast.BlockStmt) bool) []ast.Stmt {
	fn := call.Parent().Syntax()
	if fn == nil {
		return nil
	}
	var out []ast.Stmt
	ast.Inspect(fn, func(n ast.Node) bool {
		if n == nil || n.Pos() > call.Pos() || n.End() <= call.Pos() {
			return n == fn
		}
		switch s := n.(type) {
		case *ast.ForStmt:
			if body(s.Body) {
				out = append([]ast.Stmt{s}, out...)
			}
		case *ast.RangeStmt:
			if body(s.Body) {
				out = append([]ast.Stmt{s}, out...)
			}
		case *ast.FuncLit:
			return n == fn
		}
		return true
	})
	return out
}

func within(n ast.Node, pos token.Pos) bool { return n.Pos() <= pos && pos < n.End() }

// returnsTo tells whether a call can be made again inside a loop after it succeeded. One that can only be made again
// after an error is a retry.
func returnsTo(call *ssa.Call, loop ast.Node) bool {
	seen := map[*ssa.BasicBlock]bool{}
	var reach func(b *ssa.BasicBlock) bool
	reach = func(b *ssa.BasicBlock) bool {
		if b == call.Block() {
			return true
		}
		if seen[b] || outside(b, loop) {
			return false
		}
		seen[b] = true
		return slices.ContainsFunc(b.Succs, reach)
	}
	return slices.ContainsFunc(afterSuccess(call), reach)
}

// outside tells whether a block has code that lies outside of a loop.
func outside(b *ssa.BasicBlock, loop ast.Node) bool {
	for _, in := range b.Instrs {
		if _, phi := in.(*ssa.Phi); !phi && in.Pos().IsValid() && !within(loop, in.Pos()) {
			return true
		}
	}
	return false
}

// afterSuccess are the blocks where a function goes on once a call returned without an error.
func afterSuccess(call *ssa.Call) []*ssa.BasicBlock {
	for _, err := range errorsOf(call) {
		for _, use := range *err.Referrers() {
			cmp, ok := use.(*ssa.BinOp)
			if !ok || cmp.Op != token.NEQ && cmp.Op != token.EQL {
				continue
			}
			for _, cond := range *cmp.Referrers() {
				if branch, ok := cond.(*ssa.If); ok && branch.Block() == call.Block() {
					if cmp.Op == token.NEQ {
						return branch.Block().Succs[1:]
					}
					return branch.Block().Succs[:1]
				}
			}
		}
	}
	return call.Block().Succs
}

// errorsOf are the error that a call returns, and what is read back in the same block from a variable that it is put in.
func errorsOf(call *ssa.Call) []ssa.Value {
	var out []ssa.Value
	for _, ref := range *call.Referrers() {
		if ext, ok := ref.(*ssa.Extract); ok && isError(ext.Type()) {
			out = append(out, ext)
		}
	}
	if isError(call.Type()) {
		out = append(out, call)
	}
	for _, err := range out {
		for _, use := range *err.Referrers() {
			store, ok := use.(*ssa.Store)
			if !ok || store.Addr.Referrers() == nil {
				continue
			}
			for _, read := range *store.Addr.Referrers() {
				if load, ok := read.(*ssa.UnOp); ok && load.Block() == store.Block() && before(store, load) {
					out = append(out, load)
				}
			}
		}
	}
	return out
}

func isError(t types.Type) bool {
	return types.Identical(t, types.Universe.Lookup("error").Type())
}

// endsAfter tells whether a condition function is done, true, whenever a call in it succeeded: then wait retries it,
// and does not poll.
func endsAfter(call *ssa.Call) bool {
	seen := map[*ssa.BasicBlock]bool{}
	ends := true
	var follow func(b *ssa.BasicBlock)
	follow = func(b *ssa.BasicBlock) {
		if seen[b] {
			return
		}
		seen[b] = true
		if ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return); ok && !saysDone(ret, call) {
			ends = false
		}
		for _, s := range b.Succs {
			follow(s)
		}
	}
	next := afterSuccess(call)
	if len(next) == 0 {
		next = []*ssa.BasicBlock{call.Block()}
	}
	for _, b := range next {
		follow(b)
	}
	return ends
}

// saysDone tells whether a return says true, or that a call's error is nil.
func saysDone(ret *ssa.Return, call *ssa.Call) bool {
	if len(ret.Results) == 0 {
		return false
	}
	switch v := ret.Results[0].(type) {
	case *ssa.Const:
		return v.Value != nil && v.Value.ExactString() == "true"
	case *ssa.BinOp:
		return v.Op == token.EQL && slices.Contains(errorsOf(call), v.X)
	}
	return false
}
