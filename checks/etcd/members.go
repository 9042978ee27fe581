package etcd

import (
	_ "embed"
	"errors"
	"fmt"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed members.md
var membersDoc string

var members = checks.New(checks.Spec{
	ID:        "etcd-members",
	Component: "etcd",
	Severity:  checks.Warning,
	AnyOf: []evidence.Kind{
		evidence.KindEtcdMembers, evidence.KindEtcdStatus, evidence.KindEtcdMetrics, evidence.KindEtcdFlags, evidence.KindControlPods,
	},
	Uses:    []evidence.Kind{evidence.KindNodes, evidence.KindAPIServerFlags, evidence.KindKubeadmConfig},
	InFiles: []evidence.Kind{evidence.KindEtcdFlags, evidence.KindEtcdMembers, evidence.KindEtcdMetrics},
	Doc:     membersDoc,
}, membersDefaults, runMembers)

type membersParams struct {
	ProductionNodes int     `json:"productionNodes" doc:"nodes over which a single member is critical: nobody runs so many for a trial; kaudit's own estimate"`
	MostVoters      int     `json:"mostVoters" doc:"voting members over which every write waits for too many; etcd's FAQ"`
	LagEntries      uint64  `json:"lagEntries" doc:"committed but unapplied entries from which a member is behind; kaudit's own estimate, a fifth of what etcd refuses at"`
	RefusedEntries  uint64  `json:"refusedEntries" doc:"committed but unapplied entries over which etcd refuses requests; a constant of its source"`
	ElectionsHourly float64 `json:"electionsHourly" doc:"leader changes per hour that are a warning; etcd's own alerting rules page at four in 15 minutes"`
	FailedPerSecond float64 `json:"failedPerSecond" doc:"failed proposals per second that are a warning; etcd's own alerting rules"`
}

var membersDefaults = membersParams{ProductionNodes: 10, MostVoters: 7, LagEntries: 1000, RefusedEntries: 5000, ElectionsHourly: 3, FailedPerSecond: 5}

func (p membersParams) Validate() error {
	if p.MostVoters < 3 || p.LagEntries > p.RefusedEntries {
		return errors.New("mostVoters must be at least 3, lagEntries at most refusedEntries")
	}
	return nil
}

func runMembers(s *evidence.Snapshot, p membersParams) []checks.Verdict {
	if s.Cluster.Managed {
		return []checks.Verdict{checks.About(mainEtcd).NotApplicable("is run by the provider of this control plane, who does not show it")}
	}
	var vs []checks.Verdict
	for _, component := range []string{mainEtcd, eventsEtcd} {
		c := rollOf(s, component)
		if s.Cluster.Files && (!c.certain || s.EtcdMembers.Seen()) {
			vs = append(vs, membersInFiles(s, component, p)...)
			continue
		}
		if len(c.voters) == 0 {
			continue
		}
		vs = append(vs, voterCount(s, c, p), health(s, c))
		if v, ok := spread(s, c); ok {
			vs = append(vs, v)
		}
		vs = append(vs, raft(s, c, p)...)
	}
	if len(vs) == 0 {
		return []checks.Verdict{unseen(s)}
	}
	if s.Cluster.Files { // who runs, and where, only a live cluster tells
		return vs
	}
	vs = append(vs, stragglers(s)...)
	return append(vs, servers(s)...)
}

// unseen says what is known of an etcd that shows neither members, nor pods, nor metrics.
func unseen(s *evidence.Snapshot) checks.Verdict {
	on := checks.About(mainEtcd)
	for o := range s.APIServerFlags.Seen() {
		set := o.Value.Setting("etcd-servers")
		if !set.Known() || set.Value == "" {
			continue
		}
		on = on.With(set.Source, "--etcd-servers: %s", set)
		list := parseServers(split(set))
		if len(list) > 0 && list[0].kine() {
			return on.NotApplicable("is not there: kube-apiserver stores its data by way of kine (%s)", list[0].raw)
		}
		return unlock(s, on.Skip("runs where this cluster's API does not show it; %s lists %s, which need not be all of its members", o.Of, checks.Count(len(addresses(list)), "server")))
	}
	if k := s.KubeadmConfig; k.Seen() && len(k.Value.ExternalEtcdEndpoints) > 0 {
		return unlock(s, on.With(k.Source, "etcd.external.endpoints").Skip("is external by kubeadm-config, with %s", checks.Count(len(k.Value.ExternalEtcdEndpoints), "endpoint")))
	}
	return unlock(s, on.Skip("was not found: no pod of this cluster runs it, and no flag of kube-apiserver tells where it is"))
}

// voterCount judges how many members there are: how many losses writes survive.
func voterCount(s *evidence.Snapshot, c roll, p membersParams) checks.Verdict {
	n := len(c.voters)
	quorum := n/2 + 1
	on := checks.About(wholeOf(c.component), c.sources...).Aspect("count")
	if !c.sure {
		return unlock(s, on.Skip("shows %s, but %s", checks.Count(n, "member"), c.doubt))
	}
	facts := fmt.Sprintf("has %s (%s): %d must agree, %d may fail", checks.Count(n, "voting member"), c.how, quorum, n-quorum)
	judged := func(v checks.Verdict) checks.Verdict { return v.Saw("%d", n).Want("3 or 5") }
	switch {
	case n == 1:
		return judged(single(s, on, c, p)).WithFix(addFix)
	case n == 2:
		return judged(on.Find(c.worst(), "%s, so two members are twice as likely to stop as one", facts)).WithFix(addFix)
	case n > p.MostVoters:
		return judged(on.Find(checks.Warning, "%s; over %d, each write waits for too many", facts, p.MostVoters)).
			WithFix("etcdctl member remove ID, down to 5 or 7")
	case n%2 == 0:
		return judged(on.Find(checks.Warning, "%s, no more than with %d", facts, n-1)).
			WithFix("add one member or remove one: an odd number tolerates as much with less")
	}
	return judged(on.Pass("%s", facts))
}

const addFix = "add members one at a time, each as a learner, and promote it when it has caught up: etcdctl member add NAME --learner --peer-urls=URL, then etcdctl member promote ID; with kubeadm: kubeadm join --control-plane"

// single judges one member alone by what the cluster is used for, as far as its shape tells.
func single(s *evidence.Snapshot, on checks.Subject, c roll, p membersParams) checks.Verdict {
	facts := "has a single member: its loss stops the control plane, and the loss of its disk loses the cluster"
	if c.component == eventsEtcd {
		facts = "has a single member: its loss stops everything that records events, and the health checks of kube-apiserver fail"
	}
	if dev(s.Cluster.Distribution) {
		return on.NotApplicable("has a single member, as %s clusters have", s.Cluster.Distribution)
	}
	if s.Nodes.Gap != nil {
		return on.Skip("has a single member; whether that is too few depends on the cluster's nodes, which were not read").Unlocked("permission to list nodes")
	}
	if !s.Nodes.Seen() {
		return on.Find(checks.Warning, "%s", facts)
	}
	controlPlanes := 0
	for _, n := range s.Nodes.Value.Items {
		if n.ControlPlane {
			controlPlanes++
		}
	}
	nodes := len(s.Nodes.Value.Items)
	on = on.With(s.Nodes.Source, "%s, %d of them control plane", checks.Count(nodes, "node"), controlPlanes)
	switch {
	case nodes <= 1:
		return on.NotApplicable("has a single member, on the cluster's single node")
	case (controlPlanes >= 2 || nodes > p.ProductionNodes) && c.certain:
		return on.Find(c.worst(), "%s (%d nodes, %d of them control plane)", facts, nodes, controlPlanes)
	}
	return on.Find(checks.Warning, "%s (%d nodes, %d of them control plane)", facts, nodes, controlPlanes)
}

// dev reports whether a distribution is for trying things out on one machine.
func dev(distribution string) bool {
	switch distribution {
	case "kind", "minikube", "k3d", "docker-desktop", "microk8s":
		return true
	}
	return false
}
