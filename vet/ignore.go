package vet

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// ignoreMark begins a comment that accepts findings.
const ignoreMark = "//kaudit:ignore"

// ignore is a comment that accepts findings on its line, or on the next if it stands alone.
type ignore struct {
	comment    *ast.Comment
	file       *token.File
	line       int
	categories []string
	mistake    string // why it counts for nothing
	used       bool
}

func (c *checker) readIgnores() {
	for _, f := range c.pass.Files {
		if c.passedOver(f.Name.Pos()) {
			continue
		}
		for _, group := range f.Comments {
			for _, comment := range group.List {
				if rest, ok := strings.CutPrefix(comment.Text, ignoreMark); ok && (rest == "" || rest[0] == ' ' || rest[0] == '\t') {
					i := parseIgnore(rest)
					i.comment, i.file = comment, c.pass.Fset.File(comment.Pos())
					i.line = i.file.Line(comment.Pos())
					c.ignores = append(c.ignores, i)
				}
			}
		}
	}
}

func parseIgnore(rest string) *ignore {
	rest, _, _ = strings.Cut(rest, "// want") // of analysistest
	names, reason, _ := strings.Cut(rest, "--")
	i := &ignore{categories: strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })}
	switch {
	case len(i.categories) == 0:
		i.mistake = "names no category"
	case strings.TrimSpace(reason) == "":
		i.mistake = "has no reason"
	}
	for _, name := range i.categories {
		if !slices.Contains(Names(), name) || name == Ignore {
			i.mistake = fmt.Sprintf("names %q, which is no category", name)
		}
	}
	return i
}

// covers tells whether a comment stands on a line of a piece of code, or alone on the line above it.
func (i *ignore) covers(pos, end token.Pos) bool {
	if i.mistake != "" || i.file.Base() > int(pos) || int(pos) > i.file.Base()+i.file.Size() {
		return false
	}
	return i.file.Line(pos)-1 <= i.line && i.line <= i.file.Line(end)
}

// ignored tells whether a comment accepts a finding of a category, or, with none, any.
func (c *checker) ignored(n ast.Node, category string) bool {
	for _, i := range c.ignores {
		if i.covers(n.Pos(), n.End()) && (category == "" || slices.Contains(i.categories, category)) {
			i.used = true
			return true
		}
	}
	return false
}

// reportIgnores reports the comments that count for nothing.
func (c *checker) reportIgnores() {
	if !c.settings.wants(Ignore) {
		return
	}
	for _, i := range c.ignores {
		message := ""
		switch {
		case i.mistake != "":
			message = fmt.Sprintf("this comment %s, and so accepts nothing; write %s %s -- why this LIST is fine", i.mistake, ignoreMark, Unbounded)
		case !i.used && slices.ContainsFunc(i.categories, c.settings.wants):
			message = fmt.Sprintf("this comment accepts %s where nothing of that kind is found; remove it", strings.Join(i.categories, ", "))
		default:
			continue
		}
		c.pass.Report(analysis.Diagnostic{
			Pos: i.comment.Pos(), End: i.comment.End(), Category: Ignore, Message: message + " [" + Ignore + "]",
		})
	}
}
