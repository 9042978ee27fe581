package configfile

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kaudit/kaudit/evidence"
)

// kopsFlags are fields of a kOps Cluster whose flag is not their name with dashes; "" has none. All fields of
// pkg/apis/kops/v1alpha2 and v1alpha3/componentconfig.go were held against the rule (August 2026): k8s.io/kops is
// no module to import, it replaces modules of its own.
var kopsFlags = map[string]map[string]string{
	"kube-apiserver": {
		"logFormat": "logging-format", "logLevel": "v", "compactionInterval": "etcd-compaction-interval", "etcdCaFile": "etcd-cafile",
		"etcdCertFile": "etcd-certfile", "etcdKeyFile": "etcd-keyfile", "apiServerCount": "apiserver-count",
		"authenticationConfigFile": "authentication-config", "auditLogMaxAge": "audit-log-maxage", "auditLogMaxBackups": "audit-log-maxbackup",
		"auditLogMaxSize": "audit-log-maxsize", "requestheaderExtraHeaderPrefixes": "requestheader-extra-headers-prefix",
		"serviceAccountJWKSURI": "service-account-jwks-uri", "enableProfiling": "profiling", "enableContentionProfiling": "contention-profiling",
		"kubeAPIQPS": "kube-api-qps",
		"image":      "", "disableBasicAuth": "", "appendAdmissionPlugins": "", "additionalServiceAccountIssuers": "", "cpuRequest": "", "cpuLimit": "",
		"memoryRequest": "", "memoryLimit": "", "env": "",
	},
	"kube-controller-manager": {
		"logFormat": "logging-format", "logLevel": "v", "kubeAPIQPS": "kube-api-qps",
		"concurrentHorizontalPodAustoscalerSyncs": "concurrent-horizontal-pod-autoscaler-syncs",
		"endpointSliceUpdatesBatchPeriod":         "endpointslice-updates-batch-period", "enableProfiling": "profiling",
		"enableContentionProfiling": "contention-profiling",
		"image":                     "", "cpuRequest": "", "cpuLimit": "", "memoryRequest": "", "memoryLimit": "",
	},
	"kube-scheduler": {
		"logFormat": "logging-format", "logLevel": "v", "kubeAPIQPS": "kube-api-qps", "enableProfiling": "profiling",
		"enableContentionProfiling": "contention-profiling",
		"image":                     "", "usePolicyConfigMap": "", "maxPersistentVolumes": "", "qps": "", "burst": "", "cpuRequest": "", "cpuLimit": "",
		"memoryRequest": "", "memoryLimit": "",
	},
	"kubelet": {
		"kubeconfigPath": "kubeconfig", "logFormat": "logging-format", "logLevel": "v", "networkPluginName": "network-plugin",
		"nvidiaGPUs": "experimental-nvidia-gpus", "imageGCHighThresholdPercent": "image-gc-high-threshold",
		"imageGCLowThresholdPercent": "image-gc-low-threshold", "volumePluginDirectory": "volume-plugin-dir", "taints": "register-with-taints",
		"registryPullQPS": "registry-qps", "podPidsLimit": "pod-max-pids", "kubeAPIQPS": "kube-api-qps",
		"podInfraContainerImage": "", "imageMinimumGCAge": "", "imageMaximumGCAge": "", "maxParallelImagePulls": "", "shutdownGracePeriod": "",
		"shutdownGracePeriodCriticalPods": "", "memorySwapBehavior": "", "crashLoopBackOffMaxContainerRestartPeriod": "", "eventRecordQPS": "",
		"nodeLeaseDurationSeconds": "",
	},
}

// kopsOwn are flags that kOps sets to its own whatever the file says (pkg/model/components/apiserver.go).
var kopsOwn = []string{
	"allow-privileged", "bind-address", "cloud-provider", "etcd-cafile", "etcd-certfile", "etcd-keyfile", "insecure-bind-address", "insecure-port",
	"secure-port", "service-cluster-ip-range", "v",
}

// kopsFields are the fields that a fix may write, by flag.
var kopsFields = map[string]map[string]Field{
	"kube-apiserver": {
		"goaway-chance": {Key: "goawayChance", Text: true}, "max-requests-inflight": {Key: "maxRequestsInflight"},
		"max-mutating-requests-inflight": {Key: "maxMutatingRequestsInflight"}, "request-timeout": {Key: "requestTimeout"},
		"event-ttl": {Key: "eventTTL"}, "etcd-compaction-interval": {Key: "compactionInterval"}, "profiling": {Key: "enableProfiling"},
	},
	"kube-controller-manager": {"kube-api-qps": {Key: "kubeAPIQPS", Text: true}, "kube-api-burst": {Key: "kubeAPIBurst"}, "profiling": {Key: "enableProfiling"}},
	"kube-scheduler":          {"kube-api-qps": {Key: "kubeAPIQPS", Text: true}, "kube-api-burst": {Key: "kubeAPIBurst"}, "profiling": {Key: "enableProfiling"}},
	"kubelet":                 {"kube-api-qps": {Key: "kubeAPIQPS"}, "kube-api-burst": {Key: "kubeAPIBurst"}},
}

const kopsAdds = "is set up by kOps, which adds settings of its own"

func kopsReader() reader {
	return reader{name: "kOps cluster", kinds: []string{"Cluster"}, group: "kops", read: readKops}
}

func kopsGroupReader() reader {
	return reader{name: "kOps instance group", kinds: []string{"InstanceGroup"}, group: "kops", words: []string{"kubelet"}, read: readKopsGroup}
}

func readKops(c cursor, s *sink) {
	spec := c.get("spec")
	out := s.piece("kops")
	out.sole = true
	out.cluster, out.distribution = c.get("metadata", "name").known(), "kops"
	if v := spec.get("kubernetesVersion"); v.known() != "" {
		out.version, out.versionAt = v.known(), v.src()
	}
	for _, of := range []struct{ component, key, name string }{
		{"kube-apiserver", "kubeAPIServer", ""},
		{"kube-controller-manager", "kubeControllerManager", ""},
		{"kube-scheduler", "kubeScheduler", ""},
		{"kubelet", "kubelet", "nodes"},
	} {
		if p := kopsProcess(of.component, spec.get(of.key)); p != nil {
			p.name = of.name
			out.processes = append(out.processes, p)
		}
	}
	for _, key := range []string{"controlPlaneKubelet", "masterKubelet"} { // v1alpha3, v1alpha2
		if p := kopsProcess("kubelet", spec.get(key)); p != nil {
			p.name = "control-plane"
			if base := kopsProcess("kubelet", spec.get("kubelet")); base != nil {
				inherit(p, base)
			}
			out.processes = append(out.processes, p)
		}
	}
	for _, e := range spec.get("etcdClusters").items() {
		if p := kopsEtcd(e); p != nil {
			out.processes = append(out.processes, p)
		}
		for _, key := range []string{"heartbeatInterval", "leaderElectionTimeout"} {
			if at := e.get(key); at.ok() { // pkg/model/components/etcdmanager/model.go
				s.warn(at.src(), key+" is refused by kOps, whose etcd-manager does not support it; set ETCD_HEARTBEAT_INTERVAL and ETCD_ELECTION_TIMEOUT in manager.env")
			}
		}
	}
	out.kopsServers(spec.get("etcdClusters"))
	out.kopsMembers(spec.get("etcdClusters"))
	out.inert = len(out.processes) == 0 && out.version == ""
}

// kopsMembers are the members that kOps gives each etcd: all there will be.
func (p *piece) kopsMembers(etcds cursor) {
	var members []evidence.EtcdMember
	for _, e := range etcds.items() {
		component := map[string]string{"main": "etcd", "events": "etcd-events"}[e.get("name").text()]
		list := e.get("etcdMembers")
		if component == "" || list.isLoose() {
			continue
		}
		for _, m := range list.items() {
			if m.isLoose() {
				return // how many there are a template decides
			}
			members = append(members, evidence.EtcdMember{Name: m.get("name").known(), Component: component})
		}
	}
	if len(members) == 0 {
		return
	}
	p.fill = append(p.fill, func(s *evidence.Snapshot) {
		if !s.EtcdMembers.Seen() {
			s.EtcdMembers = evidence.See("etcd cluster", members, etcds.src())
		}
	})
}

// kopsServers are the etcds that kOps itself gives to the kube-apiserver, whatever its section says.
func (p *piece) kopsServers(etcds cursor) {
	i := slices.IndexFunc(p.processes, func(p *Process) bool { return p.Component == "kube-apiserver" })
	if i < 0 {
		return
	}
	api := p.processes[i]
	for _, flag := range []string{"etcd-servers", "etcd-servers-overrides"} {
		delete(api.Flags.Values, flag)
	}
	for _, e := range etcds.items() {
		at := e.get("name")
		switch at.known() {
		case "main":
			api.add("etcd-servers", "https://127.0.0.1:4001", evidence.FromConfigFile, at.src(), false)
		case "events":
			api.add("etcd-servers-overrides", "/events#https://127.0.0.1:4002", evidence.FromConfigFile, at.src(), false)
		case "leases":
			api.unknown("etcd-servers-overrides")
		}
	}
}

// inherit takes over what a more general place says.
func inherit(p, from *Process) {
	for name, vs := range from.Flags.Values {
		if !p.Flags.Has(name) {
			p.Flags.Values[name] = vs
		}
	}
	for _, name := range from.Flags.Unknown {
		if !p.Flags.Has(name) {
			p.unknown(name)
		}
	}
}

func readKopsGroup(c cursor, s *sink) {
	if p := kopsProcess("kubelet", c.get("spec", "kubelet")); p != nil {
		p.name = c.get("metadata", "name").known()
		out := s.piece("kops-group")
		out.cluster, out.distribution = c.get("metadata", "labels", "kops.k8s.io/cluster").known(), "kops"
		out.processes = []*Process{p}
	}
}

// kopsProcess reads the fields of a component; nil if there are none.
func kopsProcess(component string, c cursor) *Process {
	if len(c.entries()) == 0 {
		return nil
	}
	p := newProcess(component, "kops", c.src())
	p.intent = true
	p.opaque(kopsAdds)
	p.openIn(c)
	for _, e := range c.entries() {
		p.addKops(e)
	}
	if component == "kube-apiserver" {
		p.unknown(kopsOwn...)
	}
	site := siteOf(c, Fields)
	site.Typed, site.Fields = true, maps.Clone(kopsFields[component])
	p.Sites = []Site{site}
	return p
}

// addKops takes a field as kOps' flagbuilder writes it: lists and maps with commas, quantities as numbers, and no
// flag for what stands for "not set".
func (p *Process) addKops(e entry) {
	if e.key == "leaderElection" {
		for _, inner := range e.value.entries() {
			if inner.key == "leaderElectRenewDeadlineDuration" {
				inner.key = "leaderElectRenewDeadline"
			}
			p.addKops(inner)
		}
		return
	}
	flag, ok := kopsFlags[p.Component][e.key]
	if !ok {
		flag = kebab(e.key)
	}
	if flag == "" {
		return
	}
	text, scalar := e.value.str()
	entries, items := e.value.entries(), e.value.items()
	switch {
	case len(items) > 0:
		text = strings.Join(e.value.words(), ",")
	case len(entries) > 0:
		var pairs []string
		for _, in := range entries {
			pairs = append(pairs, in.key+"="+in.value.text())
		}
		slices.Sort(pairs)
		text = strings.Join(pairs, ",")
	case !scalar, text == "", text == "0" && slices.Contains(kopsZeroes, e.key):
		return
	}
	if q, err := resource.ParseQuantity(text); err == nil && flag == "kube-api-qps" {
		text = strconv.FormatFloat(q.AsApproximateFloat64(), 'g', -1, 64)
	}
	p.add(flag, text, evidence.FromConfigFile, e.value.src(), e.value.isLoose())
}

// kopsZeroes are fields of which 0 is no value (flag-empty).
var kopsZeroes = []string{"maxRequestsInflight", "maxMutatingRequestsInflight", "logLevel", "eventQPS", "deleteCollectionWorkers", "evictionMaxPodGracePeriod", "nvidiaGPUs"}

// kopsEtcd is one of the etcd clusters; nil for one that is not the control plane's.
func kopsEtcd(c cursor) *Process {
	component := map[string]string{"main": "etcd", "events": "etcd-events"}[c.get("name").text()]
	if component == "" {
		return nil
	}
	p := newProcess(component, "kops", c.src())
	p.intent, p.name = true, c.get("name").text()
	p.opaque("is started by etcd-manager, which sets what its environment leaves open")
	p.Flags.Version = strings.TrimPrefix(c.get("version").known(), "v")
	manager := c.get("manager")
	env := manager.get("env")
	for _, e := range env.items() {
		name, isEtcd := strings.CutPrefix(e.get("name").text(), etcdPrefix)
		value := e.get("value")
		switch {
		case !isEtcd, strings.HasPrefix(name, "MANAGER_"):
		case value.ok():
			p.addNode(envFlag(name), value, evidence.FromEnvironment)
		default:
			p.unknown(envFlag(name))
		}
	}
	if urls := manager.get("listenMetricsURLs"); len(urls.items()) > 0 {
		p.add("listen-metrics-urls", strings.Join(urls.words(), ","), evidence.FromEnvironment, urls.src(), urls.isLoose())
	}
	if env.ok() {
		site := siteOf(env, Pairs)
		site.Prefix = etcdPrefix
		p.Sites = []Site{site}
	}
	return p
}
