package collect

import (
	"context"
	"errors"
	"net/http"

	corev1 "k8s.io/api/core/v1"

	"github.com/kaudit/kaudit/evidence"
)

// readKubeadmConfig reads what kubeadm keeps of its ClusterConfiguration.
func readKubeadmConfig(ctx context.Context, g getter) evidence.Observed[evidence.KubeadmConfig] {
	return readConfigMap(ctx, g, "cluster", "kubeadm-config", "ClusterConfiguration", evidence.ParseKubeadmConfig)
}

// readKubeletIntent reads the KubeletConfiguration that kubeadm gives to nodes that join.
func readKubeletIntent(ctx context.Context, g getter) evidence.Observed[evidence.KubeletConfig] {
	return readConfigMap(ctx, g, "kubelet", "kubelet-config", "kubelet", evidence.ParseKubeletConfiguration)
}

// readConfigMap reads one key of one of kubeadm's ConfigMaps.
func readConfigMap[T any](ctx context.Context, g getter, of, name, key string, parse func([]byte) (T, error)) evidence.Observed[T] {
	r := request{
		Path:       "/api/v1/namespaces/kube-system/configmaps/" + name,
		Query:      cached(),
		Permission: "get configmaps \"" + name + "\" in kube-system",
	}
	src := g.source(r)
	cm, err := fetch[corev1.ConfigMap](ctx, g, r)
	if isCode(err, http.StatusNotFound) {
		gap := evidence.Gap{Why: evidence.Absent, Note: "there is no ConfigMap kube-system/" + name + ": the cluster was not installed by kubeadm"}
		return evidence.Miss[T](of, gap, src)
	}
	if err != nil {
		return missed[T](of, g, r, err)
	}
	data, ok := cm.Data[key]
	if !ok {
		return missed[T](of, g, r, errors.New("it has no key "+key))
	}
	value, err := parse([]byte(data))
	if err != nil {
		return missed[T](of, g, r, err)
	}
	return evidence.See(of, value, src)
}
