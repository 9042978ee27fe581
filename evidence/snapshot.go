package evidence

import "time"

// Snapshot is all that one collection saw. It is not changed once built, and is not an instant:
// values may be compared only if the times of their sources allow it.
//
// The JSON key of each field of type Observed or Instances is its Kind.
type Snapshot struct {
	Schema  int           `json:"schema"`
	Kaudit  string        `json:"kaudit"` // the version that collected
	Taken   time.Time     `json:"taken"`  // what checks use for "now"
	Took    time.Duration `json:"took"`   // nanoseconds
	Window  time.Duration `json:"window"` // wanted time between the two scrapes, nanoseconds
	Cluster Cluster       `json:"cluster"`
	Cost    Cost          `json:"cost"`

	Version     Observed[Version]      `json:"kube.version"`
	Nodes       Observed[Nodes]        `json:"kube.nodes"`
	ControlPods Observed[[]ControlPod] `json:"control.pods"` // of the control plane: static and mirror pods, operators' pods

	APIServerEndpoints Observed[[]Endpoint]   `json:"apiserver.endpoints"` // EndpointSlice default/kubernetes
	APIServerLeases    Observed[[]Lease]      `json:"apiserver.leases"`    // identity Leases
	APIServerFlags     Instances[Flags]       `json:"apiserver.flags"`
	APIServerMetrics   Instances[Scrapes]     `json:"apiserver.metrics"`
	FlowSchemas        Observed[[]FlowSchema] `json:"apf.flowschemas"`
	PriorityLevels     Observed[[]Level]      `json:"apf.levels"`
	InFlight           Instances[InFlight]    `json:"apf.requests"`   // of each kube-apiserver
	Requests           Observed[Requests]     `json:"audit.requests"` // of audit logs; collect reads none
	APIServices        Observed[[]APIService] `json:"apiservices"`

	KubeadmConfig Observed[KubeadmConfig] `json:"kubeadm.config"`
	KubeletIntent Observed[KubeletConfig] `json:"kubelet.intent"` // ConfigMap kube-system/kubelet-config

	ControllerManagerFlags   Instances[Flags]           `json:"controller-manager.flags"`
	ControllerManagerMetrics Instances[Scrapes]         `json:"controller-manager.metrics"`
	SchedulerFlags           Instances[Flags]           `json:"scheduler.flags"`
	SchedulerConfig          Instances[SchedulerConfig] `json:"scheduler.config"` // /configz
	SchedulerMetrics         Instances[Scrapes]         `json:"scheduler.metrics"`
	LeaderLeases             Observed[[]Lease]          `json:"leader.leases"` // kube-system: kube-scheduler, kube-controller-manager
	PendingPods              Observed[PendingPods]      `json:"scheduler.pending"`

	EtcdFlags   Instances[Flags]       `json:"etcd.flags"`
	EtcdMetrics Instances[Scrapes]     `json:"etcd.metrics"`
	EtcdMembers Observed[[]EtcdMember] `json:"etcd.members"` // Cluster.MemberList
	EtcdStatus  Instances[EtcdStatus]  `json:"etcd.status"`  // Maintenance.Status of each endpoint
	EtcdAlarms  Observed[[]EtcdAlarm]  `json:"etcd.alarms"`  // Maintenance.Alarm, action GET

	KubeletFlags   Instances[Flags]         `json:"kubelet.flags"`  // of unit files and kubeadm's node registrations
	KubeletConfigs Instances[KubeletConfig] `json:"kubelet.config"` // /configz of sampled nodes, or files
	KubeletMetrics Instances[Scrapes]       `json:"kubelet.metrics"`
	Pods           Observed[Pods]           `json:"pods"` // of all nodes, or of the sampled ones

	Documents   Instances[Document]   `json:"config.documents"` // configuration files as they are written
	ConfigFiles Observed[ConfigFiles] `json:"config.files"`     // of a whole tree, whatever its clusters
	// Remarks are the waivers that stand in files beside what they accept.
	Remarks []Remark `json:"remarks,omitempty"`
}

// Cluster says which cluster was looked at, and of what make.
type Cluster struct {
	Name         string `json:"name"`   // as the kubeconfig calls it
	Server       string `json:"server"` // host and port of the kubeconfig, without credentials
	Distribution string `json:"distribution"`
	// Files is set where configuration files describe the cluster, and nobody asked it.
	Files bool `json:"files,omitempty"`
	// Managed is set where a provider runs the control plane and shows only its API.
	Managed bool `json:"managed"`
}

// Cost is what the collection asked of the cluster, and read in files.
type Cost struct {
	APIRequests     int   `json:"apiRequests"`     // requests to kube-apiservers, those to sampled nodes excluded
	KubeletRequests int   `json:"kubeletRequests"` // requests to kube-apiservers for a sampled node: node proxy and pods by node
	EtcdRequests    int   `json:"etcdRequests"`
	APIBytes        int64 `json:"apiBytes"` // received on the wire from kube-apiservers, port-forwards included

	Files     int   `json:"files,omitempty"`     // configuration files that were read
	FileBytes int64 `json:"fileBytes,omitempty"` // their size
}

// Node is what checks need of a node; Taken and the node's own times decide how fresh it is.
type Node struct {
	Name           string            `json:"name"`
	Created        time.Time         `json:"created,omitzero"`
	ControlPlane   bool              `json:"controlPlane,omitempty"`
	KubeletVersion string            `json:"kubeletVersion,omitempty"` // "v1.37.2"
	Runtime        string            `json:"runtime,omitempty"`        // "containerd://1.6.20"
	OS             string            `json:"os,omitempty"`             // "linux", "windows"
	ProviderID     string            `json:"providerID,omitempty"`     // its scheme only: "azure"
	Zone           string            `json:"zone,omitempty"`
	Addresses      []string          `json:"addresses,omitempty"` // internal IPs
	Unschedulable  bool              `json:"unschedulable,omitempty"`
	Taints         []string          `json:"taints,omitempty"` // key=value:effect
	PodsCapacity   int64             `json:"podsCapacity,omitempty"`
	CPUs           int64             `json:"cpus,omitempty"`
	MemoryBytes    int64             `json:"memoryBytes,omitempty"`
	Ready          string            `json:"ready,omitempty"` // True, False, Unknown; "" if the node never said
	ReadyReason    string            `json:"readyReason,omitempty"`
	ReadyMessage   string            `json:"readyMessage,omitempty"` // only if not ready
	ReadySince     time.Time         `json:"readySince,omitzero"`
	Labels         map[string]string `json:"labels,omitempty"` // only those that checks and detection read
}

// Nodes are all nodes of the cluster, reduced.
type Nodes struct {
	Items []Node `json:"items"`
}

// ControlPod is one pod of a control-plane component.
type ControlPod struct {
	Component    string    `json:"component"` // kube-apiserver, kube-controller-manager, kube-scheduler, etcd, etcd-events
	Subject      string    `json:"subject"`   // "etcd/cp-1": the same in flags, metrics and status of this instance
	Namespace    string    `json:"namespace"`
	Name         string    `json:"name"`
	Node         string    `json:"node"`
	HostIP       string    `json:"hostIP,omitempty"`
	HostNetwork  bool      `json:"hostNetwork,omitempty"`
	Static       bool      `json:"static"`           // has the mirror annotation
	Config       string    `json:"config,omitempty"` // kubernetes.io/config.source: file, http
	Image        string    `json:"image,omitempty"`
	ImageVersion string    `json:"imageVersion,omitempty"` // tag without revision suffix: "3.7.3"
	Phase        string    `json:"phase,omitempty"`
	Ready        bool      `json:"ready"`
	Waiting      string    `json:"waiting,omitempty"` // reason: CrashLoopBackOff
	Restarts     int       `json:"restarts"`
	LastRestart  time.Time `json:"lastRestart,omitzero"`
	Started      time.Time `json:"started,omitzero"`
	GraceSeconds int64     `json:"graceSeconds,omitempty"` // spec.terminationGracePeriodSeconds
	LivenessPath string    `json:"livenessPath,omitempty"`
	CPULimit     string    `json:"cpuLimit,omitempty"`
	MemoryLimit  string    `json:"memoryLimit,omitempty"`
}

// Endpoint is one address of the Service default/kubernetes.
type Endpoint struct {
	Address string `json:"address"`
	Port    int    `json:"port"`
	Ready   bool   `json:"ready"`
}

// Lease is a coordination.k8s.io Lease, reduced.
type Lease struct {
	Name            string        `json:"name"`
	Hostname        string        `json:"hostname,omitempty"` // label kubernetes.io/hostname of an identity Lease
	Holder          string        `json:"holder,omitempty"`
	Renewed         time.Time     `json:"renewed,omitzero"`
	Duration        time.Duration `json:"duration,omitempty"` // nanoseconds
	Transitions     int           `json:"transitions,omitempty"`
	Created         time.Time     `json:"created,omitzero"`
	ResourceVersion string        `json:"resourceVersion,omitempty"`
}

// APIService is an apiregistration.k8s.io APIService that a Service backs; local ones are only counted.
type APIService struct {
	Name                  string    `json:"name"`              // v1beta1.metrics.k8s.io
	Service               string    `json:"service,omitempty"` // namespace/name; "" if local
	Available             string    `json:"available"`         // True, False, Unknown, "" (no condition yet)
	Reason                string    `json:"reason,omitempty"`
	Message               string    `json:"message,omitempty"`
	Since                 time.Time `json:"since,omitzero"`
	InsecureSkipTLSVerify bool      `json:"insecureSkipTLSVerify,omitempty"`
	GroupPriority         int32     `json:"groupPriority,omitempty"`
	At                    Source    `json:"at,omitzero"` // where it stands in a file
}

// PendingPods are the pods with no node, as far as they were read.
type PendingPods struct {
	Total     int          `json:"total"` // read; at least this many
	Truncated bool         `json:"truncated,omitempty"`
	Items     []PendingPod `json:"items"`
}

// PendingPod is one pod that waits for a node.
type PendingPod struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Owner     string    `json:"owner,omitempty"` // "ReplicaSet/web-5d9"
	Scheduler string    `json:"scheduler,omitempty"`
	Created   time.Time `json:"created"`
	Status    string    `json:"status,omitempty"` // of condition PodScheduled; "" if there is none
	Reason    string    `json:"reason,omitempty"` // Unschedulable, SchedulingGated, SchedulerError
	Message   string    `json:"message,omitempty"`
	Since     time.Time `json:"since,omitzero"`      // lastTransitionTime of PodScheduled
	NodeBound bool      `json:"nodeBound,omitempty"` // a DaemonSet's pod, pinned to one node by affinity
	Gates     []string  `json:"gates,omitempty"`
}

// Pods is what was read of pods on nodes: a bounded part of the cluster, never an unbounded LIST.
type Pods struct {
	NodesRead   int              `json:"nodesRead"` // nodes whose pods were read whole
	NodesTotal  int              `json:"nodesTotal"`
	PodsRead    int              `json:"podsRead"`    // pods read whole, for Workloads
	AllMetadata bool             `json:"allMetadata"` // the metadata of every pod was read: Terminating is complete
	Counted     int              `json:"counted"`     // pods whose metadata was read
	Terminating []TerminatingPod `json:"terminating,omitempty"`
	Workloads   []Workload       `json:"workloads,omitempty"`
}

// TerminatingPod is a pod with a deletion timestamp.
type TerminatingPod struct {
	Namespace  string    `json:"namespace"`
	Name       string    `json:"name"`
	Node       string    `json:"node,omitempty"` // unknown where only metadata was read
	Owner      string    `json:"owner,omitempty"`
	Deadline   time.Time `json:"deadline"` // metadata.deletionTimestamp: request time plus grace
	Grace      int64     `json:"grace"`    // seconds: metadata.deletionGracePeriodSeconds
	Finalizers []string  `json:"finalizers,omitempty"`
}

// Workload is the shutdown shape that the pods of one owner share.
type Workload struct {
	Namespace string `json:"namespace"`
	Owner     string `json:"owner"` // "StatefulSet/db"; "Pod/x" without an owner
	Pods      int    `json:"pods"`
	Grace     int64  `json:"grace"` // seconds: spec.terminationGracePeriodSeconds
	// PreStop is what the longest preStop hook takes, as far as it can be read from the spec.
	PreStop PreStop `json:"preStop,omitzero"`
}

// PreStop describes the preStop hook of a container.
type PreStop struct {
	Container string        `json:"container,omitempty"`
	Known     bool          `json:"known,omitempty"`    // Duration was computed: a sleep action or a literal "sleep N"
	Duration  time.Duration `json:"duration,omitempty"` // nanoseconds
	Hook      string        `json:"hook,omitempty"`     // sleep, exec, httpGet, tcpSocket
}
