package evidence

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"
)

// Every family of the table is in the recordings, spelled and labelled as there, or is listed
// here with the reason that it is not.
func TestFamiliesAreThoseOfRealComponents(t *testing.T) {
	const (
		older   = "not in 1.37"
		onEvent = "from its first event on"
	)
	absent := map[string]string{
		"apiserver_flowcontrol_request_concurrency_in_use":              older,
		"apiserver_flowcontrol_request_concurrency_limit":               older,
		"apiserver_cache_list_total":                                    older,
		"apiserver_cache_list_fetched_objects_total":                    older,
		"apiserver_cache_list_returned_objects_total":                   older,
		"apiserver_storage_objects":                                     older,
		"apiserver_storage_db_total_size_in_bytes":                      older,
		"etcd_db_total_size_in_bytes":                                   older,
		"apiserver_crd_webhook_conversion_duration_seconds":             older,
		"scheduler_pod_scheduling_duration_seconds":                     older,
		"apiserver_flowcontrol_rejected_requests_total":                 onEvent,
		"apiserver_requested_deprecated_apis":                           onEvent,
		"apiserver_request_terminations_total":                          onEvent,
		"apiserver_rerouted_request_total":                              onEvent,
		"apiserver_peer_proxy_errors_total":                             onEvent,
		"apiserver_flowcontrol_request_dispatch_no_accommodation_total": onEvent,
		"apiserver_storage_decode_errors_total":                         onEvent,
		"apiserver_crd_conversion_webhook_duration_seconds":             onEvent,
		"apiserver_conversion_webhook_request_total":                    onEvent,
		"apiserver_admission_webhook_rejection_count":                   onEvent,
		"apiserver_admission_webhook_fail_open_count":                   onEvent,
		"apiserver_admission_webhook_admission_duration_seconds":        onEvent,
		"aggregator_unavailable_apiservice_total":                       onEvent,
		"etcd_request_errors_total":                                     onEvent,
		"rest_client_request_retries_total":                             onEvent,
		"scheduler_unschedulable_pods":                                  onEvent,
		"etcd_network_disconnected_peers_total":                         onEvent,
		"kubelet_runtime_operations_errors_total":                       onEvent,
		"etcd_network_peer_sent_failures_total":                         onEvent,
		"etcd_network_peer_received_failures_total":                     onEvent,
		"etcd_network_snapshot_send_inflights_total":                    onEvent,
		"etcd_network_snapshot_receive_inflights_total":                 onEvent,
	}
	for _, component := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "etcd"} {
		present := familiesOf(t, recorded(t, "metrics/"+component+".pb.gz"))
		for name, k := range Families(component) {
			fam := present[name]
			if fam == nil {
				if absent[name] == "" {
					t.Errorf("%s: %s is not in the recording", component, name)
				}
				continue
			}
			if why := absent[name]; why != "" {
				t.Errorf("%s: %s is in the recording, got it listed as absent: %s", component, name, why)
			}
			for _, l := range k.Labels {
				if !hasLabel(fam, l) && !olderLabels[name+" "+l] {
					t.Errorf("%s: %s has no label %s: %v", component, name, l, fam.GetMetric()[0].GetLabel())
				}
			}
		}
	}
}

var olderLabels = map[string]bool{"apiserver_storage_size_bytes cluster": true} // of 1.28

func hasLabel(fam *dto.MetricFamily, name string) bool {
	return slices.ContainsFunc(fam.GetMetric(), func(m *dto.Metric) bool {
		return slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == name })
	})
}

func familiesOf(t *testing.T, data []byte) map[string]*dto.MetricFamily {
	t.Helper()
	out := map[string]*dto.MetricFamily{}
	for r := bytes.NewReader(data); r.Len() > 0; {
		fam := &dto.MetricFamily{}
		if err := protodelim.UnmarshalFrom(r, fam); err != nil {
			t.Fatal(err)
		}
		out[fam.GetName()] = fam
	}
	return out
}

func TestFamiliesOfNobody(t *testing.T) {
	if got := Families("kube-proxy"); got != nil {
		t.Errorf("got %v, want nothing", got)
	}
	if d := cmp.Diff(Families("etcd"), Families("etcd-events")); d != "" {
		t.Errorf("etcd-events is an etcd like others\n%s", d)
	}
}
