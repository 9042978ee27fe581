//go:build e2e

package e2e

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/e2e/loopback"
	"github.com/kaudit/kaudit/e2e/pki"
)

// badInput makes the mistakes that people make: one line says what, where and what next, and the
// exit status is that of a mistake of theirs (2) or of an audit that could not be (3).
func badInput(t *testing.T, c *loopback.Cluster) {
	t.Helper()
	dir := t.TempDir()
	config := func(name, server, user, leaf, token string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := pki.Kubeconfig(path, c.PKI(), "prod", server, user, leaf, token); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, l := range []pki.Leaf{
		{Name: "expired-client", CommonName: "kubernetes-admin", Organization: []string{"system:masters"}, NotAfter: time.Now().Add(-time.Hour)},
		{Name: "expired-server", CommonName: "kube-apiserver", Hosts: []string{"127.0.0.1", "kubernetes"}, NotAfter: time.Now().Add(-time.Hour)},
	} {
		if err := c.IssueClient(l); err != nil {
			t.Fatal(err)
		}
	}
	expired := expiredServer(t, c.PKI())
	closed := closedPort(t)
	garbled := filepath.Join(dir, "garbled")
	if err := os.WriteFile(garbled, []byte("clusters: [{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"unreachable":              {[]string{"--kubeconfig", config("closed", closed, "admin", "admin", "")}, 3, []string{closed, "connection refused"}},
		"silent":                   {[]string{"--kubeconfig", config("silent", silentServer(t), "admin", "admin", ""), "--timeout=3s", "--window=1s"}, 3, []string{"https://127.0.0.1:", "--timeout"}},
		"expired client":           {[]string{"--kubeconfig", config("client", c.Server(), "admin", "expired-client", "")}, 3, []string{c.Server(), "client certificate", "expired"}},
		"expired server":           {[]string{"--kubeconfig", config("server", expired, "admin", "admin", "")}, 3, []string{expired, "expired"}},
		"wrong token":              {[]string{"--kubeconfig", config("token", c.Server(), "robot", "", "wrong")}, 3, []string{c.Server(), "401"}},
		"wrong context":            {[]string{"--kubeconfig", c.Kubeconfig(), "--context", "kubernetes-admin@loopbak"}, 2, []string{"kubernetes-admin@loopbak", "kubernetes-admin@loopback"}},
		"no such kubeconfig":       {[]string{"--kubeconfig", filepath.Join(dir, "none")}, 2, []string{filepath.Join(dir, "none")}},
		"a kubeconfig that is not": {[]string{"--kubeconfig", garbled}, 2, []string{garbled}},
		"etcd's authority missing": {[]string{"--kubeconfig", c.Kubeconfig(), "--etcd-endpoints", c.EtcdEndpoints()[0], "--etcd-cacert", filepath.Join(dir, "none")}, 2, []string{filepath.Join(dir, "none")}},
	} {
		t.Run(name, func(t *testing.T) {
			r := runKaudit(t, append([]string{"scan"}, tc.args...)...)
			if r.code != tc.code {
				t.Errorf("exit status: got %d, want %d", r.code, tc.code)
			}
			if r.stdout != "" {
				t.Errorf("standard output: got %q, want nothing", r.stdout)
			}
			if got := strings.Count(r.stderr, "\n"); got != 1 || !strings.HasPrefix(r.stderr, "kaudit: ") {
				t.Errorf("standard error: got %d lines, want one that begins with \"kaudit: \":\n%s", got, r.stderr)
			}
			for _, w := range tc.want {
				if !strings.Contains(r.stderr, w) {
					t.Errorf("standard error: got %q, want it to say %q", r.stderr, w)
				}
			}
			t.Log(r.stderr)
		})
	}
}

// expiredServer serves with a certificate of yesterday.
func expiredServer(t *testing.T, dir string) string {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "expired-server.crt"), filepath.Join(dir, "expired-server.key"))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// silentServer accepts connections and never says a word.
func silentServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "https://" + l.Addr().String() // the kernel accepts
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "https://" + l.Addr().String()
}
