package collect

import (
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// provider is a control plane that somebody else runs and shows only the API of.
type provider struct{ id, name string }

var (
	eks = provider{"eks", "EKS"}
	gke = provider{"gke", "GKE"}
)

// providerLabels are what nodes bear where a provider runs the control plane.
var providerLabels = []struct {
	label string
	provider
}{
	{"kubernetes.azure.com/cluster", provider{"aks", "AKS"}},
	{"eks.amazonaws.com/nodegroup", eks},
	{"eks.amazonaws.com/compute-type", eks},
	{"cloud.google.com/gke-nodepool", gke},
	{"doks.digitalocean.com/node-pool", provider{"doks", "DigitalOcean"}},
	{"ibm-cloud.kubernetes.io/worker-id", provider{"iks", "IBM Cloud"}},
	{"alibabacloud.com/nodepool-id", provider{"ack", "Alibaba Cloud"}},
	{"lke.linode.com/pool-id", provider{"lke", "Akamai"}},
	{"k8s.scaleway.com/pool", provider{"kapsule", "Scaleway"}},
}

// managedBy tells the provider by the version's suffix (EKS, GKE) or by what the nodes say. It says
// nothing of a cluster that shows its control plane, or nodes of it: EKS Anywhere and Google's clusters
// on premises have the same versions as those that are managed.
func managedBy(s *evidence.Snapshot) (provider, bool) {
	if s.KubeadmConfig.Seen() || hasPods(s, "kube-apiserver") {
		return provider{}, false
	}
	if anyNode(s, func(n evidence.Node) bool { return n.ControlPlane }) {
		return provider{}, false
	}
	if s.Version.Seen() {
		git := s.Version.Value.Git
		switch {
		case strings.Contains(git, "-eks-"):
			return eks, true
		case strings.Contains(git, "-gke."):
			return gke, true
		}
	}
	for _, l := range providerLabels {
		if anyNode(s, labelled(l.label)) {
			return l.provider, true
		}
	}
	return provider{}, false
}

// distribution names the make of the cluster; "unknown" if nothing gives it away.
func distribution(s *evidence.Snapshot) string {
	git := ""
	if s.Version.Seen() {
		git = s.Version.Value.Git
	}
	etcdManager := s.ControlPods.Seen() && slices.ContainsFunc(*s.ControlPods.Value, func(p evidence.ControlPod) bool {
		return strings.HasPrefix(p.Name, "etcd-manager-")
	})
	openshift := s.ControlPods.Seen() && slices.ContainsFunc(*s.ControlPods.Value, func(p evidence.ControlPod) bool {
		return strings.HasPrefix(p.Namespace, "openshift-")
	})
	p, managed := managedBy(s)
	switch {
	case managed:
		return p.id
	case strings.Contains(git, "+k3s"):
		return "k3s"
	case strings.Contains(git, "+rke2"):
		return "rke2"
	case openshift, anyNode(s, labelled("node.openshift.io/os_id")):
		return "openshift"
	case etcdManager, anyNode(s, labelled("kops.k8s.io/instancegroup")):
		return "kops"
	case anyNode(s, func(n evidence.Node) bool { return n.ProviderID == "kind" }):
		return "kind"
	case anyNode(s, labelled("minikube.k8s.io/name")):
		return "minikube"
	case anyNode(s, func(n evidence.Node) bool { return n.ProviderID == "talos" }):
		return "talos"
	case s.KubeadmConfig.Seen():
		return "kubeadm"
	}
	return "unknown"
}

func anyNode(s *evidence.Snapshot, is func(evidence.Node) bool) bool {
	return s.Nodes.Seen() && slices.ContainsFunc(s.Nodes.Value.Items, is)
}

func labelled(name string) func(evidence.Node) bool {
	return func(n evidence.Node) bool { _, ok := n.Labels[name]; return ok }
}

func hasPods(s *evidence.Snapshot, component string) bool {
	return s.ControlPods.Seen() && slices.ContainsFunc(*s.ControlPods.Value, func(p evidence.ControlPod) bool { return p.Component == component })
}
