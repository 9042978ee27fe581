package vet

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/packages"
)

// Config says what to judge.
type Config struct {
	Dir      string   // where the patterns are meant; "" is the working directory
	Patterns []string // as the go command takes them
	Tests    bool     // load test files too; the analyzer's own flag judges them
	Tags     string   // build tags
}

// Result is what was found in the packages.
type Result struct {
	Findings []Finding
	Packages int
	Broken   []Broken // what could not be judged, or not all of it
}

// Broken is a package that does not load, and why.
type Broken struct {
	Package string
	Reasons []string
}

// Finding is a diagnostic with its places resolved.
type Finding struct {
	Package, Category, Message string
	Start, End                 token.Position
	Related                    []Related
	Fixes                      []Fix
}

// Related is another place that belongs to a finding.
type Related struct {
	At      token.Position
	Message string
}

// Fix is a change that mends a finding for certain.
type Fix struct {
	Message string
	Edits   []Edit
}

// Edit replaces a piece of a file.
type Edit struct {
	Start, End token.Position
	New        string
}

// Run loads packages and judges them. It reads dependencies from their source, but not the bodies of their functions:
// that takes seconds, where compiling them for the first time takes minutes. So helpers are known where they are in
// packages that the patterns name.
//
// The error is for what keeps all packages from being judged.
func Run(ctx context.Context, a *analysis.Analyzer, cfg Config) (Result, error) {
	load := &packages.Config{Context: ctx, Dir: cfg.Dir, Tests: cfg.Tests, Mode: packages.NeedName | packages.NeedCompiledGoFiles}
	if cfg.Tags != "" {
		load.BuildFlags = []string{"-tags=" + cfg.Tags}
	}
	named, err := packages.Load(load, cfg.Patterns...)
	if err != nil {
		return Result{}, err
	}
	whole := map[string]bool{}
	for _, p := range named {
		for _, file := range p.CompiledGoFiles {
			whole[file] = true
		}
	}
	load.Fset = token.NewFileSet()
	load.ParseFile = func(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
		if whole[name] {
			return parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		}
		return parseDeclarations(fset, name, src)
	}
	load.Mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
		packages.NeedModule | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedTypesSizes
	pkgs, err := packages.Load(load, cfg.Patterns...)
	if err != nil {
		return Result{}, err
	}
	packages.Visit(pkgs, nil, func(p *packages.Package) {
		if !slices.ContainsFunc(p.CompiledGoFiles, func(f string) bool { return whole[f] }) {
			p.Syntax, p.TypesInfo = nil, nil // so much memory, and done with
		}
	})
	d := &driver{fset: load.Fset, analyzer: a, facts: map[factKey]analysis.Fact{}, done: map[*packages.Package]bool{}, seen: map[string]bool{}}
	for _, p := range pkgs {
		d.mine = append(d.mine, p.ID)
	}
	for _, p := range pkgs {
		d.visit(p)
	}
	slices.SortFunc(d.out.Findings, func(a, b Finding) int { return comparePositions(a.Start, b.Start) })
	return d.out, ctx.Err()
}

// parseDeclarations reads what other packages see of a file.
func parseDeclarations(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
	f, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if f != nil {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				fn.Body = nil
			}
		}
	}
	return f, err
}

func comparePositions(a, b token.Position) int {
	if c := strings.Compare(a.Filename, b.Filename); c != 0 {
		return c
	}
	return a.Offset - b.Offset
}

// driver runs an analyzer without requirements over packages, those first that others import.
type driver struct {
	fset     *token.FileSet
	analyzer *analysis.Analyzer
	facts    map[factKey]analysis.Fact
	done     map[*packages.Package]bool
	seen     map[string]bool // findings, which a package and its test variant share
	mine     []string        // the IDs of the packages that were asked for
	out      Result
}

type factKey struct {
	object types.Object
	kind   reflect.Type
}

func (d *driver) visit(p *packages.Package) {
	if d.done[p] || !slices.Contains(d.mine, p.ID) {
		return
	}
	d.done[p] = true
	for _, i := range p.Imports {
		d.visit(i)
	}
	if strings.HasSuffix(p.ID, ".test") {
		return // the main package of a test, which the go command writes
	}
	d.out.Packages++
	if reasons := reasons(p); len(reasons) > 0 {
		d.broken(p, reasons...)
		return
	}
	if err := d.pass(p); err != nil {
		d.broken(p, err.Error())
	}
}

func (d *driver) broken(p *packages.Package, reasons ...string) {
	name := p.PkgPath
	if name == "" {
		name = p.ID
	}
	for _, b := range d.out.Broken {
		if b.Package == name {
			return
		}
	}
	d.out.Broken = append(d.out.Broken, Broken{name, reasons})
}

func reasons(p *packages.Package) []string {
	var out []string
	for _, e := range p.Errors {
		if strings.HasPrefix(e.Msg, "# ") && len(p.Errors) > 1 {
			continue // what the compiler said of it as well
		}
		out = append(out, strings.TrimPrefix(strings.TrimPrefix(e.Error(), "-: "), p.Dir+string(os.PathSeparator)))
	}
	if len(out) == 0 {
		return nil
	}
	var missing []string // why an import fails is said there, and first
	for path, i := range p.Imports {
		if i.Name == "" && len(i.Errors) > 0 {
			missing = append(missing, path+": "+strings.TrimPrefix(i.Errors[0].Error(), "-: "))
		}
	}
	slices.Sort(missing)
	return append(missing, out...)
}

// pass runs the analyzer. A package whose dependencies do not compile may confuse what it is built on; that must not
// hide the rest.
func (d *driver) pass(p *packages.Package) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("could not be analysed: %v", r)
		}
	}()
	pass := &analysis.Pass{
		Analyzer: d.analyzer, Fset: d.fset, Files: p.Syntax, Pkg: p.Types, TypesInfo: p.TypesInfo, TypesSizes: p.TypesSizes,
		Module: &analysis.Module{}, ReadFile: os.ReadFile,
		Report: func(diag analysis.Diagnostic) { d.report(p, diag) },
		ImportObjectFact: func(o types.Object, f analysis.Fact) bool {
			got, ok := d.facts[factKey{o, reflect.TypeOf(f)}]
			if ok {
				reflect.ValueOf(f).Elem().Set(reflect.ValueOf(got).Elem())
			}
			return ok
		},
		ExportObjectFact: func(o types.Object, f analysis.Fact) { d.facts[factKey{o, reflect.TypeOf(f)}] = f },
	}
	_, err = d.analyzer.Run(pass)
	return err
}

func (d *driver) report(p *packages.Package, diag analysis.Diagnostic) {
	f := Finding{
		Package: p.PkgPath, Category: diag.Category, Message: diag.Message,
		Start: d.fset.Position(diag.Pos), End: d.fset.Position(diag.End),
	}
	key := fmt.Sprint(f.Start, f.Category)
	if d.seen[key] {
		return
	}
	d.seen[key] = true
	for _, r := range diag.Related {
		f.Related = append(f.Related, Related{d.fset.Position(r.Pos), r.Message})
	}
	for _, s := range diag.SuggestedFixes {
		fix := Fix{Message: s.Message}
		for _, e := range s.TextEdits {
			fix.Edits = append(fix.Edits, Edit{d.fset.Position(e.Pos), d.fset.Position(e.End), string(e.NewText)})
		}
		f.Fixes = append(f.Fixes, fix)
	}
	d.out.Findings = append(d.out.Findings, f)
}
