package configfile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// NotLive is the gap of what only a running cluster tells.
var NotLive = evidence.Gap{Why: evidence.NotLive, Note: "needs a live cluster", Unlock: "a live cluster: scan it without -f, or add --kubeconfig"}

// assemble makes the clusters that the pieces of all files amount to.
func assemble(sinks []*sink, o Options) []Cluster {
	var pieces []*piece
	for _, s := range sinks {
		pieces = append(pieces, s.pieces...)
	}
	var out []Cluster
	for _, g := range groups(pieces) {
		if c, ok := cluster(g, o, pieces); ok {
			c.remarks(sinks)
			out = append(out, c)
		}
	}
	return out
}

// cluster is what one group of pieces amounts to; false if all of it may be anybody's.
func cluster(g group, o Options, all []*piece) (Cluster, bool) {
	c := Cluster{Name: g.name, Snapshot: &evidence.Snapshot{
		Schema: evidence.Schema, Kaudit: o.Kaudit, Taken: o.Now, Cluster: evidence.Cluster{Name: g.name, Files: true},
	}}
	g.join()
	g.dropStrangers()
	if !slices.ContainsFunc(g.pieces, func(p *piece) bool { return !p.inert }) {
		return c, false
	}
	s := c.Snapshot
	s.Version = versionOf(g, o)
	for _, p := range g.pieces {
		s.Cluster.Distribution = cmp.Or(s.Cluster.Distribution, p.distribution)
		if !slices.Contains(c.Files, p.file.path) {
			c.Files = append(c.Files, p.file.path)
		}
	}
	c.Processes = processes(g, s)
	for _, p := range c.Processes {
		o := evidence.See(p.Subject, p.Flags, p.Source)
		switch p.Component {
		case "kube-apiserver":
			s.APIServerFlags = append(s.APIServerFlags, o)
		case "kube-controller-manager":
			s.ControllerManagerFlags = append(s.ControllerManagerFlags, o)
		case "kube-scheduler":
			s.SchedulerFlags = append(s.SchedulerFlags, o)
		case "etcd", "etcd-events":
			s.EtcdFlags = append(s.EtcdFlags, o)
		case "kubelet":
			s.KubeletFlags = append(s.KubeletFlags, o)
		}
	}
	for _, p := range g.pieces {
		for _, fill := range p.fill {
			fill(s)
		}
	}
	if !g.addObjects(s, all) && !slices.ContainsFunc(g.pieces, func(p *piece) bool { return p.objects == nil }) {
		return c, false
	}
	s.ReadDocuments()
	s.MissRest(NotLive)
	return c, true
}

// dropStrangers leaves out an etcd that may be an application's own: one beside no kube-apiserver.
func (g *group) dropStrangers() {
	beside := slices.ContainsFunc(g.pieces, func(p *piece) bool {
		return slices.ContainsFunc(p.processes, func(proc *Process) bool { return proc.Component == "kube-apiserver" })
	})
	if beside {
		return
	}
	g.pieces = slices.DeleteFunc(g.pieces, func(p *piece) bool {
		return len(p.processes) > 0 && !slices.ContainsFunc(p.processes, func(proc *Process) bool { return !proc.stranger })
	})
}

// versionOf is the Kubernetes version: as a document states it, as the images of kube-apiservers agree on, or
// as the caller says.
func versionOf(g group, o Options) evidence.Observed[evidence.Version] {
	const of = "kube-apiserver"
	for _, p := range g.pieces {
		if v, ok := version(p.version); ok {
			return evidence.See(of, v, p.versionAt)
		}
	}
	var found evidence.Observed[evidence.Version]
	for _, p := range g.pieces {
		for _, proc := range p.processes {
			v, ok := version(proc.Flags.Version)
			switch {
			case !ok || proc.Component != "kube-apiserver":
			case !found.Seen():
				found = evidence.See(of, v, proc.Source)
			case v.Minor != found.Value.Minor:
				gap := evidence.Gap{Why: evidence.Malformed, Note: "its kube-apiservers are of several versions: " + found.Value.Git + " and " + v.Git}
				return evidence.Miss[evidence.Version](of, gap, proc.Source)
			}
		}
	}
	if v, ok := version(o.Version); ok && !found.Seen() {
		return evidence.See(of, v, evidence.Source{Via: "flag", From: "--kubernetes-version"})
	}
	if !found.Seen() {
		gap := evidence.Gap{Why: evidence.NotLive, Note: "no file tells the version of Kubernetes", Unlock: "--kubernetes-version 1.31"}
		return evidence.Miss[evidence.Version](of, gap, evidence.Source{})
	}
	return found
}

func version(text string) (evidence.Version, bool) {
	v, ok := evidence.ParseSemver(text)
	if !ok {
		return evidence.Version{}, false
	}
	git := text
	if !strings.HasPrefix(git, "v") {
		git = "v" + git
	}
	return evidence.Version{Git: git, Major: v.Major, Minor: v.Minor}, true
}

// processes are those that run, each with what is intended for it. Where only the intention is known it stands
// for a process of its own.
func processes(g group, s *evidence.Snapshot) []*Process {
	var running, intents []*Process
	for _, piece := range g.pieces {
		for _, p := range piece.processes {
			p.Subject = p.Component + "/" + cmp.Or(p.name, nameOf(p, piece.file))
			if p.Flags.Version == "" && s.Version.Seen() && !strings.HasPrefix(p.Component, "etcd") {
				p.Flags.Version = strings.TrimPrefix(s.Version.Value.Git, "v")
			}
			if p.intent {
				intents = append(intents, p)
			} else {
				running = append(running, p)
			}
		}
	}
	out := slices.Clone(running)
	for _, piece := range g.pieces {
		for _, in := range intents {
			if piece.patched != "" && in.byKubeadm() && in.Component != "kubelet" {
				in.opaque(piece.patched)
			}
		}
	}
	for _, in := range intents {
		applied := false
		for _, p := range running {
			if p.Component == in.Component && (!in.byKubeadm() || in.name == "" || in.name == p.name) {
				weaker := evidence.Flags{Values: in.Flags.Values}
				p.Flags.Merge(weaker)
				p.Sites = append(p.Sites, in.Sites...)
				applied = true
			}
		}
		if !applied {
			out = append(out, in)
		}
	}
	tellApart(out)
	slices.SortStableFunc(out, func(a, b *Process) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Subject, b.Subject))
	})
	return out
}

// tellApart gives processes that would be called alike the paths of their files as names.
func tellApart(ps []*Process) {
	count := map[string]int{}
	for _, p := range ps {
		count[p.Subject]++
	}
	taken := map[string]int{}
	for _, p := range ps {
		if count[p.Subject] > 1 {
			p.Subject = p.Component + "/" + strings.ReplaceAll(p.Source.From, " ", "_")
		}
		taken[p.Subject]++
		if n := taken[p.Subject]; n > 1 {
			p.Subject += "#" + itoa(n)
		}
	}
}

// remarks are the waivers in the files of the cluster.
func (c *Cluster) remarks(sinks []*sink) {
	for _, s := range sinks {
		if s.file != nil && slices.Contains(c.Files, s.file.path) {
			c.Snapshot.Remarks = append(c.Snapshot.Remarks, s.remarks...)
		}
	}
}
