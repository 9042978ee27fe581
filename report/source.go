package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// SourceAudit is what was found in Go source.
type SourceAudit struct {
	Kaudit     string // version
	Findings   []SourceFinding
	Broken     []SourceBroken
	Categories []SourceCategory // for formats that explain them
}

// SourceFinding is one finding; paths are with slashes, and relative to where kaudit ran if they are below it.
type SourceFinding struct {
	Category  string          `json:"category"`
	Message   string          `json:"message"`
	Package   string          `json:"package"`
	File      string          `json:"file"`
	Line      int             `json:"line"`
	Column    int             `json:"column"`
	EndLine   int             `json:"endLine"`
	EndColumn int             `json:"endColumn"`
	Related   []SourceRelated `json:"related,omitempty"`
	Fixable   bool            `json:"fixable"`
}

// SourceRelated is another place that a finding speaks of.
type SourceRelated struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// SourceBroken is a package that could not be judged.
type SourceBroken struct {
	Package string   `json:"package"`
	Reasons []string `json:"reasons"`
}

// SourceCategory is a category of findings, in a sentence.
type SourceCategory struct{ Name, Doc string }

// SourceFormat is an output of a SourceAudit.
type SourceFormat struct {
	Name  string
	Write func(io.Writer, SourceAudit) error
}

// SourceFormats are all of them, the default first.
func SourceFormats() []SourceFormat {
	return []SourceFormat{{"text", writeSourceText}, {"json", writeSourceJSON}, {"sarif", writeSourceSARIF}, {"github", writeSourceGitHub}}
}

// writeSourceText writes a line a finding, as compilers do, for people and editors; what belongs to it is indented.
func writeSourceText(w io.Writer, a SourceAudit) error {
	b := bufio.NewWriter(w)
	for _, f := range a.Findings {
		fmt.Fprintf(b, "%s:%d:%d: %s\n", cleanLine(f.File), f.Line, f.Column, cleanLine(f.Message))
		for _, r := range f.Related {
			fmt.Fprintf(b, "\t%s:%d:%d: %s\n", cleanLine(r.File), r.Line, r.Column, cleanLine(r.Message))
		}
	}
	return b.Flush()
}

// writeSourceJSON writes a document that programs may build on.
func writeSourceJSON(w io.Writer, a SourceAudit) error {
	type version struct {
		Version string `json:"version"`
	}
	out := struct {
		APIVersion string          `json:"apiVersion"`
		Kind       string          `json:"kind"`
		Kaudit     version         `json:"kaudit"`
		Findings   []SourceFinding `json:"findings"`
		Broken     []SourceBroken  `json:"broken"`
	}{"kaudit.dev/v1", "SourceReport", version{a.Kaudit}, append([]SourceFinding{}, a.Findings...), append([]SourceBroken{}, a.Broken...)}
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	return b.Flush()
}

// writeSourceGitHub annotates the lines of a pull request.
func writeSourceGitHub(w io.Writer, a SourceAudit) error {
	b := bufio.NewWriter(w)
	for _, f := range a.Findings {
		at := location{path: f.File, line: f.Line, column: f.Column}
		fmt.Fprintln(b, note{kind: "warning", title: "kaudit vet, " + f.Category, message: f.Message, at: at}.command())
	}
	return b.Flush()
}

// writeSourceSARIF writes version 2.1.0; paths as in writeSARIF.
func writeSourceSARIF(w io.Writer, a SourceAudit) error {
	run := sarif.NewRunWithInformationURI("kaudit vet", "https://github.com/kaudit/kaudit").WithColumnKind("unicodeCodePoints")
	run.Tool.Driver.WithVersion(strings.TrimPrefix(a.Kaudit, "v"))
	run.WithOriginalUriBaseIds(map[string]sarif.ArtifactLocation{
		srcRoot: *sarif.NewArtifactLocation().WithDescription(sarif.NewTextMessage("the directory that kaudit ran in")),
	})
	for _, c := range a.Categories {
		run.AddRule(c.Name).WithName(pascal(c.Name)).WithDescription(c.Doc + ".").
			WithHelpURI("https://github.com/kaudit/kaudit/blob/main/docs/vet.md#" + c.Name)
	}
	for _, f := range a.Findings {
		r := sarif.NewRuleResult(f.Category).WithRuleIndex(run.GetRuleIndex(f.Category)).
			WithLevel(sarif.LevelWarning).WithMessage(sarif.NewTextMessage(cleanLine(f.Message)))
		r.WithLocations([]*sarif.Location{sourceLocation(f.File, f.Line, f.Column)})
		for _, rel := range f.Related {
			r.AddRelatedLocation(sourceLocation(rel.File, rel.Line, rel.Column).WithMessage(sarif.NewTextMessage(cleanLine(rel.Message))))
		}
		run.AddResult(r)
	}
	log := sarif.NewReport().AddRun(run.AddInvocation(sarif.NewInvocation().WithExecutionSuccessful(len(a.Broken) == 0)))
	log.Schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	return sarifWrite(w, log)
}

func sourceLocation(file string, line, column int) *sarif.Location {
	return sarif.NewLocationWithPhysicalLocation(sarifPlace(location{path: file, line: line, column: column}))
}
