package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// connection is where a cluster is: kubectl's own flags, found and read as kubectl does.
type connection struct {
	*genericclioptions.ConfigFlags
	names []string
}

// connectionFlags adds kubectl's flags, but those whose name the command has for something else. Help shows
// the two that everybody uses; the others work.
func connectionFlags(cmd *cobra.Command, but ...string) connection {
	c := connection{ConfigFlags: genericclioptions.NewConfigFlags(false)}
	c.Namespace, c.CacheDir = nil, nil // nothing here is of one namespace, nor cached
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	c.AddFlags(own)
	own.VisitAll(func(f *pflag.Flag) {
		f.Hidden = f.Name != "kubeconfig" && f.Name != "context"
		if !slices.Contains(but, f.Name) {
			c.names = append(c.names, f.Name)
			cmd.Flags().AddFlag(f)
		}
	})
	return c
}

// given reports whether a flag names a cluster.
func (c connection) given(cmd *cobra.Command) bool {
	return slices.ContainsFunc(c.names, func(name string) bool { return cmd.Flags().Changed(name) })
}

// errNoCluster says that nobody told which cluster to ask.
var errNoCluster = errors.New("no cluster to ask")

// config finds the cluster; the name is the kubeconfig's for it.
func (c connection) config() (cfg *rest.Config, name string, err error) {
	loader := c.ToRawKubeConfigLoader()
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, "", c.configError(err, raw)
	}
	if clientcmdapi.IsConfigEmpty(&raw) && *c.APIServer == "" {
		return c.inCluster()
	}
	if raw.CurrentContext == "" && *c.Context == "" && *c.APIServer == "" && *c.ClusterName == "" { // kubectl would ask localhost:8080
		return nil, "", usage("kubeconfig %s: no current context; pass --context (kubectl config get-contexts lists them)", c.from())
	}
	cfg, err = loader.ClientConfig()
	if err != nil {
		return nil, "", c.configError(err, raw)
	}
	return cfg, c.clusterName(raw), nil
}

// inCluster is the cluster whose pod this is, where no kubeconfig says anything and nobody names a
// part of one.
func (c connection) inCluster() (*rest.Config, string, error) {
	for _, f := range [][2]string{{"context", *c.Context}, {"cluster", *c.ClusterName}, {"user", *c.AuthInfoName}} {
		if f[1] != "" {
			return nil, "", usage("no %s %q: %s; pass --kubeconfig", f[0], f[1], c.nothing())
		}
	}
	if cfg, err := rest.InClusterConfig(); err == nil && *c.KubeConfig == "" {
		return cfg, "in-cluster", nil
	}
	return nil, "", fmt.Errorf("%w: %s, and this is no pod", errNoCluster, c.nothing())
}

// nothing says where there was no kubeconfig.
func (c connection) nothing() string {
	if from := *c.KubeConfig; from != "" {
		return fmt.Sprintf("kubeconfig %s is empty", from)
	}
	if from := os.Getenv(clientcmd.RecommendedConfigPathEnvVar); from != "" {
		return fmt.Sprintf("nothing in %s, which %s names", from, clientcmd.RecommendedConfigPathEnvVar)
	}
	return "no kubeconfig"
}

// from is where kubeconfigs were looked for.
func (c connection) from() string {
	if *c.KubeConfig != "" {
		return *c.KubeConfig
	}
	return strings.Join(clientcmd.NewDefaultClientConfigLoadingRules().GetLoadingPrecedence(), string(os.PathListSeparator))
}

// clusterName is what people know the cluster by.
func (c connection) clusterName(raw clientcmdapi.Config) string {
	if *c.ClusterName != "" {
		return *c.ClusterName
	}
	context := raw.CurrentContext
	if *c.Context != "" {
		context = *c.Context
	}
	if ctx := raw.Contexts[context]; ctx != nil && ctx.Cluster != "" {
		return ctx.Cluster
	}
	return ""
}

// configError says what is wrong with the kubeconfig. All of it is the caller's to mend.
func (c connection) configError(err error, raw clientcmdapi.Config) error {
	from := c.from()
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return usage("read kubeconfig %s: %w; pass --kubeconfig, or set KUBECONFIG", p.Path, p.Err)
	}
	known := make([]string, 0, len(raw.Contexts))
	for name := range raw.Contexts {
		known = append(known, name)
	}
	context := *c.Context
	if context == "" {
		context = raw.CurrentContext
	}
	if _, ok := raw.Contexts[context]; !ok && context != "" {
		return noSuch("context", context, known, fmt.Sprintf("kubectl config get-contexts lists those of %s", from))
	}
	return usage("kubeconfig %s: %w; kubectl config view shows what it says", from, err)
}

// serverOf is the server of a configuration as it may be shown: a password in its URL is not.
func serverOf(cfg *rest.Config) string {
	u, err := url.Parse(cfg.Host)
	if err != nil {
		return cfg.Host[strings.LastIndex(cfg.Host, "@")+1:]
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// unreachable says why a cluster could not be asked, and what to look at next.
func unreachable(err error, cfg *rest.Config) error {
	server := serverOf(cfg)
	var (
		invalid  x509.CertificateInvalidError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		op       *net.OpError
		dns      *net.DNSError
	)
	if cfg.BearerTokenFile == podToken {
		return unreachableFromPod(err, server)
	}
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return noAudit("ask %s: the proxy on the way (proxy-url of the kubeconfig, or HTTPS_PROXY) cannot be reached: %w", server, op.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return noAudit("ask %s: connection refused; is the kube-apiserver running, and is this the right --context", server)
	case errors.As(err, &dns):
		return noAudit("ask %s: look up %q: %s; check --context and the server of the kubeconfig", server, dns.Name, dns.Err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return noAudit("ask %s: no answer in time; is it reachable from here, is --timeout long enough", server)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return noAudit("ask %s: its certificate is only valid from %s on; compare the clocks of both sides", server, invalid.Cert.NotBefore.Format(time.DateTime))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return noAudit("ask %s: the certificate of the server expired on %s; renew it (kubeadm certs check-expiration shows which)", server, invalid.Cert.NotAfter.Format(time.DateOnly))
	case errors.As(err, &unknown):
		return noAudit("ask %s: its certificate is signed by an authority that the kubeconfig does not know; check certificate-authority, or --context", server)
	case errors.As(err, &hostname):
		return noAudit("ask %s: its certificate is of another name: %w; --tls-server-name names the right one", server, hostname)
	}
	if when := clientCertEnd(cfg); !when.IsZero() && time.Now().After(when) {
		return noAudit("ask %s: the client certificate of the kubeconfig expired on %s; renew it (kubeadm certs renew), or use another --context", server, when.Format(time.DateOnly))
	}
	why := innermost(err)
	if _, program, ok := strings.Cut(why, "getting credentials: "); ok {
		program, _, _ = strings.Cut(oneLine(program), " It looks like") // client-go goes on for a paragraph
		return noAudit("ask %s: the program that the kubeconfig's user gets credentials from failed: %s; run it by hand to see why", server, program)
	}
	if strings.Contains(why, "private key does not match public key") {
		return noAudit("ask %s: client certificate and key of the kubeconfig's user are no pair; kubectl config view shows which they are", server)
	}
	if errors.As(err, &op) && op.Op == "remote error" { // how crypto/tls hands on an alert of the other side
		return noAudit("ask %s: it refused the client certificate (%w); check the kubeconfig's user", server, op.Err)
	}
	return noAudit("ask %s: %w", server, err)
}

// podToken is where a pod has the token of its service account.
const podToken = "/var/run/secrets/kubernetes.io/serviceaccount/token" //nolint:gosec // a path

// unreachableFromPod is unreachable where there is no kubeconfig to look at.
func unreachableFromPod(err error, server string) error {
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return noAudit("ask %s: connection refused; is the kube-apiserver running", server)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return noAudit("ask %s: no answer in time; does a NetworkPolicy keep this pod from it, is --timeout long enough", server)
	case errors.As(err, &unknown):
		return noAudit("ask %s: its certificate is signed by an authority that the pod's service account does not know (ca.crt beside %s)", server, podToken)
	}
	return noAudit("ask %s: %w", server, err)
}

// innermost is what an error says without what was added around it.
func innermost(err error) string {
	text := err.Error()
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		text = inner.Error()
	}
	return text
}

// clientCertEnd is when the kubeconfig's own certificate ends; zero if it has none. A server says no
// more of it than that it is not welcome.
func clientCertEnd(cfg *rest.Config) time.Time {
	data := cfg.CertData
	if len(data) == 0 && cfg.CertFile != "" {
		data, _ = os.ReadFile(cfg.CertFile) // unreadable: making the transport said so already
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return time.Time{}
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}
	}
	return cert.NotAfter
}
