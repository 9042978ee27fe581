// Package clients judges those who send requests to kube-apiserver: what rate they allow
// themselves, and whether they are held back.
package clients

import (
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// Checks lists the checks of this area, in the order people should read them.
func Checks() []checks.Check {
	return []checks.Check{
		qps,
		throttling,
	}
}

// remark is one thing to say of a client. It has one verdict, with all its remarks.
type remark struct {
	severity        checks.Severity
	said, want, fix string
}

// decide makes one verdict of all remarks: the worst severity, and everything that was said.
func decide(subject checks.Subject, saw, fine string, rs []remark) checks.Verdict {
	if len(rs) == 0 {
		return subject.Pass("%s", fine).Saw("%s", saw)
	}
	var sev checks.Severity
	var said, want, fix []string
	for _, r := range rs {
		sev = max(sev, r.severity)
		said, want, fix = append(said, r.said), append(want, r.want), append(fix, r.fix)
	}
	return subject.Find(sev, "%s", strings.Join(said, "; ")).Saw("%s", saw).
		Want("%s", strings.Join(want, "; ")).WithFix(strings.Join(fix, "\n"))
}

// nodeCount is how many nodes there are; 0 if that is not known.
func nodeCount(s *evidence.Snapshot) int {
	if !s.Nodes.Seen() {
		return 0
	}
	return len(s.Nodes.Value.Items)
}

// named lists a few names, and how many more there are.
func named(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:few], ", ") + ", …"
}
