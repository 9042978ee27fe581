package collect

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/evidence"
)

func controlledBy(kind, name string) []metav1.OwnerReference {
	return []metav1.OwnerReference{{Kind: "Other", Name: "not-in-control"}, {Kind: kind, Name: name, Controller: new(true)}}
}

func onlyOn(key string) *corev1.Affinity {
	term := corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{"node-1"}}}}
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{term}}}}
}

const (
	pendingNew = "/api/v1/pods?fieldSelector=status.phase%3DPending%2Cspec.nodeName%3D&limit=500"
	pendingOld = "/api/v1/pods?fieldSelector=status.phase%3DPending%2Cspec.nodeName%3D&resourceVersion=0"
)

func TestReadPendingPods(t *testing.T) {
	deleted := at(-1)
	list := &corev1.PodList{Items: []corev1.Pod{
		{
			ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "web-5d9-x", CreationTimestamp: at(-9), OwnerReferences: controlledBy("ReplicaSet", "web-5d9")},
			Spec:       corev1.PodSpec{SchedulerName: "default-scheduler"},
			Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: "Ready", Status: "True"}, {Type: "PodScheduled", Status: "False", Reason: "Unschedulable", Message: "0/3 nodes", LastTransitionTime: at(-8)}}},
		},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "agent", OwnerReferences: controlledBy("DaemonSet", "agent")}, Spec: corev1.PodSpec{Affinity: onlyOn("metadata.name")}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "loose", OwnerReferences: controlledBy("DaemonSet", "agent")}, Spec: corev1.PodSpec{Affinity: &corev1.Affinity{}}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "b", Name: "pinned"}, Spec: corev1.PodSpec{Affinity: onlyOn("metadata.name"), SchedulingGates: []corev1.PodSchedulingGate{{Name: "quota"}}}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "b", Name: "leaving", DeletionTimestamp: &deleted, Finalizers: []string{"x"}}},
	}}
	want := []evidence.PendingPod{
		{Namespace: "a", Name: "web-5d9-x", Owner: "ReplicaSet/web-5d9", Scheduler: "default-scheduler", Created: at(-9).Time, Status: "False", Reason: "Unschedulable", Message: "0/3 nodes", Since: at(-8).Time},
		{Namespace: "a", Name: "agent", Owner: "DaemonSet/agent", NodeBound: true},
		{Namespace: "a", Name: "loose", Owner: "DaemonSet/agent"},
		{Namespace: "b", Name: "pinned", Gates: []string{"quota"}},
	}
	for minor, query := range map[int]string{37: pendingNew, 31: pendingNew, 30: pendingOld, 0: pendingOld} {
		f := &fakeServer{answers: map[string]answer{query: encoded(t, "v1", "PodList", list)}}
		got := readPendingPods(t.Context(), f, minor)
		if !got.Seen() {
			t.Fatalf("1.%d: got %+v, want pods", minor, got.Gap)
		}
		same(t, evidence.PendingPods{Total: 4, Items: want}, *got.Value)
	}
}

// More than are looked at are told to be more, whether the server counts them off or we do.
func TestReadPendingPodsTruncated(t *testing.T) {
	for _, c := range []struct {
		query     string
		minor     int
		pods      int
		more      string
		total     int
		truncated bool
	}{
		{pendingOld, 30, 499, "", 499, false},
		{pendingOld, 30, 500, "", 500, false},
		{pendingOld, 30, 501, "", 500, true},
		{pendingNew, 37, 500, "", 500, false},
		{pendingNew, 37, 500, "token", 500, true},
	} {
		list := &corev1.PodList{ListMeta: metav1.ListMeta{Continue: c.more}}
		for i := range c.pods {
			list.Items = append(list.Items, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("p%d", i)}})
		}
		got := readPendingPods(t.Context(), &fakeServer{answers: map[string]answer{c.query: encoded(t, "v1", "PodList", list)}}, c.minor)
		if !got.Seen() || got.Value.Total != c.total || len(got.Value.Items) != c.total || got.Value.Truncated != c.truncated {
			t.Errorf("%d pods on 1.%d: got %d, truncated %v, want %d, %v", c.pods, c.minor, got.Value.Total, got.Value.Truncated, c.total, c.truncated)
		}
	}
	wantGap(t, readPendingPods(t.Context(), &fakeServer{answers: map[string]answer{"/api/v1/pods": forbidden}}, 37), evidence.Forbidden, "may not list pods")
}

func TestPinned(t *testing.T) {
	if pinned(onlyOn("metadata.namespace")) {
		t.Error("got pinned by another field, want not")
	}
	two := onlyOn("metadata.name")
	terms := &two.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	*terms = append(*terms, corev1.NodeSelectorTerm{})
	if pinned(two) {
		t.Error("got pinned although one of two terms names no node, want not")
	}
}
