package collect

import (
	"cmp"
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kaudit/kaudit/evidence"
)

// nodesLimit is room for 15,000 nodes with 50 images each; a node is read and forgotten, so it is no memory.
const nodesLimit = 512 << 20

// readNodes reads every node, reduced.
func readNodes(ctx context.Context, g getter) evidence.Observed[evidence.Nodes] {
	r := request{Path: "/api/v1/nodes", Query: cached(), Limit: nodesLimit, Permission: "list nodes"}
	src := g.source(r)
	nodes := evidence.Nodes{Items: []evidence.Node{}}
	same := interned{}
	_, err := eachItem(ctx, g, r, func(n *corev1.Node) error {
		nodes.Items = append(nodes.Items, reduceNode(n, same))
		return nil
	}, nodeImages)
	if err != nil {
		return missed[evidence.Nodes]("cluster", g, r, err)
	}
	slices.SortFunc(nodes.Items, func(a, b evidence.Node) int { return cmp.Compare(a.Name, b.Name) })
	return evidence.See("cluster", nodes, src)
}

// interned holds one copy of what many nodes say alike.
type interned map[string]string

func (in interned) one(s string) string {
	if have, ok := in[s]; ok {
		return have
	}
	in[s] = s
	return s
}

func reduceNode(n *corev1.Node, same interned) evidence.Node {
	scheme, _, _ := strings.Cut(n.Spec.ProviderID, "://")
	out := evidence.Node{
		Name:           n.Name,
		Created:        n.CreationTimestamp.Time,
		ControlPlane:   isControlPlane(n.Labels),
		KubeletVersion: same.one(n.Status.NodeInfo.KubeletVersion),
		Runtime:        same.one(n.Status.NodeInfo.ContainerRuntimeVersion),
		OS:             same.one(n.Status.NodeInfo.OperatingSystem),
		ProviderID:     same.one(scheme),
		Zone:           same.one(cmp.Or(n.Labels[corev1.LabelTopologyZone], n.Labels["failure-domain.beta.kubernetes.io/zone"])),
		Unschedulable:  n.Spec.Unschedulable,
		PodsCapacity:   n.Status.Capacity.Pods().Value(),
		CPUs:           n.Status.Capacity.Cpu().Value(),
		MemoryBytes:    n.Status.Capacity.Memory().Value(),
	}
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			out.Addresses = append(out.Addresses, a.Address)
		}
	}
	for _, t := range n.Spec.Taints {
		out.Taints = append(out.Taints, same.one(t.ToString()))
	}
	for _, c := range n.Status.Conditions {
		if c.Type != corev1.NodeReady {
			continue
		}
		out.Ready, out.ReadyReason, out.ReadySince = same.one(string(c.Status)), same.one(c.Reason), c.LastTransitionTime.Time
		if c.Status != corev1.ConditionTrue {
			out.ReadyMessage = oneLine(c.Message)
		}
	}
	for k, v := range n.Labels {
		if keptLabel(k) {
			if out.Labels == nil {
				out.Labels = map[string]string{}
			}
			out.Labels[same.one(k)] = same.one(v)
		}
	}
	return out
}

// isControlPlane knows the role labels of kubeadm and its kin, of kubeadm up to 1.23 and OpenShift, and of RKE1.
func isControlPlane(labels map[string]string) bool {
	for _, role := range []string{"control-plane", "master", "controlplane"} {
		if v, ok := labels["node-role.kubernetes.io/"+role]; ok && v != "false" {
			return true
		}
	}
	return false
}

// keptLabels are those that say which provider or distribution a node is of, and where it stands.
// All others may hold what is nobody's business.
var keptLabels = map[string]bool{
	corev1.LabelHostname:                     true,
	corev1.LabelTopologyZone:                 true,
	corev1.LabelTopologyRegion:               true,
	"failure-domain.beta.kubernetes.io/zone": true,
	"kubernetes.azure.com/cluster":           true, // AKS
	"eks.amazonaws.com/nodegroup":            true, // EKS
	"eks.amazonaws.com/compute-type":         true, // EKS: fargate, auto
	"alpha.eksctl.io/cluster-name":           true, // EKS by eksctl
	"cloud.google.com/gke-nodepool":          true, // GKE
	"node.openshift.io/os_id":                true, // OpenShift
	"doks.digitalocean.com/node-pool":        true, // DigitalOcean
	"ibm-cloud.kubernetes.io/worker-id":      true, // IBM Cloud
	"alibabacloud.com/nodepool-id":           true, // ACK
	"lke.linode.com/pool-id":                 true, // Akamai
	"k8s.scaleway.com/pool":                  true, // Scaleway
	"kops.k8s.io/instancegroup":              true, // kOps
	"minikube.k8s.io/name":                   true, // minikube
	"node.kubernetes.io/instance-type":       true, // k3s, rke2 name themselves here
	"type":                                   true, // virtual-kubelet, kwok: no kubelet to ask
}

func keptLabel(key string) bool {
	return keptLabels[key] || strings.HasPrefix(key, "node-role.kubernetes.io/")
}
