package collect

import (
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/evidence"
)

func TestReadEndpoints(t *testing.T) {
	slices := &discoveryv1.EndpointSliceList{Items: []discoveryv1.EndpointSlice{
		{
			Ports: []discoveryv1.EndpointPort{{Name: new("konnectivity"), Port: new(int32(8132))}, {Name: new("https"), Port: new(int32(6443))}},
			Endpoints: []discoveryv1.Endpoint{
				{Addresses: []string{"10.0.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}},
				{Addresses: []string{"10.0.0.2"}, Conditions: discoveryv1.EndpointConditions{Ready: new(false)}},
				{Addresses: []string{"10.0.0.3"}},
			},
		},
		{Ports: []discoveryv1.EndpointPort{{Port: new(int32(443))}}, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"fd00::1"}}}},
	}}
	f := &fakeServer{answers: map[string]answer{
		"/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes&resourceVersion=0": encoded(t, "discovery.k8s.io/v1", "EndpointSliceList", slices),
	}}
	got := readEndpoints(t.Context(), f)
	if !got.Seen() {
		t.Fatalf("got %+v, want endpoints", got.Gap)
	}
	same(t, []evidence.Endpoint{
		{Address: "10.0.0.1", Port: 6443, Ready: true},
		{Address: "10.0.0.2", Port: 6443},
		{Address: "10.0.0.3", Port: 6443, Ready: true},
		{Address: "fd00::1", Port: 443, Ready: true},
	}, *got.Value)
	wantGap(t, readEndpoints(t.Context(), &fakeServer{}), evidence.Unserved, "is not served here (404)")
}

func lease(name string) coordinationv1.Lease {
	return coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: at(-60), ResourceVersion: "7", Labels: map[string]string{"kubernetes.io/hostname": "cp-1"}},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: new("me"), LeaseDurationSeconds: new(int32(15)), LeaseTransitions: new(int32(3)),
			RenewTime: &metav1.MicroTime{Time: at(-1).Time},
		},
	}
}

func reducedLease(name string) evidence.Lease {
	return evidence.Lease{
		Name: name, Hostname: "cp-1", Holder: "me", Renewed: at(-1).Time, Duration: 15 * time.Second, Transitions: 3, Created: at(-60).Time, ResourceVersion: "7",
	}
}

// The label of identity Leases changed in 1.27; before 1.26 there are none by default.
func TestReadIdentityLeases(t *testing.T) {
	const path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
	one := encoded(t, "coordination.k8s.io/v1", "LeaseList", &coordinationv1.LeaseList{Items: []coordinationv1.Lease{lease("apiserver-abc")}})
	none := encoded(t, "coordination.k8s.io/v1", "LeaseList", &coordinationv1.LeaseList{})
	f := &fakeServer{answers: map[string]answer{
		path + "?labelSelector=apiserver.kubernetes.io%2Fidentity%3Dkube-apiserver&resourceVersion=0": one,
		path + "?labelSelector=k8s.io%2Fcomponent%3Dkube-apiserver&resourceVersion=0":                 none,
	}}
	for _, minor := range []int{0, 27, 37} {
		got := readIdentityLeases(t.Context(), f, minor)
		if !got.Seen() {
			t.Fatalf("1.%d: got %+v, want a Lease", minor, got.Gap)
		}
		same(t, []evidence.Lease{reducedLease("apiserver-abc")}, *got.Value)
	}
	if got := readIdentityLeases(t.Context(), f, 26); !got.Seen() || len(*got.Value) != 0 {
		t.Errorf("1.26: got %+v, want none, seen", got)
	}
	wantGap(t, readIdentityLeases(t.Context(), f, 25), evidence.Unserved, "APIServerIdentity")
	wantGap(t, readIdentityLeases(t.Context(), &fakeServer{answers: map[string]answer{path: forbidden}}, 37), evidence.Forbidden, "may not list leases.coordination.k8s.io in kube-system")
}

func TestReadLeaderLeases(t *testing.T) {
	const path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/"
	object := func(name string) answer {
		l := lease(name)
		return encoded(t, "coordination.k8s.io/v1", "Lease", &l)
	}
	f := &fakeServer{answers: map[string]answer{path + "kube-scheduler": object("kube-scheduler")}}
	got := readLeaderLeases(t.Context(), f)
	if !got.Seen() {
		t.Fatalf("got %+v, want the one Lease there is", got.Gap)
	}
	same(t, []evidence.Lease{reducedLease("kube-scheduler")}, *got.Value)
	same(t, []string{path + "kube-controller-manager?resourceVersion=0", path + "kube-scheduler?resourceVersion=0"}, f.paths())

	wantGap(t, readLeaderLeases(t.Context(), &fakeServer{}), evidence.Absent, "leader election is off")
	f.answers[path+"kube-controller-manager"] = noAnswer // half would look like absence
	wantGap(t, readLeaderLeases(t.Context(), f), evidence.Unreachable, "kube-controller-manager: no answer within 1s")
}
