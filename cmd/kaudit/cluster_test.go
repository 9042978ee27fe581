package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// pair is a self-signed certificate that ends at a time, with its key.
func pair(t *testing.T, end time.Time, names ...string) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: names,
		NotBefore: end.Add(-30 * 24 * time.Hour), NotAfter: end, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

// serve is a TLS server with a certificate; it wants one of the client too if asked to.
func serve(t *testing.T, certPEM, keyPEM []byte, auth tls.ClientAuthType) string {
	t.Helper()
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(t.Output(), "", 0)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: auth, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestUnreachableSaysWhyAndWhatNext(t *testing.T) {
	past, future := time.Now().Add(-48*time.Hour), time.Now().Add(48*time.Hour)
	good, goodKey := pair(t, future, "kubernetes")
	next, nextKey := pair(t, time.Now().Add(365*24*time.Hour), "kubernetes")
	old, oldKey := pair(t, past, "kubernetes")
	for name, tc := range map[string]struct {
		config func() *rest.Config
		want   string
	}{
		"no proxy listens": {func() *rest.Config {
			return &rest.Config{Host: "https://10.0.0.1:6443", Proxy: func(*http.Request) (*url.URL, error) {
				return &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, nil
			}}
		}, "the proxy on the way (proxy-url of the kubeconfig, or HTTPS_PROXY) cannot be reached"},
		"nobody listens": {func() *rest.Config { return &rest.Config{Host: "https://127.0.0.1:1"} }, "connection refused; is the kube-apiserver running"},
		"the server's certificate expired": {func() *rest.Config {
			return &rest.Config{Host: serve(t, old, oldKey, tls.NoClientCert), TLSClientConfig: rest.TLSClientConfig{CAData: old, ServerName: "kubernetes"}}
		}, "the certificate of the server expired on " + past.UTC().Format(time.DateOnly)},
		"an unknown authority": {func() *rest.Config {
			return &rest.Config{Host: serve(t, good, goodKey, tls.NoClientCert), TLSClientConfig: rest.TLSClientConfig{CAData: old, ServerName: "kubernetes"}}
		}, "signed by an authority that the kubeconfig does not know"},
		"another name": {func() *rest.Config {
			return &rest.Config{Host: serve(t, good, goodKey, tls.NoClientCert), TLSClientConfig: rest.TLSClientConfig{CAData: good, ServerName: "other"}}
		}, "its certificate is of another name: x509: certificate is valid for kubernetes, not other; --tls-server-name"},
		"the client's certificate expired": {func() *rest.Config {
			return &rest.Config{
				Host:            serve(t, good, goodKey, tls.RequireAndVerifyClientCert),
				TLSClientConfig: rest.TLSClientConfig{CAData: good, ServerName: "kubernetes", CertData: old, KeyData: oldKey},
			}
		}, "the client certificate of the kubeconfig expired on " + past.UTC().Format(time.DateOnly)},
		"the client's certificate is not wanted": {func() *rest.Config {
			return &rest.Config{
				Host:            serve(t, good, goodKey, tls.RequireAndVerifyClientCert),
				TLSClientConfig: rest.TLSClientConfig{CAData: good, ServerName: "kubernetes", CertData: good, KeyData: goodKey},
			}
		}, "it refused the client certificate"},
		"the program that logs in is not there": {func() *rest.Config {
			return &rest.Config{Host: "https://127.0.0.1:1", ExecProvider: &clientcmdapi.ExecConfig{
				APIVersion: "client.authentication.k8s.io/v1", Command: "no-such-login", InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
			}}
		}, "gets credentials from failed: exec: executable no-such-login not found; run it by hand"},
		"certificate and key are no pair": {func() *rest.Config {
			return &rest.Config{Host: serve(t, good, goodKey, tls.RequireAndVerifyClientCert), TLSClientConfig: rest.TLSClientConfig{
				CAData: good, ServerName: "kubernetes", CertFile: file(t, good), KeyFile: file(t, oldKey),
			}}
		}, "client certificate and key of the kubeconfig's user are no pair"},
		"the server's certificate is of the future": {func() *rest.Config {
			return &rest.Config{Host: serve(t, next, nextKey, tls.NoClientCert), TLSClientConfig: rest.TLSClientConfig{CAData: next, ServerName: "kubernetes"}}
		}, "; compare the clocks of both sides"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := tc.config()
			err := unreachable(get(t, cfg), cfg)
			exit := &exitError{}
			if !errors.As(err, &exit) || exit.code != exitNoAudit {
				t.Errorf("got %v, want exit status %d", err, exitNoAudit)
			}
			if !strings.HasPrefix(err.Error(), "ask "+cfg.Host+": ") || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want one line about the server with %q", err, tc.want)
			}
		})
	}
}

func TestUnreachableNames(t *testing.T) {
	err := unreachable(&net.OpError{Op: "dial", Err: &net.DNSError{Name: "prod.example", Err: "no such host", IsNotFound: true}}, &rest.Config{Host: "https://prod.example"})
	want := `ask https://prod.example: look up "prod.example": no such host; check --context and the server of the kubeconfig`
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestUnreachableFromAPod(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"refused": {syscall.ECONNREFUSED, "connection refused; is the kube-apiserver running"},
		"silent":  {context.DeadlineExceeded, "no answer in time; does a NetworkPolicy keep this pod from it"},
		"unknown": {x509.UnknownAuthorityError{}, "that the pod's service account does not know"},
		"else":    {errors.New("no route to host"), "no route to host"},
	} {
		err := unreachable(tc.err, &rest.Config{Host: "https://10.96.0.1", BearerTokenFile: podToken})
		if !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "kubeconfig") || strings.Contains(err.Error(), "--context") {
			t.Errorf("%s: got %q, want %q and nothing of a kubeconfig", name, err, tc.want)
		}
	}
}

// file is a file with content.
func file(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// get is the error of asking a server.
func get(t *testing.T, cfg *rest.Config) error {
	t.Helper()
	rt, err := rest.TransportFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cfg.Host+"/version", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatalf("got %s, want an error", resp.Status)
	}
	return err
}

func TestNoPasswordOfTheServersURLIsShown(t *testing.T) {
	for host, want := range map[string]string{
		"https://admin:hunter2@10.0.0.1:6443":  "https://10.0.0.1:6443",
		"https://10.0.0.1:6443":                "https://10.0.0.1:6443",
		"https://10.0.0.1:6443/?token=hunter2": "https://10.0.0.1:6443/",
		"10.0.0.1:6443":                        "10.0.0.1:6443",
		"https://admin:%zz@10.0.0.1:6443":      "10.0.0.1:6443", // which no URL parser reads
	} {
		if got := serverOf(&rest.Config{Host: host}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
