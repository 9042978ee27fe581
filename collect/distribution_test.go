package collect

import (
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

func TestDistribution(t *testing.T) {
	apiserver := evidence.ControlPod{Component: "kube-apiserver", Namespace: "kube-system", Name: "kube-apiserver-cp-1"}
	label := func(name string) evidence.Node { return evidence.Node{Labels: map[string]string{name: "x"}} }
	controlPlane := evidence.Node{ControlPlane: true}
	for name, tc := range map[string]struct {
		git     string
		nodes   []evidence.Node
		pods    []evidence.ControlPod
		kubeadm bool
		want    string
		managed bool
	}{
		"kubeadm":                        {"v1.37.2", []evidence.Node{controlPlane}, []evidence.ControlPod{apiserver}, true, "kubeadm", false},
		"kind":                           {"v1.37.2", []evidence.Node{{ProviderID: "kind"}}, []evidence.ControlPod{apiserver}, true, "kind", false},
		"minikube":                       {"v1.37.2", []evidence.Node{label("minikube.k8s.io/name")}, []evidence.ControlPod{apiserver}, true, "minikube", false},
		"rke2":                           {"v1.36.1+rke2r1", nil, []evidence.ControlPod{apiserver}, false, "rke2", false},
		"k3s":                            {"v1.36.1+k3s1", []evidence.Node{controlPlane}, nil, false, "k3s", false},
		"kops":                           {"v1.36.1", nil, []evidence.ControlPod{apiserver, {Name: "etcd-manager-main-i-1"}}, false, "kops", false},
		"openshift":                      {"v1.34.2", nil, []evidence.ControlPod{{Component: "kube-apiserver", Namespace: "openshift-kube-apiserver"}}, false, "openshift", false},
		"eks":                            {"v1.36.1-eks-2d5f260", nil, nil, false, "eks", true},
		"eks anywhere shows it all":      {"v1.36.1-eks-2d5f260", []evidence.Node{controlPlane}, []evidence.ControlPod{apiserver}, true, "kubeadm", false},
		"eks anywhere, pods forbidden":   {"v1.36.1-eks-2d5f260", []evidence.Node{controlPlane, {}}, nil, false, "unknown", false},
		"digitalocean":                   {"v1.36.1", []evidence.Node{label("doks.digitalocean.com/node-pool")}, nil, false, "doks", true},
		"own control plane on alibaba":   {"v1.36.1", []evidence.Node{controlPlane, label("alibabacloud.com/nodepool-id")}, nil, false, "unknown", false},
		"gke":                            {"v1.36.1-gke.1200", nil, nil, false, "gke", true},
		"aks":                            {"v1.36.1", []evidence.Node{label("kubernetes.azure.com/cluster")}, nil, false, "aks", true},
		"own control plane on azure":     {"v1.36.1", []evidence.Node{{ProviderID: "azure", ControlPlane: true}}, nil, false, "unknown", false},
		"workers of eks, version hidden": {"", []evidence.Node{label("eks.amazonaws.com/nodegroup")}, nil, false, "eks", true},
		"nothing known":                  {"", nil, nil, false, "unknown", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{
				Nodes:       evidence.See("cluster", evidence.Nodes{Items: tc.nodes}, evidence.Source{}),
				ControlPods: evidence.See("cluster", tc.pods, evidence.Source{}),
			}
			if tc.git != "" {
				s.Version = evidence.See("cluster", evidence.Version{Git: tc.git}, evidence.Source{})
			}
			if tc.kubeadm {
				s.KubeadmConfig = evidence.See("cluster", evidence.KubeadmConfig{}, evidence.Source{})
			}
			if _, managed := managedBy(s); distribution(s) != tc.want || managed != tc.managed {
				t.Errorf("got %s, managed %v, want %s, %v", distribution(s), managed, tc.want, tc.managed)
			}
		})
	}
}

func TestFlagsOfOneProcessFromAllSources(t *testing.T) {
	flags := func(from evidence.Provenance, goaway string) evidence.Observed[evidence.Flags] {
		src := evidence.Source{Via: string(from)}
		f := evidence.Flags{Component: "kube-apiserver", Version: "1.36.0", Values: map[string][]evidence.FlagValue{"goaway-chance": {{Value: goaway, From: from, Source: src}}}, Read: []evidence.Source{src}, From: []evidence.Provenance{from}}
		return evidence.See("kube-apiserver/cp-1", f, src)
	}
	miss := func(note string) evidence.Observed[evidence.Flags] {
		return evidence.Miss[evidence.Flags]("kube-apiserver/cp-1", evidence.Gap{Why: evidence.Unserved, Note: note}, evidence.Source{})
	}
	kubeadm := evidence.See("cluster", evidence.KubeadmConfig{
		KubernetesVersion: "v1.35.0", ExtraArgs: map[string]map[string][]string{"kube-apiserver": {"goaway-chance": {"0.003"}}},
	}, evidence.Source{})
	nobody := evidence.Observed[evidence.Flags]{}
	for name, tc := range map[string]struct {
		pod, flagz evidence.Observed[evidence.Flags]
		kubeadm    evidence.Observed[evidence.KubeadmConfig]
		from       evidence.Provenance
		value      string
		gap        string
	}{
		"flagz first":              {flags(evidence.FromCommandLine, "0.001"), flags(evidence.FromFlagz, "0.002"), kubeadm, evidence.FromFlagz, "0.002", ""},
		"no flagz before 1.36":     {flags(evidence.FromCommandLine, "0.001"), miss("not served"), kubeadm, evidence.FromCommandLine, "0.001", ""},
		"only the process":         {nobody, flags(evidence.FromFlagz, "0.002"), evidence.Observed[evidence.KubeadmConfig]{}, evidence.FromFlagz, "0.002", ""},
		"only the intention":       {miss("its pod is odd"), nobody, kubeadm, evidence.FromKubeadm, "0.003", ""},
		"nothing":                  {miss("its pod is odd"), miss("not served"), evidence.Observed[evidence.KubeadmConfig]{}, "", "", "its pod is odd; not served"},
		"nothing, nobody was seen": {nobody, nobody, evidence.Observed[evidence.KubeadmConfig]{}, "", "", "no pod shows its arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			got := effective(&evidence.Snapshot{KubeadmConfig: tc.kubeadm}, "kube-apiserver", "kube-apiserver/cp-1", tc.pod, &process{flagz: tc.flagz})
			if tc.gap != "" {
				if got.Gap == nil || got.Gap.Note != tc.gap {
					t.Errorf("got %+v, want a gap: %s", got, tc.gap)
				}
				return
			}
			if set := got.Value.Setting("goaway-chance"); set.From != tc.from || set.Value != tc.value {
				t.Errorf("got %s, want %s from %s", set, tc.value, tc.from)
			}
			if set := got.Value.Setting("request-timeout"); tc.from == evidence.FromKubeadm && set.Known() {
				t.Errorf("got %s of a process that was not read, want it unknown", set)
			}
		})
	}
}

func TestAManagedControlPlaneHasNoFlagsToShow(t *testing.T) {
	s := &evidence.Snapshot{Version: evidence.See("cluster", evidence.Version{Git: "v1.36.1-eks-2d5f260"}, evidence.Source{})}
	got := effective(s, "kube-apiserver", "kube-apiserver/x:443", evidence.Observed[evidence.Flags]{}, &process{})
	want := "EKS runs the control plane and shows neither the flags nor the processes of kube-apiserver"
	if got.Gap == nil || got.Gap.Why != evidence.Absent || got.Gap.Note != want {
		t.Errorf("got %+v, want it absent: %s", got.Gap, want)
	}
	if gap := nobody(s, "etcd"); gap.Why != evidence.Absent || gap.Unlock != "" {
		t.Errorf("got %+v, want etcd absent, with nothing to unlock", gap)
	}
}

// k3s keeps its data in SQLite unless it is told otherwise: without a sign of etcd there may be none.
func TestWhatIsSaidOfComponentsThatNoPodShows(t *testing.T) {
	talos := evidence.Node{ControlPlane: true, ProviderID: "talos"}
	for name, tc := range map[string]struct {
		git, component string
		node           evidence.Node
		note           string
	}{
		"k3s":                {"v1.36.1+k3s1", "kube-scheduler", evidence.Node{ControlPlane: true}, "k3s runs kube-scheduler inside its own process and shows no pod of it"},
		"k3s with etcd":      {"v1.36.1+k3s1", "etcd", evidence.Node{Labels: map[string]string{"node-role.kubernetes.io/etcd": "true"}}, "k3s runs etcd inside its own process and shows no pod of it"},
		"k3s, no node knows": {"v1.36.1+k3s1", "etcd", evidence.Node{ControlPlane: true}, "no node says that it runs etcd: this k3s may keep its data in SQLite, or in a database elsewhere"},
		"talos":              {"v1.36.1", "etcd", talos, "no pod of etcd was found: Talos may run it as a service of the host"},
		"anything else":      {"v1.36.1", "etcd", evidence.Node{}, "no pod of etcd was found: it may be a service of the host"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{
				Version:     evidence.See("cluster", evidence.Version{Git: tc.git}, evidence.Source{}),
				Nodes:       evidence.See("cluster", evidence.Nodes{Items: []evidence.Node{tc.node}}, evidence.Source{}),
				ControlPods: evidence.See("cluster", []evidence.ControlPod{}, evidence.Source{}),
			}
			if got := nobody(s, tc.component); got.Why != evidence.Unreachable || got.Note != tc.note {
				t.Errorf("got %+v, want %q", got, tc.note)
			}
		})
	}
}

func TestTwoWaysToTheMetricsOfOneMember(t *testing.T) {
	at := time.Unix(1, 0)
	twice := evidence.See("etcd/cp-1", evidence.Scrapes{First: evidence.Scrape{At: at}, Second: &evidence.Scrape{}}, evidence.Source{Via: "etcd"})
	once := evidence.See("etcd/cp-1", evidence.Scrapes{First: evidence.Scrape{At: at}}, evidence.Source{Via: "port-forward"})
	lost := func(why evidence.Why, note string) evidence.Observed[evidence.Scrapes] {
		return evidence.Miss[evidence.Scrapes]("etcd/cp-1", evidence.Gap{Why: why, Note: note}, evidence.Source{})
	}
	for name, tc := range map[string]struct {
		a, b evidence.Observed[evidence.Scrapes]
		want string
	}{
		"the first is whole":      {twice, once, "etcd"},
		"the second is whole":     {once, twice, "etcd"},
		"only the second":         {lost(evidence.Unreachable, "x"), twice, "etcd"},
		"only the first":          {once, lost(evidence.Unreachable, "x"), "port-forward"},
		"neither":                 {lost(evidence.Unreachable, "x"), lost(evidence.Unreachable, "y"), "x; y"},
		"the first was not asked": {lost(evidence.NotAsked, "x"), lost(evidence.Unreachable, "y"), "y"},
	} {
		t.Run(name, func(t *testing.T) {
			got := better(evidence.Instances[evidence.Scrapes]{tc.a}, evidence.Instances[evidence.Scrapes]{tc.b})
			if len(got) != 1 {
				t.Fatalf("got %d of them, want one member once", len(got))
			}
			said := got[0].Source.Via
			if got[0].Gap != nil {
				said = got[0].Gap.Note
			}
			if said != tc.want {
				t.Errorf("got %q, want %q", said, tc.want)
			}
		})
	}
}
