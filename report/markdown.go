package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
)

// mdLimit is a little less than the 1 MiB over which GitHub drops a job's summary.
const mdLimit = 1<<20 - 8<<10

// writeMarkdown writes GitHub's dialect. A table cell holds no line break and no bare pipe, not even
// in code; GitHub drops what looks like an HTML tag, so < is escaped everywhere.
func writeMarkdown(w io.Writer, a Audit, _ Options) error {
	p := &page{room: mdLimit}
	fmt.Fprintf(p, "# kaudit: %s\n\n", mdText(a.Target.Name))
	fmt.Fprintf(p, "%s. Seen at %s.\n\n", mdText(strings.Join(headline(a), ", ")), a.Finished.UTC().Format("2006-01-02 15:04:05 MST"))
	findings, rest := tally(a.Summary())
	fmt.Fprintf(p, "**%s**; %s.\n", findings, rest)
	found := append(folds(a, checks.Verdict.Active), folds(a, of(checks.Broken))...)
	p.list("| Severity | Check | Where | Seen | Wanted |\n| --- | --- | --- | --- | --- |\n", len(found), "rows", func(i int) string { return mdRow(found[i]) })
	p.list("", len(found), "findings", func(i int) string { return mdFinding(found[i], i > 0) })
	ws := waivers(a)
	p.list("## Waived\n\n", len(ws), "waivers", func(i int) string { return mdWaiver(ws[i]) })
	mdSkipped(p, a)
	mdList(p, "Passed", folds(a, of(checks.Pass)))
	mdList(p, "Not applicable", folds(a, of(checks.NotApplicable)))
	fmt.Fprintf(p, "\n---\n\nCost: %s. kaudit %s.\n", mdText(price(a)), mdText(a.Kaudit))
	_, err := w.Write(p.Bytes())
	return err
}

// page is a text that leaves out what GitHub would not show, and says so.
type page struct {
	bytes.Buffer
	room int
}

// list writes a part of the page, as much of it as there is room for.
func (p *page) list(head string, n int, what string, item func(int) string) {
	if n == 0 {
		return
	}
	fmt.Fprintf(p, "\n%s", head)
	for i := range n {
		text := item(i)
		if p.Len()+len(text) > p.room {
			p.room = 0 // what comes later matters less
			fmt.Fprintf(p, "\n%d of %d %s are left out: GitHub shows no summary over 1 MiB. -o json has them all.\n", n-i, n, what)
			return
		}
		p.WriteString(text)
	}
}

func mdRow(f fold) string {
	place := mdText(where(f.members, manyNames))
	if len(f.places) > 0 {
		place += "<br>" + mdText(atMost(f.places, manyPlaces))
	}
	return fmt.Sprintf("| %s | `%s` | %s | %s | %s |\n", mdSeverity(f.verdict), f.check.ID,
		place, mdText(f.verdict.Message), mdText(f.verdict.Recommended))
}

// mdSeverity is what stands in the first column; a broken check has no severity.
func mdSeverity(v checks.Verdict) string {
	if v.Outcome == checks.Broken {
		return v.Outcome.String()
	}
	return v.Severity.String()
}

func mdFinding(f fold, apart bool) string {
	var b strings.Builder
	if apart {
		b.WriteByte('\n')
	}
	v := f.verdict
	fmt.Fprintf(&b, "## %s: %s\n\n%s: %s.\n\n", mdSeverity(v), f.check.ID, mdText(where(f.members, 0)), mdText(v.Message))
	if v.Observed != "" {
		fmt.Fprintf(&b, "- Seen: %s\n", mdText(v.Observed))
	}
	if v.Recommended != "" {
		fmt.Fprintf(&b, "- Wanted: %s\n", mdText(v.Recommended))
	}
	for i, e := range f.seen {
		if i == manyNames && len(f.seen) > manyNames+1 {
			fmt.Fprintf(&b, "- Evidence: %d more\n", len(f.seen)-i)
			break
		}
		fmt.Fprintf(&b, "- Evidence: %s\n", mdText(witness(e)))
	}
	for _, r := range f.check.References() {
		fmt.Fprintf(&b, "- [%s](%s)\n", mdText(r.Title), r.URL)
	}
	if v.Fix != "" {
		fence := "```"
		for strings.Contains(v.Fix, fence) {
			fence += "`"
		}
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n", fence, v.Fix, fence)
	}
	return b.String()
}

// witness is a piece of evidence in a line. That a path is a file's needs no word.
func witness(e checks.Evidence) string {
	if e.Source.InFile() {
		return join(place(e.Source), e.Source.Ask, e.Detail)
	}
	return join(e.Source.Via, e.Source.From, e.Source.Ask, e.Detail)
}

func mdWaiver(w waiver) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- %s\n", mdText(w.terms()))
	for _, f := range w.found {
		fmt.Fprintf(&b, "  - `%s` %s: %s\n", f.check.ID, mdText(where(f.members, manyNames)), mdText(f.verdict.Message))
	}
	return b.String()
}

func mdSkipped(p *page, a Audit) {
	unlockable, others := locks(a)
	var lines []string
	for _, l := range unlockable {
		lines = append(lines, fmt.Sprintf("- Unlocked by %s: %s\n", mdText(l.reason), mdCodes(l.checks)))
	}
	if slices.ContainsFunc(unlockable, lock.permission) {
		lines = append(lines, fmt.Sprintf("- %s\n", mdText(grant)))
	}
	for _, l := range others {
		lines = append(lines, fmt.Sprintf("- %s: %s\n", mdText(l.because()), mdCodes(l.checks)))
	}
	p.list("## Skipped\n\n", len(lines), "reasons", func(i int) string { return lines[i] })
}

func mdCodes(ids []string) string { return "`" + strings.Join(ids, "`, `") + "`" }

func mdList(p *page, title string, fs []fold) {
	p.list("## "+title+"\n\n", len(fs), "lines", func(i int) string {
		f := fs[i]
		return fmt.Sprintf("- `%s` %s: %s\n", f.check.ID, mdText(where(f.members, manyNames)), mdText(f.verdict.Message))
	})
}

var mdEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `|`, `\|`, `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `<`, `\<`, `>`, `\>`, `#`, `\#`, `~`, `\~`, `&`, `\&`, `!`, `\!`,
)

// mdText makes text mean itself.
func mdText(s string) string { return mdEscapes.Replace(s) }
