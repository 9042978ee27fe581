package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
)

const (
	plainWidth = 120 // of what is not a terminal
	manyNames  = 6   // instances that a row names; json has them all
	manyPlaces = 3   // places in files that a row shows
	fixLines   = 12  // of the first fix; explain has the page
	stacked    = 140 // columns below which five of them leave none wide enough for a sentence
)

// tableWriter writes the table format. It is read by somebody who was woken up: the worst thing and
// what to do about it stand on top, and the next command to type at the end.
type tableWriter struct {
	*bufio.Writer
	Options
}

func writeTable(w io.Writer, a Audit, o Options) error {
	if o.Width <= 0 {
		o.Width = plainWidth
	}
	o.Width = min(max(o.Width, 40), 200)
	if o.Command == "" {
		o.Command = "kaudit"
	}
	t := tableWriter{bufio.NewWriter(w), o}
	found := folds(a, checks.Verdict.Active)
	t.header(a)
	if len(found) > 0 {
		t.first(found[0])
		if err := t.findings(found); err != nil {
			return err
		}
	}
	t.broken(folds(a, of(checks.Broken)))
	t.waived(a)
	t.skipped(a)
	t.footer(a, found)
	return t.Flush()
}

func (t tableWriter) header(a Audit) {
	t.paragraph(t.paint(bold, a.Target.Name)+" · "+strings.Join(headline(a), " · "), "")
	s := a.Summary()
	findings, rest := tally(s)
	t.paragraph(t.paint(worst(s), findings)+"; "+rest, "")
}

// first is the one thing to do now.
func (t tableWriter) first(f fold) {
	fmt.Fprintln(t)
	t.paragraph(t.paint(bold, "First:")+" "+t.paint(style(f.verdict.Severity), f.check.ID)+", "+where(f.members, manyNames), "")
	if len(f.places) > 0 {
		t.paragraph("in "+atMost(f.places, manyPlaces), "  ")
	}
	t.paragraph(f.verdict.Message, "  ")
	if !strings.Contains(f.verdict.Message, f.verdict.Observed) {
		t.paragraph("seen: "+f.verdict.Observed, "  ")
	}
	if f.verdict.Fix == "" {
		return
	}
	fmt.Fprintln(t)
	lines := strings.Split(f.verdict.Fix, "\n")
	for i, line := range lines {
		if i == fixLines && len(lines) > fixLines+1 {
			fmt.Fprintf(t, "    … %d more lines: %s explain %s\n", len(lines)-i, t.Command, f.check.ID)
			break
		}
		if width(line)+4 > t.Width && prose(line) {
			t.paragraph(line, "    ")
		} else {
			fmt.Fprintln(t, strings.TrimRight("    "+line, " ")) // not wrapped: it is there to be copied
		}
	}
}

// prose tells a sentence from a command.
func prose(line string) bool { return strings.Contains(line, ", ") || strings.Contains(line, "; ") }

func (t tableWriter) findings(found []fold) error {
	fmt.Fprintln(t)
	if t.Width < stacked {
		return t.narrow(found)
	}
	widths := t.columns(found)
	rows := [][]string{{"SEVERITY", "CHECK", "WHERE", "SEEN", "WANTED"}}
	for _, f := range found {
		rows = append(rows, []string{
			t.paint(style(f.verdict.Severity), f.verdict.Severity.String()), f.check.ID,
			wrapped(f.whereabouts(), widths[0]), wrapped(f.verdict.Message, widths[1]), wrapped(f.verdict.Recommended, widths[2]),
		})
	}
	return t.grid(rows)
}

// whereabouts are the members and, on lines below, the places in files.
func (f fold) whereabouts() string {
	text := where(f.members, manyNames)
	if places := f.inFiles(); places != "" {
		text += "\n" + places
	}
	return text
}

// inFiles has a line for each place, so that a path stays whole where it fits.
func (f fold) inFiles() string {
	lines := f.places
	if len(lines) > manyPlaces {
		lines = append(slices.Clone(lines[:manyPlaces-1]), fmt.Sprintf("and %d more", len(lines)-manyPlaces+1))
	}
	return strings.Join(lines, "\n")
}

// columns are the widths of where, seen and wanted: what the longest needs, within a share of the line.
func (t tableWriter) columns(found []fold) [3]int {
	check, members, places, wanted := 0, len("WHERE"), 0, len("WANTED")
	for _, f := range found {
		check = max(check, width(f.check.ID))
		members = max(members, width(where(f.members, manyNames)))
		places = max(places, widest(f.inFiles()))
		wanted = max(wanted, width(f.verdict.Recommended))
	}
	left := t.Width - len("SEVERITY") - check - 4*gap
	members = min(members, max(left/4, 28)) // "kube-controller-manager/cp-1" is whole
	where := max(members, min(places, left*2/5))
	wanted = min(wanted, left/4)
	return [3]int{where, left - where - wanted, wanted}
}

// narrow stacks check over where and seen over wanted. Paths are long: they stand where most room is.
func (t tableWriter) narrow(found []fold) error {
	left, members := 0, 0
	for _, f := range found {
		left = max(left, width(f.check.ID))
		members = max(members, width(where(f.members, manyNames)))
	}
	left = max(left, min(members, t.Width*3/10)) // names are there to be copied
	seen := t.Width - len("SEVERITY") - left - 2*gap
	rows := [][]string{{"SEVERITY", "CHECK, WHERE", "SEEN, WANTED"}}
	for _, f := range found {
		text := f.verdict.Message
		if f.verdict.Recommended != "" {
			text += "\nwanted: " + f.verdict.Recommended
		}
		if places := f.inFiles(); places != "" {
			text += "\n" + places
		}
		rows = append(rows, []string{
			t.paint(style(f.verdict.Severity), f.verdict.Severity.String()),
			f.check.ID + "\n" + wrapped(where(f.members, manyNames), left), wrapped(text, seen),
		})
	}
	return t.grid(rows)
}

func (t tableWriter) broken(fs []fold) {
	if len(fs) == 0 {
		return
	}
	fmt.Fprintf(t, "\n%s\n", t.paint(magenta, "Broken, a fault of kaudit itself; please report it"))
	for _, f := range fs {
		t.paragraph(f.check.ID+": "+f.verdict.Message, "  ")
	}
}

// waived lists what somebody accepted, with the reason once.
func (t tableWriter) waived(a Audit) {
	ws := waivers(a)
	if len(ws) == 0 {
		return
	}
	fmt.Fprintf(t, "\n%s\n", t.paint(bold, "Waived"))
	for _, w := range ws {
		t.paragraph(w.terms(), "  ")
		t.paragraph(w.list(), "    ")
	}
}

// skipped says what nobody could judge, and what would change that.
func (t tableWriter) skipped(a Audit) {
	unlockable, others := locks(a)
	t.locks("Skipped; what would unlock them", unlockable, func(l lock) string { return l.reason })
	if slices.ContainsFunc(unlockable, lock.permission) {
		t.paragraph(grant, "  ")
	}
	t.locks("Skipped, because", others, lock.because)
}

func (t tableWriter) locks(title string, ls []lock, key func(lock) string) {
	if len(ls) == 0 {
		return
	}
	fmt.Fprintf(t, "\n%s\n", t.paint(bold, title))
	for _, l := range ls {
		t.paragraph(key(l), "  ")
		t.paragraph(strings.Join(l.checks, ", "), "    ")
	}
}

func (t tableWriter) footer(a Audit, found []fold) {
	fmt.Fprintln(t)
	t.paragraph("Cost: "+price(a), "")
	next := "checks"
	if len(found) > 0 {
		next = "explain " + found[0].check.ID
	} else if left := append(folds(a, of(checks.Broken)), folds(a, of(checks.Skipped))...); len(left) > 0 {
		next = "explain " + left[0].check.ID
	}
	fmt.Fprintf(t, "Next: %s\n", t.paint(bold, t.Command+" "+next))
}

// paragraph writes wrapped text behind an indent.
func (t tableWriter) paragraph(text, indent string) {
	for _, line := range wrap(text, t.Width-len(indent)) {
		fmt.Fprintln(t, indent+line)
	}
}
