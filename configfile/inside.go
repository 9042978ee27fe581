package configfile

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// worth are words of which one is in every list or ConfigMap that may hold what a reader knows.
var worth = append([]string{
	"ClusterConfiguration", "InitConfiguration", "JoinConfiguration", "KubeletConfiguration", "KubeSchedulerConfiguration", "KubeProxyConfiguration",
	"KubeadmControlPlane", "KubeadmConfig", "FlowSchema", "PriorityLevelConfiguration", "APIService", "apiServerArguments", "extendedArguments",
}, binaries...)

// listReader knows what kubectl get -o yaml prints, and what the API answers.
func listReader() reader {
	var kinds []string
	for _, kind := range listed {
		kinds = append(kinds, kind+"List")
	}
	return reader{
		name: "list", kinds: append(kinds, "List"), words: worth,
		read: func(c cursor, s *sink) {
			kind := strings.TrimSuffix(c.get("kind").text(), "List")
			for _, item := range c.get("items").items() {
				d := *c.doc
				d.root, d.part = item, true
				if kind != "" && !item.get("kind").ok() { // an answer of the API says it once, for all
					d.kind, d.group = kind, c.get("apiVersion").text()
				}
				s.readDoc(&d)
			}
		},
	}
}

// listed are the kinds whose lists say theirs once.
var listed = []string{"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ConfigMap", "FlowSchema", "PriorityLevelConfiguration", "APIService"}

// configMapReader reads the documents in the values of a ConfigMap: kubeadm-config, kubelet-config,
// kube-proxy, the pods and configurations of OpenShift. A Secret is never read.
func configMapReader() reader {
	return reader{
		name: "ConfigMap", kinds: []string{"ConfigMap"}, group: "v1", words: worth,
		read: func(c cursor, s *sink) {
			n := len(s.pieces)
			for _, e := range c.get("data").entries() {
				s.readInside(e.value, e.key)
			}
			s.name(n, clusterOf(c))
			s.nameSettings(n, c.get("metadata", "name").known())
		},
	}
}

// name gives the pieces that were found since the first n the name of a cluster, if they say none.
func (s *sink) name(n int, cluster string) {
	for _, p := range s.pieces[n:] {
		if p.cluster == "" {
			p.cluster = cluster
		}
	}
}

// clusterOf is the cluster that an object of a management cluster says it is part of.
func clusterOf(object cursor) string {
	meta := object.get("metadata")
	if name := meta.get("labels", "cluster.x-k8s.io/cluster-name").known(); name != "" {
		return name
	}
	for _, owner := range meta.get("ownerReferences").items() {
		if owner.get("kind").text() == "HostedControlPlane" { // HyperShift
			return owner.get("name").known()
		}
	}
	return ""
}

// readInside reads what a value holds as text, which its place calls title.
func (s *sink) readInside(value cursor, title string) {
	for _, d := range value.documents() {
		d.title = title
		if slices.Contains([]string{".sh", ".py", ".md", ".txt"}, path.Ext(title)) {
			return // a script may print a document, and is none
		}
		s.readDoc(d)
	}
}

// documents are those that a value holds as text, unparsed. Their lines are those of the file where the value
// is a literal block, else all are the value's own.
func (c cursor) documents() []*doc {
	n := c.real()
	text, ok := c.str()
	if !ok {
		return nil
	}
	flat := c.doc.flat || n.Style&yaml.LiteralStyle == 0
	line := c.doc.at(n).Line
	if flat {
		line--
	}
	var out []*doc
	for _, p := range parts(text) {
		d := &doc{file: c.doc.file, index: c.doc.index, part: true, line: line, text: text[p.from:p.to], inside: &c, flat: flat}
		if !flat {
			d.line += strings.Count(text[:p.from], "\n")
		}
		out = append(out, d)
	}
	return out
}

// name is what the place of a document calls it: its file's name, a key of a ConfigMap.
func (d *doc) name() string {
	if d.title != "" {
		return path.Base(d.title)
	}
	return path.Base(d.file.rel)
}

const (
	fewKeys  = 12 // up to here comparing each with each is cheaper than a map
	maxTwice = 20 // of one document: more say nothing new
)

// twice tells of keys that stand in a map twice. The last one counts, which is seldom what was meant.
func (s *sink) twice(d *doc) {
	told := 0
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.MappingNode && len(n.Content) > 2 {
			for _, pair := range repeated(n) {
				first, last := d.at(pair[0]), d.at(pair[1])
				if d.file.isLoose(first.Line) || d.file.isLoose(last.Line) || pair[0].Value == "<<" || isHole(pair[0].Value) || told == maxTwice {
					continue // of two branches of a template one is left
				}
				told++
				s.warn(last, fmt.Sprintf("%q stands here a second time, after line %d: the last one counts", pair[0].Value, first.Line))
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(d.root.node)
}

// repeated are the keys of a map that stand in it more than once, the first and the last place of each.
func repeated(n *yaml.Node) [][2]*yaml.Node {
	var out [][2]*yaml.Node
	add := func(first, again *yaml.Node) {
		for i := range out {
			if out[i][0] == first {
				out[i][1] = again
				return
			}
		}
		out = append(out, [2]*yaml.Node{first, again})
	}
	if len(n.Content) <= 2*fewKeys {
		for i := 2; i < len(n.Content); i += 2 {
			for j := 0; j < i; j += 2 {
				if n.Content[i].Value == n.Content[j].Value {
					add(n.Content[j], n.Content[i])
					break
				}
			}
		}
		return out
	}
	first := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; first[k.Value] != nil {
			add(first[k.Value], k)
		} else {
			first[k.Value] = k
		}
	}
	return out
}
