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
		"v1alpha2":               {"apiVersion: kubeadm.k8s.io/v1alpha2\nkind: MasterConfiguration\n", ":1:13: kubeadm.k8s.io/v1alpha2 is gone since kubeadm 1.13"},
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

// What kubeadm keeps in the cluster itself, what a file of two kinds says, and what nodes are told.
func TestKubeadmPlaces(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a ConfigMap": {map[string]string{"dump/cm.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: kubeadm-config, namespace: kube-system}
data:
  ClusterConfiguration: |
    apiVersion: kubeadm.k8s.io/v1beta3
    kind: ClusterConfiguration
    clusterName: eu-1
    kubernetesVersion: v1.33.4
    apiServer:
      extraArgs:
        goaway-chance: "0.001"
    etcd: {external: {endpoints: []}}
`}, `eu-1 kube-apiserver/cm 1.33.4
  goaway-chance=0.001 12:0 kubeadm-config
  whole
eu-1 kube-controller-manager/cm 1.33.4
  whole
eu-1 kube-scheduler/cm 1.33.4
  whole`},
		"two clusters in one directory": {map[string]string{
			"c/a.yaml": "apiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\nclusterName: a\netcd: {external: {endpoints: []}}\n---\n" +
				"apiVersion: kubeadm.k8s.io/v1beta2\nkind: InitConfiguration\nnodeRegistration:\n  kubeletExtraArgs: {max-pods: \"60\"}\n",
			"c/b.yaml": "apiVersion: kubeadm.k8s.io/v1beta2\nkind: JoinConfiguration\nnodeRegistration: {name: b-1, kubeletExtraArgs: {v: \"2\"}}\n---\n" +
				"apiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\nclusterName: b\netcd: {external: {endpoints: []}}\n",
		}, `a kube-apiserver/a
  whole
a kube-controller-manager/a
  whole
a kube-scheduler/a
  whole
a kubelet/a
  max-pods=60 9:32 kubeadm-config
b kube-apiserver/b
  whole
b kube-controller-manager/b
  whole
b kube-scheduler/b
  whole
b kubelet/b-1
  v=2 3:53 kubeadm-config`},
		"variables of etcd": {map[string]string{"k/kubeadm.yaml": `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: stable
etcd:
  local:
    imageTag: 3.6.4-0
    extraArgs: [{name: heartbeat-interval, value: "250"}]
    extraEnvs:
    - {name: ETCD_HEARTBEAT_INTERVAL, value: "100"}
    - {name: ETCD_QUOTA_BACKEND_BYTES, value: "4294967296"}
    - {name: ETCD_SNAPSHOT_COUNT, value: "1"}
    - {name: ETCD_MAX_WALS, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
    - {name: GOGC, value: "50"}
`}, `k etcd/kubeadm 3.6.4-0
  heartbeat-interval=250 7:51 kubeadm-config
  quota-backend-bytes=4294967296 10:47 kubeadm-config
  whole
k kube-apiserver/kubeadm
  whole
k kube-controller-manager/kubeadm
  whole
k kube-scheduler/kubeadm
  whole`},
	} {
		t.Run(name, func(t *testing.T) {
			tr := read(t, tree(t, tt.files))
			if d := cmp.Diff(tt.want, setByFile(tr)); d != "" {
				t.Errorf("(-want +got)\n%s\nproblems: %v", d, tr.Problems)
			}
		})
	}
}

// What a snapshot keeps has no password, and a template that may set the endpoint leaves it open.
func TestKubeadmConfig(t *testing.T) {
	const head = "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\n"
	for name, tt := range map[string]struct {
		text, endpoint string
		seen           bool
	}{
		"an endpoint":        {head + "controlPlaneEndpoint: api:6443\netcd: {external: {endpoints: [\"https://me:hush@e:2379\"]}}\n", "api:6443", true},
		"a secret":           {head + "apiServer: {extraArgs: {--oidc_client_secret: hush}}\netcd: {external: {endpoints: [\"https://e:2379\"]}}\n", "", true},
		"none":               {head + "etcd: {external: {endpoints: [\"https://me:hush@e:2379\"]}}\n", "", true},
		"a template's":       {head + "controlPlaneEndpoint: {{ .Endpoint }}\n", "", false},
		"a template's lines": {head + "{{ .More }}\netcd: {}\n", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			tr := read(t, tree(t, map[string]string{"kubeadm.yaml": tt.text}))
			wantNoSecrets(t, tr)
			k := tr.Clusters[0].Snapshot.KubeadmConfig
			if k.Seen() != tt.seen {
				t.Fatalf("got %+v", k)
			}
			if !tt.seen {
				return
			}
			if d := cmp.Diff([]string{"https://e:2379"}, k.Value.ExternalEtcdEndpoints); d != "" || k.Value.ControlPlaneEndpoint != tt.endpoint || k.Source.Line != 1 {
				t.Errorf("got %+v", k)
			}
		})
	}
}
