package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaudit/kaudit/evidence"
)

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		subjects []string
		limit    int
		want     string
	}{
		{[]string{"etcd cluster"}, 0, "etcd cluster"},
		{[]string{"kube-apiserver/cp-1", "kube-apiserver/cp-2"}, 0, "kube-apiserver/cp-1, cp-2"},
		{[]string{"kube-apiserver/cp-1 timeout", "kube-apiserver/cp-2 timeout"}, 0, "kube-apiserver/cp-1, cp-2 timeout"},
		{[]string{"etcd cluster", "etcd/cp-1", "kubelet/n"}, 0, "etcd cluster; etcd/cp-1; kubelet/n"},
		{[]string{"kubelet/a", "kubelet/b", "kubelet/c"}, 2, "kubelet/a and 2 more"},
		{[]string{"kubelet/a", "kubelet/b"}, 2, "kubelet/a, b"},
		{[]string{"kube-apiserver/[::1]:6443"}, 0, "kube-apiserver/[::1]:6443"},
	} {
		if got := names(tc.subjects, tc.limit); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.subjects, got, tc.want)
		}
	}
}

func TestWhereTellsClustersApart(t *testing.T) {
	in := func(cluster string, subjects ...string) (ms []member) {
		for _, s := range subjects {
			ms = append(ms, member{cluster, s})
		}
		return ms
	}
	var alike, unlike []member
	for i := range 20 {
		name := fmt.Sprintf("c-%02d", i)
		alike = append(alike, in(name, "etcd/cp-1", "etcd/cp-2")...)
		unlike = append(unlike, in(name, "etcd/"+name, "kube-apiserver/"+name+" timeout")...)
	}
	for name, tc := range map[string]struct {
		members []member
		limit   int
		want    string
	}{
		"no cluster's name":    {in("", "etcd/cp-1", "etcd/cp-2"), 6, "etcd/cp-1, cp-2"},
		"one of several":       {in("prod-eu", "etcd/cp-1", "etcd/cp-2"), 6, "prod-eu: etcd/cp-1, cp-2"},
		"two":                  {append(in("prod-eu", "etcd/cp-1"), in("dev", "etcd/cp-1", "etcd/cp-2")...), 6, "prod-eu: etcd/cp-1; dev: etcd/cp-1, cp-2"},
		"twenty alike":         {alike, 4, "etcd/cp-1, cp-2 in 20 clusters: c-00, c-01, c-02 and 17 more"},
		"twenty, each its own": {unlike, 4, "etcd, kube-apiserver timeout in 20 clusters: c-00, c-01, c-02 and 17 more"},
		"three, all of them":   {append(append(in("a", "x y"), in("b", "x y")...), in("c", "x z")...), 0, "x y, x z in 3 clusters: a, b, c"},
	} {
		if got := where(tc.members, tc.limit); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestHeadlineOfFilesAndALiveCluster(t *testing.T) {
	nodes := 3
	live := Target{Name: "prod", KubernetesVersion: "v1.37.2", Distribution: "kubeadm", Nodes: &nodes}
	inGit := Target{Name: "prod", KubernetesVersion: "v1.37.1"}
	files := evidence.Cost{Files: 4}
	for name, tc := range map[string]struct {
		a           Audit
		want, title string
	}{
		"live":            {Audit{Target: live, Live: true}, "Kubernetes v1.37.2, kubeadm, 3 nodes", "etcd"},
		"files":           {Audit{Target: inGit, Clusters: []Target{inGit}, Cost: files}, "Kubernetes v1.37.1, distribution unknown, 4 files", "etcd"},
		"no version":      {Audit{Clusters: []Target{{}}, Cost: files}, "Kubernetes version unknown, distribution unknown, 4 files", "etcd"},
		"two in files":    {Audit{Clusters: []Target{inGit, {Name: "dev"}}, Cost: files}, "2 clusters in 4 files: prod (v1.37.1), dev", "etcd"},
		"live, and files": {Audit{Target: live, Live: true, Clusters: []Target{inGit}, Cost: files}, "Kubernetes v1.37.2, kubeadm, 3 nodes, 1 cluster in 4 files: prod (v1.37.1)", "prod (live): etcd"},
	} {
		if got := strings.Join(headline(tc.a), ", "); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
		if got := tc.a.title("", "etcd"); got != tc.title {
			t.Errorf("%s: got %q of a result without a cluster, want %q", name, got, tc.title)
		}
	}
}
