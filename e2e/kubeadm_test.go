//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/kaudit/kaudit/e2e/kubeadm"
	"github.com/kaudit/kaudit/e2e/store"
)

// startKubeadm starts a cluster for as long as the test runs.
func startKubeadm(t *testing.T, cfg kubeadm.Config) *kubeadm.Cluster {
	t.Helper()
	cfg.Bin, cfg.Dir = programs, workDir(t)
	c, err := kubeadm.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	wantNothingLeft(t, c.Group, c.Close)
	// The first port-forwards through a kubelet of seconds ago are slow; nobody audits so young a node.
	scan(t, "--kubeconfig="+c.Kubeconfig(), "--window=0s")
	return c
}

func TestKubeadmWellKept(t *testing.T) {
	c := startKubeadm(t, kubeadm.Config{
		N: 1,
		Flags: map[string][]string{
			"etcd":           {"--quota-backend-bytes=8589934592"},
			"kube-apiserver": {"--shutdown-delay-duration=10s"},
		},
	})
	names := strings.NewReplacer(c.Address(), "NODE")
	kubeconfig := "--kubeconfig=" + c.Kubeconfig()
	t.Run("verdicts", func(t *testing.T) {
		r := scan(t, kubeconfig)
		keep(t, c.Config.Dir, "well", r)
		wantVerdicts(t, "kubeadm-well", r, names)
	})
	t.Run("verdicts with etcd", func(t *testing.T) {
		r := scan(t, slices.Concat([]string{kubeconfig}, c.EtcdFlags())...)
		keep(t, c.Config.Dir, "well-etcd", r)
		wantVerdicts(t, "kubeadm-well-etcd", r, names)
	})
	t.Run("verdicts of its files", func(t *testing.T) {
		r := scan(t, "-f", configurationOf(t, c))
		keep(t, c.Config.Dir, "well-files", r)
		wantVerdicts(t, "kubeadm-well-files", r, names)
	})
	t.Run("what deploy/rbac.yaml grants is enough", func(t *testing.T) {
		account, _ := grant(t, c.Client, c.REST, t.TempDir(), nil)
		r := scan(t, "--kubeconfig="+account)
		wantVerdicts(t, "kubeadm-well", r, names)
	})
	t.Run("port-forward forbidden", func(t *testing.T) {
		account, _ := grant(t, c.Client, c.REST, t.TempDir(), nil)
		before := scan(t, "--kubeconfig="+account, "--window=1s")
		rule := ruleOf(t, "pods/portforward")
		grant(t, c.Client, c.REST, t.TempDir(), &rule)
		refused(t, c.Instances(), rule)
		after := scan(t, "--kubeconfig="+account, "--window=1s")
		got := changes(before, after, names)
		wantChanges(t, "kubeadm-without-portforward", got)
		wantReasons(t, got, after, "pods/portforward")
	})
}

func TestKubeadmBadlyKept(t *testing.T) {
	c := startKubeadm(t, kubeadm.Config{
		N: 2,
		Flags: map[string][]string{
			"etcd":                    {"--quota-backend-bytes=17179869184"},
			"kube-apiserver":          {"--goaway-chance=0.01", "--request-timeout=10s"},
			"kube-controller-manager": {"--kube-api-qps=5", "--kube-api-burst=5"},
			"kube-scheduler":          {"--pod-max-in-unschedulable-pods-duration=1h"},
		},
		Kubelet: []string{
			"kubeAPIQPS: 1", "kubeAPIBurst: 2", "fileCheckFrequency: 10m0s",
			"staticPodURL: http://127.0.0.1:9/pods", "httpCheckFrequency: 20s",
		},
	})
	etcd, err := c.Etcd()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = etcd.Close() }()
	if err := store.Put(t.Context(), etcd, danglingFlowSchema(), waitingPod()); err != nil {
		t.Fatal(err)
	}
	orphanAPIService(t, c.REST)
	names := strings.NewReplacer(c.Address(), "NODE")
	t.Run("verdicts", func(t *testing.T) {
		r := scan(t, "--kubeconfig="+c.Kubeconfig())
		keep(t, c.Config.Dir, "badly", r)
		wantVerdicts(t, "kubeadm-badly", r, names)
	})
	t.Run("verdicts with etcd", func(t *testing.T) {
		r := scan(t, slices.Concat([]string{"--kubeconfig=" + c.Kubeconfig()}, c.EtcdFlags())...)
		keep(t, c.Config.Dir, "badly-etcd", r)
		wantVerdicts(t, "kubeadm-badly-etcd", r, names)
	})
	t.Run("verdicts of its files", func(t *testing.T) {
		dir := configurationOf(t, c)
		r := scan(t, "-f", dir)
		keep(t, c.Config.Dir, "badly-files", r)
		wantVerdicts(t, "kubeadm-badly-files", r, names)
		wantMended(t, dir)
	})
}
