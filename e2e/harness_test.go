//go:build e2e

package e2e

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/e2e/kubeadm"
	"github.com/kaudit/kaudit/e2e/loopback"
	"github.com/kaudit/kaudit/e2e/proc"
)

func TestLoopbackComesUp(t *testing.T) {
	c, err := loopback.Start(t.Context(), loopback.Config{Bin: programs, Dir: workDir(t), Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, name := range c.Running() {
		pids = append(pids, c.PID(name))
	}
	if got, want := len(pids), 3+2+2+2; got != want {
		t.Errorf("got %d processes %v, want %d", got, c.Running(), want)
	}
	version, err := c.Client.Discovery().ServerVersion()
	if err != nil {
		t.Error(err)
	} else if got, want := version.GitVersion, "v1.37.2"; got != want {
		t.Errorf("/version: got %s, want %s", got, want)
	}
	leases, err := c.Client.CoordinationV1().Leases("kube-system").List(t.Context(), metav1.ListOptions{LabelSelector: "apiserver.kubernetes.io/identity=kube-apiserver"})
	if err != nil {
		t.Error(err)
	} else if got, want := len(leases.Items), 2; got != want {
		t.Errorf("identity leases: got %d, want %d", got, want)
	}
	c.Close()
	for _, pid := range pids {
		if proc.Alive(pid) {
			t.Errorf("process %d outlives the cluster", pid)
		}
	}
}

func TestKubeadmComesUp(t *testing.T) {
	c, err := kubeadm.Start(t.Context(), kubeadm.Config{Bin: programs, Dir: workDir(t), N: 9})
	if err != nil {
		t.Fatal(err)
	}
	pid := c.PID("nsinit")
	if got, want := len(proc.Children(pid)), 1; got < want {
		t.Errorf("got %d containers under the node's first process, want some", got)
	}
	c.Close()
	if proc.Alive(pid) {
		t.Errorf("process %d outlives the cluster", pid)
	}
}
