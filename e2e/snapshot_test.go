//go:build e2e

package e2e

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/e2e/loopback"
)

// snapshots cuts an audit in two: what a snapshot shows is what a live audit shows, and nothing in it is secret.
func snapshots(t *testing.T, c *loopback.Cluster) {
	t.Helper()
	kubeconfig, token := grant(t, c.Client, c.REST, t.TempDir(), nil)
	path := filepath.Join(t.TempDir(), "cluster.json")
	args := slices.Concat([]string{"--kubeconfig=" + kubeconfig, "--window=1s"}, c.EtcdFlags())
	if r := runKaudit(t, slices.Concat([]string{"collect", "-o", path}, args)...); r.code != 0 {
		t.Fatalf("collect: exit status %d\n%s", r.code, r.stderr)
	}
	live, later := scan(t, args...), scan(t, "--snapshot="+path)
	names := namesOf(c)
	if diff := cmp.Diff(texts(live.lines(names)), texts(later.lines(names))); diff != "" {
		t.Errorf("verdicts of the snapshot differ from those of a live audit (-live +snapshot):\n%s", diff)
	}
	if diff := cmp.Diff(later.Results, scan(t, "--snapshot="+path).Results); diff != "" {
		t.Errorf("a snapshot gives other results the second time:\n%s", diff)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range secrets(t, c, token) {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the snapshot holds %s", what)
		}
	}
}

// secrets are what was within reach of kaudit and may not leave the cluster.
func secrets(t *testing.T, c *loopback.Cluster, token string) map[string]string {
	t.Helper()
	s := map[string]string{
		"the token": token, "the token's signature": token[strings.LastIndexByte(token, '.')+1:],
		"a password of a pod's environment": loopback.Password, "a private key": "PRIVATE KEY", "something called password": "PASSWORD",
	}
	keys, err := filepath.Glob(filepath.Join(c.PKI(), "*.key"))
	if err != nil || len(keys) == 0 {
		t.Fatalf("no keys in %s: %v", c.PKI(), err)
	}
	for _, k := range keys {
		pem, err := os.ReadFile(k)
		if err != nil {
			t.Fatal(err)
		}
		body := strings.Split(string(pem), "\n")[1]
		s["key material of "+filepath.Base(k)] = body
		s["encoded key material of "+filepath.Base(k)] = base64.StdEncoding.EncodeToString(pem)[:64]
	}
	return s
}

func texts(ls []line) []string {
	var out []string
	for _, l := range ls {
		out = append(out, l.String())
	}
	return out
}
