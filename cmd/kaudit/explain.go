package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"charm.land/glamour/v2"
	"charm.land/glamour/v2/styles"
	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/policy"
)

func newExplainCmd(e env) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:     "explain CHECK...",
		Short:   "why a check is made, how it is decided, and how to fix what it finds",
		Example: examples(e, "explain etcd-quota", "explain --all > checks.md"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return idsOf(catalogue()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cs, err := explained(e, args, all)
			if err != nil {
				return err
			}
			return runExplain(e, cs)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every check, in the order of the catalogue")
	return cmd
}

// explained are the checks that arguments name.
func explained(e env, args []string, all bool) ([]checks.Check, error) {
	known := catalogue()
	switch {
	case all && len(args) > 0:
		return nil, usage("--all and %q exclude each other", args[0])
	case all:
		return known, nil
	case len(args) == 0:
		return nil, usage("name a check to explain; %s checks lists them all", e.name)
	}
	var out []checks.Check
	for _, id := range args {
		c, ok := checkNamed(append(known, policy.Check()), id)
		if !ok {
			return nil, noCheck(e, id, idsOf(known))
		}
		out = append(out, c)
	}
	return out, nil
}

func checkNamed(cs []checks.Check, id string) (checks.Check, bool) {
	for _, c := range cs {
		if c.ID == id {
			return c, true
		}
	}
	return checks.Check{}, false
}

// runExplain prints pages: rendered on a terminal, else as they are, which is Markdown.
func runExplain(e env, cs []checks.Check) error {
	var b strings.Builder
	for i, c := range cs {
		if i > 0 {
			b.WriteString("\n---\n\n")
		}
		b.WriteString(page(c))
	}
	text := b.String()
	if columns, ok := terminal(e.stdout); ok {
		rendered, err := render(text, columns, terminalOptions(e).Color)
		if err != nil {
			return err
		}
		text = rendered
	}
	_, err := io.WriteString(e.stdout, text)
	return err
}

// page is a check's page with what the program acts on below its title, from the check itself.
func page(c checks.Check) string {
	title, body, _ := strings.Cut(strings.TrimSpace(c.Doc), "\n")
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", title)
	fmt.Fprintf(&b, "- Check: `%s`\n- Component: %s\n- Severity: %s, unless a finding says otherwise\n", c.ID, c.Component, c.Severity)
	for _, line := range [][2]string{{"Needs", kindList(c.Needs)}, {"Needs one of", kindList(c.AnyOf)}, {"Uses, where it can be had", kindList(c.Uses)}} {
		if line[1] != "" {
			fmt.Fprintf(&b, "- %s: %s\n", line[0], line[1])
		}
	}
	if ps := c.Params(); len(ps) > 0 {
		b.WriteString("- Parameters:\n")
		for _, p := range ps {
			fmt.Fprintf(&b, "  - `%s` = `%s`: %s\n", p.Name, p.Value, p.Doc)
		}
	}
	b.WriteString(body)
	b.WriteByte('\n')
	return b.String()
}

// render makes Markdown readable on a terminal, no wider than a page that the eye can follow.
func render(text string, columns int, color bool) (string, error) {
	style := styles.NoTTYStyleConfig
	if color {
		style = styles.DarkStyleConfig
		style.H2.Prefix, style.H3.Prefix = "", "" // colour tells a heading
		style.Code.Prefix, style.Code.Suffix = "", ""
	}
	r, err := glamour.NewTermRenderer(glamour.WithStyles(style), glamour.WithWordWrap(min(columns, 110)))
	if err != nil {
		return "", err
	}
	out, err := r.Render(joined(text))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(out, hyphen, "-")) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String(), nil
}

// hyphen is one that no line is broken at.
const hyphen = "\u2011"

// joined keeps flags and names whole, which people copy: the renderer breaks lines at every hyphen.
// It also leaves the line breaks of list items in, which stand for nothing. Code blocks stay as they are.
func joined(text string) string {
	var lines []string
	fenced, open := false, false
	for line := range strings.SplitSeq(text, "\n") {
		inner := strings.TrimSpace(line)
		if strings.HasPrefix(inner, "```") {
			fenced, open = !fenced, false
		}
		switch {
		case fenced || inner == "":
			open = false
		case open && strings.HasPrefix(line, "  ") && !strings.HasPrefix(inner, "- ") && !strings.HasPrefix(inner, "```"):
			lines[len(lines)-1] += " " + unbroken(inner)
			continue
		default:
			open, line = strings.HasPrefix(inner, "- "), unbroken(line)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// unbroken replaces the hyphens of words, but not those of the targets of links.
func unbroken(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch {
		case strings.HasPrefix(line[i:], "]("):
			end := max(strings.IndexByte(line[i:], ')'), 1)
			b.WriteString(line[i : i+end])
			i += end - 1
		case line[i] == '-' && inWord(strings.TrimLeft(line[i:], "-")):
			b.WriteString(hyphen)
		default:
			b.WriteByte(line[i])
		}
	}
	return b.String()
}

func inWord(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}
