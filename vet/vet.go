// Package vet is a go/analysis analyzer that finds LISTs of the Kubernetes API that skip the watch cache: in
// source, before they reach a cluster. It knows client-go's typed, dynamic and metadata clients by their shape,
// controller-runtime's readers by where they come from, and raw REST requests by their chain of calls.
//
// It speaks only of what it is certain of. Options that a caller may set, a reader whose origin it cannot see,
// a selector that may name one object: all of that is passed over in silence.
package vet

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"
)

const doc = `find LISTs of the Kubernetes API that skip the watch cache

A LIST with neither resourceVersion nor limit is a quorum read of the whole collection from etcd up to Kubernetes
1.30. From 1.31 on the watch cache answers it, after asking etcd for its revision, and still with every object in one
response. This analyzer finds such calls through client-go, controller-runtime and raw REST requests, polls and loops
made of them, and resourceVersion=0 beside a limit, which the server ignores.

A finding is accepted by a comment on its line or the line above: //kaudit:ignore list-unbounded -- the reason`

// Analyzer is the analyzer with its default settings and flags of its own.
var Analyzer = New()

// New makes an analyzer of its own flags, for programs that set them in code.
func New() *analysis.Analyzer {
	s := &settings{}
	a := &analysis.Analyzer{
		Name:      "kaudit",
		Doc:       doc,
		URL:       "https://github.com/kaudit/kaudit/blob/main/docs/vet.md",
		FactTypes: []analysis.Fact{new(helper)},
		Run: func(pass *analysis.Pass) (any, error) {
			run(pass, s)
			return nil, nil
		},
	}
	a.Flags.BoolVar(&s.tests, "tests", false, "judge test code too: _test.go, files that import testing, ginkgo, gomega or testify, and folders like test and e2e")
	a.Flags.Var(&s.only, "categories", "only these categories, or all: "+strings.Join(Names(), ", "))
	a.Flags.Var(&s.skip, "skip", "all but these categories")
	return a
}

// settings is what the flags of an analyzer say.
type settings struct {
	tests      bool
	only, skip categories
}

func (s *settings) wants(category string) bool {
	if s.skip[category] {
		return false
	}
	if len(s.only) > 0 {
		return s.only[category] || s.only["all"]
	}
	for _, c := range Categories {
		if c.Name == category {
			return !c.Off
		}
	}
	return false
}

// checker judges one package.
type checker struct {
	pass     *analysis.Pass
	settings *settings
	prog     *ssa.Program
	pkg      *ssa.Package
	funcs    []*ssa.Function             // with bodies, closures included
	stores   map[any][]ssa.Value         // *types.Var of a field, *ssa.Global: what the package stores there
	calls    map[token.Pos]*ast.CallExpr // by the parenthesis, as SSA has them
	repeats  map[*ssa.Function]repeat
	waiting  map[*ssa.Function]bool
	helpers  map[*ssa.Function]*helper
	visiting map[any]bool
	reported map[token.Pos]bool
	ignores  []*ignore
}

// run judges one package. It is quick for those that have nothing to do with Kubernetes: as a vettool it is run on
// every dependency.
func run(pass *analysis.Pass, s *settings) {
	if len(pass.Files) == 0 || !concerned(pass) {
		return
	}
	c := &checker{
		pass: pass, settings: s,
		visiting: map[any]bool{}, reported: map[token.Pos]bool{}, helpers: map[*ssa.Function]*helper{},
	}
	c.readIgnores()
	c.build()
	c.index()
	c.indexRepeats()
	for _, fn := range c.funcs {
		c.helper(fn)
	}
	c.exportHelpers()
	c.reportIgnores()
}

// concerned tells whether a package can LIST at all: to set options, or to choose a reader, it imports one of these.
func concerned(pass *analysis.Pass) bool {
	for _, p := range pass.Pkg.Imports() {
		switch name := importPath(p.Path()); {
		case name == metaV1, strings.HasPrefix(name, clientGo), name == ctrl, strings.HasPrefix(name, ctrl+"/"):
			return true
		}
	}
	return false
}

// importPath is the path as people write it, without the folder it is vendored in.
func importPath(p string) string {
	if i := strings.LastIndex(p, "/vendor/"); i >= 0 {
		return p[i+len("/vendor/"):]
	}
	return strings.TrimPrefix(p, "vendor/")
}

// testDirs are folders of code that only tests use.
var testDirs = map[string]bool{"test": true, "tests": true, "e2e": true, "testing": true, "testutil": true, "testutils": true}

// testPackage tells whether a package is test code, by its path.
func testPackage(p string) bool {
	return slices.ContainsFunc(strings.Split(p, "/"), func(dir string) bool { return testDirs[dir] })
}

// testFile tells whether a file is test code, by its name or by what it imports.
func testFile(fset *token.FileSet, f *ast.File) bool {
	if strings.HasSuffix(fset.File(f.FileStart).Name(), "_test.go") {
		return true
	}
	for _, i := range f.Imports {
		name := strings.Trim(i.Path.Value, `"`)
		switch {
		case name == "testing", strings.HasPrefix(name, "github.com/stretchr/testify/"), strings.HasPrefix(name, "github.com/onsi/g"):
			return true
		}
	}
	return false
}

// passedOver tells whether nothing is reported at a position: test code, or code that a generator wrote.
func (c *checker) passedOver(pos token.Pos) bool {
	for _, f := range c.pass.Files {
		if f.FileStart <= pos && pos <= f.FileEnd {
			test := testPackage(c.pass.Pkg.Path()) || testFile(c.pass.Fset, f)
			return test && !c.settings.tests || ast.IsGenerated(f)
		}
	}
	return true
}

// place is a position as a sentence names it, without a folder that only this machine has.
func (c *checker) place(pos token.Pos) string {
	p := c.pass.Fset.Position(pos)
	p.Filename, p.Column = path.Base(strings.ReplaceAll(p.Filename, `\`, "/")), 0
	return p.String()
}
