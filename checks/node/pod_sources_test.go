package node

import (
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

func TestPodSourcesConfig(t *testing.T) {
	for name, tc := range map[string]struct {
		config     evidence.KubeletConfig
		url, check string
	}{
		"kubeadm's":         {evidence.KubeletConfig{StaticPodPath: new("/etc/kubernetes/manifests"), StaticPodURL: new("")}, "pass", "pass"},
		"nothing told":      {evidence.KubeletConfig{}, "pass", "pass"},
		"http":              {evidence.KubeletConfig{StaticPodURL: new("http://boot/pods")}, "critical", "pass"},
		"https":             {evidence.KubeletConfig{StaticPodURL: new("https://boot/pods"), HasURLHeader: true}, "warning", "pass"},
		"a minute":          {evidence.KubeletConfig{FileCheckFrequency: new(time.Minute)}, "pass", "pass"},
		"over a minute":     {evidence.KubeletConfig{FileCheckFrequency: new(61 * time.Second)}, "pass", "info"},
		"five seconds":      {evidence.KubeletConfig{FileCheckFrequency: new(5 * time.Second)}, "pass", "pass"},
		"under five":        {evidence.KubeletConfig{FileCheckFrequency: new(4 * time.Second)}, "pass", "info"},
		"zero is a default": {evidence.KubeletConfig{FileCheckFrequency: new(time.Duration(0))}, "pass", "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{KubeletConfigs: evidence.Instances[evidence.KubeletConfig]{evidence.See("kubelet/n1", tc.config, evidence.Source{})}}
			want(t, s, podSources, tc.url+" kubelet/n1", tc.check+" kubelet/n1 file-check")
		})
	}
}

func control(pods ...evidence.ControlPod) evidence.Observed[[]evidence.ControlPod] {
	return evidence.See("control-plane pods", pods, evidence.Source{})
}

func TestPodSourcesStaticPods(t *testing.T) {
	pod := func(restarts int, ago time.Duration, waiting string) evidence.ControlPod {
		p := evidence.ControlPod{Component: "etcd", Subject: "etcd/cp-1", Node: "cp-1", Static: true, Restarts: restarts, Waiting: waiting}
		if ago > 0 {
			p.LastRestart = now.Add(-ago)
		}
		return p
	}
	phase := func(p string) evidence.ControlPod {
		out := pod(0, 0, "")
		out.Phase = p
		return out
	}
	for name, tc := range map[string]struct {
		pod  evidence.ControlPod
		want string
	}{
		"never restarted":         {pod(0, 0, ""), "pass"},
		"often, long ago":         {pod(50, 61*time.Minute, ""), "pass"},
		"four times, just now":    {pod(4, time.Minute, ""), "pass"},
		"five times, an hour ago": {pod(5, time.Hour, ""), "warning"},
		"crashing":                {pod(2, time.Minute, "CrashLoopBackOff"), "critical"},
		"no image":                {pod(0, 0, "ImagePullBackOff"), "warning"},
		"no container":            {pod(0, 0, "CreateContainerConfigError"), "warning"},
		"is being made":           {pod(0, 0, "ContainerCreating"), "skipped"},
		"pending":                 {phase("Pending"), "skipped"},
		"running":                 {phase("Running"), "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, &evidence.Snapshot{ControlPods: control(tc.pod)}, podSources, tc.want+" etcd/cp-1 static-pod")
		})
	}
}

func TestPodSourcesAbsentStaticPod(t *testing.T) {
	api := func(node string) evidence.ControlPod {
		return evidence.ControlPod{Component: "kube-apiserver", Subject: "kube-apiserver/" + node, Node: node, Static: true}
	}
	cp := func(name string) evidence.Node { return evidence.Node{Name: name, ControlPlane: true} }
	want(t, &evidence.Snapshot{ControlPods: control(api("cp-1")), Nodes: nodes(cp("cp-1"), cp("cp-2"), evidence.Node{Name: "w"})}, podSources,
		"pass kube-apiserver/cp-1 static-pod", "warning node/cp-2")
	want(t, &evidence.Snapshot{ControlPods: control(api("cp-1"), api("cp-2")), Nodes: nodes(cp("cp-1"), cp("cp-2"))}, podSources,
		"pass kube-apiserver/cp-1 static-pod", "pass kube-apiserver/cp-2 static-pod")
	joining := cp("cp-2")
	joining.Created = now.Add(-9 * time.Minute)
	want(t, &evidence.Snapshot{ControlPods: control(api("cp-1")), Nodes: nodes(cp("cp-1"), joining)}, podSources, "pass kube-apiserver/cp-1 static-pod")
}

// TestPodSourcesGaps wants what could not be read to show, whatever else was seen.
func TestPodSourcesGaps(t *testing.T) {
	config := evidence.Instances[evidence.KubeletConfig]{evidence.See("kubelet/n1", evidence.KubeletConfig{}, evidence.Source{})}
	gap := evidence.Gap{Why: evidence.Forbidden, Note: "403"}
	want(t, &evidence.Snapshot{KubeletConfigs: config, ControlPods: evidence.Miss[[]evidence.ControlPod]("cluster", gap, evidence.Source{})}, podSources,
		"pass kubelet/n1", "pass kubelet/n1 file-check", "skipped static pods of the control plane")
	want(t, &evidence.Snapshot{KubeletConfigs: config, KubeletIntent: evidence.Miss[evidence.KubeletConfig]("kubelet", gap, evidence.Source{})}, podSources,
		"pass kubelet/n1", "pass kubelet/n1 file-check", "skipped kubelet-config")
	absent := evidence.Gap{Why: evidence.Absent, Note: "no ConfigMap"}
	want(t, &evidence.Snapshot{
		ControlPods:    control(),
		KubeletIntent:  evidence.Miss[evidence.KubeletConfig]("kubelet", absent, evidence.Source{}),
		KubeletConfigs: evidence.Instances[evidence.KubeletConfig]{evidence.Miss[evidence.KubeletConfig]("kubelet", gap, evidence.Source{})},
		KubeletMetrics: evidence.Instances[evidence.Scrapes]{evidence.Miss[evidence.Scrapes]("kubelet", gap, evidence.Source{})},
	}, podSources, "skipped kubelet static-pods", "skipped kubelet config", "not-applicable kubelet-config")
	want(t, &evidence.Snapshot{ControlPods: control(), Nodes: evidence.Miss[evidence.Nodes]("cluster", gap, evidence.Source{})}, podSources,
		"skipped control-plane nodes")
	want(t, &evidence.Snapshot{KubeletConfigs: config, KubeletMetrics: evidence.Instances[evidence.Scrapes]{evidence.See("kubelet/n1", evidence.Scrapes{}, evidence.Source{})}}, podSources,
		"pass kubelet/n1", "pass kubelet/n1 file-check", "skipped kubelet/n1 static-pods")
}

func TestPodSourcesUnstarted(t *testing.T) {
	static := func(v float64) *evidence.Family {
		return &evidence.Family{Type: "gauge", Series: []evidence.Series{{Labels: map[string]string{"static": "true"}, Value: v}, {Labels: map[string]string{"static": ""}, Value: 9}}}
	}
	scrape := func(active float64) evidence.Scrape {
		return evidence.Scrape{Families: map[string]*evidence.Family{"kubelet_desired_pods": static(4), "kubelet_active_pods": static(active)}}
	}
	for _, tc := range []struct {
		before, active float64
		want           string
	}{{4, 4, "pass"}, {3, 3, "warning"}, {3, 4, "pass"}, {4, 3, "skipped"}} {
		second := scrape(tc.active)
		s := &evidence.Snapshot{
			KubeletConfigs: evidence.Instances[evidence.KubeletConfig]{evidence.See("kubelet/n1", evidence.KubeletConfig{}, evidence.Source{})},
			KubeletMetrics: evidence.Instances[evidence.Scrapes]{evidence.See("kubelet/n1", evidence.Scrapes{First: scrape(tc.before), Second: &second}, evidence.Source{})},
		}
		want(t, s, podSources, "pass kubelet/n1", "pass kubelet/n1 file-check", tc.want+" kubelet/n1 static-pods")
	}
}
