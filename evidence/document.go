package evidence

// A Document is the configuration file of a component as it is written: a KubeletConfiguration, a
// KubeSchedulerConfiguration, etcd's YAML file. Its defaults are not filled in.
type Document struct {
	Component  string `json:"component"` // kubelet, kube-scheduler, kube-proxy, etcd
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
	Version    string `json:"version,omitempty"` // of the component, where the tree tells it: "1.37.2"
	// Fields are the scalars of the document by path ("kubeAPIQPS", "profiles[0].schedulerName"), empty maps
	// and lists as "{}" and "[]". Secrets are dropped.
	Fields map[string]FlagValue `json:"fields"`
	// Unknown names fields that are set to what a template fills in later.
	Unknown []string `json:"unknown,omitempty"`
}
