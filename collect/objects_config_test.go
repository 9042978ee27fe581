package collect

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/kaudit/kaudit/evidence"
)

func TestReadConfigMaps(t *testing.T) {
	const path = "/api/v1/namespaces/kube-system/configmaps/"
	with := func(key, value string) answer {
		return encoded(t, "v1", "ConfigMap", &corev1.ConfigMap{Data: map[string]string{key: value}})
	}
	f := &fakeServer{answers: map[string]answer{
		path + "kubeadm-config?resourceVersion=0": with("ClusterConfiguration", "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nclusterName: prod\n"),
		path + "kubelet-config?resourceVersion=0": with("kubelet", "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nkubeAPIQPS: 5\n"),
	}}
	if got := readKubeadmConfig(t.Context(), f); !got.Seen() || got.Value.ClusterName != "prod" || got.Of != "cluster" {
		t.Errorf("got %+v, want the configuration of prod", got)
	}
	if got := readKubeletIntent(t.Context(), f); !got.Seen() || *got.Value.KubeAPIQPS != 5 || got.Of != "kubelet" {
		t.Errorf("got %+v, want a kubeAPIQPS of 5", got)
	}
	wantGap(t, readKubeadmConfig(t.Context(), &fakeServer{}), evidence.Absent, "was not installed by kubeadm")
	for want, a := range map[evidence.Why]answer{
		evidence.Forbidden:   forbidden,
		evidence.Unreachable: noAnswer,
		evidence.Malformed:   with("ClusterConfiguration", "kind: [\n"),
	} {
		wantGap(t, readKubeadmConfig(t.Context(), &fakeServer{answers: map[string]answer{path + "kubeadm-config": a}}), want, "kubeadm-config")
	}
	wantGap(t, readKubeletIntent(t.Context(), &fakeServer{answers: map[string]answer{path + "kubelet-config": with("other", "x")}}), evidence.Malformed, "it has no key kubelet")
}
