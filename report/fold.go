package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// A member is whom a verdict speaks of; its cluster is "" in an audit of one.
type member struct{ cluster, subject string }

// A fold is what one check says in the same words of one or several subjects.
type fold struct {
	check   checks.Check
	verdict checks.Verdict // of the first member
	members []member
	places  []string          // in files, each once: "manifests/etcd.yaml:16"
	seen    []checks.Evidence // of all of them
}

// of picks the verdicts of an outcome.
func of(want checks.Outcome) func(checks.Verdict) bool {
	return func(v checks.Verdict) bool { return v.Outcome == want }
}

func waived(v checks.Verdict) bool { return v.Outcome == checks.Finding && v.Waived != nil }

// folds joins the verdicts that a person would read as one, in whichever cluster, the worst first
// and otherwise in the order of the catalogue.
func folds(a Audit, pick func(checks.Verdict) bool) []fold {
	var fs []fold
	at, order := map[string]int{}, map[string]int{}
	for n, r := range a.Results {
		if _, ok := order[r.Check.ID]; !ok {
			order[r.Check.ID] = n
		}
		for _, v := range r.Verdicts {
			if !pick(v) {
				continue
			}
			key := words(r.Check.ID, v)
			i, ok := at[key]
			if !ok {
				at[key], i = len(fs), len(fs)
				fs = append(fs, fold{check: r.Check, verdict: v})
			}
			fs[i].add(member{a.cluster(r.Cluster), v.Subject}, v)
		}
	}
	slices.SortStableFunc(fs, func(a, b fold) int {
		return cmp.Or(int(b.verdict.Severity)-int(a.verdict.Severity), order[a.check.ID]-order[b.check.ID])
	})
	return fs
}

// words are what makes two verdicts one to a reader.
func words(check string, v checks.Verdict) string {
	parts := []string{check, v.Severity.String(), v.Message, v.Observed, v.Recommended, v.Fix, v.Unlock}
	if w := v.Waived; w != nil {
		parts = append(parts, w.Reason, w.Until.String(), w.By)
	}
	return strings.Join(parts, "\x00")
}

func (f *fold) add(m member, v checks.Verdict) {
	f.members = append(f.members, m)
	f.seen = append(f.seen, restsOn(v)...)
	if src, ok := v.Place(); ok {
		if p := place(src); !slices.Contains(f.places, p) {
			f.places = append(f.places, p)
		}
	}
}

// place is a source as people call it, in a file with its line: editors and terminals open that.
func place(s evidence.Source) string {
	if s.InFile() && s.Line > 0 {
		return fmt.Sprintf("%s:%d", s.From, s.Line)
	}
	return s.From
}

// restsOn lists what a verdict rests on, without the bare sources that another entry details.
func restsOn(v checks.Verdict) []checks.Evidence {
	var out []checks.Evidence
	for i, e := range v.Seen {
		told := func(o checks.Evidence) bool { return o.Source == e.Source && (o.Detail == e.Detail || e.Detail == "") }
		if slices.ContainsFunc(out, told) || e.Detail == "" && slices.ContainsFunc(v.Seen[i+1:], told) {
			continue
		}
		out = append(out, e)
	}
	return out
}
