package scheduler

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// A group is the pods of one owner that wait for the same reason.
type group struct {
	subject string // workload/NAMESPACE/Kind/NAME, or pod/NAMESPACE/NAME of one that nobody owns
	why     trouble
	pods    int
	oldest  time.Duration
	example evidence.PendingPod
}

// trouble orders what a waiting pod can suffer from, worst last.
type trouble int

const (
	young    trouble = iota // not long enough to speak of
	gated                   // its own scheduling gates
	bound                   // a DaemonSet's pod for a node that has no room
	storage                 // waits for a volume
	givenUp                 // unschedulable for so long that nobody can want it
	nobody                  // no scheduler ever looked at it
	noRoom                  // unschedulable
	rejected                // the scheduler failed on it
)

// waiting tells, by owner, which pods wait for a node for longer than is normal.
func waiting(s *evidence.Snapshot, p queueParams) []checks.Verdict {
	o := s.PendingPods
	groups := grouped(s.Taken, o.Value.Items, p)
	whole := checks.About("pending pods", o.Source)
	if len(groups) == 0 {
		if o.Value.Truncated {
			return []checks.Verdict{whole.Skip("are more than the %d that were read; of those none waits for too long", o.Value.Total)}
		}
		return []checks.Verdict{whole.Pass("are %d, none of which waits for a node for longer than %s", o.Value.Total, evidence.Ago(p.UnschedulableAfter))}
	}
	var vs []checks.Verdict
	for _, g := range groups[:min(len(groups), p.Rows)] {
		vs = append(vs, told(g, o.Source, p))
	}
	switch rest := len(groups) - p.Rows; {
	case rest > 0:
		vs = append(vs, whole.Find(checks.Info, "of %s wait for too long%s", checks.Count(rest, "more owner"), more(o.Value.Truncated)).
			WithFix("kubectl get pods -A --field-selector status.phase=Pending,spec.nodeName="))
	case o.Value.Truncated:
		vs = append(vs, whole.Skip("are more than the %d that were read; what is told of owners is of those", o.Value.Total))
	}
	return vs
}

func more(truncated bool) string {
	if truncated {
		return ", and not all waiting pods were read"
	}
	return ""
}

// grouped sorts waiting pods into groups, worst first.
func grouped(now time.Time, pods []evidence.PendingPod, p queueParams) []group {
	by := map[string]*group{}
	for _, pod := range pods {
		why, age := classify(now, pod, p)
		if why == young {
			continue
		}
		subject := subjectOf(pod)
		g := by[subject]
		if g == nil {
			g = &group{subject: subject}
			by[subject] = g
		}
		g.pods++
		if g.oldest = max(g.oldest, age); why > g.why {
			g.why, g.example = why, pod
		}
	}
	var gs []group
	for _, g := range by {
		gs = append(gs, *g)
	}
	slices.SortFunc(gs, func(a, b group) int {
		return cmp.Or(cmp.Compare(b.why, a.why), cmp.Compare(b.pods, a.pods), cmp.Compare(a.subject, b.subject))
	})
	return gs
}

func subjectOf(pod evidence.PendingPod) string {
	if pod.Owner == "" {
		return "pod/" + pod.Namespace + "/" + pod.Name
	}
	return "workload/" + pod.Namespace + "/" + pod.Owner
}

func classify(now time.Time, pod evidence.PendingPod, p queueParams) (trouble, time.Duration) {
	since := pod.Since
	if since.IsZero() {
		since = pod.Created
	}
	age := now.Sub(since)
	switch {
	case pod.Status == "" && len(pod.Gates) == 0:
		if age > unseenAfter(pod, p) {
			return nobody, age
		}
	case pod.Reason == "SchedulingGated" || len(pod.Gates) > 0:
		if age > p.GivenUpAfter {
			return gated, age
		}
	case pod.Reason == "SchedulerError":
		if age > 5*time.Minute {
			return rejected, age
		}
	case age <= p.UnschedulableAfter:
	case pod.NodeBound:
		return bound, age
	case strings.Contains(pod.Message, "ersistent") && strings.Contains(pod.Message, "olume"):
		return storage, age
	case age > p.GivenUpAfter:
		return givenUp, age
	default:
		return noRoom, age
	}
	return young, age
}

// unseenAfter is how long a pod may go without any word: batch schedulers hold theirs back in queues
// of their own, and say nothing meanwhile.
func unseenAfter(pod evidence.PendingPod, p queueParams) time.Duration {
	if pod.Scheduler == "" || pod.Scheduler == "default-scheduler" {
		return p.UnseenAfter
	}
	return max(p.UnseenAfter, p.UnschedulableAfter)
}

// told says of a group what its worst pod suffers from, in the scheduler's own words where it has any.
func told(g group, src evidence.Source, p queueParams) checks.Verdict {
	pod, age := g.example, evidence.Ago(g.oldest)
	reason := strings.TrimSpace(pod.Message)
	short := firstSentence(reason)
	subject := checks.About(g.subject, src).With(src, "pod %s/%s: %s %s", pod.Namespace, pod.Name, pod.Reason, reason)
	find := func(sev checks.Severity, want, one, many, format string, args ...any) checks.Verdict {
		return subject.Find(sev, "%s %s", g.suffers(one, many), fmt.Sprintf(format, args...)).
			Saw("%s, the oldest for %s", checks.Count(g.pods, "pod"), age).Want("%s", want).
			WithFix("kubectl -n " + pod.Namespace + " describe pod " + pod.Name)
	}
	switch g.why {
	case rejected:
		return find(checks.Critical, "an attempt without error", "makes the scheduler fail", "make the scheduler fail", "with an error of its own for %s: %s", age, short)
	case nobody:
		return find(checks.Warning, "a scheduler that takes it", "was looked at by no scheduler", "were looked at by no scheduler", "for %s (over %s): is one running for schedulerName %q?", age, evidence.Ago(unseenAfter(pod, p)), cmp.Or(pod.Scheduler, "default-scheduler"))
	case gated:
		return find(checks.Info, "gates that are taken away in time", "is held by its own scheduling gates", "are held by their own scheduling gates", "for %s: %s", age, strings.Join(pod.Gates, ", "))
	case bound:
		return find(checks.Info, "room on the node it is for", "is for a node that has no room for it", "are for nodes that have no room for them", "for %s: %s", age, short)
	case storage:
		return find(checks.Info, "a volume that is bound", "waits for a volume", "wait for a volume", "for %s: %s", age, short)
	case givenUp:
		return find(checks.Info, "a node that fits it, or no such pod", "fits no node", "fit no node", "for %s, and nobody seems to miss what it does", age)
	default: // noRoom; a young pod is in no group
		return find(checks.Warning, "a node that fits it", "fits no node", "fit no node", "for %s (over %s): %s", age, evidence.Ago(p.UnschedulableAfter), short)
	}
}

// suffers begins the sentence: of a pod that nobody owns, of the only one of an owner, or of several.
func (g group) suffers(one, many string) string {
	switch {
	case g.example.Owner == "":
		return one
	case g.pods == 1:
		return "has 1 pod that " + one
	}
	return fmt.Sprintf("has %d pods that %s", g.pods, many)
}

func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i > 0 {
		return s[:i]
	}
	return strings.TrimSuffix(s, ".")
}
