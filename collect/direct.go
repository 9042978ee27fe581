package collect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"k8s.io/client-go/rest"
)

// directDialTimeout is short: from most places the addresses of a control plane cannot be reached,
// and that must cost next to nothing.
const directDialTimeout = 2 * time.Second

// direct is the place of one kube-apiserver by its own address, not through a balancer.
func (c *client) direct(address string) (*base, error) {
	dial := c.opts.Config.Dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	return c.instance("apiserver", address, c.cost.counting(dial, directDialTimeout), c.config.Proxy)
}

// through is the place of one kube-apiserver in a port-forward to its pod.
func (c *client) through(t *tunnel, port int) (*base, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return t.dial(ctx, port) }
	return c.instance("port-forward", fmt.Sprintf("pod %s port %d", t.name(), port), dial, nil)
}

// instance makes the place of one kube-apiserver. It gets the credentials of the kubeconfig, so its
// certificate is verified in the same way as that of the kubeconfig's own server, but for the name:
// certificates rarely name every address of an instance.
// A proxy of the environment is meant for the balancer; only one that the kubeconfig names is used.
func (c *client) instance(via, name string, dial dialFunc, proxy func(*http.Request) (*url.URL, error)) (*base, error) {
	cfg, err := c.instanceTLS()
	if err != nil {
		return nil, err
	}
	rt, err := rest.HTTPWrappersForConfig(c.config, &http.Transport{
		Proxy: proxy, DialContext: dial, TLSClientConfig: cfg, TLSHandshakeTimeout: directDialTimeout, ForceAttemptHTTP2: true,
	})
	if err != nil {
		return nil, err
	}
	host := name
	if via != "apiserver" {
		host = apiServerNames[0]
	}
	return &base{via: via, name: name, url: &url.URL{Scheme: "https", Host: host}, http: c.guarded(rt, &c.cost.api, c.slots, c.opts.Timeout)}, nil
}

// apiServerNames are in the serving certificate of kubeadm and most distributions.
var apiServerNames = []string{"kubernetes.default.svc", "kubernetes"}

func (c *client) instanceTLS() (*tls.Config, error) {
	cfg, err := rest.TLSConfigFor(c.config)
	if err != nil {
		return nil, err
	}
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg = cfg.Clone()
	names := append([]string{}, apiServerNames...)
	if cfg.ServerName != "" { // tls-server-name of the kubeconfig
		names = append(names, cfg.ServerName)
	}
	names = append(names, c.home.url.Hostname())
	cfg.ServerName = apiServerNames[0]
	if !cfg.InsecureSkipVerify {
		// Go can hold a certificate against one name only. This stands in for its verification and
		// is as strict, with several names; a handshake that fails it sends no credentials.
		cfg.InsecureSkipVerify = true
		cfg.VerifyConnection = func(cs tls.ConnectionState) error { return verify(cs, cfg.RootCAs, names) }
	}
	return cfg, nil
}

// verify holds a server's certificate against the roots and any of the names.
func verify(cs tls.ConnectionState, roots *x509.CertPool, names []string) error {
	leaf := cs.PeerCertificates[0]
	opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, cert := range cs.PeerCertificates[1:] {
		opts.Intermediates.AddCert(cert)
	}
	if _, err := leaf.Verify(opts); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: cs.PeerCertificates, Err: err}
	}
	var err error
	for _, name := range names {
		if err = leaf.VerifyHostname(name); err == nil {
			return nil
		}
	}
	return &tls.CertificateVerificationError{UnverifiedCertificates: cs.PeerCertificates, Err: err}
}
