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

// registry is where images seem to come from; nothing is ever pulled.
const registry = "registry.invalid"

const pauseImage = registry + "/pause:3.10.1"

// etcdTag is told to kubeadm, whose own choice may be another version than the one that was built.
var etcdTag = strings.TrimPrefix(build.Etcd, "v") + "-0"

func (c *Cluster) containerdRoot() string { return filepath.Join(c.Config.Dir, "containerd") }

// startContainerd starts Debian's containerd with a network for pods: the bridge plugin.
func (c *Cluster) startContainerd(ctx context.Context) error {
	config := fmt.Sprintf(`version = 2
[plugins."io.containerd.grpc.v1.cri"]
  # A machine without CAP_SYS_RESOURCE cannot lower the out-of-memory score of a sandbox.
  restrict_oom_score_adj = true
  sandbox_image = %q
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`, pauseImage)
	network := fmt.Sprintf(`{"cniVersion": "0.4.0", "name": "e2e", "plugins": [{"type": "bridge", "bridge": "cni0", "isGateway": true,
 "ipam": {"type": "host-local", "ranges": [[{"subnet": "%s"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
`, c.podSubnet())
	path := filepath.Join(c.Config.Dir, "containerd.toml")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		return err
	}
	netd := c.Root() + "/etc/cni/net.d"
	if err := os.MkdirAll(netd, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(netd, "10-e2e.conflist"), []byte(network), 0o644); err != nil {
		return err
	}
	if err := c.Start(proc.Spec{Name: "containerd", Args: c.In("containerd", "--config", path), Env: c.env()}); err != nil {
		return err
	}
	return c.Until(ctx, 30*time.Second, "containerd", []string{"containerd"}, func(ctx context.Context) error {
		return c.run(ctx, "ctr", "version")
	})
}

func (c *Cluster) podSubnet() string { return fmt.Sprintf("10.80.%d.0/24", c.Config.N) }

// importImages makes an image of each program and hands it to containerd.
func (c *Cluster) importImages(ctx context.Context) error {
	for program, name := range map[string]string{
		"pause":                   pauseImage,
		"etcd":                    registry + "/etcd:" + etcdTag,
		"kube-apiserver":          registry + "/kube-apiserver:" + build.Kubernetes,
		"kube-controller-manager": registry + "/kube-controller-manager:" + build.Kubernetes,
		"kube-scheduler":          registry + "/kube-scheduler:" + build.Kubernetes,
	} {
		if err := c.Import(ctx, filepath.Join(c.Config.Bin, program), name); err != nil {
			return err
		}
	}
	return nil
}

// Import makes an image of a static program, its entry point, and hands it to containerd under that name.
func (c *Cluster) Import(ctx context.Context, program, name string) error {
	tar := filepath.Join(c.Config.Dir, filepath.Base(program)+".tar")
	if err := writeImage(tar, name, program); err != nil {
		return fmt.Errorf("make an image of %s: %w", program, err)
	}
	if err := c.run(ctx, "ctr", "images", "import", tar); err != nil {
		return err
	}
	return os.Remove(tar)
}
