package evidence

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseKubeadmConfig(t *testing.T) {
	for _, tt := range []struct {
		name, doc string
		want      KubeadmConfig
	}{{
		"v1beta4: lists, repeated flags",
		`apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
clusterName: prod
controlPlaneEndpoint: api.example:6443
apiServer:
  extraArgs:
  - {name: goaway-chance, value: "0.001"}
  - {name: service-account-issuer, value: https://a}
  - {name: service-account-issuer, value: https://b}
  - {name: token, value: s3cret}
controllerManager: {}
scheduler:
  extraArgs:
  - name: --kube-api-qps
    value: 100
etcd:
  local:
    dataDir: /var/lib/etcd
    extraArgs:
    - {name: quota-backend-bytes, value: "8589934592"}
`,
		KubeadmConfig{
			APIVersion: "kubeadm.k8s.io/v1beta4", KubernetesVersion: "v1.37.2", ClusterName: "prod", ControlPlaneEndpoint: "api.example:6443",
			ExtraArgs: map[string]map[string][]string{
				"kube-apiserver": {"goaway-chance": {"0.001"}, "service-account-issuer": {"https://a", "https://b"}},
				"kube-scheduler": {"kube-api-qps": {"100"}},
				"etcd":           {"quota-backend-bytes": {"8589934592"}},
			},
		},
	}, {
		"v1beta3: maps, external etcd",
		`apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
apiServer:
  extraArgs:
    goaway-chance: "0.001"
    profiling: "false"
etcd:
  external:
    endpoints: [https://u:p@10.0.0.1:2379, https://10.0.0.2:2379]
`,
		KubeadmConfig{
			APIVersion:            "kubeadm.k8s.io/v1beta3",
			ExtraArgs:             map[string]map[string][]string{"kube-apiserver": {"goaway-chance": {"0.001"}, "profiling": {"false"}}},
			ExternalEtcdEndpoints: []string{"https://10.0.0.1:2379", "https://10.0.0.2:2379"},
		},
	}, {
		"v1: what it adds is ignored",
		"apiVersion: kubeadm.k8s.io/v1\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n  - {name: v, value: \"2\", mergeMethod: append}\nnew: {field: 1}\n",
		KubeadmConfig{APIVersion: "kubeadm.k8s.io/v1", ExtraArgs: map[string]map[string][]string{"kube-apiserver": {"v": {"2"}}}},
	}, {
		"v1beta2, nothing set",
		"apiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\napiServer:\n  extraArgs: null\n",
		KubeadmConfig{APIVersion: "kubeadm.k8s.io/v1beta2"},
	}} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseKubeadmConfig([]byte(tt.doc))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestParseConfigRefuses(t *testing.T) {
	kubeadm := func(b []byte) error { _, err := ParseKubeadmConfig(b); return err }
	kubeletYAML := func(b []byte) error { _, err := ParseKubeletConfiguration(b); return err }
	kubelet := func(b []byte) error { _, err := ParseKubeletConfigz(b); return err }
	scheduler := func(b []byte) error { _, err := ParseSchedulerConfigz(b); return err }
	version := func(b []byte) error { _, err := ParseVersion(b); return err }
	for _, tt := range []struct {
		name, doc, want string
		parse           func([]byte) error
	}{
		{"kubeadm: empty", "", `kind ""`, kubeadm},
		{"kubeadm: another kind", "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n", `kind "InitConfiguration"`, kubeadm},
		{"kubeadm: no YAML", "\t{", "kubeadm configuration: ", kubeadm},
		{"kubeadm: arguments that are neither", "kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1\napiServer: {extraArgs: 3}", "extraArgs", kubeadm},
		{"kubeadm: too large", strings.Repeat("#", maxConfigBytes+1), "more than", kubeadm},
		{"kubelet YAML: another kind", "kind: Pod", `kind "Pod"`, kubeletYAML},
		{"kubelet: no configuration", "{}", "no kubeletconfig", kubelet},
		{"kubelet: text", "404 page not found", "kubelet configz: ", kubelet},
		{"kubelet: a duration that is none", `{"kubeletconfig":{"fileCheckFrequency":"soon"}}`, `duration "soon"`, kubelet},
		{"scheduler: no configuration", "{}", "no componentconfig", scheduler},
		{"scheduler: too large", strings.Repeat(" ", maxConfigBytes+1), "more than", scheduler},
		{"version: nothing", "{}", `gitVersion ""`, version},
	} {
		if err := tt.parse([]byte(tt.doc)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

func TestParseKubeletConfigz(t *testing.T) {
	const doc = `{"kubeletconfig":{"kind":"KubeletConfiguration","staticPodPath":"/etc/kubernetes/manifests","staticPodURL":"https://u:p@pods.example/m.yaml?token=x",
"staticPodURLHeader":{"Authorization":["Bearer s3cret"]},"fileCheckFrequency":"20s","httpCheckFrequency":{"Duration":30000000000},"eventRecordQPS":50,"eventBurst":100,
"kubeAPIQPS":0,"maxPods":110,"shutdownGracePeriod":0,"featureGates":{"EventedPLEG":true}}}`
	got, err := ParseKubeletConfigz([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	want := KubeletConfig{
		StaticPodPath: new("/etc/kubernetes/manifests"), StaticPodURL: new("https://pods.example/m.yaml"), HasURLHeader: true,
		FileCheckFrequency: new(20 * time.Second), HTTPCheckFrequency: new(30 * time.Second), EventRecordQPS: new(int64(50)), EventBurst: new(int64(100)),
		KubeAPIQPS: new(int64(0)), MaxPods: new(int64(110)), ShutdownGrace: new(time.Duration(0)), FeatureGates: map[string]bool{"EventedPLEG": true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestBareURL(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "http://h:8080/a?b#c": "http://h:8080/a", "u:p@h/a": "(not a URL)", "s3cret": "(not a URL)", "http://h/%zz": "(not a URL)",
	} {
		if got := bareURL(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// In the ConfigMap a frequency of 0 stands for the default, and is what kubeadm writes for unset ones.
func TestParseKubeletConfiguration(t *testing.T) {
	const doc = "kind: KubeletConfiguration\nfileCheckFrequency: 0s\nhttpCheckFrequency: 1m\nshutdownGracePeriod: 0s\nstaticPodPath: /m\nkubeAPIQPS: 5\n"
	got, err := ParseKubeletConfiguration([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	want := KubeletConfig{HTTPCheckFrequency: new(time.Minute), ShutdownGrace: new(time.Duration(0)), StaticPodPath: new("/m"), KubeAPIQPS: new(int64(5))}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestParseSchedulerConfigz(t *testing.T) {
	want := SchedulerConfig{
		QPS: new(50.0), Burst: new(int64(100)), PodInitialBackoff: new(time.Second), PodMaxBackoff: new(10 * time.Second),
		Parallelism: new(int64(16)), PercentageOfNodes: new(int64(0)), Profiles: []string{"default-scheduler", "batch"},
	}
	for name, doc := range map[string]string{
		"up to 1.35": `{"componentconfig":{"Parallelism":16,"ClientConnection":{"Kubeconfig":"/x","QPS":50,"Burst":100},"PercentageOfNodesToScore":0,
"PodInitialBackoffSeconds":1,"PodMaxBackoffSeconds":10,"Profiles":[{"SchedulerName":"default-scheduler","Plugins":{}},{"SchedulerName":"batch"}],"Extenders":null}}`,
		"1.36 and later": `{"componentconfig":{"kind":"KubeSchedulerConfiguration","apiVersion":"kubescheduler.config.k8s.io/v1","parallelism":16,"clientConnection":{"qps":50,"burst":100},
"percentageOfNodesToScore":0,"podInitialBackoffSeconds":1,"podMaxBackoffSeconds":10,"profiles":[{"schedulerName":"default-scheduler"},{"schedulerName":"batch"}]}}`,
	} {
		got, err := ParseSchedulerConfigz([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
	if got, err := ParseSchedulerConfigz([]byte(`{"componentconfig":{}}`)); err != nil || got.QPS != nil || got.PodMaxBackoff != nil {
		t.Errorf("got %+v, %v, want nothing that was not there", got, err)
	}
}

func TestParseVersion(t *testing.T) {
	for _, tt := range []struct {
		doc  string
		want Version
	}{
		{`{"major":"1","minor":"37","gitVersion":"v1.37.2","emulationMajor":"1","emulationMinor":"37"}`, Version{Git: "v1.37.2", Major: 1, Minor: 37}},
		{`{"major":"1","minor":"37","gitVersion":"v1.37.2","emulationMajor":"1","emulationMinor":"36"}`, Version{Git: "v1.37.2", Major: 1, Minor: 37, Emulated: 36}},
		{`{"major":"1","minor":"31+","gitVersion":"v1.31.4-eks-2d5f260"}`, Version{Git: "v1.31.4-eks-2d5f260", Major: 1, Minor: 31}},
		{`{"major":"","minor":"","gitVersion":"v1.30.1"}`, Version{Git: "v1.30.1", Major: 1, Minor: 30}},
	} {
		got, err := ParseVersion([]byte(tt.doc))
		if err != nil || got != tt.want {
			t.Errorf("%s: got %+v, %v, want %+v", tt.doc, got, err, tt.want)
		}
	}
	if got := (Version{Minor: 37, Emulated: 36}).Behaviour(); got != 36 {
		t.Errorf("got %d, want the emulated minor", got)
	}
	if got := (Version{Minor: 37}).Behaviour(); got != 37 {
		t.Errorf("got %d, want its own minor", got)
	}
}

func TestSemver(t *testing.T) {
	for in, want := range map[string]string{"v1.37.2": "1.37.2", "3.5.24-0": "3.5.24", "1.31+": "1.31.0"} {
		if got, ok := ParseSemver(in); !ok || got.String() != want {
			t.Errorf("%q: got %v, want %s", in, got, want)
		}
	}
	if _, ok := ParseSemver("latest"); ok {
		t.Error("got a version of latest")
	}
	ascending := []Semver{{1, 9, 9}, {1, 10, 0}, {1, 10, 2}, {2, 0, 0}}
	for i, a := range ascending {
		for j, b := range ascending {
			if got := a.Less(b); got != (i < j) {
				t.Errorf("%v < %v: got %v", a, b, got)
			}
		}
	}
}
