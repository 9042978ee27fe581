package loopback

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/e2e/proc"
)

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

// startAPIServers starts every instance and waits until each is ready, and the balancer reaches them.
func (c *Cluster) startAPIServers(ctx context.Context) error {
	policy := cmp.Or(c.Config.AuditPolicy, auditPolicy)
	if err := os.WriteFile(filepath.Join(c.Config.Dir, "audit-policy.yaml"), []byte(policy), 0o644); err != nil {
		return err
	}
	var names []string
	for i := range c.Config.APIServers {
		name := "kube-apiserver-" + nodeName(i)
		spec := proc.Spec{Name: name, Args: c.apiserver(i, c.flags("kube-apiserver", name)), Hostname: nodeName(i)}
		if c.Config.Lived > 0 {
			if err := c.aged(&spec); err != nil {
				return err
			}
		}
		if err := c.Start(spec); err != nil {
			return err
		}
		names = append(names, name)
		// Processes count time in hundredths of a second; on machines of their own no two start in the same.
		time.Sleep(30 * time.Millisecond)
	}
	for i := range c.Config.APIServers {
		if err := c.WaitReady(ctx, "https://"+c.APIServerAddr(i), names); err != nil {
			return err
		}
	}
	return c.WaitReady(ctx, c.Server(), names)
}

// APIServerAddr is the address and port of instance i.
func (c *Cluster) APIServerAddr(i int) string {
	return fmt.Sprintf("%s:%d", c.Address(i), c.ports.apiserver)
}

// WaitReady waits until /readyz of a server says yes; on names the processes without which it never will.
func (c *Cluster) WaitReady(ctx context.Context, server string, on []string) error {
	return c.Until(ctx, 90*time.Second, server+"/readyz", on, func(ctx context.Context) error {
		return c.Get(ctx, server+"/readyz")
	})
}

// Get asks a component for a path, as the administrator.
func (c *Cluster) Get(ctx context.Context, url string) error {
	cfg := rest.CopyConfig(c.REST)
	// Controller manager and scheduler serve with a certificate of the same authority.
	tlsConfig, err := rest.TLSConfigFor(cfg)
	if err != nil {
		return err
	}
	tlsConfig.MinVersion = tls.VersionTLS12
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig, DisableKeepAlives: true}, Timeout: 5 * time.Second}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return nil
}

func (c *Cluster) auditDir() string { return filepath.Join(c.Config.Dir, "audit") }

// AuditLogs are the audit logs of the instances.
func (c *Cluster) AuditLogs() []string {
	var paths []string
	for i := range c.Config.APIServers {
		paths = append(paths, filepath.Join(c.auditDir(), nodeName(i)+".log"))
	}
	return paths
}

// apiserver is the command line of instance i: kubeadm's, but for the addresses. A loopback address
// may not be in Endpoints, so no instance is reconciled into them.
func (c *Cluster) apiserver(i int, extra []string) []string {
	args := []string{
		cmp.Or(c.Config.APIServer, filepath.Join(c.Config.Bin, "kube-apiserver")),
		"--advertise-address=" + c.Address(i),
		"--allow-privileged=true",
		"--audit-log-mode=blocking", // so that a request is on disk before its answer is here
		"--audit-log-path=" + c.AuditLogs()[i],
		"--audit-policy-file=" + filepath.Join(c.Config.Dir, "audit-policy.yaml"),
		"--authorization-mode=Node,RBAC",
		"--bind-address=" + c.Address(i),
		"--client-ca-file=" + c.file("ca.crt"),
		"--enable-admission-plugins=NodeRestriction",
		"--enable-bootstrap-token-auth=true",
		"--endpoint-reconciler-type=none",
		"--etcd-cafile=" + c.file("etcd-ca.crt"),
		"--etcd-certfile=" + c.file("etcd-client.crt"),
		"--etcd-keyfile=" + c.file("etcd-client.key"),
		"--etcd-servers=" + strings.Join(c.EtcdEndpoints(), ","),
	}
	if n := c.Config.EventsMembers; n > 0 {
		var servers []string
		for i := range n {
			servers = append(servers, fmt.Sprintf("https://%s:%d", c.Address(i), c.ports.eventsClient))
		}
		args = append(args, "--etcd-servers-overrides=/events#"+strings.Join(servers, ";"))
	}
	if c.Config.EventsToMain {
		args = append(args, "--etcd-servers-overrides=/events#"+strings.Join(c.EtcdEndpoints(), ";"))
	}
	return append(append(args,
		"--kubelet-client-certificate="+c.file("apiserver-kubelet-client.crt"),
		"--kubelet-client-key="+c.file("apiserver-kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
		"--proxy-client-cert-file="+c.file("front-proxy-client.crt"),
		"--proxy-client-key-file="+c.file("front-proxy-client.key"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-client-ca-file="+c.file("front-proxy-ca.crt"),
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		fmt.Sprintf("--secure-port=%d", c.ports.apiserver),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file="+c.file("sa.pub"),
		"--service-account-signing-key-file="+c.file("sa.key"),
		"--service-cluster-ip-range=10.96.0.0/12",
		"--tls-cert-file="+c.file("apiserver.crt"),
		"--tls-private-key-file="+c.file("apiserver.key"),
	), extra...)
}

// Instances are clients of the single API servers, as the administrator.
func (c *Cluster) Instances() []kubernetes.Interface {
	var out []kubernetes.Interface
	for i := range c.Config.APIServers {
		cfg := rest.CopyConfig(c.REST)
		cfg.Host = "https://" + c.APIServerAddr(i)
		out = append(out, kubernetes.NewForConfigOrDie(cfg)) // the same worked for the balancer
	}
	return out
}

// CountPods is how many pods the cache of instance i holds.
func (c *Cluster) CountPods(ctx context.Context, i int) (int, error) {
	cfg := rest.CopyConfig(c.REST)
	cfg.Host = "https://" + c.APIServerAddr(i)
	client, err := metadata.NewForConfig(cfg)
	if err != nil {
		return 0, err
	}
	// With a resourceVersion of 0 the cache answers, whole, whatever the limit says.
	list, err := client.Resource(corev1.SchemeGroupVersion.WithResource("pods")).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return 0, err
	}
	return len(list.Items), nil
}

// KubeletPort is where the stand-ins for kubelets answer.
func (c *Cluster) KubeletPort() int { return c.ports.kubelet }
