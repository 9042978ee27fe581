package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
)

// A waiver is why findings were accepted, and which ones.
type waiver struct {
	checks.Waived
	found []fold
}

// waivers groups accepted findings: what one line of a policy, or a baseline, accepts is said once.
func waivers(a Audit) []waiver {
	var ws []waiver
	for _, f := range folds(a, waived) {
		i := slices.IndexFunc(ws, func(w waiver) bool { return w.terms() == terms(*f.verdict.Waived) })
		if i < 0 {
			i, ws = len(ws), append(ws, waiver{Waived: *f.verdict.Waived})
		}
		ws[i].found = append(ws[i].found, f)
	}
	return ws
}

// terms say why, until when, and where that is written.
func (w waiver) terms() string { return terms(w.Waived) }

func terms(w checks.Waived) string {
	text := w.Reason
	if text == "" {
		text = "no reason given"
	}
	if !w.Until.IsZero() {
		text += ", until " + w.Until.UTC().Format(time.DateOnly)
	}
	if w.By != "" {
		text += fmt.Sprintf(" (%s)", w.By)
	}
	return text
}

// manyWaived are the findings that a waiver names; a baseline may hold hundreds.
const manyWaived = 12

func (w waiver) list() string {
	var out []string
	for _, f := range w.found {
		out = append(out, f.check.ID+" of "+where(f.members, manyNames))
	}
	if len(out) > manyWaived {
		out = append(out[:manyWaived-1], fmt.Sprintf("%d more", len(out)-manyWaived+1))
	}
	return strings.Join(out, "; ")
}
