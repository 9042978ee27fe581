package components

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKnown(t *testing.T) {
	for _, tt := range []struct {
		component, version string
		want               bool
	}{
		{"kube-apiserver", "1.24.17", true},
		{"kube-apiserver", "v1.37", true},
		{"kubelet", "v1.37.1+k3s1", true},
		{"kubelet", "1.37+", true},
		{"kube-scheduler", "1.37-eks-1234", true},
		{"kube-apiserver", "1.23.17", false},
		{"kube-apiserver", "1.99.0", false},
		{"kube-apiserver", "1.2", false},
		{"kube-apiserver", "1.370", false},
		{"kube-apiserver", "1.37x", false},
		{"kube-apiserver", "1", false},
		{"kube-apiserver", "3.5.0", false},
		{"kube-apiserver", "", false},
		{"etcd", "3.4.3", true},
		{"etcd", "v3.7", true},
		{"etcd-events", "3.5.24-0", true},
		{"etcd", "3.3.27", false},
		{"etcd", "3.8.0", false},
		{"kube-proxy", "1.37.0", false},
	} {
		if got := Known(tt.component, tt.version); got != tt.want {
			t.Errorf("%s %q: got %v, want %v", tt.component, tt.version, got, tt.want)
		}
	}
}

// Running processes tell all of their flags: the catalogue has these, and no others.
func TestFlagsAreThoseOfRunningProcesses(t *testing.T) {
	files, err := filepath.Glob("../testdata/flagz/kube-*-1.37.2.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("got %v, %v, want recordings", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var flagz struct{ Flags map[string]string }
		if err := json.Unmarshal(text, &flagz); err != nil {
			t.Fatal(err)
		}
		component := ""
		for _, c := range Components() {
			if strings.HasPrefix(filepath.Base(file), c) {
				component = c
			}
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(flagz.Flags)), FlagNames(component, "1.37.2")); diff != "" {
			t.Errorf("%s (-running +catalogue):\n%s", file, diff)
		}
	}
}

func TestLookupFlag(t *testing.T) {
	for _, tt := range []struct {
		component, version, name string
		want                     Flag
	}{
		{"kube-apiserver", "1.37.2", "goaway-chance", Flag{Name: "goaway-chance", Type: "float64", Default: "0"}},
		{"kube-apiserver", "1.37.2", "goaway_chance", Flag{Name: "goaway-chance", Type: "float64", Default: "0"}},
		{"kube-apiserver", "1.37.2", "v", Flag{Name: "v", Short: "v", Type: "Level", Default: "0"}},
		{"kubelet", "1.37.2", "h", Flag{Name: "help", Short: "h", Type: "bool", Default: "false", Bare: true}},
		{"etcd-events", "3.5.1", "pre-vote", Flag{Name: "pre-vote", Type: "bool", Default: "true", Bare: true}},
		{"etcd", "3.5.1", "pre_vote", Flag{}},
		{"kube-apiserver", "1.37.2", "goaway", Flag{}},
		{"kube-apiserver", "", "goaway-chance", Flag{}},
		{"kube-proxy", "1.37.2", "v", Flag{}},
	} {
		got, ok := LookupFlag(tt.component, tt.version, tt.name)
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != (tt.want.Name != "") {
			t.Errorf("%s %s --%s: got %v (-want +got):\n%s", tt.component, tt.version, tt.name, ok, diff)
		}
	}
}

// Facts that were read in the source of the minors on both sides of each change.
func TestFlagHistory(t *testing.T) {
	for _, tt := range []struct {
		component, name string
		want            Span
	}{
		{"kube-apiserver", "goaway-chance", Span{First: "1.24", Last: "1.37"}},
		{"kube-apiserver", "insecure-port", Span{}}, // gone with 1.24
		{"kube-apiserver", "disable-http2-serving", Span{First: "1.31", Last: "1.37", Added: "1.31"}},
		{"kube-apiserver", "logtostderr", Span{First: "1.24", Last: "1.25", Removed: "1.26"}},
		{"kube-apiserver", "etcd-readycheck-timeout", Span{First: "1.25", Last: "1.37", Added: "1.25"}},
		{"kube-apiserver", "shutdown_watch_termination_grace_period", Span{First: "1.27", Last: "1.37", Added: "1.27"}},
		{"kube-controller-manager", "pod-eviction-timeout", Span{First: "1.24", Last: "1.26", Removed: "1.27"}},
		{"kube-controller-manager", "enable-taint-manager", Span{First: "1.24", Last: "1.26", Removed: "1.27"}},
		{"kube-controller-manager", "concurrent-daemonset-syncs", Span{First: "1.32", Last: "1.37", Added: "1.32"}},
		{"kubelet", "container-runtime", Span{First: "1.24", Last: "1.26", Removed: "1.27"}},
		{"kubelet", "pod-infra-container-image", Span{First: "1.24", Last: "1.34", Removed: "1.35"}},
		{"kubelet", "containerd", Span{First: "1.24", Last: "1.36", Removed: "1.37"}}, // cAdvisor's
		{"kubelet", "windows-service", Span{First: "1.24", Last: "1.37"}},
		{"etcd", "enable-v2", Span{First: "3.4", Last: "3.5", Removed: "3.6"}},
		{"etcd", "experimental-initial-corrupt-check", Span{First: "3.4", Last: "3.6", Removed: "3.7"}},
		{"etcd", "compact-hash-check-time", Span{First: "3.6", Last: "3.7", Added: "3.6"}},
		{"etcd", "next-cluster-version-compatible", Span{First: "3.4", Last: "3.4", Removed: "3.5"}},
		{"etcd", "initial-election-tick-advance", Span{First: "3.4", Last: "3.7"}},
		{"etcd", "enable-v3", Span{}},
	} {
		got, ok := FlagHistory(tt.component, tt.name)
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != (tt.want.First != "") {
			t.Errorf("%s --%s: got %v (-want +got):\n%s", tt.component, tt.name, ok, diff)
		}
	}
}

func TestLookupGate(t *testing.T) {
	kubernetes := []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"}
	for _, tt := range []struct {
		component, version, name string
		want                     Gate
	}{
		{"kube-apiserver", "1.24.17", "APIPriorityAndFairness", Gate{Name: "APIPriorityAndFairness", Stage: "BETA", Default: true, Components: kubernetes}},
		{"kubelet", "1.37.2", "APIPriorityAndFairness", Gate{}},
		{"kubelet", "1.37.2", "AllAlpha", Gate{Name: "AllAlpha", Stage: "ALPHA", Components: kubernetes}},
		{"kube-apiserver", "1.37.2", "kube:AllBeta", Gate{Name: "AllBeta", Stage: "BETA", Components: kubernetes}},
		{"kube-apiserver", "1.24.17", "kube:AllBeta", Gate{}},
		{"kubelet", "1.34.0", "WatchListClient", Gate{Name: "WatchListClient", Stage: "BETA", Components: kubernetes}},
		{"kube-controller-manager", "1.34.0", "WatchListClient", Gate{Name: "WatchListClient", Stage: "BETA", Default: true, Components: kubernetes}},
		{"kube-apiserver", "1.29.15", "APIPriorityAndFairness", Gate{Name: "APIPriorityAndFairness", Stage: "GA", Default: true, Locked: true, Components: kubernetes}},
		{"etcd", "3.6.4", "InitialCorruptCheck", Gate{Name: "InitialCorruptCheck", Stage: "ALPHA", Components: []string{"etcd"}}},
		{"etcd", "3.5.4", "InitialCorruptCheck", Gate{}},
		{"kube-proxy", "1.37.2", "AllAlpha", Gate{}},
	} {
		got, ok := LookupGate(tt.component, tt.version, tt.name)
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != (tt.want.Name != "") {
			t.Errorf("%s %s %s: got %v (-want +got):\n%s", tt.component, tt.version, tt.name, ok, diff)
		}
	}
	for _, tt := range []struct {
		component, name string
		want            Span
	}{
		{"etcd", "FastLeaseKeepAlive", Span{First: "3.7", Last: "3.7", Added: "3.7"}},
		{"kubelet", "AllAlpha", Span{First: "1.24", Last: "1.37"}},
		{"kube-apiserver", "APIServerTracing", Span{First: "1.24", Last: "1.36", Removed: "1.37"}},
	} {
		if got, _ := GateHistory(tt.component, tt.name); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestKnownKey(t *testing.T) {
	const (
		kubelet   = "kubelet.config.k8s.io/v1beta1 KubeletConfiguration"
		scheduler = "kubescheduler.config.k8s.io/v1 KubeSchedulerConfiguration"
	)
	for _, tt := range []struct {
		component, version, kind, path string
		want                           bool
	}{
		{"kubelet", "1.24.17", kubelet, "kubeAPIQPS", true},
		{"kubelet", "1.24.17", kubelet, "kubeApiQps", false},
		{"kubelet", "1.37.2", kubelet, "apiVersion", true},
		{"kubelet", "1.37.2", kubelet, "authentication", true},
		{"kubelet", "1.37.2", kubelet, "authentication x509 clientCAFile", true},
		{"kubelet", "1.37.2", kubelet, "authentication x509 clientCaFile", false},
		{"kubelet", "1.37.2", kubelet, "evictionHard memory.available", true}, // a map of strings
		{"kubelet", "1.37.2", kubelet, "featureGates Anything", true},
		{"kubelet", "1.37.2", kubelet, "shutdownGracePeriod", true},
		{"kubelet", "1.37.2", kubelet, "reservedMemory limits memory", true},
		{"kubelet", "1.37.2", kubelet, "logging options json infoBufferSize", true},
		{"kubelet", "1.24.17", kubelet, "containerRuntimeEndpoint", false},
		{"kubelet", "1.37.2", kubelet, "containerRuntimeEndpoint", true},
		{"kubelet", "1.37.2", scheduler, "profiles", false},
		{"kubelet", "1.23.1", kubelet, "kubeAPIQPS", false},
		{"kube-scheduler", "1.37.2", scheduler, "profiles pluginConfig args anything at all", true},
		{"kube-scheduler", "1.37.2", scheduler, "profiles plugins score enabled weight", true},
		{"kube-scheduler", "1.37.2", scheduler, "profiles plugins scores", false},
		{"kube-scheduler", "1.24.17", scheduler, "profiles", false}, // the file had no v1 yet
		{"kube-scheduler", "1.37.2", scheduler, "clientConnection qps", true},
		{"etcd", "3.5.1", "etcd", "quota-backend-bytes", true},
		{"etcd", "3.5.1", "etcd", "Quota-Backend-Bytes", true},
		{"etcd", "3.5.1", "etcd", "quota-backend-byte", false},
		{"etcd", "3.5.1", "etcd", "client-transport-security trusted-ca-file", true},
		{"etcd", "3.5.1", "etcd", "client-transport-security ca-file", false},
		{"etcd", "3.5.1", "etcd", "enable-v2", true},
		{"etcd", "3.5.1", "etcd", "discovery-proxy", true},
		{"etcd", "3.7.3", "etcd", "discovery-proxy", false},
		{"etcd", "3.5.1", "etcd", "proxy", true},
		{"kube-apiserver", "1.37.2", kubelet, "kubeAPIQPS", false},
	} {
		if got := KnownKey(tt.component, tt.version, tt.kind, strings.Fields(tt.path)...); got != tt.want {
			t.Errorf("%s %s, %s, %s: got %v, want %v", tt.component, tt.version, tt.kind, tt.path, got, tt.want)
		}
	}
	if got, want := FileKinds("kubelet", "1.37.2"), []string{kubelet}; !slices.Equal(got, want) {
		t.Errorf("got kinds %v, want %v", got, want)
	}
	if got, _ := KeyHistory("etcd", "etcd", "discovery-proxy"); got != (Span{First: "3.4", Last: "3.6", Removed: "3.7"}) {
		t.Errorf("etcd's discovery-proxy: got %+v", got)
	}
}
