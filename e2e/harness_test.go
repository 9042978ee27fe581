//go:build e2e

package e2e

import (
	"testing"

	"github.com/kaudit/kaudit/e2e/proc"
)

// wantNothingLeft closes a cluster when the test has ended, and wants every process of it gone.
func wantNothingLeft(t *testing.T, g *proc.Group, closing func()) {
	t.Helper()
	t.Cleanup(func() {
		pids := map[string][]int{}
		for _, name := range g.Running() {
			pids[name] = proc.Tree(g.PID(name))
		}
		closing()
		for name, ps := range pids {
			for _, pid := range ps {
				if proc.Alive(pid) {
					t.Errorf("process %d of %s outlives its cluster", pid, name)
				}
			}
		}
	})
}
