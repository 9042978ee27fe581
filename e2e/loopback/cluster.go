// Package loopback starts a genuine highly available control plane as plain processes on loopback
// addresses: etcd members with TLS, kube-apiservers behind a balancer, controller manager and
// scheduler, described by nodes and mirror pods as kubeadm would. Root only, for host names.
//
// Nodes and their pods exist in the API alone. In a kubelet's place something answers port-forwards
// to the control plane; whoever asks it for anything else is told 404.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kaudit/kaudit/e2e/pki"
	"github.com/kaudit/kaudit/e2e/proc"
)

// ClusterName is how kubeconfigs call the cluster.
const ClusterName = "loopback"

// A Config says what kind of cluster to start. Zero counts mean two API servers, three etcd members.
type Config struct {
	Bin  string // the built programs
	Dir  string // of this cluster: logs, certificates, audit logs
	Data string // where etcd writes; "" is Dir. A directory in memory makes disk latency no matter of luck

	APIServers  int
	EtcdMembers int
	// Flags by component, as an administrator gives them through kubeadm: on every instance, in the
	// command line and in kubeadm-config.
	Flags map[string][]string
	// FlagsOn are flags of a single instance ("kube-apiserver-cp2"), by hand, so not in kubeadm-config.
	FlagsOn map[string][]string
	// EventsMembers starts an etcd of so many members for events.
	EventsMembers int
	// EventsToMain has events stored apart, but in the very same etcd: an override that changes nothing.
	EventsToMain bool
	// Zones puts each node of the control plane into a zone of its own; else none is told.
	Zones   bool
	Workers int // nodes besides those of the control plane

	// Bare starts nothing but etcd and the API servers: no controllers, no nodes, no pods.
	Bare bool
	// APIServer is a kube-apiserver of another release than that of Bin.
	APIServer string
	// AuditPolicy is that of the API servers; "" records every stage of a request but its receipt.
	AuditPolicy string
	// Lived is how long ago the API servers believe that they were started.
	Lived time.Duration
}

// A Cluster runs.
type Cluster struct {
	*proc.Group

	Config   Config
	Balancer *Balancer
	Client   kubernetes.Interface
	REST     *rest.Config

	net   string // first three octets of the nodes' addresses
	ports ports
	pki   string
	ca    *pki.CA
	stop  context.CancelFunc // of heartbeats
	beats sync.WaitGroup

	kubelets []*kubelet
}

// ports are those of kubeadm where they are free on our addresses, else any.
type ports struct {
	apiserver, balancer, etcdClient, etcdPeer, etcdMetrics, eventsClient, eventsPeer, eventsMetrics, manager, scheduler, kubelet int
}

// Start starts a cluster and returns once it serves and describes itself. Whatever was started
// when an error occurs is stopped again.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("start a control plane on loopback: root is needed, for a host name for each instance")
	}
	if cfg.APIServers == 0 {
		cfg.APIServers = 2
	}
	if cfg.EtcdMembers == 0 {
		cfg.EtcdMembers = 3
	}
	if cfg.Data == "" {
		cfg.Data = cfg.Dir
	}
	c := &Cluster{Group: &proc.Group{Dir: filepath.Join(cfg.Dir, "log")}, Config: cfg, pki: filepath.Join(cfg.Dir, "pki")}
	steps := []func(context.Context) error{c.prepare, c.startEtcd, c.startAPIServers}
	if !cfg.Bare {
		steps = append(steps, c.startControllers, c.startKubelets, c.describe)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// Close ends all processes, without ceremony, and deletes etcd's data. Logs stay where they are.
func (c *Cluster) Close() {
	if c.stop != nil {
		c.stop()
	}
	c.beats.Wait()
	for _, k := range c.kubelets {
		k.stop()
	}
	c.KillAll()
	if c.Balancer != nil {
		c.Balancer.Close()
	}
	if err := os.RemoveAll(c.etcdData()); err != nil {
		fmt.Fprintln(os.Stderr, "clean up:", err)
	}
}

// Address is the address of control-plane node i (from 0).
func (c *Cluster) Address(i int) string { return fmt.Sprintf("%s.%d", c.net, i+1) }

// Kubeconfig is that of an administrator, through the balancer.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.Config.Dir, "admin.kubeconfig") }

// PKI is the directory of certificates and keys.
func (c *Cluster) PKI() string { return c.pki }

// Server is the address of the API through the balancer.
func (c *Cluster) Server() string { return "https://" + c.Balancer.Addr }

func (c *Cluster) etcdData() string { return filepath.Join(c.Config.Data, "etcd-"+c.net) }

func (c *Cluster) prepare(ctx context.Context) error {
	for _, d := range []string{c.Dir, c.pki, c.auditDir()} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	if err := c.choosePorts(ctx); err != nil {
		return err
	}
	if err := c.certificates(); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	var backends []string
	for i := range c.Config.APIServers {
		backends = append(backends, c.APIServerAddr(i))
	}
	b, err := Balance(ctx, fmt.Sprintf("%s:%d", c.Address(99), c.ports.balancer), backends)
	if err != nil {
		return err
	}
	c.Balancer = b
	return c.kubeconfigs()
}

// choosePorts takes addresses of 127.0.0.0/8 that nobody else is likely to use. Nodes have one
// each, as real ones do, so that instances differ by address and not only by port.
func (c *Cluster) choosePorts(ctx context.Context) error {
	c.net = fmt.Sprintf("127.%d.%d", 16+rand.IntN(200), 1+rand.IntN(250))
	var err error
	pick := func(want int) int {
		for try := range 20 {
			port := want + try*1000
			if c.free(ctx, port) {
				return port
			}
		}
		err = fmt.Errorf("no free port like %d on %s.*", want, c.net)
		return 0
	}
	c.ports = ports{
		apiserver: pick(6443), balancer: pick(8443), etcdClient: pick(2379), etcdPeer: pick(2380), etcdMetrics: pick(2381),
		eventsClient: pick(2382), eventsPeer: pick(2383), eventsMetrics: pick(2384), manager: pick(10257), scheduler: pick(10259), kubelet: pick(10250),
	}
	return err
}

func (c *Cluster) free(ctx context.Context, port int) bool {
	for _, host := range []string{c.Address(0), c.Address(1), c.Address(2), c.Address(3), c.Address(4), c.Address(99)} {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("%s:%d", host, port))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

func (c *Cluster) kubeconfigs() error {
	for user, leaf := range map[string]string{
		"kubernetes-admin": "admin", "system:kube-controller-manager": "kube-controller-manager", "system:kube-scheduler": "kube-scheduler",
	} {
		path := filepath.Join(c.Config.Dir, leaf+".kubeconfig")
		if err := pki.Kubeconfig(path, c.pki, ClusterName, c.Server(), user, leaf, ""); err != nil {
			return err
		}
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return err
	}
	cfg.UserAgent, cfg.QPS, cfg.Burst, cfg.Timeout = "kaudit-e2e-harness", 500, 1000, 30*time.Second
	c.REST = cfg
	c.Client, err = kubernetes.NewForConfig(cfg)
	return err
}
