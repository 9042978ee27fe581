package evidence

import "time"

// KubeadmConfig is what kubeadm keeps of its ClusterConfiguration: the intention, not the running state.
type KubeadmConfig struct {
	APIVersion           string `json:"apiVersion"` // kubeadm.k8s.io/v1beta4
	KubernetesVersion    string `json:"kubernetesVersion"`
	ClusterName          string `json:"clusterName,omitempty"`
	ControlPlaneEndpoint string `json:"controlPlaneEndpoint,omitempty"`
	// ExtraArgs by component (kube-apiserver, kube-controller-manager, kube-scheduler, etcd) and
	// flag; every value of a repeated flag in order. Secret-bearing flags are dropped.
	ExtraArgs             map[string]map[string][]string `json:"extraArgs,omitempty"`
	ExternalEtcdEndpoints []string                       `json:"externalEtcdEndpoints,omitempty"`
}

// KubeletConfig is a KubeletConfiguration, in force (/configz) or intended (a ConfigMap).
// A nil field was not in what was read: in /configz that means a version without the field.
type KubeletConfig struct {
	KubeAPIQPS         *int64          `json:"kubeAPIQPS,omitempty"`
	KubeAPIBurst       *int64          `json:"kubeAPIBurst,omitempty"`
	EventRecordQPS     *int64          `json:"eventRecordQPS,omitempty"`
	EventBurst         *int64          `json:"eventBurst,omitempty"`
	StaticPodPath      *string         `json:"staticPodPath,omitempty"`
	StaticPodURL       *string         `json:"staticPodURL,omitempty"` // scheme, host and path only
	HasURLHeader       bool            `json:"hasURLHeader,omitempty"` // staticPodURLHeader is set; its values are never kept
	FileCheckFrequency *time.Duration  `json:"fileCheckFrequency,omitempty"`
	HTTPCheckFrequency *time.Duration  `json:"httpCheckFrequency,omitempty"`
	MaxPods            *int64          `json:"maxPods,omitempty"`
	ShutdownGrace      *time.Duration  `json:"shutdownGracePeriod,omitempty"`
	FeatureGates       map[string]bool `json:"featureGates,omitempty"` // those set explicitly
}

// SchedulerConfig is what checks read of a scheduler's configuration in force.
type SchedulerConfig struct {
	QPS               *float64       `json:"qps,omitempty"`
	Burst             *int64         `json:"burst,omitempty"`
	PodInitialBackoff *time.Duration `json:"podInitialBackoff,omitempty"`
	PodMaxBackoff     *time.Duration `json:"podMaxBackoff,omitempty"`
	Parallelism       *int64         `json:"parallelism,omitempty"`
	PercentageOfNodes *int64         `json:"percentageOfNodesToScore,omitempty"`
	Profiles          []string       `json:"profiles,omitempty"` // scheduler names
}

// FlowSchema is a FlowSchema of API Priority and Fairness, the same for every served version.
type FlowSchema struct {
	Name          string     `json:"name"`
	Created       time.Time  `json:"created,omitzero"`
	AutoUpdate    string     `json:"autoUpdate,omitempty"` // annotation apf.kubernetes.io/autoupdate-spec; "" if absent
	Generation    int64      `json:"generation,omitempty"`
	Level         string     `json:"level"` // spec.priorityLevelConfiguration.name
	Precedence    int32      `json:"precedence"`
	Distinguisher string     `json:"distinguisher,omitempty"` // ByUser, ByNamespace, ""
	Rules         []FlowRule `json:"rules,omitempty"`
	Dangling      string     `json:"dangling,omitempty"` // status of condition Dangling: True, False, ""
	DanglingSince time.Time  `json:"danglingSince,omitzero"`
	At            Source     `json:"at,omitzero"`          // where it stands in a file
	APIVersion    string     `json:"apiVersion,omitempty"` // as a file writes it
}

// FlowRule is one entry of a FlowSchema's spec.rules.
type FlowRule struct {
	Users           []string       `json:"users,omitempty"`
	Groups          []string       `json:"groups,omitempty"`
	ServiceAccounts []string       `json:"serviceAccounts,omitempty"` // namespace/name, name may be *
	Resources       []ResourceRule `json:"resources,omitempty"`
	NonResources    []URLRule      `json:"nonResources,omitempty"`
}

// ResourceRule matches resource requests.
type ResourceRule struct {
	Verbs        []string `json:"verbs"`
	APIGroups    []string `json:"apiGroups"`
	Resources    []string `json:"resources"`
	ClusterScope bool     `json:"clusterScope,omitempty"`
	Namespaces   []string `json:"namespaces,omitempty"`
}

// URLRule matches other requests.
type URLRule struct {
	Verbs []string `json:"verbs"`
	URLs  []string `json:"urls"`
}

// Level is a PriorityLevelConfiguration, defaults filled in by the server.
type Level struct {
	Name       string    `json:"name"`
	Created    time.Time `json:"created,omitzero"`
	AutoUpdate string    `json:"autoUpdate,omitempty"`
	Generation int64     `json:"generation,omitempty"`
	Type       string    `json:"type"`   // Exempt, Limited
	Shares     int32     `json:"shares"` // nominalConcurrencyShares; assuredConcurrencyShares up to v1beta2
	// LendablePercent is nil before v1beta3.
	LendablePercent  *int32 `json:"lendablePercent,omitempty"`
	BorrowingPercent *int32 `json:"borrowingPercent,omitempty"` // nil: no limit
	Response         string `json:"response,omitempty"`         // Queue, Reject; "" for Exempt
	Queues           int32  `json:"queues,omitempty"`
	HandSize         int32  `json:"handSize,omitempty"`
	QueueLength      int32  `json:"queueLength,omitempty"`
	At               Source `json:"at,omitzero"`          // where it stands in a file
	APIVersion       string `json:"apiVersion,omitempty"` // as a file writes it
}
