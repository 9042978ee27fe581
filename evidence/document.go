package evidence

import "slices"

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
	// Part says who writes the rest, where this is only a part of the file: "Talos writes the rest". What it leaves out is
	// then unknown, and not its default.
	Part string `json:"part,omitempty"`
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

// DocumentOf is the configuration file of a component that a subject's settings were read in: the subject's own, else
// the one at that place.
func (s *Snapshot) DocumentOf(component, subject string, at Source) Document {
	var there Document
	for o := range s.Documents.Seen() {
		switch {
		case o.Value.Component != component:
		case o.Of == subject:
			return *o.Value
		case o.Source.From == at.From && o.Source.Line == at.Line:
			there = *o.Value
		}
	}
	return there
}

// At is the place of the first of some fields that the document has, else another one.
func (d Document) At(otherwise Source, paths ...string) Source {
	for _, p := range paths {
		if v, ok := d.Fields[p]; ok && v.Source != (Source{}) {
			return v.Source
		}
	}
	return otherwise
}

// Has reports whether the document sets a field, if only to what a template fills in.
func (d Document) Has(path string) bool {
	_, ok := d.Fields[path]
	return ok || d.Fills(path)
}

// Fills reports whether a template fills in a field.
func (d Document) Fills(path string) bool { return slices.Contains(d.Unknown, path) }
