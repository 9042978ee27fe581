// Package kubeadm starts a genuine cluster of one node with kubeadm: containerd, a kubelet, and the
// control plane in static pods from images of the built programs.
//
// It lives in namespaces of its own (mount, network, process ids, host name), in which the paths that
// kubeadm and kubelets insist on are private. So it neither sees nor disturbs another cluster of the
// same machine, and with its first process everything in it ends. Root only.
package kubeadm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kaudit/kaudit/e2e/proc"
)

// NodeName is the name of the only node.
const NodeName = "cp1"

// A Config says what kind of cluster to start.
type Config struct {
	Bin string // the built programs
	Dir string // of this cluster: logs, images, kubeconfig
	N   int    // its number on this machine, 0 to 9: decides its addresses

	// Flags by component (kube-apiserver, kube-controller-manager, kube-scheduler, etcd), as an
	// administrator gives them in kubeadm's extraArgs.
	Flags map[string][]string
	// Kubelet are further lines of the KubeletConfiguration.
	Kubelet []string
	// ControlPlaneEndpoint is the common address of API servers, where there is one.
	ControlPlaneEndpoint string
}

// A Cluster runs.
type Cluster struct {
	*proc.Group

	Config Config
	Client kubernetes.Interface
	REST   *rest.Config

	made []string // directories that were not there before
}

// Start starts a cluster and returns when its node is ready and its control plane shows itself in
// mirror pods. Whatever was started when an error occurs is stopped again.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("start a kubeadm cluster: root is needed, for namespaces, mounts and containers")
	}
	c := &Cluster{Group: &proc.Group{Dir: filepath.Join(cfg.Dir, "log")}, Config: cfg}
	for _, step := range []func(context.Context) error{
		c.namespaces, c.startContainerd, c.importImages, c.init, c.connect, c.settle,
	} {
		if err := step(ctx); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// Close ends everything in the namespaces and removes what it left outside of them. Logs stay.
func (c *Cluster) Close() {
	c.Kill(first) // and with it, by the kernel's hand, all others
	c.KillAll()
	for _, err := range []error{
		removeCgroups(c.cgroup()),
		os.RemoveAll(c.containerdRoot()),
	} {
		if err != nil {
			fmt.Fprintln(os.Stderr, "clean up:", err)
		}
	}
	for _, dir := range slices.Backward(c.made) {
		_ = os.Remove(dir) // stays if somebody else uses it by now
	}
}

// Kubeconfig is that of an administrator.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.Config.Dir, "admin.kubeconfig") }

// Address is the address of the node.
func (c *Cluster) Address() string { return fmt.Sprintf("10.79.%d.1", c.Config.N) }

// Root is where the node's own files are seen from outside: Root()+"/etc/kubernetes".
func (c *Cluster) Root() string { return fmt.Sprintf("/proc/%d/root", c.PID(first)) }

// In is the command line that runs args on the node, that is in its namespaces.
func (c *Cluster) In(args ...string) []string {
	ns := []string{"nsenter", "--target", strconv.Itoa(c.PID(first)), "--mount", "--net", "--pid", "--uts"}
	return append(append(ns, "--"), args...)
}

// run runs a command on the node to its end.
func (c *Cluster) run(ctx context.Context, args ...string) error {
	in := c.In(args...)
	cmd := exec.CommandContext(ctx, in[0], in[1:]...)
	cmd.Env = c.env()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

func (c *Cluster) env() []string {
	return append(os.Environ(), "PATH="+c.Config.Bin+":"+os.Getenv("PATH"), "CONTAINERD_NAMESPACE=k8s.io")
}

func (c *Cluster) connect(context.Context) error {
	conf, err := os.ReadFile(c.Root() + "/etc/kubernetes/admin.conf")
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Kubeconfig(), conf, 0o600); err != nil {
		return err
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return err
	}
	cfg.UserAgent, cfg.Timeout = "kaudit-e2e-harness", 30*time.Second
	c.REST = cfg
	c.Client, err = kubernetes.NewForConfig(cfg)
	return err
}

// settle waits for what a cluster of an hour ago would show: a ready node, and every static pod
// ready in the API.
func (c *Cluster) settle(ctx context.Context) error {
	return c.Until(ctx, 90*time.Second, "the node and its static pods", []string{first, "kubelet", "containerd"}, func(ctx context.Context) error {
		node, err := c.Client.CoreV1().Nodes().Get(ctx, NodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, cond := range node.Status.Conditions {
			if cond.Type == "Ready" && cond.Status != "True" {
				return fmt.Errorf("node is not ready: %s", cond.Message)
			}
		}
		for _, component := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
			pod, err := c.Client.CoreV1().Pods("kube-system").Get(ctx, component+"-"+NodeName, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if len(pod.Status.ContainerStatuses) != 1 || !pod.Status.ContainerStatuses[0].Ready {
				return fmt.Errorf("%s is not ready", pod.Name)
			}
		}
		return nil
	})
}

// first is the process that the namespaces belong to.
const first = "nsinit"

// namespaces makes the node: a network with one address, and private places for all that is written.
func (c *Cluster) namespaces(ctx context.Context) error {
	for _, d := range []string{c.Dir, c.containerdRoot()} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	err := c.Start(proc.Spec{
		Name: first, Args: []string{filepath.Join(c.Config.Bin, "nsinit")}, Hostname: NodeName,
		Clone: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
	})
	if err != nil {
		return err
	}
	if err := c.mounts(ctx); err != nil {
		return err
	}
	if err := c.network(ctx); err != nil {
		return err
	}
	return makeCgroups(c.cgroup())
}

// private are the directories that the node has to itself, in memory. That etcd's is one of them
// makes its disk latency no matter of the machine's luck.
var private = []string{
	"/etc/cni", "/etc/kubernetes", "/run/containerd", "/usr/libexec/kubernetes", "/var/lib/cni", "/var/lib/etcd", "/var/lib/kubelet",
	"/var/log/containers", "/var/log/pods",
}

func (c *Cluster) mounts(ctx context.Context) error {
	// Before anything else: on many machines a mount would be seen by everybody.
	if err := c.run(ctx, "mount", "--make-rprivate", "/"); err != nil {
		return err
	}
	if err := c.run(ctx, "mount", "-t", "proc", "proc", "/proc"); err != nil {
		return err
	}
	for _, d := range append([]string{"/var/lib/containerd"}, private...) {
		if err := c.mountpoint(d); err != nil {
			return err
		}
	}
	// Images are too large for memory.
	if err := c.run(ctx, "mount", "--bind", c.containerdRoot(), "/var/lib/containerd"); err != nil {
		return err
	}
	for _, d := range private {
		if err := c.run(ctx, "mount", "-t", "tmpfs", "-o", "mode=0755", "kaudit-e2e", d); err != nil {
			return err
		}
	}
	return nil
}

// mountpoint makes a directory to mount on where there is none, and remembers that it did.
func (c *Cluster) mountpoint(dir string) error {
	var missing []string
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil {
			break
		}
		missing = append(missing, d)
	}
	for _, d := range slices.Backward(missing) {
		if err := os.Mkdir(d, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		c.made = append(c.made, d)
	}
	return nil
}

// network joins the node to this machine by a pair of virtual interfaces; they go with the namespace.
func (c *Cluster) network(ctx context.Context) error {
	outside, inside := fmt.Sprintf("kaudit%d", c.Config.N), fmt.Sprintf("kaudit%dn", c.Config.N)
	gateway := fmt.Sprintf("10.79.%d.254", c.Config.N)
	for _, args := range [][]string{
		{"ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", strconv.Itoa(c.PID(first))},
		{"ip", "addr", "add", gateway + "/24", "dev", outside},
		{"ip", "link", "set", outside, "up"},
		c.In("ip", "link", "set", "lo", "up"),
		c.In("ip", "addr", "add", c.Address()+"/24", "dev", inside),
		c.In("ip", "link", "set", inside, "up"),
		c.In("ip", "route", "add", "default", "via", gateway), // kubeadm and kubelet look for a default route
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}
