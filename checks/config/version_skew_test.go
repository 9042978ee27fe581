package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// running are instances of a component with their versions, on node-a, node-b and so on.
func running(component string, versions ...string) evidence.Instances[evidence.Flags] {
	var in evidence.Instances[evidence.Flags]
	for i, v := range versions {
		o := inFile(component, v)
		o.Of = component + "/node-" + string(rune('a'+i))
		in = append(in, o)
	}
	return in
}

// on is a cluster of a version of Kubernetes on a day.
func on(day, git string) *evidence.Snapshot {
	taken, _ := time.Parse(time.DateOnly, day)
	v, _ := evidence.ParseSemver(git)
	src := evidence.Source{From: "version"}
	return &evidence.Snapshot{Taken: taken.Add(12 * time.Hour), Version: evidence.See("kube-apiserver", evidence.Version{Git: git, Major: v.Major, Minor: v.Minor}, src)}
}

func TestVersionSupport(t *testing.T) {
	managed := on("2026-11-25", "v1.33.1")
	managed.Cluster.Managed = true
	rke2 := on("2026-11-25", "v1.33.1")
	rke2.Cluster.Distribution = "rke2"
	for name, tc := range map[string]struct {
		s    *evidence.Snapshot
		want string
	}{
		"supported":           {on("2026-11-25", "v1.37.2"), "pass cluster support: lasts until 2027-10-28 for Kubernetes 1.37"},
		"its last day":        {on("2026-10-27", "v1.34.2"), "pass cluster support: lasts until 2026-10-27 for Kubernetes 1.34"},
		"days later":          {on("2026-10-29", "v1.34.2"), "warning cluster support: ended on 2026-10-27 for Kubernetes 1.34: it gets no fixes any more, those of security holes included"},
		"a release candidate": {on("2026-11-25", "v1.37.0-rc.1"), "pass cluster support: lasts until 2027-10-28 for Kubernetes 1.37"},
		"a vendor's build":    {on("2026-11-25", "v1.31.4-eks-2d5f260"), "not-applicable cluster support: is of a vendor's build, v1.31.4-eks-2d5f260, whose support is the vendor's matter; the project's for 1.31 ends on 2025-11-11"},
		"a managed one":       {managed, "not-applicable cluster support: is of a vendor's build, v1.33.1, whose support is the vendor's matter; the project's for 1.33 ends on 2026-06-28"},
		"a distribution":      {rke2, "not-applicable cluster support: is of a vendor's build, v1.33.1, whose support is the vendor's matter; the project's for 1.33 ends on 2026-06-28"},
		"before the table":    {on("2026-11-25", "v1.20.2"), "skipped cluster support: when support of v1.20.2 ends is not known to this build of kaudit"},
		"after the table":     {on("2026-11-25", "v1.60.2"), "skipped cluster support: when support of v1.60.2 ends is not known to this build of kaudit"},
	} {
		got := sentences(checks.Run(tc.s, []checks.Check{versionSkew})[0].Verdicts)
		if d := cmp.Diff([]string{tc.want}, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
}

func TestVersionSkew(t *testing.T) {
	type cluster struct{ api, kcm, sched, etcd, events, kubelets []string }
	for name, tc := range map[string]struct {
		c    cluster
		want []string
	}{
		"alike": {cluster{api: []string{"1.37.2", "1.37.2"}, kcm: []string{"1.37.2"}, sched: []string{"1.36.0"}, etcd: []string{"3.7.3", "3.7.1"}, kubelets: []string{"v1.37.2", "v1.34.0"}}, []string{
			"pass kube-apiserver: instances are at most one minor version apart",
			"pass kube-controller-manager: is no newer than kube-apiserver, and at most one minor version older",
			"pass kube-scheduler: is no newer than kube-apiserver, and at most one minor version older",
			"pass kubelets: are of versions that this kube-apiserver supports: 1 of 1.37, 1 of 1.34",
			"pass etcd: members are of one minor version, 3.7 (2 of them tell)",
		}},
		"apiservers apart": {cluster{api: []string{"1.37.2", "1.35.1"}}, []string{
			"warning kube-apiserver: instances are 2 minor versions apart, and one is supported: kube-apiserver/node-b (1.35), kube-apiserver/node-a (1.37)",
		}},
		"in the middle of an upgrade": {cluster{api: []string{"1.37.2", "1.36.1"}, kcm: []string{"1.37.2", "1.36.1"}, kubelets: []string{"1.36.1"}}, []string{
			"pass kube-apiserver: instances are at most one minor version apart",
			"pass kube-controller-manager: are no newer than kube-apiserver, and at most one minor version older",
			"pass kubelets: are of versions that this kube-apiserver supports: 1 of 1.36",
		}},
		"a newer controller": {cluster{api: []string{"1.36.1"}, kcm: []string{"1.37.2"}}, []string{
			"warning kube-controller-manager: is out of step with kube-apiserver: kube-controller-manager/node-a (1.37) is newer than kube-apiserver/node-a (1.36)",
		}},
		"an older scheduler": {cluster{api: []string{"1.37.1"}, sched: []string{"1.35.2"}}, []string{
			"warning kube-scheduler: is out of step with kube-apiserver: kube-scheduler/node-a (1.35) is more than one minor version older than kube-apiserver/node-a (1.37)",
		}},
		"a newer kubelet": {cluster{api: []string{"1.36.1", "1.37.1"}, kubelets: []string{"1.37.0", "1.36.0"}}, []string{
			"pass kube-apiserver: instances are at most one minor version apart",
			"warning kubelets: are out of step with kube-apiserver on 1 node: worker-a (1.37) is newer than kube-apiserver/node-a (1.36)",
		}},
		"older kubelets": {cluster{api: []string{"1.28.1"}, kubelets: []string{"1.25.0", "1.24.0"}}, []string{
			"warning kubelets: are out of step with kube-apiserver on 1 node: worker-b (1.24) is more than 2 minor versions older than kube-apiserver/node-a (1.28)",
		}},
		"an upgrade of etcd":   {cluster{etcd: []string{"3.6.16", "3.5.35", "3.6.16"}}, []string{"info etcd: members are of two minor versions: the upgrade is not finished, and until it is the cluster behaves as the older one: etcd/node-b (3.5), etcd/node-a (3.6)"}},
		"an etcd that skipped": {cluster{etcd: []string{"3.7.1", "3.5.35"}}, []string{"warning etcd: members are 2 minor versions apart, and an upgrade that skips one is not supported: etcd/node-b (3.5), etcd/node-a (3.7)"}},
		"an old etcd":          {cluster{etcd: []string{"3.4.30"}}, []string{"warning etcd: is of version 3.4, which gets no fixes any more: 3.4.45 of June 2026 was the last of 3.4"}},
		"etcd for events":      {cluster{etcd: []string{"3.7.1"}, events: []string{"3.5.35"}}, []string{"pass etcd: members are of one minor version, 3.7 (1 of them tell)", "pass etcd-events: members are of one minor version, 3.5 (1 of them tell)"}},
		"no versions":          {cluster{kcm: []string{""}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := on("2026-11-25", "v1.37.2")
			s.APIServerFlags, s.ControllerManagerFlags, s.SchedulerFlags = running("kube-apiserver", tc.c.api...), running("kube-controller-manager", tc.c.kcm...), running("kube-scheduler", tc.c.sched...)
			s.EtcdFlags = append(running("etcd", tc.c.etcd...), running("etcd-events", tc.c.events...)...)
			if tc.c.kubelets != nil {
				var nodes evidence.Nodes
				for i, v := range tc.c.kubelets {
					nodes.Items = append(nodes.Items, evidence.Node{Name: "worker-" + string(rune('a'+i)), KubeletVersion: v})
				}
				s.Nodes = evidence.See("nodes", nodes, evidence.Source{})
			}
			got := sentences(checks.Run(s, []checks.Check{versionSkew})[0].Verdicts)
			if d := cmp.Diff(tc.want, got[1:], cmpopts.EquateEmpty()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestVersionSkewOfFilesThatTellNoVersion(t *testing.T) {
	s := &evidence.Snapshot{Cluster: evidence.Cluster{Files: true}, APIServerFlags: running("kube-apiserver", "")}
	s.Version = evidence.Miss[evidence.Version]("kube-apiserver", evidence.Gap{Why: evidence.NotLive, Note: "no file tells the version of Kubernetes", Unlock: "--kubernetes-version 1.31"}, evidence.Source{})
	got := checks.Run(s, []checks.Check{versionSkew})[0].Verdicts
	if len(got) != 1 || got[0].Outcome != checks.Skipped || got[0].Unlock == "" {
		t.Errorf("got %v, want it skipped, and a way to unlock it", sentences(got))
	}
}

func TestVersionSkewParameters(t *testing.T) {
	if _, err := versionSkew.With([]byte(`{"named":0}`)); err == nil {
		t.Error("got no error of 0 to name, want one")
	}
}
