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

// ConfigFiles is how the reading of a tree of files went.
type ConfigFiles struct {
	Read     int           `json:"read"` // files read, whatever they hold
	Problems []FileProblem `json:"problems,omitempty"`
}

// A FileProblem is a part of a file that could not be read, or that is likely not what was meant.
type FileProblem struct {
	Source Source `json:"source"`
	Why    string `json:"why"`
	Read   bool   `json:"read,omitempty"` // it was read all the same
}
