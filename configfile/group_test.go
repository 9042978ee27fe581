package configfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGroups(t *testing.T) {
	etcd := func(name string, members ...string) []*Process {
		return []*Process{{Component: "etcd", name: name, members: members, clients: []string{"https://etcd:2379"}}}
	}
	api := &Process{Component: "kube-apiserver", clients: []string{"https://etcd:2379"}}
	for name, tt := range map[string]struct {
		pieces []*piece
		want   []string // name: files
	}{
		"a directory": {
			[]*piece{at("etcd.yaml"), at("kube-apiserver.yaml")},
			[]string{"root: etcd.yaml kube-apiserver.yaml"},
		},
		"directories": {
			[]*piece{at("prod/etcd.yaml"), at("prod/manifests/kube-apiserver.yaml"), at("staging/etcd.yaml")},
			[]string{"prod: prod/etcd.yaml prod/manifests/kube-apiserver.yaml", "staging: staging/etcd.yaml"},
		},
		"nodes of one cluster": {
			[]*piece{at("eu/cp-1/etcd.yaml"), at("eu/cp-2/manifests/etcd.yaml"), at("eu/master3/etcd.yaml")},
			[]string{"eu: eu/cp-1/etcd.yaml eu/cp-2/manifests/etcd.yaml eu/master3/etcd.yaml"},
		},
		"numbered clusters are several": {
			[]*piece{at("prod1/etcd.yaml"), at("prod2/etcd.yaml")},
			[]string{"prod1: prod1/etcd.yaml", "prod2: prod2/etcd.yaml"},
		},
		"members that name each other": {
			[]*piece{
				at("alpha/etcd.yaml", etcd("a", "a=https://10.0.0.1:2380", "b=https://10.0.0.2:2380")...),
				at("beta/etcd.yaml", etcd("b", "b=https://10.0.0.2:2380", "c=https://10.0.0.3:2380")...), at("gamma/etcd.yaml", etcd("g", "g=https://10.9.0.1:2380")...),
			},
			[]string{"root: alpha/etcd.yaml beta/etcd.yaml", "gamma: gamma/etcd.yaml"},
		},
		"names": {
			[]*piece{named("eu", at("clusters/eu.yaml")), named("us", at("clusters/us.yaml")), named("eu", at("more/eu-workers.yaml"))},
			[]string{"eu: clusters/eu.yaml more/eu-workers.yaml", "us: clusters/us.yaml"},
		},
		"a name for what is below": {
			[]*piece{named("eu", at("a/kubeadm.yaml")), at("a/manifests/etcd.yaml"), at("a/deep/down/etcd.yaml"), at("b/etcd.yaml")},
			[]string{"eu: a/kubeadm.yaml a/manifests/etcd.yaml a/deep/down/etcd.yaml", "b: b/etcd.yaml"},
		},
		"a name at the root": {
			[]*piece{named("eu", at("kubeadm.yaml")), at("manifests/etcd.yaml"), at("talos/x.yaml"), at("shop/etcd.yaml")},
			[]string{"eu: kubeadm.yaml manifests/etcd.yaml talos/x.yaml", "shop: shop/etcd.yaml"},
		},
		"two names above leave it alone": {
			[]*piece{named("eu", at("eu.yaml")), named("us", at("us.yaml")), at("x/etcd.yaml")},
			[]string{"eu: eu.yaml", "us: us.yaml", "x: x/etcd.yaml"},
		},
		"servers do not join what has two names": {
			[]*piece{named("eu", at("eu/a.yaml", etcd("a", "a=https://e:2380")...)), named("us", at("us/a.yaml", etcd("b", "a=https://e:2380")...))},
			[]string{"eu: eu/a.yaml", "us: us/a.yaml"},
		},
		"clusters of one template": {
			[]*piece{
				at("eu/cp.yaml", append(etcd("a", "a=https://etcd-0:2380", "b=https://etcd-1:2380"), api)...), at("eu/cp2.yaml", append(etcd("b", "a=https://etcd-0:2380", "b=https://etcd-1:2380"), api)...),
				at("us/cp.yaml", append(etcd("a", "a=https://etcd-0:2380", "b=https://etcd-1:2380"), api)...), at("us/cp2.yaml", append(etcd("b", "a=https://etcd-0:2380", "b=https://etcd-1:2380"), api)...),
			},
			[]string{"eu: eu/cp.yaml eu/cp2.yaml", "us: us/cp.yaml us/cp2.yaml"},
		},
		"members whose names a template fills in": {
			[]*piece{at("eu/etcd.yaml", etcd("", "a=https://etcd-0:2380")...), at("us/etcd.yaml", etcd("", "a=https://etcd-0:2380")...)},
			[]string{"eu: eu/etcd.yaml", "us: us/etcd.yaml"},
		},
		"kube-apiservers that call their etcd the same": {
			[]*piece{at("eu/api.yaml", api), at("us/api.yaml", api)},
			[]string{"eu: eu/api.yaml", "us: us/api.yaml"},
		},
		"an etcd beside its kube-apiserver": {
			[]*piece{at("eu/api/a.yaml", api), at("eu/db/etcd.yaml", etcd("a")...)},
			[]string{"eu: eu/api/a.yaml eu/db/etcd.yaml"},
		},
		"an etcd below the root alone": {
			[]*piece{at("api/a.yaml", api), at("db/etcd.yaml", etcd("a")...)},
			[]string{"api: api/a.yaml", "db: db/etcd.yaml"},
		},
		"an etcd that two ask": {
			[]*piece{at("eu/a/api.yaml", api), at("eu/b/api.yaml", api), at("eu/db/etcd.yaml", etcd("a")...)},
			[]string{"eu/a: eu/a/api.yaml", "eu/b: eu/b/api.yaml", "eu/db: eu/db/etcd.yaml"},
		},
		"an etcd with a kube-apiserver of its own": {
			[]*piece{at("all/eu/api.yaml", api), at("all/us/cp.yaml", append(etcd("a"), &Process{Component: "kube-apiserver"})...)},
			[]string{"all/eu: all/eu/api.yaml", "all/us: all/us/cp.yaml"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			wantGroups(t, tt.want, tt.pieces)
		})
	}
}

func at(rel string, ps ...*Process) *piece {
	return &piece{file: &file{path: "dir/" + rel, rel: rel, rootDir: rootDir{root: "root"}}, processes: ps}
}

func named(cluster string, p *piece) *piece {
	p.cluster = cluster
	return p
}

// A name must not depend on which other files there are, or a new file would change every fingerprint.
func TestNamesOfProcesses(t *testing.T) {
	for rel, want := range map[string]string{
		"etcd.yaml": "root", "cp-1/etcd.yaml": "cp-1", "eu/cp-1/manifests/etcd.yaml": "cp-1", "etcd-cp-1.yaml": "cp-1", "kubeadm.yaml": "kubeadm",
		"eu/etcd.yaml": "eu", "controlplane.yaml": "controlplane", "manifests/etcd.manifest.yaml": "root", "etcd/etcd.yaml": "root",
	} {
		if got := nameOf(&Process{Component: "etcd"}, &file{rel: rel, rootDir: rootDir{root: "root"}}); got != want {
			t.Errorf("%s: got %q, want %q", rel, got, want)
		}
	}
}

func TestProcessesThatAreCalledAlikeAreToldApart(t *testing.T) {
	a, b, c := newProcess("etcd", "pod", at("a.yaml").file.at(1, 1)), newProcess("etcd", "pod", at("a.yaml").file.at(9, 1)), newProcess("etcd", "pod", at("b.yaml").file.at(1, 1))
	for _, p := range []*Process{a, b} {
		p.Subject = "etcd/x"
	}
	c.Subject = "etcd/y"
	tellApart([]*Process{a, b, c})
	got := []string{a.Subject, b.Subject, c.Subject}
	if want := []string{"etcd/dir/a.yaml", "etcd/dir/a.yaml#2", "etcd/y"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A cluster has one description of its control plane, or copies of it for its machines.
func TestControlPlanesAreToldApart(t *testing.T) {
	sole := func(p *piece) *piece {
		p.sole = true
		return p
	}
	reached := func(endpoint string, p *piece) *piece {
		p.endpoint = endpoint
		return sole(p)
	}
	for name, tt := range map[string]struct {
		pieces []*piece
		want   []string
	}{
		"one name, two directories": {
			[]*piece{sole(named("a", at("dev/k.yaml"))), named("a", at("dev/t.yaml")), sole(named("a", at("prod/k.yaml"))), named("a", at("prod/t.yaml"))},
			[]string{"a: dev/k.yaml dev/t.yaml", "a (prod/k.yaml): prod/k.yaml prod/t.yaml"},
		},
		"two without a name in one directory": {
			[]*piece{sole(at("a.yaml")), sole(at("b.yaml")), at("etcd.yaml")},
			[]string{"root: a.yaml", "root (b.yaml): b.yaml", "root (etcd.yaml): etcd.yaml"},
		},
		"copies of machines": {
			[]*piece{sole(at("eu/cp-1/kubeadm.yaml")), sole(at("eu/cp-2/kubeadm.yaml")), at("eu/cp-1/manifests/etcd.yaml")},
			[]string{"eu: eu/cp-1/kubeadm.yaml eu/cp-2/kubeadm.yaml eu/cp-1/manifests/etcd.yaml"},
		},
		"one endpoint": {
			[]*piece{reached("api:6443", at("cp-a.yaml")), reached("api:6443", at("cp-b.yaml")), at("etcd.yaml")},
			[]string{"root: cp-a.yaml cp-b.yaml etcd.yaml"},
		},
		"the same name in one directory": {
			[]*piece{sole(named("eu", at("a.yaml"))), sole(named("eu", at("b.yaml")))},
			[]string{"eu: a.yaml b.yaml"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			wantGroups(t, tt.want, tt.pieces)
		})
	}
}

// wantGroups wants the clusters of pieces, each as its name and its files.
func wantGroups(t *testing.T, want []string, pieces []*piece) {
	t.Helper()
	var got []string
	for _, g := range groups(pieces) {
		var files []string
		for _, p := range g.pieces {
			files = append(files, p.file.rel)
		}
		got = append(got, fmt.Sprintf("%s: %s", g.name, strings.Join(files, " ")))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
