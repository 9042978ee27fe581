package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
)

// A lock is what stands between checks and their evidence, and the checks it would open for.
type lock struct {
	reason  string // what to pass or grant, or why nothing can be done
	whole   string // the reason as the first member has it, by name
	members []member
	checks  []string
}

// locks groups skipped verdicts: those that something would unlock by what that is, the others by
// their reason. What opens most comes first.
func locks(a Audit) (unlockable, others []lock) {
	for _, r := range a.Results {
		for _, v := range r.Verdicts {
			m := member{a.cluster(r.Cluster), v.Subject}
			switch {
			case v.Outcome != checks.Skipped:
			case v.Unlock != "":
				for _, way := range ways(v.Unlock) {
					unlockable = hold(unlockable, lock{reason: way}, m, r.Check.ID)
				}
			default:
				others = hold(others, lock{reason: impersonal(v), whole: v.Message}, m, r.Check.ID)
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

func hold(ls []lock, by lock, m member, check string) []lock {
	i := slices.IndexFunc(ls, func(l lock) bool { return l.reason == by.reason })
	if i < 0 {
		i, ls = len(ls), append(ls, by)
	}
	l := &ls[i]
	component, name, _ := split(m.subject)
	m.subject = component + name // whatever aspect of it
	if !slices.Contains(l.members, m) {
		l.members = append(l.members, m)
	}
	if !slices.Contains(l.checks, check) {
		l.checks = append(l.checks, check)
	}
	return ls
}

// because is the reason with whom it holds for, whose name it keeps if it is only one.
func (l lock) because() string {
	reason := l.reason
	if len(l.members) == 1 {
		reason = l.whole
	}
	return where(l.members, manyNames) + ": " + reason
}
