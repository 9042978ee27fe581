package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/kaudit/kaudit/checks"
)

// A DiffFormat is a way to write a comparison.
type DiffFormat struct {
	Name  string
	Write func(io.Writer, Comparison, Options) error
}

// DiffFormats lists them in the order in which help shows them.
func DiffFormats() []DiffFormat {
	return []DiffFormat{{"table", diffTable}, {"json", diffJSON}, {"markdown", diffMarkdown}}
}

// diffDocument is a promise, as that of a report is.
type diffDocument struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	From       diffReportJSON `json:"from"`
	To         diffReportJSON `json:"to"`
	Summary    map[string]int `json:"summary"`
	Changes    []diffJSONItem `json:"changes"`
}

type diffReportJSON struct {
	Kaudit    kauditJSON `json:"kaudit"`
	Target    targetJSON `json:"target"`
	StartedAt string     `json:"startedAt,omitempty"`
}

type diffJSONItem struct {
	Change      string       `json:"change"`
	Check       string       `json:"check"`
	Component   string       `json:"component"`
	Cluster     string       `json:"cluster,omitempty"`
	Subject     string       `json:"subject"`
	Differs     []string     `json:"differs,omitempty"` // of a finding that changed
	Note        string       `json:"note,omitempty"`
	From        *verdictJSON `json:"from,omitempty"`
	To          *verdictJSON `json:"to,omitempty"`
	Fingerprint string       `json:"fingerprint"`
}

type verdictJSON struct {
	Status   string      `json:"status"`
	Severity string      `json:"severity,omitempty"`
	Message  string      `json:"message"`
	Observed string      `json:"observed,omitempty"`
	Waived   *waivedJSON `json:"waived,omitempty"`
}

func diffJSON(w io.Writer, c Comparison, _ Options) error {
	d := diffDocument{
		APIVersion: apiVersion, Kind: "Diff", From: diffReport(c.From), To: diffReport(c.To),
		Summary: map[string]int{"unchanged": c.Same}, Changes: []diffJSONItem{},
	}
	for _, k := range kinds() {
		d.Summary[k] = 0
	}
	for _, one := range c.Changes {
		d.Summary[one.Kind]++
		item := diffJSONItem{
			Change: one.Kind, Check: one.Check.ID, Component: one.Check.Component, Cluster: one.Cluster, Subject: one.subject(), Note: one.Note,
			From: verdictOf(one.Check, one.From), To: verdictOf(one.Check, one.To), Fingerprint: checks.Fingerprint(one.Cluster, one.Check.ID, one.subject()),
		}
		if one.Kind == Changed {
			item.Differs = differences(*one.From, *one.To)
		}
		d.Changes = append(d.Changes, item)
	}
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return err
	}
	return b.Flush()
}

func diffReport(a Audit) diffReportJSON {
	d := documentOf(Audit{Kaudit: a.Kaudit, Target: a.Target})
	out := diffReportJSON{Kaudit: d.Kaudit, Target: d.Target}
	if !a.Started.IsZero() {
		out.StartedAt = a.Started.UTC().Format("2006-01-02T15:04:05Z")
	}
	return out
}

func verdictOf(c checks.Check, v *checks.Verdict) *verdictJSON {
	if v == nil {
		return nil
	}
	r := resultOf(c, "", *v)
	return &verdictJSON{r.Status, r.Severity, r.Message, r.Observed, r.Waived}
}

func (c Change) subject() string {
	if c.From != nil {
		return c.From.Subject
	}
	return c.To.Subject
}

// kindTitles say what each kind of change is.
var kindTitles = map[string]string{
	Appeared: "Appeared", Changed: "Changed", Untold: "Can no longer be told", Disappeared: "Disappeared", Other: "Other changes",
}

// A row is what several changes have in common that a person would read as one.
type row struct {
	change  Change
	text    string
	members []member
}

// rows are the changes of a kind.
func (c Comparison) rows(kind string) []row {
	var rs []row
	at := map[string]int{}
	for _, one := range c.Changes {
		if one.Kind != kind {
			continue
		}
		text := one.text()
		key := strings.Join([]string{one.Check.ID, one.severity().String(), text}, "\x00")
		i, ok := at[key]
		if !ok {
			i = len(rs)
			at[key] = i
			rs = append(rs, row{change: one, text: text})
		}
		rs[i].members = append(rs[i].members, member{c.cluster(one.Cluster), one.subject()})
	}
	return rs
}

// cluster names a cluster where there is more than one.
func (c Comparison) cluster(name string) string {
	if len(c.From.Clusters) > 1 || len(c.To.Clusters) > 1 {
		return name
	}
	return ""
}

// text is what was and what is, a line each.
func (c Change) text() string {
	switch c.Kind {
	case Appeared:
		return stack(c.To.Message, accepted(*c.To), c.Note)
	case Changed:
		return c.both()
	}
	now := c.Note
	if c.To != nil {
		now = c.To.Outcome.String() + ": " + c.To.Message
	}
	was := c.From.Message
	if c.From.Outcome != checks.Finding {
		was = c.From.Outcome.String() + ": " + was
	}
	return "was: " + was + "\nnow: " + now
}

func (c Change) both() string {
	var lines []string
	for _, what := range differences(*c.From, *c.To) {
		switch what {
		case "severity":
			lines = append(lines, fmt.Sprintf("%s, was %s", c.To.Severity, c.From.Severity))
		case "waived":
			lines = append(lines, cmpWaived(*c.From, *c.To))
		}
	}
	if c.From.Message == c.To.Message {
		if c.From.Observed != c.To.Observed {
			return strings.Join(append(lines, c.To.Message, "was seen: "+c.From.Observed, "now seen: "+c.To.Observed), "\n")
		}
		return strings.Join(append(lines, c.To.Message), "\n")
	}
	return strings.Join(append(lines, "was: "+c.From.Message, "now: "+c.To.Message), "\n")
}

func cmpWaived(a, b checks.Verdict) string {
	switch {
	case b.Waived == nil:
		return "no longer accepted; it was: " + terms(*a.Waived)
	case a.Waived == nil:
		return accepted(b)
	}
	return accepted(b) + "; before: " + waivedFor(a)
}

func accepted(v checks.Verdict) string {
	if v.Waived == nil {
		return ""
	}
	return "accepted: " + terms(*v.Waived)
}

// stack puts what there is on lines of its own.
func stack(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n")
}

// heading says which reports these are.
func (c Comparison) heading() string {
	name := func(a Audit) string {
		out := a.Target.Name
		if !a.Started.IsZero() {
			out += " of " + a.Started.UTC().Format("2006-01-02 15:04 MST")
		}
		return out
	}
	return name(c.From) + " → " + name(c.To)
}

// tally counts the changes.
func (c Comparison) tally() string {
	n := map[string]int{}
	for _, one := range c.Changes {
		n[one.Kind]++
	}
	text := join(some(n[Appeared], "appeared", "appeared"), some(n[Changed], "changed", "changed"),
		some(n[Untold], "can no longer be told", "can no longer be told"), some(n[Disappeared], "disappeared", "disappeared"),
		some(n[Other], "other change", "other changes"))
	if text == "" {
		text = "nothing changed"
	}
	return text + "; " + count(c.Same, "finding is as it was", "findings are as they were")
}

func diffTable(w io.Writer, c Comparison, o Options) error {
	if o.Width <= 0 {
		o.Width = plainWidth
	}
	o.Width = min(max(o.Width, 40), 200)
	t := tableWriter{bufio.NewWriter(w), o}
	t.paragraph(t.paint(bold, c.heading()), "")
	t.paragraph(c.tally(), "")
	for _, kind := range kinds() {
		rs := c.rows(kind)
		if len(rs) == 0 {
			continue
		}
		fmt.Fprintf(t, "\n%s\n", t.paint(bold, kindTitles[kind]))
		left := 0
		for _, r := range rs {
			left = max(left, width(r.change.Check.ID), min(width(where(r.members, manyNames)), t.Width*3/10))
		}
		cells := [][]string{{"SEVERITY", "CHECK, WHERE", "WHAT"}}
		for _, r := range rs {
			severity := ""
			if s := r.change.severity(); s != 0 {
				severity = t.paint(style(s), s.String())
			}
			cells = append(cells, []string{
				severity, r.change.Check.ID + "\n" + wrapped(where(r.members, manyNames), left),
				wrapped(r.text, t.Width-len("SEVERITY")-left-2*gap),
			})
		}
		if err := t.grid(cells); err != nil {
			return err
		}
	}
	return t.Flush()
}

func diffMarkdown(w io.Writer, c Comparison, _ Options) error {
	p := &page{room: mdLimit}
	fmt.Fprintf(p, "# kaudit: %s\n\n%s.\n", mdText(c.heading()), mdText(c.tally()))
	for _, kind := range kinds() {
		rs := c.rows(kind)
		p.list("## "+kindTitles[kind]+"\n\n| Severity | Check | Where | What |\n| --- | --- | --- | --- |\n", len(rs), "changes", func(i int) string {
			severity := ""
			if s := rs[i].change.severity(); s != 0 {
				severity = s.String()
			}
			text := strings.ReplaceAll(mdText(rs[i].text), "\n", "<br>")
			return fmt.Sprintf("| %s | `%s` | %s | %s |\n", severity, rs[i].change.Check.ID, mdText(where(rs[i].members, manyNames)), text)
		})
	}
	_, err := w.Write(p.Bytes())
	return err
}
