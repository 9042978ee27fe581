package vet

import (
	"go/ast"
	"go/token"
	"go/types"
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
