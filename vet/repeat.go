package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// repeat is what makes a function run again and again on a timer.
type repeat struct {
	how string // "wait.Until", "this loop"
	pos token.Pos
	// condition: the function tells when to stop, by its first result
	condition bool
}

// pollers are the functions of apimachinery's wait that call what they are given on a timer; true for those that do so
// until it says that it is done.
var pollers = map[string]bool{
	"Until": false, "UntilWithContext": false, "NonSlidingUntil": false, "NonSlidingUntilWithContext": false,
	"JitterUntil": false, "JitterUntilWithContext": false, "Forever": false,
	"Poll": true, "PollWithContext": true, "PollUntil": true, "PollUntilWithContext": true, "PollInfinite": true,
	"PollInfiniteWithContext": true, "PollImmediate": true, "PollImmediateWithContext": true, "PollImmediateUntil": true,
	"PollImmediateUntilWithContext": true, "PollImmediateInfinite": true, "PollImmediateInfiniteWithContext": true,
	"PollUntilContextCancel": true, "PollUntilContextTimeout": true,
}

// indexRepeats finds the functions that are run on a timer: given to wait, called in a loop with a timer, or called by
// such a function. One that waits for work in between is driven by events, not by the timer.
func (c *checker) indexRepeats() {
	c.repeats, c.waiting = map[*ssa.Function]repeat{}, map[*ssa.Function]bool{}
	calls := map[*ssa.Function][]*ssa.Call{}
	for _, fn := range c.funcs {
		for _, b := range fn.Blocks {
			for _, in := range b.Instrs {
				if call, ok := in.(ssa.CallInstruction); ok {
					c.givenToWait(call)
				}
				if call, ok := in.(*ssa.Call); ok && call.Common().StaticCallee() != nil {
					calls[fn] = append(calls[fn], call)
				}
			}
		}
	}
	for _, fn := range c.funcs {
		for _, call := range calls[fn] {
			if l := c.timedLoop(call); l != nil {
				c.noteRepeat(call.Common().StaticCallee(), repeat{how: "the loop", pos: l.Pos()})
			}
		}
	}
	for range 3 { // calls deep
		for _, fn := range c.funcs {
			r, ok := c.repeats[fn]
			if !ok {
				continue
			}
			for _, call := range calls[fn] {
				if !c.worker(call) && (!r.condition || !endsAfter(call)) {
					c.noteRepeat(call.Common().StaticCallee(), repeat{how: r.how, pos: r.pos})
				}
			}
		}
	}
}

// worker tells whether a call is in a loop that goes on as long as there is work: for c.processNext() {}. What runs such
// a loop on a timer only starts it again.
func (c *checker) worker(call *ssa.Call) bool {
	for _, l := range enclosing(call, func(*ast.BlockStmt) bool { return true }) {
		if f, ok := l.(*ast.ForStmt); ok && f.Post == nil {
			if timer, work := c.waits(l); !timer || work {
				return true
			}
		}
	}
	return false
}

func (c *checker) noteRepeat(fn *ssa.Function, r repeat) {
	if fn = c.written(fn); fn == nil || fn.Pkg != c.pkg || len(fn.Blocks) == 0 || c.waitsForWork(fn) {
		return
	}
	if _, known := c.repeats[fn]; !known {
		c.repeats[fn] = r
	}
}

func (c *checker) givenToWait(call ssa.CallInstruction) {
	callee := call.Common().StaticCallee()
	if callee == nil {
		return
	}
	name, ok := strings.CutPrefix(calleeName(callee), waitPkg+".")
	condition, polls := pollers[name]
	if !ok || !polls {
		return
	}
	for _, arg := range call.Common().Args {
		var fn *ssa.Function
		switch f := unwrap(arg).(type) {
		case *ssa.MakeClosure:
			fn, _ = f.Fn.(*ssa.Function)
		case *ssa.Function:
			fn = f
		}
		if fn != nil {
			c.noteRepeat(fn, repeat{how: "wait." + name, pos: call.Pos(), condition: condition})
		}
	}
}

// waitsForWork tells whether a function, or one that it calls, blocks until there is something to do: on a queue, or on
// a channel that is neither a timer nor a sign to stop.
func (c *checker) waitsForWork(fn *ssa.Function) bool {
	waits, known := c.waiting[fn]
	if known {
		return waits
	}
	c.waiting[fn] = false // of recursion
	for _, b := range fn.Blocks {
		for _, in := range b.Instrs {
			waits = waits || waitsHere(in)
			if call, ok := in.(*ssa.Call); ok && !waits {
				callee := c.written(call.Common().StaticCallee())
				waits = callee != nil && callee.Pkg == c.pkg && c.waitsForWork(callee)
			}
		}
	}
	c.waiting[fn] = waits
	return waits
}

func waitsHere(in ssa.Instruction) bool {
	switch in := in.(type) {
	case *ssa.UnOp:
		return in.Op == token.ARROW && chanKind(in.X.Type()) == workChan
	case *ssa.Select:
		for _, s := range in.States {
			if s.Dir == types.RecvOnly && chanKind(s.Chan.Type()) == workChan {
				return true
			}
		}
	case *ssa.Call:
		m, _, _ := method(in.Common())
		return m != nil && blocks(m)
	}
	return false
}

// blocks tells a method that waits for work by its package or its name.
func blocks(m *types.Func) bool {
	if m.Pkg() == nil || m.Signature().Recv() == nil || m.Pkg().Path() == "sync" || strings.HasSuffix(m.Pkg().Path(), "errgroup") {
		return false
	}
	switch m.Name() {
	case "Get", "GetWithPriority":
		return importPath(m.Pkg().Path()) == workqueue || strings.HasSuffix(m.Pkg().Path(), "priorityqueue")
	case "Pop", "Dequeue", "Receive", "Accept", "Recv", "Next", "Wait":
		return true
	}
	return false
}

type chanUse int

const (
	workChan chanUse = iota
	timerChan
	stopChan
)

// chanKind tells what is received from a channel: the time, an empty sign, or work.
func chanKind(t types.Type) chanUse {
	ch, ok := t.Underlying().(*types.Chan)
	if !ok {
		return workChan
	}
	if is(ch.Elem(), "time", "Time") {
		return timerChan
	}
	if s, ok := ch.Elem().Underlying().(*types.Struct); ok && s.NumFields() == 0 || is(ch.Elem(), "os", "Signal") {
		return stopChan
	}
	return workChan
}

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
