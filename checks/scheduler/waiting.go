package scheduler

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// A group is the pods of one owner that wait for the same reason.
type group struct {
	owner   string // namespace/Kind/name
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
		vs = append(vs, whole.Find(checks.Info, "of %d more owners wait for too long%s", rest, more(o.Value.Truncated)).
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
		owner := pod.Namespace + "/" + cmp.Or(pod.Owner, "Pod/"+pod.Name)
		g := by[owner]
		if g == nil {
			g = &group{owner: owner}
			by[owner] = g
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
		return cmp.Or(cmp.Compare(b.why, a.why), cmp.Compare(b.pods, a.pods), cmp.Compare(a.owner, b.owner))
	})
	return gs
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

// Counts at the start of the scheduler's message change from minute to minute.
var counts = regexp.MustCompile(`\d+(/\d+)?`)

func told(g group, src evidence.Source, p queueParams) checks.Verdict {
	reason := strings.TrimSpace(g.example.Message)
	subject := checks.About(g.owner, src).With(src, "pod %s/%s: %s %s", g.example.Namespace, g.example.Name, g.example.Reason, reason)
	short := counts.ReplaceAllString(firstSentence(reason), "N")
	saw := func(v checks.Verdict) checks.Verdict {
		return v.Saw("%d pods, the oldest for %s", g.pods, evidence.Ago(g.oldest)).
			WithFix("kubectl -n " + g.example.Namespace + " describe pod " + g.example.Name)
	}
	switch g.why {
	case rejected:
		return saw(subject.Find(checks.Critical, "has %d pods that the scheduler fails on with an error of its own for %s: %s", g.pods, evidence.Ago(g.oldest), short))
	case nobody:
		return saw(subject.Find(checks.Warning, "has %d pods that no scheduler looked at for %s (over %s): is one running for schedulerName %q?", g.pods, evidence.Ago(g.oldest), evidence.Ago(unseenAfter(g.example, p)), cmp.Or(g.example.Scheduler, "default-scheduler")))
	case gated:
		return saw(subject.Find(checks.Info, "has %d pods held by their own scheduling gates for %s: %s", g.pods, evidence.Ago(g.oldest), strings.Join(g.example.Gates, ", ")))
	case bound:
		return saw(subject.Find(checks.Info, "has %d pods for nodes that have no room for them, for %s: %s", g.pods, evidence.Ago(g.oldest), short))
	case storage:
		return saw(subject.Find(checks.Info, "has %d pods that wait for a volume for %s: %s", g.pods, evidence.Ago(g.oldest), short))
	case givenUp:
		return saw(subject.Find(checks.Info, "has %d pods that fit no node for %s: nobody seems to want them", g.pods, evidence.Ago(g.oldest)))
	default: // noRoom; a young pod is in no group
		return saw(subject.Find(checks.Warning, "has %d pods that fit no node, for up to %s (over %s): %s", g.pods, evidence.Ago(g.oldest), evidence.Ago(p.UnschedulableAfter), short))
	}
}

func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i > 0 {
		return s[:i]
	}
	return strings.TrimSuffix(s, ".")
}
