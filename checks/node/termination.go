package node

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed termination.md
var terminationDoc string

var termination = checks.New(checks.Spec{
	ID:        "pod-termination",
	Component: "pods",
	Severity:  checks.Warning,
	Needs:     []evidence.Kind{evidence.KindPods},
	Uses:      []evidence.Kind{evidence.KindNodes},
	Doc:       terminationDoc,
}, terminationParams{
	Slack: time.Minute, LongStuck: 24 * time.Hour,
	LongGrace: 10 * time.Minute, Blocking: time.Hour, Rows: 20,
}, runTermination)

type terminationParams struct {
	Slack     time.Duration `json:"slack" doc:"how long past its deadline a pod may be, or as long again as its grace period if that is longer; kaudit's own choice"`
	LongStuck time.Duration `json:"longStuck" doc:"past its deadline for this long a pod is critical; kaudit's own choice"`
	LongGrace time.Duration `json:"longGrace" doc:"grace period over which it is mentioned: cluster-autoscaler gives up after 10 min"`
	Blocking  time.Duration `json:"blocking" doc:"grace period over which it is a warning: a drain waits for it"`
	Rows      int           `json:"rows" doc:"stuck pods that are told one by one"`
}

func runTermination(s *evidence.Snapshot, p terminationParams) []checks.Verdict {
	return append(stuck(s, p), shapes(s, p)...)
}

// stuck tells which pods should long be gone.
func stuck(s *evidence.Snapshot, p terminationParams) []checks.Verdict {
	o := s.Pods
	var late []evidence.TerminatingPod
	for _, pod := range o.Value.Terminating {
		grace := time.Duration(pod.Grace) * time.Second
		if s.Taken.Sub(pod.Deadline) > max(p.Slack, grace) {
			late = append(late, pod)
		}
	}
	slices.SortFunc(late, func(a, b evidence.TerminatingPod) int {
		return cmp.Or(a.Deadline.Compare(b.Deadline), cmp.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name))
	})
	var vs []checks.Verdict
	for _, pod := range late[:min(len(late), p.Rows)] {
		vs = append(vs, stuckPod(s, pod, p))
	}
	whole := checks.About("terminating pods", o.Source)
	if rest := len(late) - p.Rows; rest > 0 {
		vs = append(vs, whole.Find(0, "past their deadline are %d more", rest).WithFix("kubectl get pods -A | grep Terminating"))
	}
	switch {
	case len(late) > 0:
	case !o.Value.AllMetadata && o.Value.NodesRead == 0:
		vs = append(vs, whole.Skip("were not read on any of %s", checks.Count(o.Value.NodesTotal, "node")).Unlocked("--node-sample 20"))
	default:
		vs = append(vs, whole.Pass("are %d of %s, none past its deadline by over %s, or by over its grace period if that is longer", len(o.Value.Terminating), scope(*o.Value), evidence.Ago(p.Slack)))
	}
	return vs
}

// scope says how much of the cluster a statement covers.
func scope(pods evidence.Pods) string {
	if pods.AllMetadata {
		return "all " + checks.Count(pods.Counted, "pod")
	}
	return fmt.Sprintf("%s on %d of %s", checks.Count(pods.PodsRead, "pod"), pods.NodesRead, checks.Count(pods.NodesTotal, "node"))
}

func stuckPod(s *evidence.Snapshot, pod evidence.TerminatingPod, p terminationParams) checks.Verdict {
	late := s.Taken.Sub(pod.Deadline)
	sev := checks.Warning
	if late > p.LongStuck {
		sev = checks.Critical
	}
	cause, fix := why(s, pod)
	return checks.About("pod/"+pod.Namespace+"/"+pod.Name, s.Pods.Source).
		With(s.Pods.Source, "deletionTimestamp %s, grace %d s", pod.Deadline.UTC().Format(time.RFC3339), pod.Grace).
		Find(sev, "should have been gone %s ago: %s", evidence.Ago(late), cause).
		Saw("%s past its deadline", evidence.Ago(late)).Want("gone within its grace period of %d s", pod.Grace).WithFix(fix)
}

// why names what holds a pod that should be gone, and what helps, as far as it can be seen.
func why(s *evidence.Snapshot, pod evidence.TerminatingPod) (cause, fix string) {
	if len(pod.Finalizers) > 0 {
		return "it waits for finalizer " + strings.Join(pod.Finalizers, ", "),
			"find the controller that owns the finalizer and see why it does not remove it; take it away by hand only if that controller is gone for good"
	}
	describe := fmt.Sprintf("kubectl -n %s describe pod %s   # events FailedKillPod, FailedUnmount, ExceededGracePeriod", pod.Namespace, pod.Name)
	if pod.Node == "" || !s.Nodes.Seen() {
		return "its kubelet or its volumes hold it", describe
	}
	for _, n := range s.Nodes.Value.Items {
		switch {
		case n.Name != pod.Node:
		case n.Ready != "True":
			return "its node " + n.Name + " is not ready, so nobody can end it",
				"bring the node back; if it is powered off for good: kubectl taint nodes " + n.Name + " node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
		default:
			return "the kubelet or the runtime on " + n.Name + " does not end it, or a volume is not unmounted", describe
		}
	}
	return "its node " + pod.Node + " does not exist any more, and pod garbage collection did not remove it",
		"look at kube-controller-manager: it removes such pods within two minutes when it works"
}

// shapes judges how workloads mean to end, by what their pods say.
func shapes(s *evidence.Snapshot, p terminationParams) []checks.Verdict {
	o := s.Pods
	if o.Value.PodsRead == 0 {
		if vs := checks.Lost(s.Nodes, "workloads"); vs != nil {
			return vs // without nodes there is none to take a sample of
		}
		return []checks.Verdict{checks.About("workloads", o.Source).Skip("cannot be judged: no pod was read whole").Unlocked("--node-sample 20")}
	}
	if len(o.Value.Workloads) == 0 {
		return []checks.Verdict{checks.About("workloads", o.Source).NotApplicable("are none on the nodes that were read, %d of %d: static pods alone run there", o.Value.NodesRead, o.Value.NodesTotal)}
	}
	var vs []checks.Verdict
	for _, w := range o.Value.Workloads {
		if v, bad := shape(checks.About("workload/"+w.Namespace+"/"+w.Owner, o.Source), w, p); bad {
			vs = append(vs, v)
		}
	}
	if len(vs) == 0 {
		return []checks.Verdict{checks.About("workloads", o.Source).Pass("leave their pods time to end, all %d on %d of %s", len(o.Value.Workloads), o.Value.NodesRead, checks.Count(o.Value.NodesTotal, "node"))}
	}
	return vs
}

func shape(subject checks.Subject, w evidence.Workload, p terminationParams) (checks.Verdict, bool) {
	grace := time.Duration(w.Grace) * time.Second
	stop := w.PreStop
	switch {
	case w.Grace == 0:
		sev := checks.Warning
		switch {
		case strings.HasPrefix(w.Owner, "StatefulSet/"):
			sev = checks.Critical
		case strings.HasPrefix(w.Owner, "DaemonSet/"): // network plugins want the next one at once
			sev = checks.Info
		}
		return subject.Find(sev, "has a grace period of 0: its pods vanish from the API before the kubelet has stopped them, and preStop is skipped").
			Saw("terminationGracePeriodSeconds: 0").Want("30, the default, or what it takes to end").
			WithFix("terminationGracePeriodSeconds: 30   # pod template"), true
	case stop.Known && stop.Duration >= grace:
		return subject.Find(checks.Critical, "sleeps %s in preStop of container %s, out of a grace period of %s: the process itself is killed 2 s after SIGTERM", evidence.Seconds(stop.Duration.Seconds()), stop.Container, evidence.Seconds(grace.Seconds())).
			Saw("preStop %s, grace %s", stop.Duration, grace).Want("a grace period longer than preStop and the process's own end together").
			WithFix(fmt.Sprintf("terminationGracePeriodSeconds: %d   # pod template: preStop counts inside the grace period", int(stop.Duration.Seconds())+30)), true
	case grace > p.LongGrace:
		sev := checks.Info
		if grace > p.Blocking {
			sev = checks.Warning
		}
		return subject.Find(sev, "may take %s to end (over %s): a drain of its node waits for it", evidence.Ago(grace), evidence.Ago(p.LongGrace)).
			Saw("terminationGracePeriodSeconds: %d", w.Grace).Want("at most %.0f", p.LongGrace.Seconds()), true
	}
	return checks.Verdict{}, false
}
