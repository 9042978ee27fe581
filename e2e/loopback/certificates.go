package loopback

import (
	"fmt"

	"github.com/kaudit/kaudit/e2e/pki"
)

// certificates makes what kubeadm would: three authorities, and a certificate for each client and server.
func (c *Cluster) certificates() error {
	ca, err := pki.NewCA(c.pki, "ca", "kubernetes")
	if err != nil {
		return err
	}
	etcd, err := pki.NewCA(c.pki, "etcd-ca", "etcd-ca")
	if err != nil {
		return err
	}
	front, err := pki.NewCA(c.pki, "front-proxy-ca", "front-proxy-ca")
	if err != nil {
		return err
	}
	hosts := []string{"127.0.0.1", "localhost", c.Address(99)}
	for i := range max(c.Config.APIServers, c.Config.EtcdMembers) {
		hosts = append(hosts, c.Address(i), nodeName(i))
	}
	serving := append([]string{
		"10.96.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
	}, hosts...)
	for _, l := range []struct {
		by   *pki.CA
		leaf pki.Leaf
	}{
		{ca, pki.Leaf{Name: "apiserver", CommonName: "kube-apiserver", Hosts: serving}},
		{ca, pki.Leaf{Name: "apiserver-kubelet-client", CommonName: "kube-apiserver-kubelet-client", Organization: []string{"kubeadm:cluster-admins"}}},
		{front, pki.Leaf{Name: "front-proxy-client", CommonName: "front-proxy-client"}},
		{ca, pki.Leaf{Name: "admin", CommonName: "kubernetes-admin", Organization: []string{"system:masters"}}},
		{ca, pki.Leaf{Name: "kube-controller-manager", CommonName: "system:kube-controller-manager"}},
		{ca, pki.Leaf{Name: "kube-scheduler", CommonName: "system:kube-scheduler"}},
		{ca, pki.Leaf{Name: "component", CommonName: "component", Hosts: hosts}},
		{etcd, pki.Leaf{Name: "etcd-server", CommonName: "etcd", Hosts: hosts}},
		{etcd, pki.Leaf{Name: "etcd-peer", CommonName: "etcd", Hosts: hosts}},
		{etcd, pki.Leaf{Name: "etcd-client", CommonName: "kube-apiserver-etcd-client"}},
	} {
		if err := l.by.Issue(l.leaf); err != nil {
			return err
		}
	}
	c.ca = ca
	return pki.KeyPair(c.pki, "sa")
}

// IssueClient signs another client certificate, LEAF.crt of PKI.
func (c *Cluster) IssueClient(l pki.Leaf) error {
	if err := c.ca.Issue(l); err != nil {
		return fmt.Errorf("issue %s: %w", l.Name, err)
	}
	return nil
}
