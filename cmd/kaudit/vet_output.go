package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/report"
	"github.com/kaudit/kaudit/vet"
)

// sourceOutput is one -o of vet.
type sourceOutput struct {
	format report.SourceFormat
	file   *replacement // nil: standard output
}

func sourceFormatNames() []string {
	var names []string
	for _, f := range report.SourceFormats() {
		names = append(names, f.Name)
	}
	return names
}

// openSourceOutputs reads -o FORMAT and -o FORMAT=FILE.
func openSourceOutputs(specs []string) (outs []sourceOutput, err error) {
	defer func() {
		if err != nil {
			discardSource(outs)
		}
	}()
	stdout := 0
	for _, spec := range specs {
		name, path, toFile := strings.Cut(spec, "=")
		i := slices.Index(sourceFormatNames(), name)
		if i < 0 {
			return outs, noSuch("format", name, sourceFormatNames(), "-o takes "+strings.Join(sourceFormatNames(), ", "))
		}
		out := sourceOutput{format: report.SourceFormats()[i]}
		if toFile && path != "-" {
			if path == "" {
				return outs, usage("-o %s names no file; write -o %s=FILE, or -o %s for standard output", spec, name, name)
			}
			if out.file, err = replaceFile(path, 0o644); err != nil {
				return outs, usage("%w; give -o %s=FILE a path that can be written", err, name)
			}
		} else if stdout++; stdout > 1 {
			return outs, usage("two -o go to standard output; give one of them a file: -o %s=FILE", name)
		}
		outs = append(outs, out)
	}
	return outs, nil
}

func discardSource(outs []sourceOutput) {
	for _, o := range outs {
		if o.file != nil {
			o.file.discard()
		}
	}
}

func writeSource(e env, outs []sourceOutput, a report.SourceAudit) error {
	for _, o := range outs {
		w, place := e.stdout, "standard output"
		if o.file != nil {
			w, place = io.Writer(o.file), cmp.Or(o.file.path, o.file.Name())
		}
		if err := o.format.Write(w, a); err != nil {
			return noAudit("write %s to %s: %w", o.format.Name, place, bare(err))
		}
		if o.file != nil {
			if err := o.file.commit(); err != nil {
				return noAudit("%w", err)
			}
		}
	}
	return nil
}

// applyFixes makes the changes that findings offer, and returns the findings that are left.
func applyFixes(e env, findings []vet.Finding) ([]vet.Finding, error) {
	edits := map[string][]vet.Edit{}
	var left []vet.Finding
	for _, f := range findings {
		if len(f.Fixes) == 0 {
			left = append(left, f)
			continue
		}
		edits[f.Start.Filename] = append(edits[f.Start.Filename], f.Fixes[0].Edits...)
	}
	changed := 0
	for file, es := range edits {
		if err := editFile(file, es); err != nil {
			return nil, usage("%w", err)
		}
		changed++
	}
	if changed > 0 {
		fmt.Fprintf(e.stderr, "kaudit: mended %s in %s\n", checks.Count(len(findings)-len(left), "finding"), checks.Count(changed, "file"))
	}
	return left, nil
}

// editFile replaces pieces of a file, from its end to its beginning.
func editFile(file string, edits []vet.Edit) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, bare(err))
	}
	slices.SortFunc(edits, func(a, b vet.Edit) int { return b.Start.Offset - a.Start.Offset })
	for _, ed := range edits {
		if ed.End.Offset > len(text) || ed.Start.Offset > ed.End.Offset {
			return fmt.Errorf("%s changed while it was judged; run it again", file)
		}
		text = slices.Replace(text, ed.Start.Offset, ed.End.Offset, []byte(ed.New)...)
	}
	out, err := replaceFile(file, 0o644)
	if err != nil {
		return err
	}
	if _, err := out.Write(text); err != nil {
		out.discard()
		return fmt.Errorf("write %s: %w", file, bare(err))
	}
	return out.commit()
}
