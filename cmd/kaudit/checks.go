package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/checks"
)

// checkList is what `kaudit checks -o json` prints: fields are added, never renamed or removed.
type checkList struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Checks     []checkEntry `json:"checks"`
}

type checkEntry struct {
	ID         string           `json:"id"`
	Title      string           `json:"title"`
	Component  string           `json:"component"`
	Severity   string           `json:"severity"`
	Needs      []string         `json:"needs"`
	AnyOf      []string         `json:"anyOf"`
	Uses       []string         `json:"uses"`
	Parameters []paramEntry     `json:"parameters"`
	References []referenceEntry `json:"references"`
}

type paramEntry struct {
	Name    string `json:"name"`
	Default string `json:"default"`
	Doc     string `json:"doc"`
}

type referenceEntry struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

func newChecksCmd(e env) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "checks",
		Short: "every check: id, component, default severity, evidence it needs, source",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			cs := catalogue()
			return writeAs(e.stdout, format, listOf(cs), func(w io.Writer) error { return writeChecks(w, cs) })
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

func listOf(cs []checks.Check) checkList {
	l := checkList{"kaudit.dev/v1", "CheckList", []checkEntry{}}
	for _, c := range cs {
		entry := checkEntry{
			ID: c.ID, Title: c.Title(), Component: c.Component, Severity: c.Severity.String(),
			Needs: kindNames(c.Needs), AnyOf: kindNames(c.AnyOf), Uses: kindNames(c.Uses),
			Parameters: []paramEntry{}, References: []referenceEntry{},
		}
		for _, p := range c.Params() {
			entry.Parameters = append(entry.Parameters, paramEntry{p.Name, p.Value, p.Doc})
		}
		for _, r := range c.References() {
			entry.References = append(entry.References, referenceEntry(r))
		}
		l.Checks = append(l.Checks, entry)
	}
	return l
}

func writeChecks(w io.Writer, cs []checks.Check) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CHECK\tCOMPONENT\tSEVERITY\tNEEDS\tSOURCE")
	for _, c := range cs {
		needs := kindNames(c.Needs)
		if len(c.AnyOf) > 0 {
			needs = append(needs, strings.Join(kindNames(c.AnyOf), "|"))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", c.ID, c.Component, c.Severity, strings.Join(needs, ","), section(c))
	}
	return t.Flush()
}

// section is the part of the source document that a check comes from.
func section(c checks.Check) string {
	refs := c.References()
	if len(refs) == 0 {
		return ""
	}
	title, ours := strings.CutPrefix(refs[0].Title, "Source document: ")
	if !ours {
		return "" // of more than it speaks of
	}
	return title
}
