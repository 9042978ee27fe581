package collect

import (
	"testing"

	"github.com/kaudit/kaudit/evidence"
)

func TestReadAPIServices(t *testing.T) {
	const path = "/apis/apiregistration.k8s.io/v1/apiservices"
	list := `{"kind":"APIServiceList","apiVersion":"apiregistration.k8s.io/v1","metadata":{"resourceVersion":"9"},"items":[
		{"metadata":{"name":"v1.apps"},"spec":{"group":"apps","groupPriorityMinimum":17800},"status":{"conditions":[{"type":"Available","status":"True","reason":"Local"}]}},
		{"metadata":{"name":"v1beta1.metrics.k8s.io","managedFields":[{}]},
		 "spec":{"service":{"namespace":"kube-system","name":"metrics-server","port":443},"insecureSkipTLSVerify":true,"groupPriorityMinimum":100,"caBundle":"c2VjcmV0"},
		 "status":{"conditions":[{"type":"Available","status":"False","reason":"MissingEndpoints","message":"no\nendpoints","lastTransitionTime":"2026-11-01T11:58:00Z"}]}},
		{"metadata":{"name":"v1.new"},"spec":{"service":{"namespace":"n","name":"s"}},"status":{}}]}`
	f := &fakeServer{answers: map[string]answer{path + "?resourceVersion=0": {contentType: "application/json", body: []byte(list)}}}
	got := readAPIServices(t.Context(), f)
	if !got.Seen() {
		t.Fatalf("got %+v, want APIServices", got.Gap)
	}
	same(t, []evidence.APIService{
		{
			Name: "v1beta1.metrics.k8s.io", Service: "kube-system/metrics-server", Available: "False", Reason: "MissingEndpoints", Message: "no endpoints",
			Since: at(-2).Time, InsecureSkipTLSVerify: true, GroupPriority: 100,
		},
		{Name: "v1.new", Service: "n/s"},
	}, *got.Value)
	wantGap(t, readAPIServices(t.Context(), &fakeServer{answers: map[string]answer{path: {contentType: asProtobuf, body: []byte("k8s\x00")}}}), evidence.Malformed, "cut off")
	wantGap(t, readAPIServices(t.Context(), &fakeServer{answers: map[string]answer{path: forbidden}}), evidence.Forbidden, "may not list apiservices.apiregistration.k8s.io")
}
