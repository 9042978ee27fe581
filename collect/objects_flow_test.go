package collect

import (
	"testing"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	flowcontrolv1beta2 "k8s.io/api/flowcontrol/v1beta2"
	flowcontrolv1beta3 "k8s.io/api/flowcontrol/v1beta3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/evidence"
)

const flowPath = "/apis/flowcontrol.apiserver.k8s.io/"

func TestReadFlowSchemas(t *testing.T) {
	list := &flowcontrolv1.FlowSchemaList{Items: []flowcontrolv1.FlowSchema{{
		ObjectMeta: metav1.ObjectMeta{Name: "mine", CreationTimestamp: at(-5), Generation: 2, Annotations: map[string]string{"apf.kubernetes.io/autoupdate-spec": "false"}},
		Spec: flowcontrolv1.FlowSchemaSpec{
			PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: "gone"},
			MatchingPrecedence:         900,
			DistinguisherMethod:        &flowcontrolv1.FlowDistinguisherMethod{Type: flowcontrolv1.FlowDistinguisherMethodByUserType},
			Rules: []flowcontrolv1.PolicyRulesWithSubjects{{
				Subjects: []flowcontrolv1.Subject{
					{Kind: "User", User: &flowcontrolv1.UserSubject{Name: "ann"}},
					{Kind: "Group", Group: &flowcontrolv1.GroupSubject{Name: "system:nodes"}},
					{Kind: "ServiceAccount", ServiceAccount: &flowcontrolv1.ServiceAccountSubject{Namespace: "ns", Name: "*"}},
				},
				ResourceRules:    []flowcontrolv1.ResourcePolicyRule{{Verbs: []string{"list"}, APIGroups: []string{""}, Resources: []string{"pods"}, ClusterScope: true, Namespaces: []string{"*"}}},
				NonResourceRules: []flowcontrolv1.NonResourcePolicyRule{{Verbs: []string{"get"}, NonResourceURLs: []string{"/healthz"}}},
			}},
		},
		Status: flowcontrolv1.FlowSchemaStatus{Conditions: []flowcontrolv1.FlowSchemaCondition{{Type: "Dangling", Status: "True", LastTransitionTime: at(-4)}}},
	}}}
	f := &fakeServer{answers: map[string]answer{flowPath + "v1/flowschemas?resourceVersion=0": encoded(t, "flowcontrol.apiserver.k8s.io/v1", "FlowSchemaList", list)}}
	got := readFlowSchemas(t.Context(), f, 37)
	if !got.Seen() {
		t.Fatalf("got %+v, want FlowSchemas", got.Gap)
	}
	same(t, []evidence.FlowSchema{{
		Name: "mine", Created: at(-5).Time, AutoUpdate: "false", Generation: 2, Level: "gone", Precedence: 900, Distinguisher: "ByUser",
		Rules: []evidence.FlowRule{{
			Users: []string{"ann"}, Groups: []string{"system:nodes"}, ServiceAccounts: []string{"ns/*"},
			Resources:    []evidence.ResourceRule{{Verbs: []string{"list"}, APIGroups: []string{""}, Resources: []string{"pods"}, ClusterScope: true, Namespaces: []string{"*"}}},
			NonResources: []evidence.URLRule{{Verbs: []string{"get"}, URLs: []string{"/healthz"}}},
		}},
		Dangling: "True", DanglingSince: at(-4).Time,
	}}, *got.Value)
}

// The versions of the group are one message on the wire, so that each is read by the types of v1.
func TestReadPriorityLevels(t *testing.T) {
	queues := flowcontrolv1.LimitResponse{Type: "Queue", Queuing: &flowcontrolv1.QueuingConfiguration{Queues: 64, HandSize: 6, QueueLengthLimit: 50}}
	v1 := &flowcontrolv1.PriorityLevelConfigurationList{Items: []flowcontrolv1.PriorityLevelConfiguration{
		{ObjectMeta: metav1.ObjectMeta{Name: "exempt"}, Spec: flowcontrolv1.PriorityLevelConfigurationSpec{Type: "Exempt", Exempt: &flowcontrolv1.ExemptPriorityLevelConfiguration{NominalConcurrencyShares: new(int32(0)), LendablePercent: new(int32(0))}}},
		{ObjectMeta: metav1.ObjectMeta{Name: "full"}, Spec: flowcontrolv1.PriorityLevelConfigurationSpec{Type: "Limited", Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{NominalConcurrencyShares: new(int32(40)), LendablePercent: new(int32(25)), BorrowingLimitPercent: new(int32(10)), LimitResponse: queues}}},
		{ObjectMeta: metav1.ObjectMeta{Name: "none"}, Spec: flowcontrolv1.PriorityLevelConfigurationSpec{Type: "Limited", Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{NominalConcurrencyShares: new(int32(0)), LimitResponse: flowcontrolv1.LimitResponse{Type: "Reject"}}}},
		{ObjectMeta: metav1.ObjectMeta{Name: "unsaid"}, Spec: flowcontrolv1.PriorityLevelConfigurationSpec{Type: "Limited", Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{}}},
	}}
	v1beta3 := &flowcontrolv1beta3.PriorityLevelConfigurationList{Items: []flowcontrolv1beta3.PriorityLevelConfiguration{
		{ObjectMeta: metav1.ObjectMeta{Name: "system"}, Spec: flowcontrolv1beta3.PriorityLevelConfigurationSpec{Type: "Limited", Limited: &flowcontrolv1beta3.LimitedPriorityLevelConfiguration{NominalConcurrencyShares: 30, LendablePercent: new(int32(33))}}},
	}}
	v1beta2 := &flowcontrolv1beta2.PriorityLevelConfigurationList{Items: []flowcontrolv1beta2.PriorityLevelConfiguration{
		{ObjectMeta: metav1.ObjectMeta{Name: "system"}, Spec: flowcontrolv1beta2.PriorityLevelConfigurationSpec{Type: "Limited", Limited: &flowcontrolv1beta2.LimitedPriorityLevelConfiguration{
			AssuredConcurrencyShares: 30, LimitResponse: flowcontrolv1beta2.LimitResponse{Type: "Queue", Queuing: &flowcontrolv1beta2.QueuingConfiguration{Queues: 64, HandSize: 6, QueueLengthLimit: 50}},
		}}},
	}}
	const resource = "/prioritylevelconfigurations"
	served := map[string]answer{
		"v1":      encoded(t, "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfigurationList", v1),
		"v1beta3": encoded(t, "flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfigurationList", v1beta3),
		"v1beta2": encoded(t, "flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfigurationList", v1beta2),
	}
	want := map[string][]evidence.Level{
		"v1": {
			{Name: "exempt", Type: "Exempt", LendablePercent: new(int32(0))},
			{Name: "full", Type: "Limited", Shares: 40, LendablePercent: new(int32(25)), BorrowingPercent: new(int32(10)), Response: "Queue", Queues: 64, HandSize: 6, QueueLength: 50},
			{Name: "none", Type: "Limited", Response: "Reject"},
			{Name: "unsaid", Type: "Limited", Shares: 30},
		},
		"v1beta3": {{Name: "system", Type: "Limited", Shares: 30, LendablePercent: new(int32(33))}},
		"v1beta2": {{Name: "system", Type: "Limited", Shares: 30, Response: "Queue", Queues: 64, HandSize: 6, QueueLength: 50}},
	}
	for _, c := range []struct {
		minor  int
		serves string
		asked  int
	}{{37, "v1", 1}, {29, "v1", 1}, {0, "v1", 1}, {0, "v1beta3", 2}, {28, "v1beta3", 1}, {26, "v1beta3", 1}, {25, "v1beta2", 1}, {24, "v1beta2", 1}, {37, "v1beta2", 3}, {24, "v1", 3}} {
		f := &fakeServer{answers: map[string]answer{flowPath + c.serves + resource: served[c.serves]}}
		got := readPriorityLevels(t.Context(), f, c.minor)
		if !got.Seen() {
			t.Fatalf("1.%d that serves %s: got %+v, want levels", c.minor, c.serves, got.Gap)
		}
		same(t, want[c.serves], *got.Value)
		if len(f.asked) != c.asked || got.Source.Ask != "GET "+flowPath+c.serves+resource+"?resourceVersion=0" {
			t.Errorf("1.%d that serves %s: got %d requests, the last %s, want %d", c.minor, c.serves, len(f.asked), got.Source.Ask, c.asked)
		}
	}
	wantGap(t, readPriorityLevels(t.Context(), &fakeServer{}, 37), evidence.Unserved, "is not served here (404)")
	f := &fakeServer{answers: map[string]answer{flowPath + "v1" + resource: forbidden}}
	wantGap(t, readPriorityLevels(t.Context(), f, 37), evidence.Forbidden, "may not list prioritylevelconfigurations.flowcontrol.apiserver.k8s.io")
	if len(f.asked) != 1 {
		t.Errorf("got %d requests, want no other version asked for after a refusal", len(f.asked))
	}
}
