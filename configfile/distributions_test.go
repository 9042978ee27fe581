package configfile

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const talosConfig = `version: v1alpha1
machine:
  type: controlplane
  token: hush.hush
  ca: {crt: hush, key: hush}
  kubelet:
    image: ghcr.io/siderolabs/kubelet:v1.34.1
    extraArgs:
      rotate-server-certificates: true
    extraConfig:
      kubeAPIQPS: 100
cluster:
  clusterName: eu
  secret: hush
  apiServer:
    image: registry.k8s.io/kube-apiserver:v1.34.1
    extraArgs:
      goaway-chance: "0.001"
      audit-log-maxage: 5
      etcd-servers-overrides: [a, b]
      enable-admission-plugins: X
  etcd:
    ca: {crt: hush, key: hush}
    extraArgs:
      quota-backend-bytes: "{{ quota }}"
      heartbeat-interval: "200"
`

func TestTalos(t *testing.T) {
	unknown := func(component string, but ...string) string {
		var out []string
		for _, f := range talosSets[component] {
			if !slices.Contains(but, f) {
				out = append(out, f)
			}
		}
		return "  unknown: " + strings.Join(out, " ")
	}
	sets := strings.Replace(unknown("etcd"), " peer-trusted-ca-file", " peer-trusted-ca-file quota-backend-bytes", 1)
	tr := wantTold(t, map[string]string{"controlplane.yaml": talosConfig, "worker.yaml": "version: v1alpha1\nmachine:\n  type: worker\n  kubelet:\n    extraArgs: {v: 3}\ncluster:\n  clusterName: eu\n  apiServer: {extraArgs: {v: 9}}\n"}, `
eu etcd/controlplane
  heartbeat-interval=200 26:27 arguments
`+sets+`
  whole
eu kube-apiserver/controlplane 1.34.1
  audit-log-maxage=5 19:25 arguments
  etcd-servers-overrides=b 20:35 arguments
  goaway-chance=0.001 18:22 arguments
`+unknown("kube-apiserver", "audit-log-maxage")+`
  whole
eu kubelet/controlplane 1.34.1
  rotate-server-certificates=true 9:35 arguments
`+unknown("kubelet")+`
  whole
eu kubelet/worker 1.34.1
  v=3 5:20 arguments
`+unknown("kubelet")+`
  whole
`)
	if got := tr.Clusters[0].Snapshot.Version.Value.Git; got != "v1.34.1" {
		t.Errorf("got version %s", got)
	}
	doc := tr.Clusters[0].Snapshot.Documents[0]
	if doc.Of != "kubelet/controlplane" || doc.Value.Fields["kubeAPIQPS"].Value != "100" || doc.Value.Fields["kubeAPIQPS"].Source.Line != 11 {
		t.Errorf("got %+v", doc)
	}
	site := tr.Clusters[0].Processes[1].Sites[0]
	if d := cmp.Diff([]string{"cluster", "apiServer", "extraArgs"}, site.Path); d != "" || site.Form != Map {
		t.Errorf("got %+v", site)
	}
	wantNoSecrets(t, tr)
	wantTold(t, map[string]string{
		"patches/a.yaml": "cluster:\n  apiServer:\n    extraArgs:\n      goaway-chance: 0.01\n",
		"patches/b.yaml": "cluster:\n  apiServer:\n    extraArgs:\n      max-requests-inflight: 9\n",
		"values.yaml":    "cluster:\n  etcd: {extraArgs: {a: b}}\nreplicas: 1\n",
		"api.yaml":       "apiVersion: v1alpha1\nkind: KubeSchedulerConfig\nimage: x/kube-scheduler:v1.36.0\nextraArgs: {v: 4}\n",
	}, `
clusters kube-scheduler/api 1.36.0
  v=4 4:16 arguments
`+unknown("kube-scheduler")+`
  whole
patches kube-apiserver/a
  goaway-chance=0.01 4:22 arguments
  max-requests-inflight=9 4:30 arguments
`+unknown("kube-apiserver")+`
  opaque: is told by a patch, which is a part of the configuration
`)
}

func wantNoSecrets(t *testing.T, tr *Tree) {
	t.Helper()
	for _, c := range tr.Clusters {
		saved, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if at := strings.Index(string(saved), "hush"); at >= 0 {
			t.Errorf("a secret is kept: %s", saved[max(0, at-200):at+20])
		}
	}
	for _, p := range tr.Problems {
		if strings.Contains(p.String(), "hush") {
			t.Errorf("a secret is told: %s", p)
		}
	}
}

func TestSuites(t *testing.T) {
	const why = "  opaque: runs inside k3s, which sets flags of its own beside those of its configuration file\n"
	tr := wantTold(t, map[string]string{
		"k3s/config.yaml": `cluster-init: true
token: hush
kube-apiserver-arg:
- "goaway-chance=0.001"
- max-requests-inflight={{ n }}
etcd-arg: quota-backend-bytes=8589934592
kubelet-arg:
  - kube-api-qps=50
`,
		"k3s/config.yaml.d/a.yaml": "kubelet-arg+:\n- kube-api-burst=100\nkube-apiserver-arg:\n- v=3\n",
		"k3s.service":              "[Service]\nExecStart=/usr/local/bin/k3s \\\n  server \\\n  '--kube-apiserver-arg' \\\n  'v=4' --token hush\n",
	}, `
clusters etcd/config
  quota-backend-bytes=8589934592 6:11 arguments
`+why+`clusters kube-apiserver/config
  v=3 4:3 arguments
  v=4 2:1 command line
`+why+`clusters kubelet/config
  kube-api-burst=100 2:3 arguments
  kube-api-qps=50 8:5 arguments
`+strings.TrimRight(why, "\n"))
	if got := tr.Clusters[0].Snapshot.Cluster.Distribution; got != "k3s" {
		t.Errorf("got %q", got)
	}
	wantNoSecrets(t, tr)

	tr = wantTold(t, map[string]string{
		"cp-1/etc/rancher/rke2/config.yaml": "datastore-endpoint: mysql://me:hush@tcp(db)/k\netcd-arg: [max-wals=1]\nkube-scheduler-arg: [kube-api-qps=1]\n",
		"cp-2/etc/rancher/rke2/config.yaml": "node-name: two\netcd-extra-env: [ETCD_MAX_WALS=7]\n",
		"values.yaml":                       "k3s:\n  kubelet-arg: [x=y]\n",
		"agent.yaml":                        "server: https://x\ncluster-init: false\n",
	}, `
clusters etcd/two
  max-wals=7 2:18 environment
  opaque: runs inside rke2, which sets flags of its own beside those of its configuration file
clusters kube-scheduler/config
  kube-api-qps=1 3:22 arguments
  opaque: runs inside rke2, which sets flags of its own beside those of its configuration file
`)
	wantNoSecrets(t, tr)
}

func TestRKE2ControlPlane(t *testing.T) {
	wantTold(t, map[string]string{"cp.yaml": `apiVersion: controlplane.cluster.x-k8s.io/v1beta1
kind: RKE2ControlPlane
metadata: {name: eu-control-plane, labels: {cluster.x-k8s.io/cluster-name: eu}}
spec:
  version: v1.31.4+rke2r1
  serverConfig:
    kubeAPIServer:
      extraArgs:
      - --goaway-chance=0.001
    etcd:
      customConfig:
        extraArgs: ["quota-backend-bytes=${QUOTA:=1}"]
  agentConfig:
    kubelet:
      extraArgs: ["max-pods=200"]
`}, `
eu etcd/eu-control-plane
  unknown: quota-backend-bytes
  opaque: runs inside rke2, which sets flags of its own beside those of its configuration file
eu kube-apiserver/eu-control-plane 1.31.4+rke2r1
  goaway-chance=0.001 9:9 arguments
  opaque: runs inside rke2, which sets flags of its own beside those of its configuration file
eu kubelet/eu-control-plane 1.31.4+rke2r1
  max-pods=200 15:19 arguments
  opaque: runs inside rke2, which sets flags of its own beside those of its configuration file
`)
	wantTold(t, map[string]string{"cp.yaml": `apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: KThreesControlPlaneTemplate
metadata: {name: eu}
spec:
  template:
    spec:
      version: v1.31.4+k3s1
      kthreesConfigSpec:
        serverConfig: {kubeAPIServerArg: ["goaway-chance=0.001"]}
        agentConfig: {kubeletArgs: ["max-pods=200"]}
`}, `
clusters kube-apiserver/eu 1.31.4+k3s1
  goaway-chance=0.001 9:43 arguments
  opaque: runs inside k3s, which sets flags of its own beside those of its configuration file
clusters kubelet/eu 1.31.4+k3s1
  max-pods=200 10:37 arguments
  opaque: runs inside k3s, which sets flags of its own beside those of its configuration file
`)
}

func TestAClusterIsOfOneMake(t *testing.T) {
	tr := read(t, tree(t, map[string]string{
		"controlplane.yaml":                       talosConfig,
		"spray/inventory/prod/group_vars/all.yml": "etcd_heartbeat_interval: 250\n",
		"manifests/kube-apiserver.yaml":           strings.ReplaceAll(etcdPod, "NAME", "x"),
	}))
	want := []string{"eu etcd/controlplane", "eu etcd/x", "eu kube-apiserver/controlplane", "eu kubelet/controlplane", "spray/inventory/prod etcd/prod"}
	if d := cmp.Diff(want, subjects(tr)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
