package vet

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// build makes the SSA form of the package. It is done here, and not by passes/buildssa, so that packages that have
// nothing to do with Kubernetes never pay for it.
func (c *checker) build() {
	c.prog = ssa.NewProgram(c.pass.Fset, ssa.BuilderMode(0))
	for _, p := range c.pass.Pkg.Imports() {
		c.prog.CreatePackage(p, nil, nil, true)
	}
	c.pkg = c.prog.CreatePackage(c.pass.Pkg, c.pass.Files, c.pass.TypesInfo, false)
	c.pkg.Build()

	var add func(fn *ssa.Function)
	add = func(fn *ssa.Function) {
		if len(fn.Blocks) == 0 {
			return
		}
		c.funcs = append(c.funcs, fn)
		for _, anon := range fn.AnonFuncs {
			add(anon)
		}
	}
	c.calls = map[token.Pos]*ast.CallExpr{}
	for _, f := range c.pass.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				c.calls[call.Lparen] = call
			}
			return true
		})
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok {
				if obj, ok := c.pass.TypesInfo.Defs[d.Name].(*types.Func); ok {
					if fn := c.prog.FuncValue(obj); fn != nil {
						add(fn)
					}
				}
			}
		}
	}
	if init := c.pkg.Func("init"); init != nil {
		add(init) // of package variables
	}
}

// index notes what the package stores into fields and variables.
func (c *checker) index() {
	c.stores = map[any][]ssa.Value{}
	for _, fn := range c.funcs {
		for _, b := range fn.Blocks {
			for _, in := range b.Instrs {
				s, ok := in.(*ssa.Store)
				if !ok {
					continue
				}
				switch a := s.Addr.(type) {
				case *ssa.FieldAddr:
					f := fieldOf(a)
					c.stores[f] = append(c.stores[f], s.Val)
				case *ssa.Global:
					c.stores[a] = append(c.stores[a], s.Val)
				}
			}
		}
	}
}

// written is the function in the source behind an instance of a generic one, or behind a method used as a value.
func (c *checker) written(fn *ssa.Function) *ssa.Function {
	if fn == nil {
		return nil
	}
	if o := fn.Origin(); o != nil {
		return o
	}
	if obj, ok := fn.Object().(*types.Func); ok && fn.Synthetic != "" {
		if f := c.prog.FuncValue(obj); f != nil {
			return f
		}
	}
	return fn
}

// fieldOf is the field whose address is taken.
func fieldOf(a *ssa.FieldAddr) *types.Var {
	t := a.X.Type().Underlying().(*types.Pointer).Elem()
	return t.Underlying().(*types.Struct).Field(a.Field).Origin()
}

// before tells whether a is always done when b is.
func before(a, b ssa.Instruction) bool {
	if b == nil {
		return false
	}
	if a.Block() != b.Block() {
		return a.Parent() == b.Parent() && a.Block().Dominates(b.Block())
	}
	for _, in := range a.Block().Instrs {
		switch in {
		case a:
			return true
		case b:
			return false
		}
	}
	return false
}

// tooLate tells whether a is only ever done after b.
func tooLate(a, b ssa.Instruction) bool {
	return before(b, a) && a != b && !reaches(a.Block(), b.Block())
}

// reaches tells whether the end of a block can come to the beginning of another.
func reaches(from, to *ssa.BasicBlock) bool {
	seen := map[*ssa.BasicBlock]bool{}
	var walk func(b *ssa.BasicBlock) bool
	walk = func(b *ssa.BasicBlock) bool {
		for _, s := range b.Succs {
			if s == to {
				return true
			}
			if !seen[s] {
				seen[s] = true
				if walk(s) {
					return true
				}
			}
		}
		return false
	}
	return walk(from)
}
