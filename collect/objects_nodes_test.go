package collect

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/evidence"
)

func controlPlaneNode() corev1.Node {
	return corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:              "cp-1",
			CreationTimestamp: at(-600),
			Labels: map[string]string{
				"node-role.kubernetes.io/control-plane": "",
				"topology.kubernetes.io/zone":           "west-1",
				"kubernetes.io/hostname":                "cp-1",
				"team":                                  "payments",
			},
			Annotations: map[string]string{"secret": "of ours"},
		},
		Spec: corev1.NodeSpec{
			ProviderID:    "azure:///subscriptions/0000/resourceGroups/g/vm/1",
			Unschedulable: true,
			Taints:        []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}, {Key: "k", Value: "v", Effect: corev1.TaintEffectNoExecute}},
		},
		Status: corev1.NodeStatus{
			Capacity: corev1.ResourceList{
				"cpu": resource.MustParse("3500m"), "memory": resource.MustParse("8Gi"), "pods": resource.MustParse("110"),
			},
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: "cp-1"}, {Type: corev1.NodeInternalIP, Address: "10.0.0.1"}, {Type: corev1.NodeInternalIP, Address: "fd00::1"}, {Type: corev1.NodeExternalIP, Address: "1.2.3.4"}},
			Conditions: []corev1.NodeCondition{
				{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue, Message: "full"},
				{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown", Message: "Kubelet stopped\nposting", LastTransitionTime: at(-3)},
			},
			NodeInfo: corev1.NodeSystemInfo{KubeletVersion: "v1.37.2", ContainerRuntimeVersion: "containerd://2.1.0", OperatingSystem: "linux"},
		},
	}
}

func TestReadNodes(t *testing.T) {
	list := &corev1.NodeList{Items: []corev1.Node{
		{ObjectMeta: metav1.ObjectMeta{Name: "w"}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Message: "kubelet is posting ready status"}}}},
		controlPlaneNode(),
	}}
	asJSON, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	want := evidence.Nodes{Items: []evidence.Node{
		{
			Name: "cp-1", Created: at(-600).Time, ControlPlane: true, KubeletVersion: "v1.37.2", Runtime: "containerd://2.1.0", OS: "linux",
			ProviderID: "azure", Zone: "west-1", Addresses: []string{"10.0.0.1", "fd00::1"}, Unschedulable: true,
			Taints:       []string{"node-role.kubernetes.io/control-plane:NoSchedule", "k=v:NoExecute"},
			PodsCapacity: 110, CPUs: 4, MemoryBytes: 8 << 30,
			Ready: "Unknown", ReadyReason: "NodeStatusUnknown", ReadyMessage: "Kubelet stopped posting", ReadySince: at(-3).Time,
			Labels: map[string]string{"node-role.kubernetes.io/control-plane": "", "topology.kubernetes.io/zone": "west-1", "kubernetes.io/hostname": "cp-1"},
		},
		{Name: "w", Ready: "True"},
	}}
	for contentType, body := range map[string][]byte{asProtobuf: envelope(t, "v1", "NodeList", list), "application/json": asJSON} {
		f := &fakeServer{answers: map[string]answer{"/api/v1/nodes?resourceVersion=0": {contentType: contentType, body: body}}}
		got := readNodes(t.Context(), f)
		same(t, evidence.See("cluster", want, f.source(request{Path: "/api/v1/nodes", Query: cached()})), got)
	}
}

func TestReadNodesNot(t *testing.T) {
	for _, c := range []struct {
		a    answer
		why  evidence.Why
		note string
	}{
		{forbidden, evidence.Forbidden, "may not list nodes"},
		{noAnswer, evidence.Unreachable, "no answer within 1s"},
		{answer{contentType: asProtobuf, body: envelope(t, "v1", "NodeList", threeNodes())[:40]}, evidence.Malformed, "cut off after 0 items and 40 bytes"},
	} {
		wantGap(t, readNodes(t.Context(), &fakeServer{answers: map[string]answer{"/api/v1/nodes": c.a}}), c.why, c.note)
	}
}

// BenchmarkReadNodes reads 5,000 nodes as large as real ones are: 50 images, managed fields, and the
// labels and conditions of a cloud. What matters is the memory in use while reading, not what the
// garbage collector takes back.
func BenchmarkReadNodes(b *testing.B) {
	n := controlPlaneNode()
	for i := range 20 {
		n.Labels[fmt.Sprintf("cloud.example/label-%d", i)] = fmt.Sprintf("value-%d", i)
	}
	for i := range 50 {
		n.Status.Images = append(n.Status.Images, corev1.ContainerImage{
			Names:     []string{fmt.Sprintf("registry.example/team/service-%d@sha256:%064d", i, i), fmt.Sprintf("registry.example/team/service-%d:v1.%d", i, i)},
			SizeBytes: 1 << 28,
		})
	}
	n.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubelet", FieldsV1: metav1.NewFieldsV1(strings.Repeat("x", 3000))}}
	list := &corev1.NodeList{}
	for i := range 5000 {
		n.Name = fmt.Sprintf("node-%04d", i)
		list.Items = append(list.Items, n)
	}
	f := &fakeServer{answers: map[string]answer{"/api/v1/nodes": encoded(b, "v1", "NodeList", list)}}
	b.SetBytes(int64(len(f.answers["/api/v1/nodes"].body)))
	b.ReportAllocs()
	for b.Loop() {
		if got := readNodes(b.Context(), f); !got.Seen() || len(got.Value.Items) != 5000 {
			b.Fatalf("got %+v, want 5000 nodes", got.Gap)
		}
	}
}
