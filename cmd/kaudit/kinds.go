package main

import (
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// kindWords say what a kind of evidence is and how it is read, for people.
var kindWords = map[evidence.Kind]string{
	evidence.KindVersion:                  "version of the kube-apiserver",
	evidence.KindNodes:                    "list of nodes",
	evidence.KindControlPods:              "pods of the control plane",
	evidence.KindAPIServerEndpoints:       "addresses of the Service default/kubernetes",
	evidence.KindAPIServerLeases:          "identity Leases of the kube-apiservers",
	evidence.KindAPIServerFlags:           "flags of every kube-apiserver",
	evidence.KindAPIServerMetrics:         "metrics of every kube-apiserver, by its own address",
	evidence.KindFlowSchemas:              "FlowSchemas",
	evidence.KindPriorityLevels:           "PriorityLevelConfigurations",
	evidence.KindInFlight:                 "requests under way in every kube-apiserver, at two moments",
	evidence.KindRequests:                 "audit logs of the kube-apiservers (--audit-log)",
	evidence.KindAPIServices:              "APIServices",
	evidence.KindKubeadmConfig:            "ConfigMap kube-system/kubeadm-config",
	evidence.KindKubeletIntent:            "ConfigMap kube-system/kubelet-config",
	evidence.KindControllerManagerFlags:   "flags of every kube-controller-manager",
	evidence.KindControllerManagerMetrics: "metrics of every kube-controller-manager, by port-forward",
	evidence.KindSchedulerFlags:           "flags of every kube-scheduler",
	evidence.KindSchedulerConfig:          "configuration in force of every kube-scheduler (/configz)",
	evidence.KindSchedulerMetrics:         "metrics of every kube-scheduler, by port-forward",
	evidence.KindLeaderLeases:             "leader election Leases in kube-system",
	evidence.KindPendingPods:              "pods without a node",
	evidence.KindEtcdFlags:                "flags of every etcd member",
	evidence.KindEtcdMetrics:              "metrics of every etcd member, by port-forward",
	evidence.KindEtcdMembers:              "etcd's member list (--etcd-endpoints)",
	evidence.KindEtcdStatus:               "status of every etcd member (--etcd-endpoints)",
	evidence.KindEtcdAlarms:               "etcd's alarms (--etcd-endpoints)",
	evidence.KindKubeletConfigs:           "configuration in force of sampled kubelets (/configz)",
	evidence.KindKubeletMetrics:           "metrics of sampled kubelets",
	evidence.KindPods:                     "pods, in part",
	evidence.KindKubeletFlags:             "flags of kubelets, in files (-f)",
	evidence.KindDocuments:                "configuration files of components (-f)",
	evidence.KindConfigFiles:              "files that were read (-f)",
}

// kindList names kinds in words.
func kindList(ks []evidence.Kind) string {
	words := make([]string, len(ks))
	for i, k := range ks {
		words[i] = kindWords[k]
	}
	return strings.Join(words, "; ")
}

// kindNames names kinds as the snapshot's keys do.
func kindNames(ks []evidence.Kind) []string {
	names := make([]string, len(ks))
	for i, k := range ks {
		names[i] = string(k)
	}
	return names
}
