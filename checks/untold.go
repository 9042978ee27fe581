package checks

import (
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// Untold skips a subject because of flags that are not known: in the words given, or, where files were read,
// with the line and the reason why they do not tell.
func (s Subject) Untold(f evidence.Flags, live string, names ...string) Verdict {
	if !f.InFile() {
		return s.Skip("%s", live)
	}
	var reasons, ways []string
	for _, name := range names {
		at, why, unlock := f.Untold(name)
		if why == "" {
			continue
		}
		if at != (evidence.Source{}) {
			s = s.With(at, "%s", f.Setting(name))
		}
		reasons, ways = append(reasons, why), append(ways, unlock)
	}
	if len(reasons) == 0 {
		return s.Skip("%s", live)
	}
	return s.Skip("cannot be told from the file: %s", strings.Join(reasons, "; ")).Unlocked(strings.Join(ways, ", "))
}

// OnlyLive is what to say of a subject that a piece of evidence would decide, if only a live cluster has it: the
// gap's own words, which a command can tell from a reason of the files'. False if that is not the gap.
func OnlyLive[T any](s Subject, o evidence.Observed[T]) (Verdict, bool) {
	if o.Gap == nil || o.Gap.Why != evidence.NotLive {
		return Verdict{}, false
	}
	return s.Skip("%s", o.Gap.Note).Unlocked(o.Gap.Unlock), true
}
