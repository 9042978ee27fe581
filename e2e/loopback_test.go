//go:build e2e

package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kaudit/kaudit/e2e/loopback"
	"github.com/kaudit/kaudit/e2e/store"
)

// memory is where etcd's data is best kept: on a disk that others use too its latency, and with it
// a verdict, would be a matter of luck.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// startLoopback starts a cluster for as long as the test runs.
func startLoopback(t *testing.T, cfg loopback.Config) *loopback.Cluster {
	t.Helper()
	cfg.Bin, cfg.Dir, cfg.Data = programs, workDir(t), memory()
	c, err := loopback.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	wantNothingLeft(t, c.Group, c.Close)
	return c
}

// namesOf names what differs from run to run.
func namesOf(c *loopback.Cluster) *strings.Replacer {
	var pairs []string
	for i := range c.Config.APIServers {
		pairs = append(pairs, c.APIServerAddr(i), "APISERVER-"+string(rune('1'+i)))
	}
	for i, e := range c.EtcdEndpoints() {
		pairs = append(pairs, e, "ETCD-"+string(rune('1'+i)), strings.TrimPrefix(e, "https://"), "ETCD-"+string(rune('1'+i)))
	}
	return strings.NewReplacer(append(pairs, c.Balancer.Addr, "BALANCER")...)
}

// wellKept is what the source document asks for, as far as a cluster on loopback can have it.
func wellKept() loopback.Config {
	return loopback.Config{
		Workers: 2, Zones: true, EventsMembers: 3,
		Flags: map[string][]string{
			"etcd":           {"--quota-backend-bytes=8589934592"},
			"etcd-events":    {"--quota-backend-bytes=8589934592"},
			"kube-apiserver": {"--goaway-chance=0.001", "--shutdown-delay-duration=10s"},
		},
	}
}

// badlyKept has a fault for each check that a configuration can fail.
func badlyKept() loopback.Config {
	return loopback.Config{
		Workers: 2, EtcdMembers: 2,
		Flags: map[string][]string{
			"kube-apiserver":          {"--max-requests-inflight=3000", "--max-mutating-requests-inflight=1000", "--request-timeout=5m", "--min-request-timeout=60"},
			"kube-controller-manager": {"--kube-api-qps=5", "--kube-api-burst=10"},
			"kube-scheduler":          {"--pod-max-in-unschedulable-pods-duration=1h"},
		},
		FlagsOn: map[string][]string{
			"kube-apiserver-cp2": {"--max-requests-inflight=800"},
			"etcd-cp1":           {"--quota-backend-bytes=17179869184"},
		},
		EventsToMain: true,
	}
}

func TestLoopbackWellKept(t *testing.T) {
	c := startLoopback(t, wellKept())
	schedule(t, c.Client, 5)
	kubeconfig := "--kubeconfig=" + c.Kubeconfig()
	t.Run("verdicts", func(t *testing.T) {
		r := scan(t, kubeconfig)
		keep(t, c.Config.Dir, "well", r)
		wantVerdicts(t, "loopback-well", r, namesOf(c))
	})
	t.Run("verdicts with etcd", func(t *testing.T) {
		r := scan(t, slices.Concat([]string{kubeconfig}, c.EtcdFlags())...)
		keep(t, c.Config.Dir, "well-etcd", r)
		wantVerdicts(t, "loopback-well-etcd", r, namesOf(c))
	})
	t.Run("snapshot", func(t *testing.T) { snapshots(t, c) })
	t.Run("only what deploy/rbac.yaml grants", func(t *testing.T) { granted(t, c) })
	t.Run("taken away", func(t *testing.T) { takenAway(t, c) })
	t.Run("bad input", func(t *testing.T) { badInput(t, c) })
}

func TestLoopbackBadlyKept(t *testing.T) {
	c := startLoopback(t, badlyKept())
	exemptEverybody(t, c.Client)
	frozenLevel(t, c.Client)
	orphanAPIService(t, c.REST)
	etcd, err := c.Etcd()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = etcd.Close() }()
	if err := store.Put(t.Context(), etcd, danglingFlowSchema(), waitingPod(), stuckPod("worker-1")); err != nil {
		t.Fatal(err)
	}
	schedule(t, c.Client, 5)
	busy(t, c.Client)
	kubeconfig := "--kubeconfig=" + c.Kubeconfig()
	t.Run("verdicts", func(t *testing.T) {
		r := scan(t, kubeconfig)
		keep(t, c.Config.Dir, "badly", r)
		wantVerdicts(t, "loopback-badly", r, namesOf(c))
	})
	t.Run("verdicts with etcd", func(t *testing.T) {
		r := scan(t, slices.Concat([]string{kubeconfig}, c.EtcdFlags())...)
		keep(t, c.Config.Dir, "badly-etcd", r)
		wantVerdicts(t, "loopback-badly-etcd", r, namesOf(c))
	})
}
