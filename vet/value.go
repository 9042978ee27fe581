package vet

import (
	"go/constant"
	"go/token"
	"regexp"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// value is what is certain of one field of list options, or of a string that goes into one. Its zero is nothing.
type value struct {
	Kind  kind
	Text  string // of Known: the constant; of Pattern: its constant parts, with a hole for each of the others
	Param int    // of Param and Field: which parameter of the function, the receiver included
	Field field  // of Field: which field of that parameter
}

type kind int

// What can be certain.
const (
	Unknown kind = iota
	Zero         // the zero of its type, for certain
	Known        // a constant that is not zero
	Pattern      // not zero, and of this form
	Param        // what the caller passes
	Field        // a field of what the caller passes
)

// hole stands for a part of a string that is not constant.
const hole = "\x00"

func (v value) nonZero() bool {
	return v.Kind == Known || v.Kind == Pattern && v.Text != hole
}

// set tells that something is there, though perhaps not what.
func (v value) set() bool { return v.Kind == Known || v.Kind == Pattern }

func (v value) open() bool { return v.Kind == Param || v.Kind == Field }

// join is what is certain of a value that is one or the other.
func join(a, b value) value {
	switch {
	case a == b:
		return a
	case a.nonZero() && b.nonZero():
		return value{Kind: Pattern, Text: hole + "," + hole}
	}
	return value{}
}

// text is the value as part of a longer string.
func (v value) text() string {
	switch v.Kind {
	case Known, Pattern:
		return v.Text
	case Zero:
		return ""
	case Unknown, Param, Field:
	}
	return hole
}

func textual(s string) value {
	switch {
	case s == "":
		return value{Kind: Zero}
	case strings.Trim(s, hole) == "":
		return value{}
	case strings.Contains(s, hole):
		return value{Kind: Pattern, Text: s}
	}
	return value{Kind: Known, Text: s}
}

// value follows a string, a number or a selector to where it is made.
func (c *checker) value(v ssa.Value) value {
	if c.visiting[v] {
		return value{}
	}
	c.visiting[v] = true
	defer delete(c.visiting, v)
	switch v := v.(type) {
	case *ssa.Const:
		return constantValue(v)
	case *ssa.Parameter:
		return value{Kind: Param, Param: paramIndex(v)}
	case *ssa.MakeInterface:
		return c.value(v.X)
	case *ssa.ChangeInterface:
		return c.value(v.X)
	case *ssa.ChangeType:
		return c.value(v.X)
	case *ssa.Convert:
		return c.value(v.X)
	case *ssa.BinOp:
		if v.Op == token.ADD {
			return textual(c.value(v.X).text() + c.value(v.Y).text())
		}
	case *ssa.Phi:
		return c.joined(v.Edges)
	case *ssa.MakeMap:
		return c.setOf(v)
	case *ssa.UnOp:
		if v.Op == token.MUL {
			return c.loaded(v)
		}
	case *ssa.Extract:
		if call, ok := v.Tuple.(*ssa.Call); ok {
			return c.called(call, v.Index)
		}
	case *ssa.Call:
		return c.called(v, 0)
	}
	return value{}
}

func constantValue(v *ssa.Const) value {
	switch {
	case v.Value == nil:
		return value{Kind: Zero}
	case v.Value.Kind() == constant.String:
		return textual(constant.StringVal(v.Value))
	case v.Value.Kind() == constant.Int && constant.Sign(v.Value) == 0:
		return value{Kind: Zero}
	}
	return value{Kind: Known, Text: v.Value.ExactString()}
}

func (c *checker) joined(vs []ssa.Value) value {
	var out value
	for i, v := range vs {
		if got := c.value(v); i == 0 {
			out = got
		} else {
			out = join(out, got)
		}
	}
	return out
}

// loaded is the value of a local variable that is assigned once, before it is read.
func (c *checker) loaded(load *ssa.UnOp) value {
	a, ok := load.X.(*ssa.Alloc)
	if !ok {
		return value{}
	}
	var store *ssa.Store
	for _, ref := range *a.Referrers() {
		switch ref := ref.(type) {
		case *ssa.Store:
			if store != nil || ref.Addr != a || !before(ref, load) {
				return value{}
			}
			store = ref
		case *ssa.UnOp:
		default:
			return value{}
		}
	}
	if store == nil {
		return value{}
	}
	return c.value(store.Val)
}

// setOf is a fields.Set, or a map of that kind, as a selector.
func (c *checker) setOf(m *ssa.MakeMap) value {
	var terms []string
	for _, ref := range *m.Referrers() {
		switch ref := ref.(type) {
		case *ssa.MapUpdate:
			terms = append(terms, c.value(ref.Key).text()+"="+c.value(ref.Value).text())
		case *ssa.Call, *ssa.ChangeType, *ssa.MakeInterface, *ssa.UnOp:
		default:
			return value{}
		}
	}
	return textual(strings.Join(terms, ","))
}

var verb = regexp.MustCompile(`%[-+# 0-9.*\[\]]*[a-zA-Z]`)

// called is a result of a call that makes a string or a selector.
func (c *checker) called(call *ssa.Call, result int) value {
	common := call.Common()
	if common.IsInvoke() {
		if common.Method.Name() == "String" && len(common.Args) == 0 {
			return c.value(common.Value)
		}
		return value{}
	}
	fn := common.StaticCallee()
	if fn == nil {
		return value{}
	}
	args := common.Args
	switch name := calleeName(fn); {
	case name == "fmt.Sprintf":
		if format, ok := args[0].(*ssa.Const); ok && format.Value != nil {
			return textual(strings.ReplaceAll(verb.ReplaceAllString(constant.StringVal(format.Value), hole), "%%", "%"))
		}
		return value{}
	case name == fieldsPkg+".OneTermEqualSelector":
		return textual(c.value(args[0]).text() + "=" + c.value(args[1]).text())
	case name == fieldsPkg+".OneTermNotEqualSelector":
		return textual(c.value(args[0]).text() + "!=" + c.value(args[1]).text())
	case name == fieldsPkg+".SelectorFromSet", name == fieldsPkg+".Set.AsSelector", name == fieldsPkg+".Set.String",
		name == fieldsPkg+".ParseSelectorOrDie", name == fieldsPkg+".ParseSelector" && result == 0:
		return c.value(args[0])
	case name == fieldsPkg+".Everything":
		return value{Kind: Zero}
	case name == fieldsPkg+".AndSelectors":
		elems, ok := elements(args[0])
		if !ok {
			return value{}
		}
		var terms []string
		for _, e := range elems {
			terms = append(terms, c.value(e).text())
		}
		return textual(strings.Join(terms, ","))
	}
	h := c.helperOf(fn)
	if h == nil || result >= len(h.Results) {
		return value{}
	}
	return c.fill(h.Results[result].Value, call)
}

// fill puts what a call passes in the place of parameters.
func (c *checker) fill(v value, call *ssa.Call) value {
	args := call.Common().Args
	switch {
	case v.Kind == Param && v.Param < len(args):
		return c.value(args[v.Param])
	case v.Kind == Field && v.Param < len(args):
		return c.options(args[v.Param], call).Fields[v.Field]
	case v.open():
		return value{}
	}
	return v
}

// elements are those of a slice that the compiler or a literal makes, as of variadic arguments.
func elements(v ssa.Value) ([]ssa.Value, bool) {
	if k, ok := v.(*ssa.Const); ok && k.Value == nil {
		return nil, true
	}
	s, ok := v.(*ssa.Slice)
	if !ok || s.Low != nil || s.High != nil {
		return nil, false
	}
	a, ok := s.X.(*ssa.Alloc)
	if !ok {
		return nil, false
	}
	var out []ssa.Value
	for _, ref := range *a.Referrers() {
		switch ref := ref.(type) {
		case *ssa.IndexAddr:
			for _, use := range *ref.Referrers() {
				st, ok := use.(*ssa.Store)
				if !ok || st.Addr != ref {
					return nil, false
				}
				out = append(out, st.Val)
			}
		case *ssa.Slice:
		default:
			return nil, false
		}
	}
	return out, true
}

func paramIndex(p *ssa.Parameter) int {
	for i, q := range p.Parent().Params {
		if p == q {
			return i
		}
	}
	return -1
}
