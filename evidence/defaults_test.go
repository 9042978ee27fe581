package evidence

import (
	"bytes"
	"slices"
	"testing"

	"github.com/kaudit/kaudit/components"
)

func TestDefault(t *testing.T) {
	for _, tt := range []struct {
		component, flag, version, want string
		ok                             bool
	}{
		{"kube-apiserver", "goaway-chance", "1.24.17", "0", true},
		{"kube-apiserver", "goaway-chance", "v1.37.2", "0", true},
		{"kube-apiserver", "goaway-chance", "1.23.17", "", false},
		{"kube-apiserver", "goaway-chance", "1.38.0", "", false},
		{"kube-apiserver", "goaway-chance", "", "", false},
		{"kube-apiserver", "goaway-chance", "2.30.0", "", false},
		{"kube-apiserver", "disable-http2-serving", "1.30.14", "", false},
		{"kube-apiserver", "disable-http2-serving", "1.31.0", "false", true},
		{"kube-apiserver", "audit-log-maxbackup", "1.35.4", "0", true},
		{"kube-apiserver", "audit-log-maxbackup", "1.36.0", "100", true},
		{"kube-apiserver", "no-such-flag", "1.37.2", "", false},
		{"kube-controller-manager", "node-monitor-grace-period", "1.31.14", "40s", true},
		{"kube-controller-manager", "node-monitor-grace-period", "1.32.0", "50s", true},
		{"kube-controller-manager", "concurrent-job-syncs", "1.27.16", "", false},
		{"kube-scheduler", "kube-api-qps", "1.30.0", "50", true},
		{"etcd", "quota-backend-bytes", "3.5.24-0", "0", true},
		{"etcd", "pre-vote", "3.4.45", "false", true},
		{"etcd", "pre-vote", "3.5.0", "true", true},
		{"etcd", "snapshot-count", "3.5.35", "100000", true},
		{"etcd-events", "snapshot-count", "3.6.0", "10000", true},
		{"etcd", "experimental-initial-corrupt-check", "3.7.3", "", false},
		{"etcd", "feature-gates", "3.5.0", "", false},
		{"etcd", "snapshot-count", "3.8.0", "", false},
		{"etcd", "snapshot-count", "1.37.0", "", false},
		{"kubelet", "v", "1.37.0", "", false},
		{"kube-apiserver", "advertise-address", "1.37.0", "", false},
		{"kube-apiserver", "max-requests-inflight", "1.25.16", "400", true},
		{"kube-apiserver", "max-requests-inflight", "1.23.17", "", false},
		{"etcd", "initial-cluster", "3.5.9", "", false},
		{"etcd", "watch-progress-notify-interval", "3.7.3", "10m0s", true},
		{"etcd", "experimental-watch-progress-notify-interval", "3.5.9", "10m0s", true},
	} {
		if got, ok := Default(tt.component, tt.flag, tt.version); got != tt.want || ok != tt.ok {
			t.Errorf("%s --%s %s: got %q, %v, want %q, %v", tt.component, tt.flag, tt.version, got, ok, tt.want, tt.ok)
		}
	}
}

// The defaults of 1.37 are those that running processes print for flags that nobody set.
func TestDefaultsAreThoseInForce(t *testing.T) {
	for _, component := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		f, err := ParseFlagz(bytes.NewReader(recorded(t, "flagz/"+component+"-1.37.2.json")), Source{})
		if err != nil {
			t.Fatal(err)
		}
		set, ok := ParseContainer(component, commands(t)[component], nil, nil)
		if !ok {
			t.Fatalf("%s: got no command line", component)
		}
		compared := 0
		for _, flag := range components.FlagNames(component, "1.37.2") {
			want, ok := Default(component, flag, "1.37.2")
			if !ok && !slices.Contains(ownAddress, flag) {
				t.Errorf("%s --%s: got no default for 1.37", component, flag)
			}
			if _, given := set.Set[flag]; given || !ok {
				continue
			}
			got := f.Setting(flag)
			if flag == "watch-cache-sizes" { // the process adds events, which it never caches by default
				want = "[events#0,events.events.k8s.io#0]"
			}
			if got.Value != want || !got.Known() {
				t.Errorf("%s --%s: got %v in force, want %q", component, flag, got, want)
			}
			compared++
		}
		if compared < 30 {
			t.Errorf("%s: got %d defaults compared, want most of them", component, compared)
		}
	}
}
