package kubeadm

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"k8s.io/client-go/kubernetes"
)

func (c *Cluster) pki(name string) string { return c.Root() + "/etc/kubernetes/pki/" + name }

// EtcdFlags are what kaudit is given to reach etcd itself.
func (c *Cluster) EtcdFlags() []string {
	return []string{
		"--etcd-endpoints=https://" + c.Address() + ":2379",
		"--etcd-cacert=" + c.pki("etcd/ca.crt"), "--etcd-cert=" + c.pki("apiserver-etcd-client.crt"), "--etcd-key=" + c.pki("apiserver-etcd-client.key"),
	}
}

// Etcd is a client of etcd; the caller closes it.
func (c *Cluster) Etcd() (*clientv3.Client, error) {
	pair, err := tls.LoadX509KeyPair(c.pki("apiserver-etcd-client.crt"), c.pki("apiserver-etcd-client.key"))
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(c.pki("etcd/ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in etcd/ca.crt")
	}
	return clientv3.New(clientv3.Config{
		Endpoints: []string{"https://" + c.Address() + ":2379"}, DialTimeout: 5 * time.Second, Logger: zap.NewNop(),
		TLS: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
	})
}

// Instances are clients of the single API servers: there is one.
func (c *Cluster) Instances() []kubernetes.Interface { return []kubernetes.Interface{c.Client} }
