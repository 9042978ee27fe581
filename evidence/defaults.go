package evidence

// Default returns the documented default of a flag in a version of a component ("1.37.2", "3.5.24").
// It knows the flags that checks read; for others, and for versions outside the table, it knows nothing.
// Values are written as /flagz prints them.
func Default(component, flag, version string) (string, bool) {
	v, ok := ParseSemver(version)
	if !ok {
		return "", false
	}
	if component == "etcd-events" {
		component = "etcd"
	}
	major, oldest, newest := 1, 24, 37
	if component == "etcd" {
		major, oldest, newest = 3, 4, 7
	}
	if v.Major != major || v.Minor < oldest || v.Minor > newest {
		return "", false
	}
	for _, s := range defaults[component][flag] {
		if v.Minor >= s.from && (s.to == 0 || v.Minor <= s.to) {
			return s.value, true
		}
	}
	return "", false
}

// constant is the default that a flag has in every version of the table: a file whose version a template fills
// in still tells what it leaves unset.
func constant(component, flag string) (string, bool) {
	if component == "etcd-events" {
		component = "etcd"
	}
	spans := defaults[component][flag]
	if len(spans) != 1 || spans[0].from != 0 || spans[0].to != 0 {
		return "", false
	}
	return spans[0].value, true
}

// span is a default in the minors from from to to, both included; 0: from the oldest, to the newest of the table.
type span struct {
	from, to int
	value    string
}

func always(v string) []span           { return []span{{value: v}} }
func since(minor int, v string) []span { return []span{{from: minor, value: v}} }

// until is a default up to a minor, and another one after it.
func until(minor int, v, then string) []span {
	return []span{{to: minor, value: v}, {from: minor + 1, value: then}}
}

// Read in the source of 1.24.17, 1.26.15, 1.27.16 and of every minor from 1.28 to 1.36, and held against
// the /flagz of a running 1.37.2 by a test. Of etcd: source of 3.4 to 3.6, and the --help of 3.7.3.
var defaults = map[string]map[string][]span{
	"kube-apiserver": {
		// apiserver-goaway-chance, apiserver-balance
		"goaway-chance":                    always("0"),
		"disable-http2-serving":            since(31, "false"),
		"http2-max-streams-per-connection": always("0"),
		// apiserver-apf
		"enable-priority-and-fairness":   always("true"),
		"max-requests-inflight":          always("400"),
		"max-mutating-requests-inflight": always("200"),
		"request-timeout":                always("1m0s"),
		"min-request-timeout":            always("1800"),
		"etcd-count-metric-poll-period":  always("1m0s"),
		"feature-gates":                  always(""),
		"runtime-config":                 always(""),
		"livez-grace-period":             always("0s"),
		// list-resource-version, apiserver-consistent-list
		"watch-cache":                     always("true"),
		"watch-cache-sizes":               always("[]"),
		"default-watch-cache-size":        always("100"),
		"storage-initialization-timeout":  since(31, "1m0s"),
		"storage-media-type":              always("application/vnd.kubernetes.protobuf"),
		"delete-collection-workers":       always("1"),
		"show-hidden-metrics-for-version": always(""),
		// etcd-events-separation, etcd-space
		"etcd-servers":                 always("[]"),
		"etcd-servers-overrides":       always("[]"),
		"etcd-prefix":                  always("/registry"),
		"etcd-compaction-interval":     always("5m0s"),
		"etcd-db-metric-poll-interval": always("30s"),
		"etcd-healthcheck-timeout":     always("2s"),
		"etcd-readycheck-timeout":      since(25, "2s"),
		"event-ttl":                    always("1h0m0s"),
		"lease-reuse-duration-seconds": always("60"),
		// apiserver-replicas
		"endpoint-reconciler-type":                always("lease"),
		"apiserver-count":                         always("1"),
		"shutdown-delay-duration":                 always("0s"),
		"shutdown-send-retry-after":               always("false"),
		"shutdown-watch-termination-grace-period": since(27, "0s"),
		"peer-ca-file":                            since(28, ""),
		"enable-aggregator-routing":               always("false"),
		"profiling":                               always("true"),
		"audit-policy-file":                       always(""),
		"audit-log-path":                          always(""),
		"audit-log-mode":                          always("blocking"),
		"audit-log-maxage":                        until(35, "0", "366"),
		"audit-log-maxbackup":                     until(35, "0", "100"),
		"audit-log-maxsize":                       until(35, "0", "100"),
	},
	"kube-controller-manager": {
		// client-qps
		"kube-api-qps":                                        always("20"),
		"kube-api-burst":                                      always("30"),
		"concurrent-deployment-syncs":                         always("5"),
		"concurrent-replicaset-syncs":                         always("5"),
		"concurrent-statefulset-syncs":                        always("5"),
		"concurrent-daemonset-syncs":                          since(32, "2"),
		"concurrent-job-syncs":                                since(28, "5"),
		"concurrent-cron-job-syncs":                           since(28, "5"),
		"concurrent-endpoint-syncs":                           always("5"),
		"concurrent-service-endpoint-syncs":                   always("5"),
		"mirroring-concurrent-service-endpoint-syncs":         always("5"),
		"concurrent-gc-syncs":                                 always("20"),
		"concurrent-namespace-syncs":                          always("10"),
		"concurrent-resource-quota-syncs":                     always("5"),
		"concurrent-serviceaccount-token-syncs":               always("5"),
		"concurrent-horizontal-pod-autoscaler-syncs":          since(26, "5"),
		"concurrent-ephemeralvolume-syncs":                    always("5"),
		"concurrent-ttl-after-finished-syncs":                 always("5"),
		"concurrent-rc-syncs":                                 always("5"),
		"concurrent-validating-admission-policy-status-syncs": since(28, "5"),
		"concurrent-disruption-syncs":                         since(37, "1"),
		// pod-termination, kubelet-pleg
		"terminated-pod-gc-threshold":  always("12500"),
		"node-monitor-grace-period":    until(31, "40s", "50s"),
		"node-monitor-period":          always("5s"),
		"node-eviction-rate":           always("0.1"),
		"large-cluster-size-threshold": always("50"),
		"leader-elect":                 always("true"),
		"leader-elect-lease-duration":  always("15s"),
		"leader-elect-renew-deadline":  always("10s"),
		"leader-elect-retry-period":    always("2s"),
		"feature-gates":                always(""),
		"profiling":                    always("true"),
	},
	"kube-scheduler": {
		// client-qps, scheduler-queue. Where --config is set, the file decides on QPS and burst.
		"kube-api-qps":                           always("50"),
		"kube-api-burst":                         always("100"),
		"config":                                 always(""),
		"pod-max-in-unschedulable-pods-duration": always("5m0s"),
		"leader-elect":                           always("true"),
		"leader-elect-lease-duration":            always("15s"),
		"leader-elect-renew-deadline":            always("10s"),
		"leader-elect-retry-period":              always("2s"),
		"feature-gates":                          always(""),
		"profiling":                              always("true"),
	},
	"etcd": {
		"config-file": always(""),
		// etcd-quota, etcd-space
		"quota-backend-bytes":       always("0"), // stands for 2 GiB
		"auto-compaction-mode":      always("periodic"),
		"auto-compaction-retention": always("0"),
		"max-request-bytes":         always("1572864"),
		"max-txn-ops":               always("128"),
		// etcd-peer-latency, etcd-members
		"heartbeat-interval":    always("100"), // milliseconds
		"election-timeout":      always("1000"),
		"pre-vote":              until(4, "false", "true"),
		"strict-reconfig-check": always("true"),
		"initial-cluster-state": always("new"),
		"name":                  always("default"),
		// etcd-disk-latency
		"unsafe-no-fsync":                since(5, "false"),
		"snapshot-count":                 until(5, "100000", "10000"),
		"wal-dir":                        always(""),
		"max-snapshots":                  always("5"),
		"max-wals":                       always("5"),
		"metrics":                        always("basic"),
		"listen-metrics-urls":            always(""),
		"force-new-cluster":              always("false"),
		"feature-gates":                  since(6, ""),
		"warning-apply-duration":         since(6, "100ms"),
		"watch-progress-notify-interval": since(6, "10m0s"),
		"experimental-watch-progress-notify-interval": {{from: 5, to: 6, value: "10m0s"}},
		"experimental-initial-corrupt-check":          {{to: 6, value: "false"}},
		"corrupt-check-time":                          since(6, "0s"),
		"compact-hash-check-time":                     since(6, "1m0s"),
	},
}
