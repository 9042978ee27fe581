package collect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kaudit/kaudit/evidence"
)

// fleet has three control-plane nodes, and workers of three zones, of which one is old and some are down.
func fleet(workers, down int) evidence.Nodes {
	var ns evidence.Nodes
	for i := range 3 {
		ns.Items = append(ns.Items, evidence.Node{Name: fmt.Sprintf("cp-%d", i), ControlPlane: true, Ready: "True", KubeletVersion: "v1.37.2"})
	}
	for i := range workers {
		n := evidence.Node{Name: fmt.Sprintf("worker-%04d", i), Ready: "True", KubeletVersion: "v1.37.2", OS: "linux", Zone: string("abc"[i%3])}
		if i == 77 {
			n.KubeletVersion = "v1.34.0"
		}
		if i >= workers-down {
			n.Ready = "Unknown"
		}
		ns.Items = append(ns.Items, n)
	}
	return ns
}

func TestSampleNodes(t *testing.T) {
	ns := fleet(1000, 100)
	got := sampleNodes(ns, 50)
	if len(got) != 50 || !slices.IsSorted(got) {
		t.Fatalf("got %d nodes, want 50 in order: %v", len(got), got)
	}
	zones, down, control := map[string]int{}, 0, 0
	for _, n := range ns.Items {
		if !slices.Contains(got, n.Name) {
			continue
		}
		switch {
		case n.ControlPlane:
			control++
		case n.Ready != "True":
			down++
		}
		zones[n.Zone]++
	}
	if control != 3 || !slices.Contains(got, "worker-0077") {
		t.Errorf("got %d control-plane nodes, the old kubelet %v, want 3 and true", control, slices.Contains(got, "worker-0077"))
	}
	if down < 10 || down > 20 {
		t.Errorf("got %d nodes that are down, want a share of them", down)
	}
	for _, z := range []string{"a", "b", "c"} {
		if zones[z] < 10 {
			t.Errorf("got %d of zone %s, want about a third", zones[z], z)
		}
	}
	// The same every time, in whatever order the nodes come.
	slices.Reverse(ns.Items)
	same(t, got, sampleNodes(ns, 50))
}

func TestSampleNodesEdges(t *testing.T) {
	if got := sampleNodes(fleet(10, 0), 0); got != nil {
		t.Errorf("got %v, want no nodes of a sample of none", got)
	}
	for _, n := range []int{13, 500} {
		if got := sampleNodes(fleet(10, 2), n); len(got) != 13 {
			t.Errorf("sample of %d: got %d nodes, want all 13", n, len(got))
		}
	}
	for n := 1; n < 13; n++ {
		got := sampleNodes(fleet(10, 2), n)
		if len(got) != n || !strings.HasPrefix(got[0], "cp-") {
			t.Errorf("sample of %d: got %v, want as many, a control-plane node among them", n, got)
		}
	}
	only := evidence.Nodes{Items: fleet(0, 0).Items} // of control-plane nodes more than half may be asked
	if got := sampleNodes(only, 2); len(got) != 2 {
		t.Errorf("got %v, want two nodes", got)
	}
}
