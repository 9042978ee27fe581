package configfile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// capiSpecs are where the kinds of Cluster API have what they give to kubeadm.
var capiSpecs = map[string][]string{
	"KubeadmControlPlane":         {"spec", "kubeadmConfigSpec"},
	"KubeadmControlPlaneTemplate": {"spec", "template", "spec", "kubeadmConfigSpec"},
	"KubeadmConfig":               {"spec"},
	"KubeadmConfigTemplate":       {"spec", "template", "spec"},
}

const capiGroup = "cluster.x-k8s.io/"

func capiReader() reader {
	return reader{
		name: "Cluster API", kinds: []string{"KubeadmControlPlane", "KubeadmControlPlaneTemplate", "KubeadmConfig", "KubeadmConfigTemplate"},
		read: readCAPI,
	}
}

func capiClusterReader() reader {
	return reader{name: "Cluster API cluster", kinds: []string{"Cluster"}, group: capiGroup, read: readCAPICluster}
}

// readCAPICluster takes the name and the version: what else is set stands in the objects that it names.
func readCAPICluster(c cursor, s *sink) {
	out := s.piece("capi")
	out.distribution, out.cluster = "kubeadm", c.get("metadata", "name").known()
	out.versionBy(c.get("spec", "topology", "version"))
	out.inert = true
}

// versionBy takes the version of Kubernetes as a scalar states it.
func (p *piece) versionBy(c cursor) {
	if _, ok := version(c.known()); ok {
		p.version, p.versionAt = c.known(), c.src()
	}
}

func readCAPI(c cursor, s *sink) {
	kind := c.get("kind").text()
	_, name, _ := strings.Cut(c.get("apiVersion").text(), ".")
	if !strings.HasPrefix(name, capiGroup) || len(c.get("metadata", "ownerReferences").items()) > 0 && kind == "KubeadmConfig" {
		return // of a machine: what made it says the same
	}
	spec := c.get(capiSpecs[kind]...)
	n := len(s.pieces)
	out := s.piece("capi")
	out.distribution = "kubeadm"
	k := kubeadm{s: s, out: out, dialect: "capi", form: Map}
	if strings.HasSuffix(name, "/v1beta2") {
		k.form = Pairs
	}
	out.versionBy(c.get("spec", "version")) // which decides on etcd's
	controls := strings.HasPrefix(kind, "KubeadmControlPlane")
	if controls || spec.get("clusterConfiguration").ok() {
		k.below = append(slices.Clone(capiSpecs[kind]), "clusterConfiguration")
		k.cluster(c)
	}
	for _, key := range []string{"initConfiguration", "joinConfiguration"} {
		at := spec.get(key)
		k.node(at)
		if dir := at.get("patches", "directory"); dir.text() != "" {
			out.patched = "is started as patches in " + strings.ReplaceAll(dir.text(), string(hole), "…") + " have it, which were not read"
		}
	}
	out.oneKubelet(c, controls)
	if strings.HasSuffix(kind, "Template") {
		for _, p := range out.processes {
			p.opaque("is made from a template, which a ClusterClass may patch")
		}
	}
	out.versionBy(c.get("spec", "version")) // above clusterConfiguration's
	if kind == "KubeadmControlPlane" {
		out.capiMembers(c.get("spec", "replicas"), spec.get("clusterConfiguration", "etcd", "external"))
	}
	for _, f := range spec.get("files").items() {
		if f.get("encoding").text() == "" && !f.isLoose() {
			s.readInside(f.get("content"), f.get("path").known())
		}
	}
	out.inert = len(out.processes) == 0
	s.name(n, capiClusterOf(c, controls))
}

// capiClusterOf is the cluster that an object is of. A template is nobody's.
func capiClusterOf(c cursor, controls bool) string {
	if name := clusterOf(c); name != "" {
		return name
	}
	if kind := c.get("kind").text(); !strings.HasSuffix(kind, "ControlPlane") || !controls {
		return ""
	}
	return strings.TrimSuffix(c.get("metadata", "name").known(), "-control-plane")
}

// oneKubelet names the kubelets after the machines that the object is for, and keeps one where the first machine and
// those that join it are given the same.
func (p *piece) oneKubelet(c cursor, controls bool) {
	name := c.get("metadata", "name").known()
	if controls {
		name = "control-plane"
	}
	var first *Process
	p.processes = slices.DeleteFunc(p.processes, func(proc *Process) bool {
		if proc.Component != "kubelet" {
			return false
		}
		proc.name = name
		if first != nil {
			proc.name += "-join"
			return alikeSettings(first, proc)
		}
		first = proc
		return false
	})
}

// alikeSettings reports whether two processes are given the same.
func alikeSettings(a, b *Process) bool {
	if len(a.Flags.Values) != len(b.Flags.Values) || !slices.Equal(a.Flags.Unknown, b.Flags.Unknown) || a.Flags.Opaque != b.Flags.Opaque {
		return false
	}
	for name := range a.Flags.Values {
		if !b.Flags.Has(name) || a.Flags.Setting(name).Value != b.Flags.Setting(name).Value {
			return false
		}
	}
	return true
}

// most bounds the machines of a control plane that are believed: etcd has seven members at the most.
const most = 99

// capiMembers are the members of the etcd that stands on the machines of the control plane: one on each.
func (p *piece) capiMembers(replicas, external cursor) {
	n, err := strconv.Atoi(replicas.known())
	if err != nil || n < 1 || n > most || external.ok() {
		return
	}
	members := make([]evidence.EtcdMember, n)
	for i := range members {
		members[i].Component = "etcd"
	}
	p.fill = append(p.fill, func(s *evidence.Snapshot) {
		if !s.EtcdMembers.Seen() {
			s.EtcdMembers = evidence.See("etcd cluster", members, replicas.src())
		}
	})
}

// byKubeadm reports whether kubeadm makes the process.
func (p *Process) byKubeadm() bool { return p.Dialect == "kubeadm" || p.Dialect == "capi" }
