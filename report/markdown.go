package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
)

// writeMarkdown writes GitHub's dialect. A table cell holds no line break and no bare pipe, not even
// in code; GitHub drops what looks like an HTML tag, so < is escaped everywhere.
func writeMarkdown(w io.Writer, a Audit, _ Options) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# kaudit: %s\n\n", mdText(a.Target.Name))
	fmt.Fprintf(b, "%s. Seen at %s.\n\n", mdText(strings.Join(headline(a.Target), ", ")), a.Finished.UTC().Format("2006-01-02 15:04:05 MST"))
	findings, rest := tally(a.Summary())
	fmt.Fprintf(b, "**%s**; %s.\n", findings, rest)
	found := append(folds(a, checks.Finding), folds(a, checks.Broken)...)
	mdOverview(b, found)
	for _, f := range found {
		mdFinding(b, f)
	}
	mdSkipped(b, a)
	mdList(b, "Passed", folds(a, checks.Pass))
	mdList(b, "Not applicable", folds(a, checks.NotApplicable))
	fmt.Fprintf(b, "\n---\n\nCost: %s. kaudit %s.\n", mdText(price(a)), mdText(a.Kaudit))
	return b.Flush()
}

func mdOverview(w io.Writer, found []fold) {
	if len(found) == 0 {
		return
	}
	fmt.Fprint(w, "\n| Severity | Check | Where | Seen | Wanted |\n| --- | --- | --- | --- | --- |\n")
	for _, f := range found {
		fmt.Fprintf(w, "| %s | `%s` | %s | %s | %s |\n", mdSeverity(f.verdict), f.check.ID,
			mdText(where(f.subjects, manyNames)), mdText(f.verdict.Message), mdText(f.verdict.Recommended))
	}
}

// mdSeverity is what stands in the first column; a broken check has no severity.
func mdSeverity(v checks.Verdict) string {
	if v.Outcome == checks.Broken {
		return v.Outcome.String()
	}
	return v.Severity.String()
}

func mdFinding(w io.Writer, f fold) {
	v := f.verdict
	fmt.Fprintf(w, "\n## %s: %s\n\n%s: %s.\n\n", mdSeverity(v), f.check.ID, mdText(where(f.subjects, 0)), mdText(v.Message))
	if v.Observed != "" {
		fmt.Fprintf(w, "- Seen: %s\n", mdText(v.Observed))
	}
	if v.Recommended != "" {
		fmt.Fprintf(w, "- Wanted: %s\n", mdText(v.Recommended))
	}
	for i, e := range f.seen {
		if i == manyNames && len(f.seen) > manyNames+1 {
			fmt.Fprintf(w, "- Evidence: %d more\n", len(f.seen)-i)
			break
		}
		fmt.Fprintf(w, "- Evidence: %s\n", mdText(join(e.Source.Via, e.Source.From, e.Source.Ask, e.Detail)))
	}
	for _, r := range f.check.References() {
		fmt.Fprintf(w, "- [%s](%s)\n", mdText(r.Title), r.URL)
	}
	if v.Fix != "" {
		fence := "```"
		for strings.Contains(v.Fix, fence) {
			fence += "`"
		}
		fmt.Fprintf(w, "\n%s\n%s\n%s\n", fence, v.Fix, fence)
	}
}

func mdSkipped(w io.Writer, a Audit) {
	unlockable, others := locks(a)
	if len(unlockable)+len(others) == 0 {
		return
	}
	fmt.Fprint(w, "\n## Skipped\n\n")
	for _, l := range unlockable {
		fmt.Fprintf(w, "- Unlocked by %s: %s\n", mdText(l.reason), mdCodes(l.checks))
	}
	if slices.ContainsFunc(unlockable, lock.permission) {
		fmt.Fprintf(w, "- %s\n", mdText(grant))
	}
	for _, l := range others {
		fmt.Fprintf(w, "- %s: %s\n", mdText(l.because()), mdCodes(l.checks))
	}
}

func mdCodes(ids []string) string { return "`" + strings.Join(ids, "`, `") + "`" }

func mdList(w io.Writer, title string, fs []fold) {
	if len(fs) == 0 {
		return
	}
	fmt.Fprintf(w, "\n## %s\n\n", title)
	for _, f := range fs {
		fmt.Fprintf(w, "- `%s` %s: %s\n", f.check.ID, mdText(where(f.subjects, manyNames)), mdText(f.verdict.Message))
	}
}

var mdEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `|`, `\|`, `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `<`, `\<`, `>`, `\>`, `#`, `\#`, `~`, `\~`, `&`, `\&`, `!`, `\!`,
)

// mdText makes text mean itself.
func mdText(s string) string { return mdEscapes.Replace(s) }
