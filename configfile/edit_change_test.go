package configfile

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

// trees are files of every dialect, as people write them.
var trees = map[string]map[string]string{
	"pods": {
		"etcd.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: etcd-cp-1\n  namespace: kube-system\nspec:\n  hostNetwork: true\n  containers:\n  - name: etcd\n" +
			"    image: registry.k8s.io/etcd:3.6.4-0\n    command:\n    - etcd # the main one\n    - --name=cp-1\n    - --quota-backend-bytes=2147483648\n    env:\n" +
			"    - name: ETCD_HEARTBEAT_INTERVAL\n      value: \"100\"\n",
		"api.yaml": "apiVersion: v1\r\nkind: Pod\r\nmetadata: {name: kube-apiserver-cp-1, namespace: kube-system}\r\nspec:\r\n  containers:\r\n  - name: kube-apiserver\r\n" +
			"    command: [\"kube-apiserver\"]\r\n    args: [\"--etcd-servers=https://127.0.0.1:2379\",\r\n           \"--profiling\"]\r\n",
		"bare.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-controller-manager-cp-1, namespace: kube-system}\nspec:\n  containers:\n  - name: kube-controller-manager\n" +
			"    command:\n    - kube-controller-manager\n    volumeMounts: []\n",
		"sh.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-scheduler-cp-1, namespace: kube-system}\nspec:\n  containers:\n  - name: kube-scheduler\n    command:\n" +
			"    - /bin/sh\n    - -c\n    - |\n      set -e\n      exec kube-scheduler \\\n        --kube-api-qps=10 \\\n        --leader-elect=true 2>&1\n",
	},
	"etcd's own": {
		"etcd.conf.yml": "# etcd\nname: 'm1'\ndata-dir: /var/lib/etcd\nquota-backend-bytes: 0\ninitial-cluster: m1=https://10.0.0.1:2380\nlisten-client-urls: https://10.0.0.1:2379\n",
		"api.json": "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"kube-apiserver\"}, \"spec\": {\"containers\": [{\"name\": \"kube-apiserver\", \"command\": [\n" +
			"  \"kube-apiserver\",\n  \"--etcd-servers=https://10.0.0.1:2379\"\n]}]}}",
	},
	"variables": {
		"etcd.env": "# etcd\nETCD_NAME=\"m1\"\nETCD_INITIAL_CLUSTER=\"m1=https://10.0.0.1:2380\"\nETCD_LISTEN_CLIENT_URLS=\"https://10.0.0.1:2379\"\nETCD_QUOTA_BACKEND_BYTES=\"1\"\n",
		"kube-apiserver.service": "[Unit]\nDescription=api\n[Service]\nExecStart=/usr/local/bin/kube-apiserver \\\n  --etcd-servers=https://10.0.0.1:2379 \\\n" +
			"  --goaway-chance=0.5 \\\n  --v=2\nRestart=on-failure\n",
	},
	"units": {
		"etc/systemd/system/etcd.service": "[Service]\nEnvironmentFile=/etc/etcd/etcd.env\nEnvironment=ETCD_MAX_SNAPSHOTS=3\nExecStart=/usr/local/bin/etcd --snapshot-count=10000 --name m1\n",
		"etc/etcd/etcd.env":               "ETCD_INITIAL_CLUSTER=m1=https://10.0.0.1:2380\nETCD_QUOTA_BACKEND_BYTES=1\nETCD_LISTEN_CLIENT_URLS=https://10.0.0.1:2379\n",
		"etc/systemd/system/kube-apiserver.service": "[Service]\nEnvironment=\"EXTRA=--event-ttl=2h --v=2\"\nExecStart=/usr/bin/kube-apiserver --etcd-servers=https://10.0.0.1:2379 \\\n" +
			"  # how many\n  --max-requests-inflight=800 $EXTRA\n",
	},
	"k3s": {
		"config.yaml": "# server\ncluster-init: true\nkube-apiserver-arg: \"goaway-chance=0.5\"  # one\nkube-controller-manager-arg:\n  - \"kube-api-qps=10\"\n" +
			"  - 'kube-api-burst=20'\netcd-arg: [quota-backend-bytes=1, snapshot-count=10000]\nkubelet-arg+:\n- \"max-pods=200\"\n",
	},
	"rke2": {
		"rke2/config.yaml":             "cni: cilium\nkube-apiserver-arg:\n- max-mutating-requests-inflight=10\netcd-extra-env:\n- ETCD_QUOTA_BACKEND_BYTES=1\netcd-arg:\n- heartbeat-interval=100\n",
		"rke2/config.yaml.d/more.yaml": "kube-scheduler-arg:\n  - kube-api-qps=10\n",
	},
	"kops": {
		"cluster.yaml": "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nmetadata:\n  name: k.example.com\nspec:\n  kubernetesVersion: 1.33.4\n  etcdClusters:\n  - name: main\n" +
			"    etcdMembers:\n    - {instanceGroup: a, name: a}\n    manager:\n      env:\n      - name: ETCD_QUOTA_BACKEND_BYTES\n        value: \"1\"\n  kubeAPIServer:\n" +
			"    goawayChance: \"0.5\" # much\n    maxRequestsInflight: 400\n  kubeControllerManager:\n    kubeAPIBurst: 10\n  kubelet: {kubeAPIBurst: 10}\n",
	},
	"kubespray": {
		"inventory/prod/group_vars/all/etcd.yml": "---\n# etcd\netcd_heartbeat_interval: \"250\"\n",
		"inventory/prod/group_vars/k8s_cluster/k8s-cluster.yml": "---\nkube_version: 1.33.4\nkube_apiserver_request_timeout: 2m0s\nkube_kubeadm_apiserver_extra_args:\n  goaway-chance: \"0.5\"\n" +
			"kubelet_config_extra_args:\n  kubeAPIQPS: 10\nkubelet_custom_flags:\n  - \"--kube-api-burst=200\"\n",
	},
	"settings": {
		"kubelet.yaml": "# nodes\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nkubeAPIQPS: 0 # none\nkubeAPIBurst: 10\nevictionHard:\n" +
			"  memory.available: \"100\"\nregisterWithTaints: []\n",
		"sched.yaml": "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nclientConnection: {qps: 10, burst: 20}\nprofiles:\n- schedulerName: a\n" +
			"  percentageOfNodesToScore: 50\npodMaxBackoffSeconds: 120\n",
	},
	"talos": {
		"controlplane.yaml": "version: v1alpha1\nmachine:\n  type: controlplane\n  kubelet:\n    extraArgs:\n      rotate-server-certificates: \"true\"\n    extraConfig:\n" +
			"      kubeAPIQPS: 10 # slow\n      maxPods: 250\ncluster:\n  clusterName: t\n  apiServer:\n    extraArgs:\n      goaway-chance: \"0.1\"\n  etcd:\n    extraArgs:\n" +
			"      quota-backend-bytes: \"4294967296\"\n  scheduler:\n    extraArgs: {kube-api-qps: \"10\"}\n",
	},
	"kubeadm": {
		"kubeadm.yaml": "# a map\napiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: v1.33.4\napiServer:\n  extraArgs:\n    goaway-chance: \"0.5\"\n" +
			"  certSANs: [a]\nscheduler: {extraArgs: {kube-api-qps: '10'}}\nnetworking: {}\n---\napiVersion: kubeadm.k8s.io/v1beta3\nkind: InitConfiguration\nnodeRegistration:\n" +
			"  kubeletExtraArgs: {kube-api-burst: \"10\"}\n",
	},
	"kubeadm's lists": {
		"kubeadm.yaml": "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.34.1\napiServer:\n  extraArgs:\n  - name: goaway-chance\n    value: \"0.5\" # much\n" +
			"controllerManager: {}\netcd:\n  local:\n    extraArgs: [{name: quota-backend-bytes, value: \"1\"}]\n    extraEnvs:\n    - name: ETCD_HEARTBEAT_INTERVAL\n      value: \"100\"\n",
	},
	"kubeadm-config": {
		"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kubeadm-config\n  namespace: kube-system\ndata:\n  ClusterConfiguration: |\n    apiServer:\n      extraArgs:\n" +
			"      - name: goaway-chance\n        value: \"0.5\"\n    apiVersion: kubeadm.k8s.io/v1beta4\n    kind: ClusterConfiguration\n    kubernetesVersion: v1.34.1\n",
	},
	"Cluster API": {
		"kcp.yaml": "apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: KubeadmControlPlane\nmetadata:\n  name: c-control-plane\nspec:\n  replicas: 3\n  version: v1.33.2\n  kubeadmConfigSpec:\n" +
			"    clusterConfiguration:\n      apiServer:\n        extraArgs:\n          goaway-chance: \"0.5\"\n      etcd:\n        local:\n          extraArgs:\n            quota-backend-bytes: \"1\"\n" +
			"    initConfiguration:\n      nodeRegistration:\n        kubeletExtraArgs:\n          kube-api-qps: \"10\"\n",
		"md.yaml": "apiVersion: bootstrap.cluster.x-k8s.io/v1beta2\nkind: KubeadmConfigTemplate\nmetadata:\n  name: c-md-0\nspec:\n  template:\n    spec:\n      joinConfiguration:\n" +
			"        nodeRegistration:\n          kubeletExtraArgs:\n          - name: max-pods\n            value: \"200\"\n",
	},
	"Cluster API alone": {
		"kcp.yaml": "apiVersion: controlplane.cluster.x-k8s.io/v1beta2\nkind: KubeadmControlPlane\nmetadata:\n  name: c-control-plane\nspec:\n  version: v1.33.2\n  kubeadmConfigSpec: {}\n",
	},
}

// Every setting of every tree takes another value and reads back with it, and so does one that is not there yet; what
// else there is reads as before, and a second time there is nothing to do.
func TestChange(t *testing.T) {
	var refused []string
	for name, files := range trees {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for path, text := range files {
				if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			before := readTree(t, dir, nil)
			if len(before.Clusters) == 0 {
				t.Fatalf("got no cluster, %v", before.Problems)
			}
			for _, c := range before.Clusters {
				for _, ch := range changesOf(c) {
					if why := tryChange(t, dir, before, c, ch); why != "" {
						refused = append(refused, fmt.Sprintf("%s: %s %s: %s", name, ch.Subject, ch.Name, strings.ReplaceAll(why, dir, "")))
					}
				}
			}
		})
	}
	slices.Sort(refused)
	if d := cmp.Diff(notChanged, refused); d != "" {
		t.Errorf("refused (-want +got)\n%s", d)
	}
}

// notChanged are the changes to the trees that are not certain.
var notChanged = []string{
	"kops: kube-controller-manager/cluster max-requests-inflight: kaudit knows no field for it there",
	"kops: kubelet/nodes max-requests-inflight: kaudit knows no field for it there",
	"kubespray: etcd/prod heartbeat-interval: /inventory/prod/group_vars/all/etcd.yml:3: it is the only one there",
	"kubespray: etcd/prod max-requests-inflight: kaudit knows no field for it there",
	"settings: kubelet/001 evictionHard.memory.available: it is set at /kubelet.yaml:7, in a way that kaudit cannot edit",
	"settings: kubelet/001 evictionHard.memory.available: it stands where kaudit cannot edit it",
	"units: etcd/m1 max-snapshots: it is set at /etc/systemd/system/etcd.service:3, in a way that kaudit cannot edit",
	"units: etcd/m1 max-snapshots: it stands where kaudit cannot edit it",
}

func readTree(t *testing.T, dir string, instead map[string][]byte) *Tree {
	t.Helper()
	tree, err := Read(t.Context(), Options{Paths: []string{dir}, Instead: instead, Version: "1.34", Now: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// changesOf gives each setting of a cluster another value, and each process one that it lacks.
func changesOf(c Cluster) []Change {
	var out []Change
	for _, p := range c.Processes {
		for name := range p.Flags.Values {
			if _, url := strings.CutPrefix(p.Flags.Setting(name).Value, "http"); !url && name != "name" && name != "initial-cluster" && name != "hostname-override" {
				out = append(out, Change{Subject: p.Subject, Name: name, Value: "7"}, Change{Subject: p.Subject, Name: name, Remove: true})
			}
		}
		out = append(out, Change{Subject: p.Subject, Name: "max-requests-inflight", Value: "900"})
	}
	for o := range c.Snapshot.Documents.Seen() {
		for name, v := range o.Value.Fields {
			if isField(name) && name != "apiVersion" && strings.Trim(v.Value, "0123456789") == "" {
				out = append(out, Change{Subject: o.Of, Name: name, Value: "7"}, Change{Subject: o.Of, Name: name, Remove: true})
			}
		}
		if o.Value.Kind != "" {
			out = append(out, Change{Subject: o.Of, Name: "newField.x", Value: "3"})
		}
	}
	return out
}

// tryChange makes one change and tells why it was refused.
func tryChange(t *testing.T, dir string, before *Tree, c Cluster, ch Change) string {
	t.Helper()
	texts := NewTexts(os.ReadFile)
	if err := c.Change(texts, ch); err != nil {
		if len(texts.Changed) > 0 {
			t.Errorf("%v: got changes with %v, want none", ch, err)
		}
		return err.Error()
	}
	after := readTree(t, dir, texts.Changed)
	now := Cluster{Snapshot: &evidence.Snapshot{}}
	if i := slices.IndexFunc(after.Clusters, func(o Cluster) bool { return o.Name == c.Name }); i >= 0 {
		now = after.Clusters[i]
	}
	if !now.Has(ch) {
		return "does not read back"
	}
	for path, text := range texts.Changed {
		old, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := changedLines(string(old), string(text)) + changedLines(string(text), string(old)); n > 8 {
			t.Errorf("%v: got %d changed lines: %s", ch, n, text)
		}
		if strings.Count(string(old), "\r") > 0 && strings.Count(string(text), "\r") != strings.Count(string(text), "\n") {
			t.Errorf("%v: got line ends of two sorts: %q", ch, text)
		}
	}
	if d := cmp.Diff(settingsOf(before, ch), settingsOf(after, ch)); d != "" {
		t.Errorf("%v: something else changed (-was +is)\n%s", ch, d)
	}
	again := texts.Clone()
	again.Settle()
	if err := now.Change(again, ch); err == nil {
		for path, text := range again.Changed {
			if !bytes.Equal(text, texts.Changed[path]) {
				t.Errorf("%v: got another change the second time: %s", ch, text)
			}
		}
	}
	return ""
}

// settingsOf is what a tree says, but for one setting.
func settingsOf(tree *Tree, ch Change) map[string]string {
	out := map[string]string{}
	note := func(cluster, subject, name, value string) {
		own := strings.EqualFold(name, ch.Name) || name == strings.Split(ch.Name, ".")[0] // etcd does not care for case
		if subject != ch.Subject || !own && (name != "" || !ch.Remove) {
			out[cluster+" "+subject+" "+name] = value
		}
	}
	for _, c := range tree.Clusters {
		for _, p := range c.Processes {
			for name := range p.Flags.Values {
				note(c.Name, p.Subject, name, p.Flags.Setting(name).Value)
			}
			note(c.Name, p.Subject, "", fmt.Sprint(p.Flags.Unknown, p.Flags.Opaque, p.Flags.Version))
		}
		for o := range c.Snapshot.Documents.Seen() {
			for name, v := range o.Value.Fields {
				note(c.Name, o.Of, name, v.Value)
			}
		}
	}
	return out
}

// Lines that one change adds are counted by the next.
func TestChangeShifts(t *testing.T) {
	const text = "a: |\n  x: {}\n  ---\n  y:\n    z: 1\n---\nb:\n  c: 1\n---\nb:\n  c: 2\n"
	at := func(line, column int) evidence.Source {
		return evidence.Source{Via: evidence.ViaFile, From: "f", Line: line, Column: column}
	}
	process := func(name string, site Site) *Process {
		site.Source.Via, site.Source.From = evidence.ViaFile, "f"
		return &Process{Component: "kubelet", Subject: name, Sites: []Site{site}}
	}
	s := &evidence.Snapshot{}
	for name, src := range map[string]evidence.Source{"one": at(7, 1), "two": at(10, 1)} {
		s.Documents = append(s.Documents, evidence.See(name, evidence.Document{Component: "kubelet"}, src))
	}
	c := Cluster{Snapshot: s, Processes: []*Process{process("in", Site{Form: Map, Path: []string{"y"}, Inside: []string{"a"}, Source: at(4, 0)})}}
	texts := NewTexts(func(string) ([]byte, error) { return []byte(text), nil })
	for _, ch := range []Change{{Subject: "one", Name: "b.newQ", Value: "1"}, {Subject: "in", Name: "q", Value: "r"}, {Subject: "two", Name: "b.newQ", Value: "2"}, {Subject: "one", Name: "otherQ", Value: "3"}} {
		if err := c.Change(texts, ch); err != nil {
			t.Errorf("%s %s: %v", ch.Subject, ch.Name, err)
		}
	}
	want := "a: |\n  x: {}\n  ---\n  y:\n    z: 1\n    q: r\n---\nb:\n  c: 1\n  newQ: 1\notherQ: 3\n---\nb:\n  c: 2\n  newQ: 2\n"
	if d := cmp.Diff(want, string(texts.Changed["f"])); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// Whatever becomes of a tree: a change that reads back as it was meant leaves everything else as it was.
func FuzzChange(f *testing.F) {
	names := slices.Sorted(maps.Keys(trees))
	for i, name := range names {
		for path := range trees[name] {
			f.Add(byte(i), path, uint16(0), uint16(0), "")
			f.Add(byte(i), path, uint16(40), uint16(3), "x")
			f.Add(byte(i), path, uint16(90), uint16(0), "\n  - &a b # c\n")
		}
	}
	f.Fuzz(func(t *testing.T, tree byte, path string, at, cut uint16, put string) {
		texts := map[string][]byte{}
		for name, text := range trees[names[int(tree)%len(names)]] {
			if name == path && len(put) < 200 {
				from := int(at) % len(text)
				text = text[:from] + put + text[min(len(text), from+int(cut)):]
			}
			texts[name] = []byte(text)
		}
		before := treeOf(texts)
		for _, c := range before.Clusters {
			for _, ch := range changesOf(c) {
				edited := NewTexts(func(path string) ([]byte, error) { return texts[path], nil })
				if c.Change(edited, ch) != nil {
					continue
				}
				now := maps.Clone(texts)
				maps.Copy(now, edited.Changed)
				after := treeOf(now)
				i := slices.IndexFunc(after.Clusters, func(o Cluster) bool { return o.Name == c.Name })
				if i < 0 || !after.Clusters[i].Has(ch) {
					continue // fix takes it back
				}
				was, is := settingsOf(before, ch), settingsOf(after, ch)
				if ch.Remove { // too little may be left to tell what the file is
					maps.DeleteFunc(was, func(k, _ string) bool { _, ok := is[k]; return !ok })
				}
				if d := cmp.Diff(was, is); d != "" {
					t.Errorf("%v: something else changed (-was +is)\n%s\n%s", ch, d, edited.Changed)
				}
			}
		}
	})
}

// treeOf is a tree of texts.
func treeOf(texts map[string][]byte) *Tree {
	var sinks []*sink
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		sinks = append(sinks, readData(input{path: path, shown: path, rel: path, rootDir: rootDir{root: "r"}}, texts[path], readers()))
	}
	return &Tree{Clusters: assemble(sinks, Options{Version: "1.34", Now: time.Unix(0, 0)})}
}
