package collect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// effective joins what all sources say of the flags of one process, strongest first: /flagz, the
// arguments of its pod, kubeadm-config.
func effective(s *evidence.Snapshot, component, subject string, pod evidence.Observed[evidence.Flags], p *process) evidence.Observed[evidence.Flags] {
	f := evidence.Flags{Component: component}
	var src evidence.Source
	if pod.Seen() {
		f.Merge(*pod.Value)
		src = pod.Source
	}
	if p != nil && p.flagz.Seen() {
		f.Merge(*p.flagz.Value)
		src = p.flagz.Source
	}
	if p != nil && p.version() != "" {
		f.Version = p.version() // the running process knows best
	}
	if s.KubeadmConfig.Seen() {
		intended := evidence.KubeadmFlags(*s.KubeadmConfig.Value, component, s.KubeadmConfig.Source)
		if f.Version == "" && component != "etcd" {
			if v, ok := evidence.ParseSemver(s.KubeadmConfig.Value.KubernetesVersion); ok {
				intended.Version = v.String()
			}
		}
		if len(f.Read) > 0 || len(intended.Values) > 0 {
			f.Merge(intended)
		}
		if src == (evidence.Source{}) {
			src = s.KubeadmConfig.Source
		}
	}
	gap := flagsGap(pod, p)
	if _, managed := managedBy(s); managed {
		gap = nobody(s, component)
	}
	switch {
	case len(f.Read) > 0:
		return evidence.See(subject, f, src)
	case len(f.Values) > 0:
		f.Opaque = cmp.Or(f.Opaque, gap.Note)
		return evidence.See(subject, f, src)
	default:
		return evidence.Miss[evidence.Flags](subject, gap, cmp.Or(pod.Source, src))
	}
}

// flagsGap says why neither the pod nor the process tells its flags.
func flagsGap(pod evidence.Observed[evidence.Flags], p *process) evidence.Gap {
	var gaps []evidence.Gap
	if pod.Gap != nil {
		gaps = append(gaps, *pod.Gap)
	}
	if p != nil && p.flagz.Gap != nil {
		gaps = append(gaps, *p.flagz.Gap)
	}
	if len(gaps) == 0 {
		return evidence.Gap{Why: evidence.Unreachable, Note: "no pod shows its arguments"}
	}
	g := gaps[0]
	for _, other := range gaps[1:] {
		if !strings.Contains(g.Note, other.Note) {
			g.Note += "; " + other.Note
		}
		g.Unlock = cmp.Or(g.Unlock, other.Unlock)
	}
	return g
}

// readings are the processes of one component, as they were found, by their pods' subjects.
type readings struct {
	component string
	pods      evidence.Instances[evidence.Flags]
	processes []*process
}

// fill gives every subject its flags and metrics.
func (r readings) fill(s *evidence.Snapshot) (evidence.Instances[evidence.Flags], evidence.Instances[evidence.Scrapes]) {
	var flags evidence.Instances[evidence.Flags]
	var metrics evidence.Instances[evidence.Scrapes]
	for _, p := range r.processes {
		pod := r.pods.Of(p.subject)
		// Whatever answers behind a balancer is one of those that the pods show already.
		oneOfThem := p.base != nil && p.base.shared && !pod.Seen() && len(r.pods) > 0
		if !oneOfThem {
			flags = append(flags, effective(s, r.component, p.subject, pod, p))
		}
		metrics = append(metrics, p.metrics)
	}
	for _, pod := range r.pods {
		if !slices.ContainsFunc(r.processes, func(p *process) bool { return p.subject == pod.Of }) {
			flags = append(flags, effective(s, r.component, pod.Of, pod, nil))
		}
	}
	return flags, metrics
}

// nobody says why nothing is known of any instance of a component.
func nobody(s *evidence.Snapshot, component string) evidence.Gap {
	if p, ok := managedBy(s); ok {
		return evidence.Gap{
			Why:  evidence.Absent,
			Note: fmt.Sprintf("%s runs the control plane and shows neither the flags nor the processes of %s", p.name, component),
		}
	}
	if s.ControlPods.Gap != nil {
		return *s.ControlPods.Gap
	}
	g := evidence.Gap{Why: evidence.Unreachable, Note: fmt.Sprintf("no pod of %s was found: it may be a service of the host", component)}
	switch distribution(s) {
	case "k3s":
		g.Note = fmt.Sprintf("k3s runs %s inside its own process and shows no pod of it", component)
		if component == "etcd" && !anyNode(s, labelled("node-role.kubernetes.io/etcd")) {
			g.Note = "no node says that it runs etcd: this k3s may keep its data in SQLite, or in a database elsewhere"
		}
	case "talos":
		g.Note = fmt.Sprintf("no pod of %s was found: Talos may run it as a service of the host", component)
	}
	if component == "etcd" {
		var external []string
		if s.KubeadmConfig.Seen() {
			external = s.KubeadmConfig.Value.ExternalEtcdEndpoints
		}
		if len(external) > 0 {
			g.Note = "etcd runs outside of the cluster (kubeadm-config: etcd.external)"
		}
		g.Unlock = etcdUnlock(external)
	}
	return g
}
