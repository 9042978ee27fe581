package kubeadm

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kaudit/kaudit/e2e/build"
	"github.com/kaudit/kaudit/e2e/proc"
)

// kubeletScript starts the kubelet as kubeadm's unit of systemd does, once kubeadm has configured it.
const kubeletScript = `
until [ -s /var/lib/kubelet/config.yaml ] && [ -s /var/lib/kubelet/kubeadm-flags.env ]; do sleep 0.1; done
. /var/lib/kubelet/kubeadm-flags.env
exec kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf \
  --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS
`

// init runs kubeadm init to its end. What would need images that nobody built (CoreDNS, kube-proxy) is left out.
func (c *Cluster) init(ctx context.Context) error {
	path := filepath.Join(c.Config.Dir, "kubeadm.yaml")
	if err := os.WriteFile(path, []byte(c.configuration()), 0o644); err != nil {
		return err
	}
	if err := c.Start(proc.Spec{Name: "kubelet", Args: c.In("/bin/sh", "-c", kubeletScript), Env: c.env()}); err != nil {
		return err
	}
	err := c.Start(proc.Spec{
		Name: "kubeadm", Env: c.env(),
		Args: c.In("kubeadm", "init", "--config", path, "--ignore-preflight-errors=all", "--skip-phases=addon,show-join-command"),
	})
	if err != nil {
		return err
	}
	return c.Until(ctx, 4*time.Minute, "kubeadm init", []string{first, "containerd", "kubelet"}, func(context.Context) error {
		if c.PID("kubeadm") != 0 {
			return fmt.Errorf("it still runs:\n%s", c.Tail("kubeadm", 10))
		}
		if _, err := os.Stat(c.Root() + "/etc/kubernetes/admin.conf"); err != nil {
			return fmt.Errorf("it made no admin.conf:\n%s", c.Tail("kubeadm", 20))
		}
		return nil
	})
}

func (c *Cluster) configuration() string {
	endpoint := ""
	if c.Config.ControlPlaneEndpoint != "" {
		endpoint = "controlPlaneEndpoint: " + c.Config.ControlPlaneEndpoint + "\n"
	}
	return fmt.Sprintf(`apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration:
  name: %s
  imagePullPolicy: IfNotPresent
  kubeletExtraArgs:
  - name: node-ip
    value: %s
localAPIEndpoint:
  advertiseAddress: %[2]s
  bindPort: 6443
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: %s
imageRepository: %s
%snetworking:
  podSubnet: %s
apiServer:%s
controllerManager:%s
scheduler:%s
etcd:
  local:
    imageTag: %s%s
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
cgroupRoot: /%s
failCgroupV1: false
failSwapOn: false
makeIPTablesUtilChains: false
%s
`, NodeName, c.Address(), build.Kubernetes, registry, endpoint, c.podSubnet(),
		extraArgs(c.Config.Flags["kube-apiserver"], "  "), extraArgs(c.Config.Flags["kube-controller-manager"], "  "),
		extraArgs(c.Config.Flags["kube-scheduler"], "  "), etcdTag, etcdArgs(c.Config.Flags["etcd"]), c.cgroup(), strings.Join(c.Config.Kubelet, "\n"))
}

func etcdArgs(flags []string) string {
	if len(flags) == 0 {
		return ""
	}
	return extraArgs(flags, "    ")
}

// extraArgs are flags in the list form of v1beta4.
func extraArgs(flags []string, indent string) string {
	if len(flags) == 0 {
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
