package configfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const capiObjects = `apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: eu-1, namespace: fleet}
spec:
  topology: {class: big, version: v1.33.2}
---
apiVersion: controlplane.cluster.x-k8s.io/v1beta1
kind: KubeadmControlPlane
metadata: {name: eu-1-control-plane}
spec:
  replicas: 3
  version: v1.33.2
  kubeadmConfigSpec:
    clusterConfiguration:
      apiServer:
        extraArgs:
          goaway-chance: "0.001"
          request-timeout: {{ .Timeout }}
      etcd:
        local:
          imageTag: 3.5.21-0
          extraArgs: {quota-backend-bytes: "8589934592"}
    initConfiguration:
      nodeRegistration:
        name: '{{ ds.meta_data.local_hostname }}'
        kubeletExtraArgs: {kube-api-qps: "100"}
    joinConfiguration:
      nodeRegistration:
        kubeletExtraArgs: {kube-api-qps: "100"}
    files:
    - path: /etc/kubernetes/manifests/kube-scheduler.yaml
      content: |
        apiVersion: v1
        kind: Pod
        metadata: {name: kube-scheduler, namespace: kube-system}
        spec:
          containers:
          - name: kube-scheduler
            command: [kube-scheduler, --kube-api-qps=10]
    - path: /etc/kubernetes/patches/kube-apiserver0+merge.yaml
      content: |
        apiVersion: v1
        kind: Pod
        metadata: {name: kube-apiserver, namespace: kube-system}
        spec:
          containers:
          - name: kube-apiserver
            resources: {requests: {cpu: 1}}
    - path: /etc/kubernetes/secret.yaml
      contentFrom: {secret: {name: hush, key: hush}}
---
apiVersion: bootstrap.cluster.x-k8s.io/v1beta2
kind: KubeadmConfigTemplate
metadata: {name: eu-1-md-0}
spec:
  template:
    spec:
      joinConfiguration:
        nodeRegistration:
          kubeletExtraArgs:
          - {name: max-pods, value: "200"}
---
apiVersion: bootstrap.cluster.x-k8s.io/v1beta2
kind: KubeadmConfig
metadata: {name: eu-1-xyz, ownerReferences: [{kind: Machine, name: eu-1-xyz}]}
spec:
  clusterConfiguration: {apiServer: {extraArgs: [{name: v, value: "9"}]}}
`

func TestCAPI(t *testing.T) {
	tr := read(t, tree(t, map[string]string{"fleet/eu-1.yaml": capiObjects}))
	want := `eu-1 etcd/eu-1 3.5.21-0
  quota-backend-bytes=8589934592 22:44 kubeadm-config
  whole
eu-1 kube-apiserver/eu-1 1.33.2
  goaway-chance=0.001 17:26 kubeadm-config
  whole
eu-1 kube-controller-manager/eu-1 1.33.2
  whole
eu-1 kube-scheduler/eu-1 1.33.2
  kube-api-qps=10 39:0 command line
  whole
eu-1 kubelet/control-plane 1.33.2
  kube-api-qps=100 26:42 kubeadm-config
eu-1 kubelet/eu-1-md-0 1.33.2
  max-pods=200 61:37 kubeadm-config
  opaque: is made from a template, which a ClusterClass may patch`
	if d := cmp.Diff(want, setByFile(tr)); d != "" {
		t.Errorf("(-want +got)\n%s\nproblems: %v", d, tr.Problems)
	}
	wantNoSecrets(t, tr)
	c := tr.Clusters[0]
	if got := len(*c.Snapshot.EtcdMembers.Value); got != 3 || c.Snapshot.EtcdMembers.Source.Line != 11 {
		t.Errorf("got %d members at %v", got, c.Snapshot.EtcdMembers.Source)
	}
	if c.Snapshot.KubeadmConfig.Seen() { // its endpoint stands elsewhere
		t.Errorf("got %+v", c.Snapshot.KubeadmConfig)
	}
	for _, p := range c.Processes {
		if p.Component == "kube-controller-manager" {
			want := []string{"spec", "kubeadmConfigSpec", "clusterConfiguration", "controllerManager", "extraArgs"}
			if d := cmp.Diff(want, p.Sites[0].Path); d != "" || p.Sites[0].Form != Map || p.Sites[0].Doc != 1 {
				t.Errorf("got %+v", p.Sites[0])
			}
		}
	}
}

func TestCAPIShapes(t *testing.T) {
	const head = "apiVersion: controlplane.cluster.x-k8s.io/"
	for name, tt := range map[string]struct{ text, want string }{
		"nothing set": {head + `v1beta2
kind: KubeadmControlPlane
metadata: {name: kcp, labels: {cluster.x-k8s.io/cluster-name: us-2}}
spec: {version: "1.34.1", kubeadmConfigSpec: {clusterConfiguration: {etcd: {external: {endpoints: ["https://u:p@10.0.0.1:2379"]}}}}}
`, `us-2 kube-apiserver/capi 1.34.1
  etcd-servers=https://10.0.0.1:2379 4:99 kubeadm-config
  whole
us-2 kube-controller-manager/capi 1.34.1
  whole
us-2 kube-scheduler/capi 1.34.1
  whole`},
		"no configuration": {head + `v1beta1
kind: KubeadmControlPlane
metadata: {name: kcp}
spec: {version: "1.34.1"}
`, `kcp etcd/capi 3.6
  whole
kcp kube-apiserver/capi 1.34.1
  whole
kcp kube-controller-manager/capi 1.34.1
  whole
kcp kube-scheduler/capi 1.34.1
  whole`},
		"of clusterctl": {head + `v1beta2
kind: KubeadmControlPlaneTemplate
metadata: {name: "${CLUSTER_NAME}-control-plane"}
spec:
  template:
    spec:
      kubeadmConfigSpec:
        clusterConfiguration:
          scheduler:
            extraArgs:
            - {name: kube-api-qps, value: "${QPS}"}
            - {name: v, value: "2"}
          etcd: {external: {endpoints: []}}
`, `clusters kube-apiserver/capi
  opaque: is made from a template, which a ClusterClass may patch
clusters kube-controller-manager/capi
  opaque: is made from a template, which a ClusterClass may patch
clusters kube-scheduler/capi
  v=2 12:32 kubeadm-config
  opaque: is made from a template, which a ClusterClass may patch`},
		"patched": {head + `v1beta2
kind: KubeadmControlPlane
metadata: {name: p-control-plane}
spec:
  kubeadmConfigSpec:
    clusterConfiguration: {etcd: {external: {endpoints: []}}}
    joinConfiguration: {patches: {directory: /etc/p}}
`, `p kube-apiserver/capi
  opaque: is started as patches in /etc/p have it, which were not read
p kube-controller-manager/capi
  opaque: is started as patches in /etc/p have it, which were not read
p kube-scheduler/capi
  opaque: is started as patches in /etc/p have it, which were not read`},
	} {
		t.Run(name, func(t *testing.T) {
			tr := read(t, tree(t, map[string]string{"capi.yaml": tt.text}))
			if d := cmp.Diff(tt.want, setByFile(tr)); d != "" {
				t.Errorf("(-want +got)\n%s\nproblems: %v", d, tr.Problems)
			}
		})
	}
}
