package evidence

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadDocuments(t *testing.T) {
	src := Source{Via: ViaFile, From: "kubelet.yaml", Line: 1}
	fields := func(pairs ...string) map[string]FlagValue {
		m := map[string]FlagValue{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = FlagValue{Value: pairs[i+1], Source: Source{Via: ViaFile, From: "kubelet.yaml", Line: 2 + i/2}}
		}
		return m
	}
	s := &Snapshot{
		Documents: Instances[Document]{
			See("kubelet/a", Document{Component: "kubelet", Kind: "KubeletConfiguration", Unknown: []string{"maxPods"}, Fields: fields(
				"kubeAPIQPS", "10", "staticPodURL", "http://user:secret@10.0.0.9/pods?token=x", "staticPodURLHeader.X[0]", "y",
				"fileCheckFrequency", "0s", "shutdownGracePeriod", "30s", "featureGates.A", "true", "featureGates.B", "false", "eventBurst", "many",
			)}, src),
			See("kubelet/b", Document{Component: "kubelet", Kind: "KubeletConfiguration", Fields: fields("kubeAPIQPS", "20")}, src),
			See("kube-scheduler/a", Document{Component: "kube-scheduler", Kind: "KubeSchedulerConfiguration", Fields: fields(
				"clientConnection.qps", "12.5", "clientConnection.burst", "25", "podMaxBackoffSeconds", "60",
				"profiles[0].plugins", "{}", "profiles[1].schedulerName", "second",
			)}, src),
			See("etcd/a", Document{Component: "etcd", Fields: fields("name", "a")}, src),
		},
		KubeletConfigs: Instances[KubeletConfig]{See("kubelet/b", KubeletConfig{}, src)},
	}
	s.ReadDocuments()
	n, qps, burst := int64(10), 12.5, int64(25)
	url, grace, backoff := "http://10.0.0.9/pods", 30*time.Second, time.Minute
	want := Instances[KubeletConfig]{
		See("kubelet/b", KubeletConfig{}, src),
		See("kubelet/a", KubeletConfig{KubeAPIQPS: &n, StaticPodURL: &url, HasURLHeader: true, ShutdownGrace: &grace, FeatureGates: map[string]bool{"A": true, "B": false}}, src),
	}
	if d := cmp.Diff(want, s.KubeletConfigs); d != "" {
		t.Errorf("kubelets (-want +got)\n%s", d)
	}
	wantScheduler := Instances[SchedulerConfig]{See("kube-scheduler/a", SchedulerConfig{QPS: &qps, Burst: &burst, PodMaxBackoff: &backoff, Profiles: []string{"second"}}, src)}
	if d := cmp.Diff(wantScheduler, s.SchedulerConfig); d != "" {
		t.Errorf("schedulers (-want +got)\n%s", d)
	}
	d := s.DocumentOf("kubelet", "kubelet/a", Source{})
	if got := d.At(src, "nothing", "staticPodURL").Line; got != 3 {
		t.Errorf("staticPodURL: got line %d, want 3", got)
	}
	if got := d.At(src, "nothing"); got != src {
		t.Errorf("a field that is not there: got %+v, want the document's place", got)
	}
	if !d.Has("maxPods") || !d.Fills("maxPods") || d.Fills("kubeAPIQPS") || d.Has("port") {
		t.Error("got maxPods not set, or kubeAPIQPS filled in, or port set; want only maxPods filled in")
	}
}
