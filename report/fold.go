package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
)

// A fold is what one check says in the same words of one or several subjects.
type fold struct {
	check    checks.Check
	verdict  checks.Verdict // of the first subject
	subjects []string
	seen     []checks.Evidence // of all of them
}

// folds joins the verdicts of an outcome that a person would read as one, the worst first and
// otherwise in the order of the catalogue.
func folds(a Audit, want checks.Outcome) []fold {
	var fs []fold
	at := map[string]int{}
	for _, r := range a.Results {
		for _, v := range r.Verdicts {
			if v.Outcome != want {
				continue
			}
			key := strings.Join([]string{r.Check.ID, v.Severity.String(), v.Message, v.Observed, v.Recommended, v.Fix, v.Unlock}, "\x00")
			i, ok := at[key]
			if !ok {
				at[key], i = len(fs), len(fs)
				fs = append(fs, fold{check: r.Check, verdict: v})
			}
			fs[i].subjects = append(fs[i].subjects, v.Subject)
			fs[i].seen = append(fs[i].seen, restsOn(v)...)
		}
	}
	slices.SortStableFunc(fs, func(a, b fold) int { return int(b.verdict.Severity) - int(a.verdict.Severity) })
	return fs
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

// where names subjects, those of one component together: "kube-apiserver/cp-1, cp-2". With a limit
// it names so many of them and counts the rest.
func where(subjects []string, limit int) string {
	rest := 0
	if limit > 0 && len(subjects) > limit {
		subjects, rest = subjects[:limit-1], len(subjects)-limit+1
	}
	var parts, names []string
	component, aspect := "", ""
	flush := func() {
		if len(names) > 0 {
			parts = append(parts, component+strings.Join(names, ", ")+aspect)
		}
		names = nil
	}
	for _, s := range subjects {
		c, n, a := split(s)
		if c != component || a != aspect || c == "" {
			flush()
		}
		component, aspect = c, a
		names = append(names, n)
	}
	flush()
	out := strings.Join(parts, "; ")
	if rest > 0 {
		out += fmt.Sprintf(" and %d more", rest)
	}
	return out
}

// split takes "kube-apiserver/cp-1 request-timeout" apart: "kube-apiserver/", "cp-1", " request-timeout".
func split(subject string) (component, name, aspect string) {
	component, name, ok := strings.Cut(subject, "/")
	if !ok || strings.Contains(component, " ") {
		return "", subject, ""
	}
	if i := strings.IndexByte(name, ' '); i >= 0 {
		name, aspect = name[:i], name[i:]
	}
	return component + "/", name, aspect
}

// A lock is what stands between checks and their evidence, and the checks it would open for.
type lock struct {
	reason   string // what to pass or grant, or why nothing can be done
	whole    string // the reason as the first subject has it, by name
	subjects []string
	checks   []string
}

// locks groups skipped verdicts: those that something would unlock by what that is, the others by
// their reason. What opens most comes first.
func locks(a Audit) (unlockable, others []lock) {
	for _, r := range a.Results {
		for _, v := range r.Verdicts {
			switch {
			case v.Outcome != checks.Skipped:
			case v.Unlock != "":
				for _, way := range ways(v.Unlock) {
					unlockable = hold(unlockable, lock{reason: way}, v.Subject, r.Check.ID)
				}
			default:
				others = hold(others, lock{reason: impersonal(v), whole: v.Message}, v.Subject, r.Check.ID)
			}
		}
	}
	most := func(a, b lock) int { return len(b.checks) - len(a.checks) }
	slices.SortStableFunc(unlockable, most)
	slices.SortStableFunc(others, most)
	return unlockable, others
}

const (
	permission = "permission to "
	granted    = "grant it: kaudit rbac | kubectl apply -f -"
	grantedBy  = "grant it with deploy/rbac.yaml" // of older snapshots
	grant      = "kaudit rbac | kubectl apply -f - grants these permissions"
)

// ways takes apart what would unlock a verdict: each permission is a line of its own, which other
// checks share, and that one file grants them all is said once.
func ways(unlock string) []string {
	var permissions, others []string
	for part := range strings.SplitSeq(unlock, "; ") {
		switch {
		case part == granted || part == grantedBy:
		case strings.HasPrefix(part, permission):
			permissions = append(permissions, part)
		default:
			others = append(others, part)
		}
	}
	if len(others) > 0 || len(permissions) == 0 {
		return append(permissions, cmp.Or(strings.Join(others, "; "), unlock))
	}
	return permissions
}

// permission tells a lock that a permission opens.
func (l lock) permission() bool { return strings.HasPrefix(l.reason, permission) }

// impersonal is a reason without the name of its instance, so that twenty nodes that fail alike
// are one line: "GET /api/v1/nodes/…/proxy/configz: 400".
func impersonal(v checks.Verdict) string {
	_, name, _ := split(v.Subject)
	if name == v.Subject || len(name) < 3 {
		return v.Message
	}
	return strings.ReplaceAll(v.Message, name, "…")
}

func hold(ls []lock, by lock, subject, check string) []lock {
	i := slices.IndexFunc(ls, func(l lock) bool { return l.reason == by.reason })
	if i < 0 {
		i, ls = len(ls), append(ls, by)
	}
	l := &ls[i]
	component, name, _ := split(subject)
	if of := component + name; !slices.Contains(l.subjects, of) {
		l.subjects = append(l.subjects, of)
	}
	if !slices.Contains(l.checks, check) {
		l.checks = append(l.checks, check)
	}
	return ls
}

// because is the reason with whom it holds for, whose name it keeps if it is only one.
func (l lock) because() string {
	reason := l.reason
	if len(l.subjects) == 1 {
		reason = l.whole
	}
	return where(l.subjects, manyNames) + ": " + reason
}
