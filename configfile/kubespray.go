package configfile

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// sprayFlags are kubespray's variables for a flag, by component, as its templates use them
// (kubeadm-config.v1beta4.yaml.j2, etcd.env.j2, August 2026).
var sprayFlags = map[string]map[string]string{
	"etcd": {
		"etcd_quota_backend_bytes": "quota-backend-bytes", "etcd_heartbeat_interval": "heartbeat-interval", "etcd_election_timeout": "election-timeout",
		"etcd_snapshot_count": "snapshot-count", "etcd_max_request_bytes": "max-request-bytes", "etcd_compaction_retention": "auto-compaction-retention",
		"etcd_metrics": "metrics", "etcd_max_snapshots": "max-snapshots", "etcd_max_wals": "max-wals", "etcd_log_level": "log-level",
		"etcd_listen_metrics_urls": "listen-metrics-urls",
	},
	"kube-apiserver": {
		"kube_apiserver_request_timeout": "request-timeout", "event_ttl_duration": "event-ttl", "kube_profiling": "profiling",
		"kube_apiserver_etcd_compaction_interval": "etcd-compaction-interval", "kube_api_aggregator_routing": "enable-aggregator-routing",
		"kube_apiserver_enable_admission_plugins": "enable-admission-plugins", "kube_api_runtime_config": "runtime-config",
		"kube_apiserver_feature_gates": "feature-gates",
	},
	"kube-controller-manager": {
		"kube_controller_node_monitor_grace_period": "node-monitor-grace-period", "kube_controller_node_monitor_period": "node-monitor-period",
		"kube_controller_terminated_pod_gc_threshold": "terminated-pod-gc-threshold", "kube_profiling": "profiling",
		"kube_controller_manager_leader_elect_lease_duration": "leader-elect-lease-duration",
		"kube_controller_manager_leader_elect_renew_deadline": "leader-elect-renew-deadline", "kube_controller_feature_gates": "feature-gates",
	},
	"kube-scheduler": {"kube_profiling": "profiling", "kube_scheduler_feature_gates": "feature-gates"},
	"kubelet":        {},
}

// sprayArgs are the variables that hold flags by name.
var sprayArgs = map[string]string{
	"kube-apiserver": "kube_kubeadm_apiserver_extra_args", "kube-controller-manager": "kube_kubeadm_controller_extra_args",
	"kube-scheduler": "kube_kubeadm_scheduler_extra_args",
}

func kubesprayReader() reader {
	return reader{
		name: "kubespray variables",
		keys: regexp.MustCompile(`(?m)^["']?(kube_kubeadm_(?:apiserver|controller|scheduler)_extra_args|kube_version|kube_apiserver_[a-z_]+|kube_controller_[a-z_]+|` +
			`kube_feature_gates|kube_profiling|event_ttl_duration|kubelet_custom_flags|kubelet_config_extra_args|` +
			`etcd_(?:quota_backend_bytes|heartbeat_interval|election_timeout|snapshot_count|max_request_bytes|compaction_retention|extra_vars|events_cluster_enabled))["']?[ \t]*:`),
		read: readKubespray,
	}
}

// readKubespray reads the variables of an inventory. What they do not set has kubespray's own default, which is
// not known here; a role's defaults are no cluster.
func readKubespray(c cursor, s *sink) {
	if strings.Contains("/"+s.file.rel, "/roles/") {
		return
	}
	out := s.piece("kubespray")
	out.distribution = "kubespray"
	if v := c.get("kube_version"); v.known() != "" {
		out.version, out.versionAt = v.known(), v.src()
	}
	if name := c.get("cluster_name").known(); name != "cluster.local" { // which it is everywhere if nobody says otherwise
		out.cluster = name
	}
	for _, component := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"} {
		if p := sprayProcess(component, c); p != nil {
			p.part, p.name = inventory(s.file.rel)
			out.processes = append(out.processes, p)
		}
	}
	out.inert = len(out.processes) == 0
	if extra := c.get("kubelet_config_extra_args"); len(extra.entries()) > 0 {
		out.inert = false
		doc := documentOf(extra, "kubelet")
		doc.APIVersion, doc.Kind = "kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"
		doc.Part = "kubespray writes the rest"
		out.fill = append(out.fill, func(snap *evidence.Snapshot) {
			if snap.Version.Seen() {
				doc.Version = strings.TrimPrefix(snap.Version.Value.Git, "v")
			}
			snap.Documents = append(snap.Documents, evidence.See("kubelet/nodes", doc, extra.src()))
		})
	}
}

// sprayProcess is a component as the variables of a file tell it; nil if they do not.
func sprayProcess(component string, c cursor) *Process {
	p := newProcess(component, "kubespray", c.src())
	p.intent = true
	fields := map[string]Field{}
	for variable, flag := range sprayFlags[component] {
		fields[flag] = Field{Key: variable, Text: true}
		at := c.get(variable)
		if at.ok() {
			p.addSpray(flag, at)
		}
	}
	if gates := c.get("kube_feature_gates"); gates.ok() && !p.Flags.Has("feature-gates") && !slices.Contains([]string{"etcd", "kubelet"}, component) {
		p.addSpray("feature-gates", gates)
	}
	p.addMap(c.get(sprayArgs[component]), evidence.FromArguments)
	switch component {
	case "etcd":
		for _, e := range c.get("etcd_extra_vars").entries() { // variables, or flags where kubeadm runs etcd
			name, isVariable := strings.CutPrefix(e.key, etcdPrefix)
			if isVariable {
				name = envFlag(name)
			}
			p.addNode(name, e.value, evidence.FromConfigFile)
		}
	case "kube-apiserver":
		if at := c.get("etcd_events_cluster_enabled"); at.ok() && !strings.EqualFold(at.text(), "false") {
			p.unknown("etcd-servers-overrides")
		}
	case "kubelet":
		p.addSuite(c.get("kubelet_custom_flags"), evidence.FromArguments)
	}
	if p.empty() {
		return nil
	}
	p.opaque("is set up by kubespray, which sets what its variables leave open")
	if len(fields) > 0 {
		site := siteOf(c, Fields)
		site.Fields = fields
		p.Sites = append(p.Sites, site)
	}
	return p
}

func (p *Process) addSpray(flag string, at cursor) {
	text, scalar := at.str()
	if items := at.items(); len(items) > 0 {
		text, scalar = strings.Join(at.words(), ","), true
	}
	if scalar {
		p.add(flag, strings.TrimSpace(text), evidence.FromArguments, at.src(), at.isLoose())
	}
}

// inventory is the directory of the inventory that a file of variables is of, and what its processes are called:
// by the host that it is about, or by the inventory.
func inventory(rel string) (dir, host string) {
	dir = path.Dir(rel)
	for at := dir; at != "."; at = path.Dir(at) {
		switch path.Base(at) {
		case "group_vars":
			return path.Dir(at), strings.Trim(path.Base(path.Dir(at)), ".")
		case "host_vars":
			host, _, _ = strings.Cut(strings.TrimPrefix(rel, at+"/"), "/")
			return path.Join(at, host), strings.TrimSuffix(strings.TrimSuffix(host, ".yml"), ".yaml")
		}
	}
	return dir, ""
}
