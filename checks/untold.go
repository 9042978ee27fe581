package checks

import (
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// Untold skips a subject because of flags that are not known: in the words given, or, where files were read,
// with the line and the reason why they do not tell.
func (s Subject) Untold(f evidence.Flags, live string, names ...string) Verdict {
	inFile := func(e Evidence) bool { return e.Source.InFile() }
	if !f.InFile() && !slices.ContainsFunc(s.seen, inFile) {
		return s.Skip("%s", live)
	}
	var reasons, ways []string
	by := map[string][]string{} // flags by the reason why they are not known
	for _, name := range names {
		at, why, unlock := f.Untold(name)
		if why == "" {
			continue
		}
		if at != (evidence.Source{}) {
			s = s.With(at, "%s", f.Setting(name))
		}
		if by[why] == nil {
			reasons = append(reasons, why)
		}
		by[why] = append(by[why], "--"+name)
		if !slices.Contains(ways, unlock) {
			ways = append(ways, unlock)
		}
	}
	if len(reasons) == 0 {
		return s.Skip("%s", live)
	}
	var said []string
	for _, why := range reasons {
		is := " is "
		if len(by[why]) > 1 {
			is = " are "
		}
		said = append(said, strings.Join(by[why], ", ")+is+why)
	}
	if slices.Equal(ways, []string{evidence.OnlyLive}) {
		return s.Skip("%s: %s", needsLive, strings.Join(said, "; ")).Unlocked(evidence.OnlyLive)
	}
	return s.Skip("cannot be told from the file: %s", strings.Join(said, "; ")).Unlocked(strings.Join(ways, ", "))
}

// needsLive begins what only a live cluster tells, as the gaps of files do: a command sums such verdicts up.
const needsLive = "needs a live cluster"

// UntoldField is Untold for a field of a configuration file; false if the file tells it, or leaves it to its default.
func (s Subject) UntoldField(d evidence.Document, field string) (Verdict, bool) {
	switch {
	case d.Fills(field):
		return s.Skip("cannot be told from the file: %s is filled in later, by a template", field).Unlocked("a value of " + field + " in the file"), true
	case d.Part != "" && !d.Has(field):
		return s.Skip("%s: %s is not in the file, and %s", needsLive, field, d.Part).Unlocked(evidence.OnlyLive), true
	}
	return Verdict{}, false
}

// OnlyLive is what to say of a subject that a piece of evidence would decide, if only a live cluster has it: the
// gap's own words, which a command can tell from a reason of the files'. False if that is not the gap.
func OnlyLive[T any](s Subject, o evidence.Observed[T]) (Verdict, bool) {
	if o.Gap == nil || o.Gap.Why != evidence.NotLive {
		return Verdict{}, false
	}
	return s.Skip("%s", o.Gap.Note).Unlocked(o.Gap.Unlock), true
}
