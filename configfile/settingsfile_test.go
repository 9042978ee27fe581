package configfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// documents are the configuration files of all clusters, a line each: "kubelet/a 1.34 [part] field=value@line ...".
func documentsOf(tree *Tree) []string {
	var out []string
	for _, c := range tree.Clusters {
		for o := range c.Snapshot.Documents.Seen() {
			line := o.Of
			if o.Value.Version != "" {
				line += " " + o.Value.Version
			}
			if o.Value.Part != "" {
				line += " [" + o.Value.Part + "]"
			}
			for _, name := range slices.Sorted(maps.Keys(o.Value.Fields)) {
				if name != "apiVersion" && name != "kind" {
					v := o.Value.Fields[name]
					line += fmt.Sprintf(" %s=%s@%d:%d", name, v.Value, v.Source.Line, v.Source.Column)
				}
			}
			if len(o.Value.Unknown) > 0 {
				line += " unknown: " + strings.Join(o.Value.Unknown, " ")
			}
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

const (
	kubeletHead   = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
	schedulerHead = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
	schedulerPod  = "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-scheduler, namespace: kube-system}\nspec:\n  nodeName: NODE\n  containers:\n  - name: kube-scheduler\n" +
		"    image: registry.k8s.io/kube-scheduler:v1.34.1\n    command: [kube-scheduler, --config=/etc/kubernetes/sched.yaml]\n"
	kubeletUnit = "[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --kube-api-burst=30 --eviction-hard=memory.available<1Gi --event-qps=3\n"
)

func TestReadSettingsFiles(t *testing.T) {
	scheduler := func(node string) string { return strings.ReplaceAll(schedulerPod, "NODE", node) }
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
		loud  []string
	}{
		"a kubelet's file": {
			files: map[string]string{"kubelet-gpu.yaml": kubeletHead + "kubeAPIQPS: 0\nstaticPodURLHeader:\n  Authorization: [\"Bearer hush\"]\nevictionHard: {memory.available: 1Gi}\nfeatureGates: {A: true}\n"},
			want:  []string{"kubelet/gpu evictionHard.memory.available=1Gi@6:34 featureGates.A=true@7:19 kubeAPIQPS=0@3:13 staticPodURLHeader=not kept@5:3"},
		},
		"files of two machines": {
			files: map[string]string{"node-1/var/lib/kubelet/config.yaml": kubeletHead + "maxPods: 100\n", "node-2/var/lib/kubelet/config.yaml": kubeletHead + "maxPods: 200\n"},
			want:  []string{"kubelet/node-1 maxPods=100@3:10", "kubelet/node-2 maxPods=200@3:10"},
		},
		"a template": {
			files: map[string]string{"kubelet.yaml.j2": kubeletHead + "kubeAPIQPS: {{ qps }}\nkubeAPIBurst: 10\n{% if pods %}\nmaxPods: 1\n{% endif %}\n"},
			want:  []string{"kubelet/clusters kubeAPIBurst=10@4:15 unknown: kubeAPIQPS maxPods"},
		},
		"a template that adds fields": {
			files: map[string]string{"kubelet.yaml": kubeletHead + "kubeAPIBurst: 10\n{{ toYaml .Values.more }}\n"},
			want:  []string{"kubelet/clusters [a template adds more at line 4] kubeAPIBurst=10@3:15"},
		},
		"a unit, its file and a drop-in": {
			files: map[string]string{
				"node-1/etc/systemd/system/kubelet.service":         kubeletUnit,
				"node-1/var/lib/kubelet/config.yaml":                kubeletHead + "kubeAPIQPS: 20\nkubeAPIBurst: 5\nmaxPods: 50\neventRecordQPS: 1\nevictionHard: {memory.available: 2Gi}\n",
				"node-1/etc/kubernetes/kubelet.conf.d/10-pods.conf": kubeletHead + "maxPods: 60\n",
				"node-1/etc/kubernetes/kubelet.conf.d/20-pods.conf": kubeletHead + "maxPods: 70\n",
			},
			want: []string{
				"kubelet/10-pods [this is a drop-in, beside the kubelet's own file] unknown: maxPods",
				"kubelet/20-pods [this is a drop-in, beside the kubelet's own file] maxPods=70@3:10",
				"kubelet/node-1 kubeAPIQPS=20@3:13 unknown: eventRecordQPS evictionHard.memory.available kubeAPIBurst maxPods",
			},
		},
		"a scheduler and the file that it names": {
			files: map[string]string{"sched.yaml": schedulerHead + "clientConnection: {qps: 80}\nprofiles:\n- schedulerName: default-scheduler\n", "pod.yaml": scheduler("cp-1")},
			want:  []string{"kube-scheduler/cp-1 1.34.1 clientConnection.qps=80@3:25 profiles[0].schedulerName=default-scheduler@5:18"},
		},
		"the one scheduler takes a file of another name": {
			files: map[string]string{"of-the-scheduler.yaml": schedulerHead + "parallelism: 4\n", "pod.yaml": scheduler("cp-1")},
			want:  []string{"kube-scheduler/cp-1 1.34.1 parallelism=4@3:14"},
		},
		"two schedulers share a file": {
			files: map[string]string{"sched.yaml": schedulerHead + "parallelism: 4\n", "a.yaml": scheduler("cp-1"), "b.yaml": scheduler("cp-2")},
			want:  []string{"kube-scheduler/sched parallelism=4@3:14"},
		},
		"a kubeadm patch": {
			files: map[string]string{"patches/kubeletconfiguration0+merge.yaml": kubeletHead + "maxPods: 4\n"},
			want:  []string{"kubelet/patches [kubeadm patches the kubelet's own file with this] maxPods=4@3:10"},
		},
		"ConfigMaps": {
			files: map[string]string{"maps.yaml": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: kubelet-config, namespace: kube-system}\n  data:\n    kubelet: |\n" +
				"      apiVersion: kubelet.config.k8s.io/v1beta1\n      kind: KubeletConfiguration\n      kubeAPIQPS: 10\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: kube-proxy}\n  data:\n    config.conf: |-\n" +
				"      apiVersion: kubeproxy.config.k8s.io/v1alpha1\n      kind: KubeProxyConfiguration\n      clientConnection:\n        qps: 5\n    kubeconfig.conf: |-\n      apiVersion: v1\n      kind: Config\n"},
			want: []string{"kube-proxy/kube-proxy clientConnection.qps=5@20:0", "kubelet/kubelet-config kubeAPIQPS=10@11:0"},
		},
		"versions that nothing reads": {
			files: map[string]string{
				"a/kubelet.yaml": "apiVersion: kubelet.config.k8s.io/v1\nkind: KubeletConfiguration\n", "b/kubelet.yaml": "kind: KubeletConfiguration\nmaxPods: 4\n",
				"c/sched.yaml": strings.Replace(schedulerHead, "v1", "v1beta2", 1), "c/pod.yaml": scheduler("cp-1"), "d/sched.yaml": strings.Replace(schedulerHead, "v1", "v1beta2", 1),
			},
			want: []string{"kube-scheduler/cp-1 1.34.1", "kube-scheduler/sched", "kubelet/a", "kubelet/b maxPods=4@2:10"},
			loud: []string{
				"a/kubelet.yaml:1:13: there is no kubelet.config.k8s.io/v1 of KubeletConfiguration, and kubelet refuses it; kaudit read it all the same",
				"b/kubelet.yaml:1:1: this KubeletConfiguration has no apiVersion, and kubelet refuses it; kaudit read it all the same",
				"c/sched.yaml:1:13: kubescheduler.config.k8s.io/v1beta2 is read up to Kubernetes 1.27, and kube-scheduler 1.34 does not start with it; write kubescheduler.config.k8s.io/v1",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := tree(t, c.files)
			got := read(t, root)
			var told []string
			for _, p := range got.Problems {
				if !p.Quiet {
					told = append(told, strings.TrimPrefix(p.String(), root+"/"))
				}
			}
			if d := cmp.Diff(c.want, documentsOf(got)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if d := cmp.Diff(c.loud, told); d != "" {
				t.Errorf("problems (-want +got)\n%s", d)
			}
			wantNoSecrets(t, got)
		})
	}
}
