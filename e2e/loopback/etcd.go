package loopback

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/kaudit/kaudit/e2e/proc"
)

// startEtcd starts the members, and those for events where they are wanted, and waits for quorum.
func (c *Cluster) startEtcd(ctx context.Context) error {
	p := c.ports
	names, err := c.startMembers("etcd", c.Config.EtcdMembers, p.etcdClient, p.etcdPeer, p.etcdMetrics)
	if err != nil {
		return err
	}
	events, err := c.startMembers("etcd-events", c.Config.EventsMembers, p.eventsClient, p.eventsPeer, p.eventsMetrics)
	if err != nil {
		return err
	}
	cli, err := c.Etcd()
	if err != nil {
		return err
	}
	defer func() { _ = cli.Close() }()
	return c.Until(ctx, 60*time.Second, "a leader of etcd", append(names, events...), func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := cli.Get(ctx, "health") // linearizable: needs a quorum
		return err
	})
}

// startMembers starts one cluster of etcd, a member on each of the first n nodes.
func (c *Cluster) startMembers(component string, n, client, peer, metrics int) (names []string, err error) {
	var initial []string
	for i := range n {
		initial = append(initial, fmt.Sprintf("%s=https://%s:%d", nodeName(i), c.Address(i), peer))
	}
	for i := range n {
		m := member{component + "-" + nodeName(i), i, client, peer, metrics, strings.Join(initial, ",")}
		if err := c.startMember(m, c.flags(component, m.name)); err != nil {
			return nil, err
		}
		names = append(names, m.name)
	}
	return names, nil
}

// A member of etcd, on control-plane node i.
type member struct {
	name                  string // of the process
	i                     int
	client, peer, metrics int
	initial               string
}

func (c *Cluster) startMember(m member, extra []string) error {
	host := c.Address(m.i)
	client, peer := fmt.Sprintf("https://%s:%d", host, m.client), fmt.Sprintf("https://%s:%d", host, m.peer)
	args := []string{
		filepath.Join(c.Config.Bin, "etcd"),
		"--advertise-client-urls=" + client,
		"--cert-file=" + c.file("etcd-server.crt"),
		"--client-cert-auth=true",
		"--data-dir=" + filepath.Join(c.etcdData(), m.name),
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=" + m.initial,
		"--initial-cluster-state=new",
		"--key-file=" + c.file("etcd-server.key"),
		"--listen-client-urls=" + client,
		fmt.Sprintf("--listen-metrics-urls=http://%s:%d", host, m.metrics),
		"--listen-peer-urls=" + peer,
		"--name=" + nodeName(m.i),
		"--peer-cert-file=" + c.file("etcd-peer.crt"),
		"--peer-client-cert-auth=true",
		"--peer-key-file=" + c.file("etcd-peer.key"),
		"--peer-trusted-ca-file=" + c.file("etcd-ca.crt"),
		"--snapshot-count=10000",
		"--trusted-ca-file=" + c.file("etcd-ca.crt"),
		"--watch-progress-notify-interval=5s",
	}
	return c.Start(proc.Spec{Name: m.name, Args: append(args, extra...), Hostname: nodeName(m.i)})
}

// EtcdEndpoints are the client addresses of the members.
func (c *Cluster) EtcdEndpoints() []string {
	var eps []string
	for i := range c.Config.EtcdMembers {
		eps = append(eps, fmt.Sprintf("https://%s:%d", c.Address(i), c.ports.etcdClient))
	}
	return eps
}

// EtcdFlags are what kaudit is given to reach etcd itself.
func (c *Cluster) EtcdFlags() []string {
	return []string{
		"--etcd-endpoints=" + strings.Join(c.EtcdEndpoints(), ","),
		"--etcd-cacert=" + c.file("etcd-ca.crt"), "--etcd-cert=" + c.file("etcd-client.crt"), "--etcd-key=" + c.file("etcd-client.key"),
	}
}

// Etcd is a client of the members; the caller closes it.
func (c *Cluster) Etcd() (*clientv3.Client, error) {
	pair, err := tls.LoadX509KeyPair(c.file("etcd-client.crt"), c.file("etcd-client.key"))
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(c.file("etcd-ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in etcd-ca.crt")
	}
	return clientv3.New(clientv3.Config{
		Endpoints: c.EtcdEndpoints(), DialTimeout: 5 * time.Second, MaxCallSendMsgSize: 16 << 20, Logger: zap.NewNop(),
		TLS: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
	})
}

func (c *Cluster) file(name string) string { return filepath.Join(c.pki, name) }

// flags are the further flags of an instance: those of its component, then its own.
func (c *Cluster) flags(component, instance string) []string {
	return append(append([]string(nil), c.Config.Flags[component]...), c.Config.FlagsOn[instance]...)
}
