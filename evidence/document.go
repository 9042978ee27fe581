package evidence

import "time"

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

// A Remark is a waiver in a file beside what it accepts: a comment, or an annotation of the object.
type Remark struct {
	Check  string    `json:"check"` // an id, or a pattern: etcd-*
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"` // zero: for good
	Source Source    `json:"source"`
	// FirstLine and LastLine are the lines of the same file that it speaks of, both included.
	FirstLine int `json:"firstLine"`
	LastLine  int `json:"lastLine"`
}

// Covers reports whether the remark speaks of a place.
func (r Remark) Covers(src Source) bool {
	return src.InFile() && src.From == r.Source.From && src.Line >= r.FirstLine && src.Line <= r.LastLine
}
