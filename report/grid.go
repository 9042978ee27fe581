package report

import (
	"bytes"
	"fmt"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/kaudit/kaudit/checks"
)

// gap is the space between two columns.
const gap = 2

// Colours of a terminal: the eight that every palette keeps readable.
const (
	bold    = "1"
	red     = "1;31"
	yellow  = "33"
	blue    = "36"
	green   = "32"
	magenta = "1;35"
)

// paint leaves text as it is where colour is not wanted.
func (t tableWriter) paint(code, text string) string {
	if !t.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func style(s checks.Severity) string {
	switch s {
	case checks.Critical:
		return red
	case checks.Warning:
		return yellow
	default:
		return blue
	}
}

func worst(s Summary) string {
	switch {
	case s.Critical > 0:
		return red
	case s.Warning > 0:
		return yellow
	case s.Info > 0:
		return blue
	case s.Broken > 0 || s.Pass == 0:
		return bold
	}
	return green
}

// grid writes rows below a header, in columns without rules. Cells come wrapped: the library breaks
// no word that is longer than its column.
func (t tableWriter) grid(rows [][]string, aligned ...tw.Align) error {
	var b bytes.Buffer
	cell := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{Global: tw.AlignLeft, PerColumn: aligned},
		Padding:    tw.CellPadding{Global: tw.Padding{Right: "  ", Overwrite: true}},
	}
	table := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithEastAsian(tw.Off), // else the locale decides
		tablewriter.WithHeaderConfig(cell), tablewriter.WithRowConfig(cell),
	)
	table.Header(rows[0])
	err := table.Bulk(rows[1:])
	if err == nil {
		err = table.Render()
	}
	if err != nil {
		return err
	}
	for line := range bytes.Lines(b.Bytes()) {
		fmt.Fprintf(t, "%s\n", bytes.TrimRight(line, " \n"))
	}
	return nil
}
