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
		{"etcd", "3.6.4", "InitialCorruptCheck", Gate{Name: "InitialCorruptCheck", Stage: "ALPHA", Components: []string{"etcd"}}},
		{"etcd", "3.5.4", "InitialCorruptCheck", Gate{}},
		{"kube-proxy", "1.37.2", "AllAlpha", Gate{}},
	} {
		got, ok := LookupGate(tt.component, tt.version, tt.name)
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != (tt.want.Name != "") {
			t.Errorf("%s %s %s: got %v (-want +got):\n%s", tt.component, tt.version, tt.name, ok, diff)
		}
	}
	if got, _ := GateHistory("etcd", "FastLeaseKeepAlive"); got != (Span{First: "3.7", Last: "3.7", Added: "3.7"}) {
		t.Errorf("FastLeaseKeepAlive: got %+v", got)
	}
}
