package loopback

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/e2e/build"
)

// configMaps are the two that kubeadm leaves in every cluster of its own.
func (c *Cluster) configMaps(ctx context.Context) error {
	for name, data := range map[string]map[string]string{
		"kubeadm-config": {"ClusterConfiguration": c.clusterConfiguration()},
		"kubelet-config": {"kubelet": kubeletConfiguration},
	} {
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "kube-system"}, Data: data}
		if _, err := c.Client.CoreV1().ConfigMaps("kube-system").Create(ctx, cm, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create %s: %w", name, err)
		}
	}
	return nil
}

func (c *Cluster) clusterConfiguration() string {
	return fmt.Sprintf(`apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
apiServer:%s
caCertificateValidityPeriod: 87600h0m0s
certificateValidityPeriod: 8760h0m0s
certificatesDir: /etc/kubernetes/pki
clusterName: %s
controlPlaneEndpoint: %s
controllerManager:%s
dns: {}
encryptionAlgorithm: RSA-2048
etcd:
  local:
    dataDir: /var/lib/etcd%s
imageRepository: registry.invalid
kubernetesVersion: %s
networking:
  dnsDomain: cluster.local
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
proxy: {}
scheduler:%s
`, c.extraArgs("kube-apiserver", "  "), ClusterName, c.Balancer.Addr, c.extraArgs("kube-controller-manager", "  "),
		c.extraArgs("etcd", "    "), build.Kubernetes, c.extraArgs("kube-scheduler", "  "))
}

// extraArgs are the flags that were given through kubeadm, in the list form of v1beta4.
func (c *Cluster) extraArgs(component, indent string) string {
	flags := c.Config.Flags[component]
	if len(flags) == 0 {
		if component == "etcd" {
			return ""
		}
		return " {}"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%sextraArgs:", indent)
	for _, f := range flags {
		name, value, _ := strings.Cut(strings.TrimPrefix(f, "--"), "=")
		fmt.Fprintf(&b, "\n%s- name: %s\n%s  value: %q", indent, name, indent, value)
	}
	return b.String()
}

const kubeletConfiguration = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous:
    enabled: false
  webhook:
    cacheTTL: 0s
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
  webhook:
    cacheAuthorizedTTL: 0s
    cacheUnauthorizedTTL: 0s
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
healthzBindAddress: 127.0.0.1
healthzPort: 10248
rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
`
