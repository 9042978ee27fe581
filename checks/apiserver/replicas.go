package apiserver

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed replicas.md
var replicasDoc string

var replicas = checks.New(checks.Spec{
	ID:        "apiserver-replicas",
	Component: "kube-apiserver",
	Severity:  checks.Warning,
	AnyOf: []evidence.Kind{
		evidence.KindControlPods, evidence.KindAPIServerLeases, evidence.KindAPIServerMetrics, evidence.KindAPIServerEndpoints,
	},
	Uses:    []evidence.Kind{evidence.KindNodes, evidence.KindAPIServerFlags, evidence.KindKubeadmConfig, evidence.KindLeaderLeases},
	InFiles: []evidence.Kind{evidence.KindAPIServerFlags},
	Doc:     replicasDoc,
}, replicasParams{SingleNodes: 10}, runReplicas)

type replicasParams struct {
	SingleNodes int `json:"singleNodes" doc:"nodes up to which a single instance is a remark and no warning; kaudit's own heuristic"`
}

// everyInstance is the subject of what concerns all kube-apiservers together.
const everyInstance = "kube-apiserver"

func runReplicas(s *evidence.Snapshot, p replicasParams) []checks.Verdict {
	if s.Cluster.Managed {
		return []checks.Verdict{checks.About(everyInstance).NotApplicable("is run by the provider, who decides how many instances there are")}
	}
	if s.Cluster.Files {
		return replicasInFiles(s)
	}
	c := takeCensus(s)
	vs := []checks.Verdict{countOf(s, c, p)}
	vs = append(vs, endpointsOf(s, c)...)
	if c.n > 1 {
		vs = append(vs, addressOf(s, c), shutdownOf(s, c), spreadOf(s), skewOf(s, c))
	}
	if v, ok := leftLeases(s); ok {
		vs = append(vs, v)
	}
	return append(vs, healths(s)...)
}

// countOf judges how many instances there are, and whether what counts them agrees.
func countOf(s *evidence.Snapshot, c census, p replicasParams) checks.Verdict {
	subject := checks.About(everyInstance)
	for _, t := range c.tallies {
		subject = subject.With(t.src, "%s", t)
	}
	switch {
	case c.n == 0:
		return subject.Skip("cannot be counted: neither pods nor identity Leases nor metrics nor addresses of any instance were seen")
	case c.n == 1 && !c.complete:
		return subject.Skip("has at least 1 instance (%s); whether there are more is not known without pods or identity Leases", c)
	case c.n == 1:
		return single(s, subject, c, p)
	}
	if up, pods := readyPods(s), len(instancePods(s)); pods == c.n && up < 2 {
		return subject.Find(checks.Warning, "has %d instances, of which %s ready: one more failure and the API is gone", c.n, are(up)).
			Saw("%s; %d ready", c, up).Want("at least 2 ready").
			WithFix("kubectl -n " + instancePods(s)[0].Namespace + " get pods -o wide, then read the log of those that are not ready on their node: crictl ps -a --name kube-apiserver; crictl logs ID")
	}
	if why := disagreement(s, c); why != "" {
		return subject.Find(checks.Info, "has %d instances, but what counts them disagrees: %s", c.n, why).Saw("%s", c).Want("as many live Leases as pods")
	}
	return subject.Pass("has %d instances", c.n).Saw("%s", c)
}

// single judges one instance by the size of what depends on it.
func single(s *evidence.Snapshot, subject checks.Subject, c census, p replicasParams) checks.Verdict {
	if d := strings.ToLower(s.Cluster.Distribution); slices.Contains([]string{"kind", "minikube", "docker-desktop", "k3d"}, d) {
		return subject.NotApplicable("is a single instance, as %s makes them: a cluster to try things on", d).Saw("%s", c)
	}
	if !s.Nodes.Seen() {
		return subject.Skip("is a single instance; whether that is too little depends on the number of nodes, which could not be read: %s", noteOf(s.Nodes)).Unlocked(unlockOf(s.Nodes))
	}
	nodes := len(s.Nodes.Value.Items)
	if nodes <= 1 {
		return subject.With(s.Nodes.Source, "%s", checks.Count(nodes, "node")).NotApplicable("is a single instance on a cluster of one node, which has no more to lose").Saw("%s", c)
	}
	sev := checks.Info
	if nodes > p.SingleNodes {
		sev = checks.Warning
	}
	return subject.With(s.Nodes.Source, "%d nodes", nodes).
		Find(sev, "is a single instance for %d nodes: no API, no scheduling and no failover while it restarts or its machine is down", nodes).
		Saw("%s", c).Want("3 instances behind a load balancer").WithFix(joinFix(s))
}

// joinFix is how an instance is added.
func joinFix(s *evidence.Snapshot) string {
	if s.KubeadmConfig.Seen() {
		return "kubeadm join CONTROL-PLANE-ENDPOINT --control-plane --certificate-key KEY on two more machines; needs a controlPlaneEndpoint that is a load balancer, a virtual address or a DNS name"
	}
	return "add two more machines to the control plane, the way your distribution does it, behind a load balancer, a virtual address or a DNS name"
}

// noteOf is why something was not seen.
func noteOf[T any](o evidence.Observed[T]) string {
	if o.Gap == nil {
		return "nobody collected it"
	}
	return o.Gap.Note
}

// unlockOf is what would show something that was not seen.
func unlockOf[T any](o evidence.Observed[T]) string {
	if o.Gap == nil {
		return ""
	}
	return o.Gap.Unlock
}

func are(n int) string {
	switch n {
	case 0:
		return "none is"
	case 1:
		return "only 1 is"
	}
	return fmt.Sprintf("%d are", n)
}

func readyPods(s *evidence.Snapshot) int {
	n := 0
	for _, p := range instancePods(s) {
		if p.Ready {
			n++
		}
	}
	return n
}

// disagreement says how pods and live Leases differ; nothing where one of them was not seen.
func disagreement(s *evidence.Snapshot, c census) string {
	pods, ok := c.of("pod")
	live, okLeases := c.of("live identity Lease")
	if !ok || !okLeases || pods == live {
		return ""
	}
	why := fmt.Sprintf("%s, but %s", checks.Count(pods, "pod"), checks.Count(live, "live identity Lease"))
	if live > pods {
		return why + " (an instance runs outside the pods that were seen)"
	}
	_, stale := leases(s)
	var names []string
	now := renewedLast(s)
	for _, l := range stale {
		if onPodNode(s, l.Hostname) {
			names = append(names, fmt.Sprintf("%s renewed its Lease %s ago", l.Hostname, evidence.Ago(now.Sub(l.Renewed))))
		}
	}
	if len(names) == 0 {
		return why + " (instances of one host name share a Lease)"
	}
	return why + " (" + strings.Join(names, ", ") + ")"
}

func onPodNode(s *evidence.Snapshot, host string) bool {
	return slices.ContainsFunc(instancePods(s), func(p evidence.ControlPod) bool { return p.Node == host })
}
