package collect

import (
	"context"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/evidence"
)

const (
	pendingLimit      = 500 // pods without a node that are looked at; of more than these only that there are more
	pendingBytesLimit = 64 << 20
)

// readPendingPods reads the pods that wait for a node, as far as pendingLimit goes.
//
// From 1.31 on a LIST with a limit and no resourceVersion is served from the watch cache, after a look
// at etcd's current revision. Before, it would read every pod there is from etcd, so there it is a
// resourceVersion of 0, which ignores the limit: reading stops, and the rest is not sent.
func readPendingPods(ctx context.Context, g getter, minor int) evidence.Observed[evidence.PendingPods] {
	const of = "kube-scheduler"
	r := request{Path: "/api/v1/pods", Limit: pendingBytesLimit, Permission: "list pods"}
	if minor >= 31 {
		r.Query = url.Values{"limit": {strconv.Itoa(pendingLimit)}}
	} else {
		r.Query = cached()
	}
	r.Query.Set("fieldSelector", "status.phase=Pending,spec.nodeName=")
	src := g.source(r)
	out := evidence.PendingPods{Items: []evidence.PendingPod{}}
	meta, err := eachItem(ctx, g, r, func(p *corev1.Pod) error {
		if p.DeletionTimestamp != nil || p.Spec.NodeName != "" {
			return nil // it waits for finalizers, not for a node
		}
		if len(out.Items) == pendingLimit {
			out.Truncated = true
			return errStop
		}
		out.Items = append(out.Items, reducePending(p))
		return nil
	})
	if err != nil {
		return missed[evidence.PendingPods](of, g, r, err)
	}
	out.Total = len(out.Items)
	out.Truncated = out.Truncated || meta.Continue != ""
	return evidence.See(of, out, src)
}

func reducePending(p *corev1.Pod) evidence.PendingPod {
	out := evidence.PendingPod{
		Namespace: p.Namespace,
		Name:      p.Name,
		Scheduler: p.Spec.SchedulerName,
		Created:   p.CreationTimestamp.Time,
	}
	if o := metav1.GetControllerOfNoCopy(p); o != nil {
		out.Owner = o.Kind + "/" + o.Name
		out.NodeBound = o.Kind == "DaemonSet" && pinned(p.Spec.Affinity)
	}
	for _, g := range p.Spec.SchedulingGates {
		out.Gates = append(out.Gates, g.Name)
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled {
			out.Status, out.Reason, out.Message, out.Since = string(c.Status), c.Reason, oneLine(c.Message), c.LastTransitionTime.Time
		}
	}
	return out
}

// pinned reports whether a pod may go to named nodes only, which is how a DaemonSet places its pods.
func pinned(a *corev1.Affinity) bool {
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return false
	}
	terms := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	for _, t := range terms { // any of them may match, so each has to name a node
		named := false
		for _, f := range t.MatchFields {
			named = named || (f.Key == metav1.ObjectNameField && f.Operator == corev1.NodeSelectorOpIn)
		}
		if !named {
			return false
		}
	}
	return len(terms) > 0
}
