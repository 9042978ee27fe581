package configfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const clusterMap = `apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
clusterName: eu-1
kubernetesVersion: v1.29.4
controlPlaneEndpoint: api.eu-1.example:6443
apiServer:
  extraArgs:
    goaway-chance: "0.001"
    request-timeout: {{ timeout }}
etcd:
  local:
    imageTag: 3.5.12-0
    extraArgs: {quota-backend-bytes: "8589934592"}
`

const clusterList = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: kubernetes
kubernetesVersion: v1.34.1
scheduler:
  extraArgs:
  - name: v
    value: "2"
etcd:
  external: {endpoints: [https://10.0.0.1:2379, https://10.0.0.2:2379]}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery: {bootstrapToken: {token: abcdef.0123456789abcdef}}
nodeRegistration:
  name: w-1
  kubeletExtraArgs:
  - {name: node-ip, value: 10.0.0.9}
`

// setByFile is what was told without the long lists of what kubeadm sets itself.
func setByFile(tr *Tree) string {
	var out []string
	for _, line := range told(tr) {
		if !strings.HasPrefix(line, "  unknown: ") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func TestKubeadm(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"a map": {clusterMap, `eu-1 etcd/kubeadm 3.5.12-0
  quota-backend-bytes=8589934592 13:38 kubeadm-config
  whole
eu-1 kube-apiserver/kubeadm 1.29.4
  goaway-chance=0.001 8:20 kubeadm-config
  whole
eu-1 kube-controller-manager/kubeadm 1.29.4
  whole
eu-1 kube-scheduler/kubeadm 1.29.4
  whole`},
		"a list, and a node": {clusterList, `clusters kube-apiserver/kubeadm 1.34.1
  etcd-servers=https://10.0.0.1:2379,https://10.0.0.2:2379 10:25 kubeadm-config
  whole
clusters kube-controller-manager/kubeadm 1.34.1
  whole
clusters kube-scheduler/kubeadm 1.34.1
  v=2 8:12 kubeadm-config
  whole
clusters kubelet/w-1 1.34.1
  node-ip=10.0.0.9 18:28 kubeadm-config`},
		"v1, joined to kubeadm's own": {`apiVersion: kubeadm.k8s.io/v1
kind: ClusterConfiguration
kubernetesVersion: 1.37.2
etcd: {external: {endpoints: []}}
apiServer:
  extraArgs:
  - {name: enable-admission-plugins, value: ",PodSecurity", mergeMethod: append}
`, `clusters kube-apiserver/kubeadm 1.37.2
  whole
clusters kube-controller-manager/kubeadm 1.37.2
  whole
clusters kube-scheduler/kubeadm 1.37.2
  whole`},
	} {
		t.Run(name, func(t *testing.T) {
			tr := read(t, tree(t, map[string]string{"kubeadm.yaml": tt.text}))
			if d := cmp.Diff(tt.want, setByFile(tr)); d != "" {
				t.Errorf("(-want +got)\n%s\nproblems: %v", d, tr.Problems)
			}
		})
	}
}

func TestKubeadmProblems(t *testing.T) {
	doc := func(version, kubernetes, args string) string {
		return "apiVersion: kubeadm.k8s.io/" + version + "\nkind: ClusterConfiguration\nkubernetesVersion: " + kubernetes + "\napiServer:\n  extraArgs: " + args + "\n"
	}
	for name, tt := range map[string]struct{ text, want string }{
		"fine":                   {doc("v1beta3", "v1.36.0", `{v: "2"}`), ""},
		"v1beta1":                {doc("v1beta1", "v1.20.0", `{}`), ":1:13: kubeadm.k8s.io/v1beta1 is gone since kubeadm 1.22"},
		"not known":              {doc("v2", "v1.37.0", `{}`), ":1:13: kubeadm.k8s.io/v2 is a version of kubeadm's configuration that kaudit does not know"},
		"too old for its target": {doc("v1beta3", "v1.37.0", `{}`), ":1:13: kubeadm.k8s.io/v1beta3 is gone since kubeadm 1.37"},
		"too new for its target": {doc("v1", "v1.34.0", `[]`), ":1:13: kubeadm.k8s.io/v1 is taken by kubeadm 1.37 and later"},
		"a map for a list":       {doc("v1beta4", "v1.34.0", `{v: "2"}`), ":5:14: extraArgs is a map, and this version takes a list only"},
		"a number":               {doc("v1beta3", "v1.30.0", `{v: 2}`), ":5:18: the value of v is no string"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := read(t, tree(t, map[string]string{"kubeadm.yaml": tt.text}))
			got := ""
			for _, p := range tr.Problems {
				if !p.Quiet {
					got += p.String()
				}
			}
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
