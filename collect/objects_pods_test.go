package collect

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/evidence"
)

const allPods = "/api/v1/pods?resourceVersion=0"

func onNode(node string) string {
	return "/api/v1/pods?fieldSelector=spec.nodeName%3D" + node + "&resourceVersion=0"
}

func webPod(name, node string, created int, grace int64, sleep int64) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, CreationTimestamp: at(created),
			Labels: map[string]string{"pod-template-hash": "5d9"}, OwnerReferences: controlledBy("ReplicaSet", "web-5d9"),
		},
		Spec: corev1.PodSpec{
			NodeName: node, TerminationGracePeriodSeconds: new(grace),
			Containers: []corev1.Container{{Name: "web", Lifecycle: &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: sleep}}}}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
}

func pods(t *testing.T, items ...corev1.Pod) answer {
	t.Helper()
	return encoded(t, "v1", "PodList", &corev1.PodList{Items: items})
}

func metadata(t *testing.T, items ...corev1.Pod) answer {
	t.Helper()
	list := &metav1.PartialObjectMetadataList{}
	for _, p := range items {
		list.Items = append(list.Items, metav1.PartialObjectMetadata{ObjectMeta: p.ObjectMeta})
	}
	return encoded(t, "meta.k8s.io/v1", "PartialObjectMetadataList", list)
}

func twoNodes() evidence.Nodes {
	return evidence.Nodes{Items: []evidence.Node{{Name: "n1"}, {Name: "n2"}, {Name: "n3"}}}
}

// Metadata tell which pods are terminating, all of them; whole pods of the sampled nodes tell on which
// node, and what their owners ask for.
func TestReadPods(t *testing.T) {
	deadline := at(1)
	stuck := webPod("web-2", "n1", -50, 30, 5)
	stuck.DeletionTimestamp, stuck.DeletionGracePeriodSeconds, stuck.Finalizers = &deadline, new(int64(45)), []string{"example.com/wait"}
	elsewhere := webPod("web-9", "n3", -50, 30, 5)
	elsewhere.DeletionTimestamp = &deadline
	static := webPod("etcd-n1", "n1", -50, 30, 0)
	static.Annotations = map[string]string{"kubernetes.io/config.mirror": "x"}
	finished := webPod("job", "n1", -50, 30, 0)
	finished.Status.Phase = corev1.PodSucceeded
	lone := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ops", Name: "debug"}, Spec: corev1.PodSpec{NodeName: "n2"}}

	f := &fakeServer{answers: map[string]answer{
		allPods:      metadata(t, stuck, elsewhere, static, finished, lone),
		onNode("n1"): pods(t, webPod("web-1", "n1", -9, 60, 20), stuck, static, finished),
		onNode("n2"): pods(t, lone, webPod("web-3", "n2", -50, 30, 5)),
	}}
	got := readPods(t.Context(), f, twoNodes(), []string{"n1", "n2"}, 5000, true)
	if !got.Seen() {
		t.Fatalf("got %+v, want pods", got.Gap)
	}
	same(t, evidence.Pods{
		NodesRead: 2, NodesTotal: 3, PodsRead: 6, AllMetadata: true, Counted: 5,
		Terminating: []evidence.TerminatingPod{
			{Namespace: "shop", Name: "web-2", Node: "n1", Owner: "Deployment/web", Deadline: at(1).Time, Grace: 45, Finalizers: []string{"example.com/wait"}},
			{Namespace: "shop", Name: "web-9", Owner: "Deployment/web", Deadline: at(1).Time},
		},
		Workloads: []evidence.Workload{
			{Namespace: "ops", Owner: "Pod/debug", Pods: 1, Grace: 30},
			// The shape is that of the newest pod.
			{Namespace: "shop", Owner: "Deployment/web", Pods: 3, Grace: 60, PreStop: evidence.PreStop{Container: "web", Known: true, Duration: 20 * time.Second, Hook: "sleep"}},
		},
	}, *got.Value)
	for _, r := range f.asked {
		if whole := r.Accept == protobufOrJSON; whole != r.Kubelet || (!whole && r.Accept != asMetadata) {
			t.Errorf("got %s with Accept %s, counted for a node %v", r.Query, r.Accept, r.Kubelet)
		}
	}
}

// There is never a LIST of all pods where they are many, or of unknown number.
func TestReadPodsOfMany(t *testing.T) {
	for _, c := range []struct {
		count float64
		known bool
	}{{5001, true}, {0, false}} {
		f := &fakeServer{answers: map[string]answer{onNode("n1"): pods(t, webPod("web-1", "n1", -9, 60, 20))}}
		got := readPods(t.Context(), f, twoNodes(), []string{"n1"}, c.count, c.known)
		if !got.Seen() || got.Value.AllMetadata || got.Value.Counted != 1 || got.Value.NodesRead != 1 {
			t.Errorf("%v: got %+v, want one pod of one node", c, got)
		}
		same(t, []string{onNode("n1")}, f.paths())
	}
	wantGap(t, readPods(t.Context(), &fakeServer{}, twoNodes(), nil, 5001, true), evidence.NotAsked, "no node was sampled")
}

// What can be read stands; what cannot is not counted as read.
func TestReadPodsInPart(t *testing.T) {
	one := webPod("web-1", "n1", -9, 60, 20)
	cut := pods(t, one, one, one)
	cut.body = cut.body[:len(cut.body)-100]
	f := &fakeServer{answers: map[string]answer{allPods: noAnswer, onNode("n1"): pods(t, one), onNode("n2"): cut}}
	got := readPods(t.Context(), f, twoNodes(), []string{"n1", "n2"}, 10, true)
	if !got.Seen() || got.Value.AllMetadata || got.Value.NodesRead != 1 || got.Value.PodsRead != 1 || got.Value.Workloads[0].Pods != 1 {
		t.Errorf("got %+v, want what n1 has and nothing of n2", got.Value)
	}
	f = &fakeServer{answers: map[string]answer{allPods: metadata(t, one), onNode("n1"): noAnswer}}
	got = readPods(t.Context(), f, twoNodes(), []string{"n1"}, 10, true)
	if !got.Seen() || !got.Value.AllMetadata || got.Value.NodesRead != 0 || got.Value.Counted != 1 {
		t.Errorf("got %+v, want the metadata of one pod", got)
	}
	wantGap(t, readPods(t.Context(), &fakeServer{answers: map[string]answer{"/api/v1/pods": forbidden}}, twoNodes(), []string{"n1"}, 10, true), evidence.Forbidden, "may not list pods (403)")
}

func TestOwnerOf(t *testing.T) {
	created := metav1.NewTime(time.Unix(29_699_000*60, 0)) // CronJobs count minutes of the epoch
	for name, c := range map[string]struct {
		meta metav1.ObjectMeta
		want string
	}{
		"none":           {metav1.ObjectMeta{Name: "p"}, "Pod/p"},
		"not in control": {metav1.ObjectMeta{Name: "p", OwnerReferences: []metav1.OwnerReference{{Kind: "X", Name: "x"}}}, "Pod/p"},
		"StatefulSet":    {metav1.ObjectMeta{OwnerReferences: controlledBy("StatefulSet", "db")}, "StatefulSet/db"},
		"Deployment":     {metav1.ObjectMeta{OwnerReferences: controlledBy("ReplicaSet", "web-5d9"), Labels: map[string]string{"pod-template-hash": "5d9"}}, "Deployment/web"},
		"ReplicaSet":     {metav1.ObjectMeta{OwnerReferences: controlledBy("ReplicaSet", "web-5d9")}, "ReplicaSet/web-5d9"},
		"other hash":     {metav1.ObjectMeta{OwnerReferences: controlledBy("ReplicaSet", "web-5d9"), Labels: map[string]string{"pod-template-hash": "9"}}, "ReplicaSet/web-5d9"},
		"Rollout":        {metav1.ObjectMeta{OwnerReferences: controlledBy("ReplicaSet", "web-5d9"), Labels: map[string]string{"rollouts-pod-template-hash": "5d9"}}, "Rollout/web"},
		"CronJob":        {metav1.ObjectMeta{CreationTimestamp: created, OwnerReferences: controlledBy("Job", "backup-29698990")}, "CronJob/backup"},
		"Job":            {metav1.ObjectMeta{CreationTimestamp: created, OwnerReferences: controlledBy("Job", "migrate-20260620")}, "Job/migrate-20260620"},
		"Job of a day":   {metav1.ObjectMeta{CreationTimestamp: created, OwnerReferences: controlledBy("Job", "x-29690000")}, "Job/x-29690000"},
		"Job by name":    {metav1.ObjectMeta{CreationTimestamp: created, OwnerReferences: controlledBy("Job", "migrate")}, "Job/migrate"},
	} {
		if got := ownerOf(&c.meta); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
