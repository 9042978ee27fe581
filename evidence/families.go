package evidence

import (
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"
)

// Keep names the metric families that are kept of a scrape.
type Keep map[string]KeepFamily

// KeepFamily says what is kept of a family: its series summed over every label that is not in Labels.
type KeepFamily struct {
	Labels []string
	// Only and Except admit series by the values of a label.
	Only, Except map[string][]string
	// Fold lists, by label, the values kept as they are; every other value but the empty one becomes Other.
	Fold map[string][]string
}

// Other stands for every label value that a family's fold does not name.
const Other = "other"

func (k KeepFamily) admits(labels []*dto.LabelPair) bool {
	for l, values := range k.Only {
		if !slices.Contains(values, labelValue(labels, l)) {
			return false
		}
	}
	for l, values := range k.Except {
		if slices.Contains(values, labelValue(labels, l)) {
			return false
		}
	}
	return true
}

func (k KeepFamily) value(labels []*dto.LabelPair, name string) string {
	v := labelValue(labels, name)
	if f, ok := k.Fold[name]; ok && v != "" && !slices.Contains(f, v) {
		return Other
	}
	return v
}

// labels leaves out what is empty: to Prometheus an empty label and none are the same.
func (k KeepFamily) labels(labels []*dto.LabelPair) map[string]string {
	var m map[string]string
	for _, l := range k.Labels {
		if v := k.value(labels, l); v != "" {
			if m == nil {
				m = map[string]string{}
			}
			m[l] = v
		}
	}
	return m
}

func labelValue(labels []*dto.LabelPair, name string) string {
	for _, l := range labels {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// Families returns what checks read of a component's metrics; nil for a component that is none.
// Versions are those of Kubernetes, or of etcd where it is etcd's own. A family that a version does
// not have is simply not in the scrape, and that is unknown, never zero.
func Families(component string) Keep {
	switch component {
	case "kube-apiserver":
		return merge(process, build, gates, apiserverTraffic, apiserverFlow, apiserverLists, apiserverStorage, apiserverExtensions)
	case "kube-controller-manager":
		return merge(process, build, clients, leaders)
	case "kube-scheduler":
		return merge(process, build, clients, leaders, scheduler)
	case "kubelet":
		return merge(process, build, clients, kubelet)
	case "etcd", "etcd-events":
		return merge(process, etcdServer, etcdDisk, etcdNetwork)
	}
	return nil
}

func merge(tables ...Keep) Keep {
	all := Keep{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

func by(labels ...string) KeepFamily { return KeepFamily{Labels: labels} }

// process: apiserver-balance (CPU, open files), apiserver-replicas and every rate (start time).
var process = Keep{
	startFamily:                     by(),
	"process_cpu_seconds_total":     by(),
	"process_open_fds":              by(),
	"process_max_fds":               by(),
	"process_resident_memory_bytes": by(),
}

// build: apiserver-replicas compares versions between instances.
var build = Keep{"kubernetes_build_info": by("git_version")}

// gates: apiserver-consistent-list, apiserver-apf, config-drift. 1.26+; all of them are kept, since a
// gate that is not there means a gate that this version does not have.
var gates = Keep{"kubernetes_feature_enabled": by("name", "stage")}

// apiserverTraffic: apiserver-balance, apiserver-replicas, etcd-events-separation, client-throttling.
var apiserverTraffic = Keep{
	// Balance wants requests for resources only and no CONNECT, events-separation the share of
	// events among writes, saturation 429s other than those of evictions: the rest is folded.
	"apiserver_request_total": {
		Labels: []string{"verb", "code", "resource", "subresource"},
		Fold:   map[string][]string{"resource": {"events"}, "subresource": {"eviction"}},
	},
	"apiserver_longrunning_requests":              by("verb"), // gauge; WATCH
	"apiserver_selfrequest_total":                 by(),       // 1.24+; the server's own loopback, which lands in the level exempt
	"apiserver_current_inflight_requests":         by("request_kind"),
	"apiserver_current_inqueue_requests":          by("request_kind"),
	"apiserver_request_terminations_total":        by("code"),
	"apiserver_requested_deprecated_apis":         by("group", "version", "resource", "removed_release"), // apf-removed-api-version
	"apiserver_rerouted_request_total":            by("code"),                                            // peer proxy, gate on from 1.36
	"apiserver_peer_proxy_errors_total":           by("type"),
	"apiserver_watch_cache_events_received_total": by(), // 1.27+
}

// apiserverFlow: apiserver-apf, apiserver-apf-saturation.
var apiserverFlow = Keep{
	"apiserver_flowcontrol_rejected_requests_total":                 by("priority_level", "flow_schema", "reason"),
	"apiserver_flowcontrol_dispatched_requests_total":               by("priority_level", "flow_schema"),
	"apiserver_flowcontrol_current_inqueue_requests":                by("priority_level", "flow_schema"),
	"apiserver_flowcontrol_current_executing_requests":              by("priority_level", "flow_schema"),
	"apiserver_flowcontrol_current_executing_seats":                 by("priority_level"), // 1.28+
	"apiserver_flowcontrol_current_inqueue_seats":                   by("priority_level"), // 1.28+
	"apiserver_flowcontrol_request_concurrency_in_use":              by("priority_level"), // until 1.31; hidden from 1.32
	"apiserver_flowcontrol_request_concurrency_limit":               by("priority_level"), // until 1.30; hidden from 1.31
	"apiserver_flowcontrol_nominal_limit_seats":                     by("priority_level"), // 1.26+
	"apiserver_flowcontrol_lower_limit_seats":                       by("priority_level"), // 1.26+
	"apiserver_flowcontrol_upper_limit_seats":                       by("priority_level"), // 1.26+
	"apiserver_flowcontrol_current_limit_seats":                     by("priority_level"), // 1.26+; after borrowing
	"apiserver_flowcontrol_request_wait_duration_seconds":           by("priority_level", "flow_schema", "execute"),
	"apiserver_flowcontrol_request_dispatch_no_accommodation_total": by("priority_level"),
	// 1.25+; nanoseconds by share of the seats in use.
	"apiserver_flowcontrol_priority_level_seat_utilization": {Labels: []string{"priority_level"}, Only: map[string][]string{"phase": {"executing"}}},
}

// apiserverLists: list-resource-version, apiserver-consistent-list. Up to 1.33 resource is a
// group-resource (or, where noted, the key prefix of the cache), from 1.34 group is a label of its own.
var apiserverLists = Keep{
	"apiserver_storage_list_total":                   by("group", "resource", "storage"), // storage: 1.37+; before, etcd only
	"apiserver_storage_list_fetched_objects_total":   by("group", "resource", "storage"),
	"apiserver_storage_list_evaluated_objects_total": by("group", "resource", "storage"),
	"apiserver_storage_list_returned_objects_total":  by("group", "resource", "storage"),
	"apiserver_cache_list_total":                     by("group", "resource", "resource_prefix"), // hidden from 1.37; resource_prefix until 1.33
	"apiserver_cache_list_fetched_objects_total":     by("group", "resource", "resource_prefix"),
	"apiserver_cache_list_returned_objects_total":    by("group", "resource", "resource_prefix"),
	"apiserver_watch_cache_consistent_read_total":    by("group", "resource", "success", "fallback"), // 1.31+; resource is a prefix until 1.33
	"apiserver_watch_cache_read_wait_seconds":        by(),                                           // 1.30+
	"apiserver_watch_cache_initializations_total":    by("group", "resource"),
	"apiserver_init_events_total":                    by("group", "resource"),
	"apiserver_terminated_watchers_total":            by("group", "resource"),
	"apiserver_storage_consistency_checks_total":     by("group", "resource", "status"), // 1.33+
}

// apiserverStorage: what an apiserver alone tells of etcd: list-resource-version, etcd-members,
// etcd-space, etcd-events-separation, etcd-disk-latency, and object counts for apiserver-extensions.
var apiserverStorage = Keep{
	"etcd_request_duration_seconds":            by("operation"),
	"etcd_requests_total":                      by("operation"),                     // 1.28+
	"etcd_request_errors_total":                by("operation"),                     // 1.28+
	"apiserver_storage_objects":                by("resource"),                      // hidden from 1.37; −1: the count failed
	"apiserver_resource_objects":               by("group", "resource"),             // 1.34+
	"apiserver_resource_size_estimate_bytes":   by("group", "resource"),             // 1.34+; −1: unknown
	"apiserver_storage_size_bytes":             by("storage_cluster_id", "cluster"), // 1.28 cluster, 1.29+ storage_cluster_id
	"apiserver_storage_db_total_size_in_bytes": by("endpoint"),                      // 1.26 to 1.28
	"etcd_db_total_size_in_bytes":              by("endpoint"),                      // until 1.25
	"apiserver_storage_decode_errors_total":    by("group", "resource"),             // 1.27+
}

// apiserverExtensions: apiserver-extensions.
var apiserverExtensions = Keep{
	"aggregator_unavailable_apiservice":                      by("name"),
	"aggregator_unavailable_apiservice_total":                by("name", "reason"),
	"apiserver_crd_conversion_webhook_duration_seconds":      by("crd_name", "succeeded"),  // 1.28+
	"apiserver_crd_webhook_conversion_duration_seconds":      by("crd_name", "succeeded"),  // 1.25 to 1.27
	"apiserver_conversion_webhook_request_total":             by("result", "failure_type"), // 1.28+
	"apiserver_admission_webhook_rejection_count":            by("name", "type", "error_type"),
	"apiserver_admission_webhook_fail_open_count":            by("name", "type"),
	"apiserver_admission_webhook_admission_duration_seconds": by("name", "type"),
}

// clients: client-throttling, client-qps. The apiserver's own series speak of its loopback only.
var clients = Keep{
	"rest_client_rate_limiter_duration_seconds": by("verb"),
	"rest_client_requests_total":                by("code"),
	"rest_client_request_retries_total":         by("code"), // 1.27+
}

// leaders tells which instance works and which waits: client-throttling, scheduler-queue.
var leaders = Keep{"leader_election_master_status": by("name")}

// scheduler: scheduler-queue.
var scheduler = Keep{
	"scheduler_pending_pods":                        by("queue"), // gated: 1.26+
	"scheduler_queue_incoming_pods_total":           by("queue", "event"),
	"scheduler_schedule_attempts_total":             by("result", "profile"),
	"scheduler_scheduling_attempt_duration_seconds": by("result", "profile"),
	"scheduler_pod_scheduling_sli_duration_seconds": by("attempts"), // 1.29+
	"scheduler_pod_scheduling_duration_seconds":     by("attempts"), // until 1.28
	"scheduler_unschedulable_pods":                  by("plugin", "profile"),
	"scheduler_preemption_attempts_total":           by(),
	"scheduler_pod_scheduled_after_flush_total":     by(), // 1.36+
}

var plegOperations = map[string][]string{"operation_type": {"list_podsandbox", "list_containers", "podsandbox_status", "container_status"}}

// kubelet: kubelet-pleg, kubelet-pod-sources. Kept small: it comes once for each sampled node.
var kubelet = Keep{
	"kubernetes_feature_enabled":                    {Labels: []string{"name", "stage"}, Only: map[string][]string{"name": {"EventedPLEG", "PLEGOnDemandRelist"}}},
	"kubelet_pleg_relist_duration_seconds":          by(),
	"kubelet_pleg_relist_interval_seconds":          by(),
	"kubelet_pleg_last_seen_seconds":                by(),
	"kubelet_pleg_discard_events":                   by(),
	"kubelet_pleg_pod_relist_duration_seconds":      by(), // 1.36+
	"kubelet_evented_pleg_connection_error_count":   by(), // with the gate only, but always in 1.37
	"kubelet_evented_pleg_connection_success_count": by(),
	"kubelet_runtime_operations_duration_seconds":   {Labels: []string{"operation_type"}, Only: plegOperations},
	"kubelet_runtime_operations_errors_total":       {Labels: []string{"operation_type"}, Only: plegOperations},
	"kubelet_running_pods":                          by(),
	"kubelet_running_containers":                    by("container_state"),
	"kubelet_desired_pods":                          by("static"), // 1.27+
	"kubelet_active_pods":                           by("static"), // 1.27+
	"kubelet_mirror_pods":                           by(),
	"kubelet_working_pods":                          by("lifecycle", "config", "static"),
	"kubelet_restarted_pods_total":                  by("static"),
}

// etcdServer: etcd-members, etcd-quota, etcd-space, etcd-disk-latency (leader changes, late heartbeats).
var etcdServer = Keep{
	"etcd_server_id":                            by("server_id"),
	"etcd_server_version":                       by("server_version"),
	"etcd_cluster_version":                      by("cluster_version"),
	"etcd_server_has_leader":                    by(),
	"etcd_server_is_leader":                     by(),
	"etcd_server_is_learner":                    by(),
	"etcd_server_leader_changes_seen_total":     by(), // counts the first election after a start
	"etcd_server_heartbeat_send_failures_total": by(),
	"etcd_server_proposals_pending":             by(),
	"etcd_server_proposals_failed_total":        by(),
	"etcd_server_proposals_committed_total":     by(), // a gauge by type
	"etcd_server_proposals_applied_total":       by(), // a gauge by type
	"etcd_server_slow_apply_total":              by(),
	"etcd_server_slow_read_indexes_total":       by(),
	"etcd_server_read_indexes_failed_total":     by(),
	"etcd_server_quota_backend_bytes":           by(),
	"etcd_server_feature_enabled":               by("name", "stage"), // 3.6+
	"etcd_mvcc_db_total_size_in_bytes":          by(),
	"etcd_mvcc_db_total_size_in_use_in_bytes":   by(),
	"etcd_debugging_mvcc_keys_total":            by(),
	"etcd_debugging_mvcc_compact_revision":      by(),
	"etcd_debugging_mvcc_current_revision":      by(),
	"etcd_debugging_mvcc_slow_watcher_total":    by(),
	"etcd_debugging_mvcc_pending_events_total":  by(),
}

// etcdDisk: etcd-disk-latency.
var etcdDisk = Keep{
	"etcd_disk_wal_fsync_duration_seconds":      by(),
	"etcd_disk_wal_write_duration_seconds":      by(), // 3.5.15+
	"etcd_disk_backend_commit_duration_seconds": by(),
	"etcd_disk_backend_defrag_duration_seconds": by(),
	"etcd_disk_defrag_inflight":                 by(),
	"etcd_server_apply_duration_seconds":        by(), // 3.5+
}

// etcdNetwork: etcd-peer-latency. To, From, Local and Remote are member ids in hexadecimal.
var etcdNetwork = Keep{
	"etcd_network_peer_round_trip_time_seconds":     by("To"),
	"etcd_network_peer_sent_failures_total":         by("To"),   // from the first failure on
	"etcd_network_peer_received_failures_total":     by("From"), // likewise
	"etcd_network_active_peers":                     by("Local", "Remote"),
	"etcd_network_disconnected_peers_total":         by("Local", "Remote"),
	"etcd_network_known_peers":                      by("Local", "Remote"), // 3.6+
	"etcd_network_snapshot_send_inflights_total":    by("To"),
	"etcd_network_snapshot_receive_inflights_total": by("From"),
}
