package config

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed version_skew.md
var versionSkewDoc string

var versionSkew = checks.New(checks.Spec{
	ID:        "version-skew",
	Component: "control plane",
	Severity:  checks.Warning,
	Needs:     []evidence.Kind{evidence.KindVersion},
	Uses: []evidence.Kind{
		evidence.KindNodes, evidence.KindAPIServerFlags, evidence.KindControllerManagerFlags, evidence.KindSchedulerFlags,
		evidence.KindEtcdFlags, evidence.KindEtcdStatus,
	},
	InFiles: []evidence.Kind{
		evidence.KindVersion, evidence.KindAPIServerFlags, evidence.KindControllerManagerFlags, evidence.KindSchedulerFlags, evidence.KindEtcdFlags,
		evidence.KindKubeletFlags,
	},
	Doc: versionSkewDoc,
}, skewParams{Named: 5}, runVersionSkew)

type skewParams struct {
	Named int `json:"named" doc:"how many instances or nodes one message names, the others are counted; five fit a line or two of a terminal"`
}

func (p skewParams) Validate() error {
	if p.Named < 1 {
		return fmt.Errorf("named is %d, and at least one must be", p.Named)
	}
	return nil
}

func runVersionSkew(s *evidence.Snapshot, p skewParams) []checks.Verdict {
	servers := versionsOf(s.APIServerFlags)
	if len(servers) == 0 && s.Version.Seen() {
		v := s.Version.Value
		servers = []versioned{{"kube-apiserver", evidence.Semver{Major: v.Major, Minor: v.Minor}, s.Version.Source}}
	}
	vs := support(s)
	vs = append(vs, serversApart(servers)...)
	for _, in := range []evidence.Instances[evidence.Flags]{s.ControllerManagerFlags, s.SchedulerFlags} {
		vs = append(vs, controllersApart(versionsOf(in), servers, p)...)
	}
	vs = append(vs, kubeletsApart(s, servers, p)...)
	vs = append(vs, membersApart(s)...)
	if len(vs) == 0 {
		vs = append(vs, checks.About("control plane").Skip("does not tell the version of anything").Unlocked("--kubernetes-version, or a version in the tags of the images"))
	}
	return vs
}

// A versioned instance is one whose version is known.
type versioned struct {
	of     string
	is     evidence.Semver
	source evidence.Source
}

func (v versioned) String() string { return fmt.Sprintf("%s (%d.%d)", v.of, v.is.Major, v.is.Minor) }

func versionsOf(in evidence.Instances[evidence.Flags]) []versioned {
	var out []versioned
	for o := range in.Seen() {
		if v, ok := evidence.ParseSemver(o.Value.Version); ok {
			out = append(out, versioned{o.Of, v, o.Source})
		}
	}
	return out
}

func extremes(vs []versioned) (oldest, newest versioned) {
	oldest, newest = vs[0], vs[0]
	for _, v := range vs[1:] {
		if v.is.Minor < oldest.is.Minor {
			oldest = v
		}
		if v.is.Minor > newest.is.Minor {
			newest = v
		}
	}
	return oldest, newest
}

// serversApart: kube-apiservers must be within one minor of each other.
func serversApart(servers []versioned) []checks.Verdict {
	if len(servers) < 2 {
		return nil
	}
	oldest, newest := extremes(servers)
	on := checks.About("kube-apiserver").With(oldest.source, "%s", oldest)
	if newest != oldest {
		on = on.With(newest.source, "%s", newest)
	}
	said := fmt.Sprintf("%s, %s", oldest, newest)
	if apart := newest.is.Minor - oldest.is.Minor; apart > 1 {
		return []checks.Verdict{on.Find(0, "instances are %d minor versions apart, and one is supported: %s", apart, said).
			Saw("%s", said).Want("at most one minor version apart").WithFix("upgrade the older ones, one minor version at a time")}
	}
	return []checks.Verdict{on.Pass("instances are at most one minor version apart").Saw("%s", said)}
}

// controllersApart: no newer than a kube-apiserver that they may meet, and one minor older at most. One that runs beside a
// kube-apiserver of its own node talks to that one.
func controllersApart(all, servers []versioned, p skewParams) []checks.Verdict {
	if len(all) == 0 || len(servers) == 0 {
		return nil
	}
	component, _, _ := strings.Cut(all[0].of, "/")
	on := checks.About(component)
	var wrong []string
	for _, v := range all {
		oldest, newest := extremes(nearest(v, servers))
		switch {
		case v.is.Minor > oldest.is.Minor:
			wrong = append(wrong, fmt.Sprintf("%s is newer than %s", v, oldest))
			on = on.With(v.source, "%s", v).With(oldest.source, "%s", oldest)
		case v.is.Minor < newest.is.Minor-1:
			wrong = append(wrong, fmt.Sprintf("%s is more than one minor version older than %s", v, newest))
			on = on.With(v.source, "%s", v).With(newest.source, "%s", newest)
		}
	}
	if len(wrong) == 0 {
		return []checks.Verdict{on.With(all[0].source, "%s", all[0]).Pass("%s no newer than kube-apiserver, and at most one minor version older", isOrAre(len(all)))}
	}
	return []checks.Verdict{on.Find(0, "%s out of step with kube-apiserver: %s", isOrAre(len(wrong)), someOf(wrong, p.Named)).
		Saw("%s", someOf(wrong, p.Named)).Want("the version of kube-apiserver, or one minor version older").
		WithFix("upgrade kube-apiserver first, on every node, then the others")}
}

func nearest(v versioned, servers []versioned) []versioned {
	_, node, _ := strings.Cut(v.of, "/")
	for _, s := range servers {
		if _, at, ok := strings.Cut(s.of, "/"); ok && at == node {
			return []versioned{s}
		}
	}
	return servers
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func someOf(all []string, named int) string {
	out := strings.Join(all[:min(named, len(all))], "; ")
	if more := len(all) - named; more > 0 {
		out += fmt.Sprintf("; and %d more", more)
	}
	return out
}

// kubeletsApart: no newer than the oldest kube-apiserver, and three minors older than the newest at most, two before 1.25.
func kubeletsApart(s *evidence.Snapshot, servers []versioned, p skewParams) []checks.Verdict {
	all := versionsOf(s.KubeletFlags)
	if s.Nodes.Seen() {
		all = nil
		for _, n := range s.Nodes.Value.Items {
			if v, ok := evidence.ParseSemver(n.KubeletVersion); ok {
				all = append(all, versioned{n.Name, v, s.Nodes.Source})
			}
		}
	}
	if len(all) == 0 || len(servers) == 0 {
		return checks.Lost(s.Nodes, "kubelets")
	}
	oldest, newest := extremes(servers)
	on := checks.About("kubelets").With(all[0].source, "%s", spread(all)).With(newest.source, "%s", newest)
	var wrong []string
	for _, v := range all {
		allowed := 3
		if v.is.Minor < 25 {
			allowed = 2
		}
		switch {
		case v.is.Minor > oldest.is.Minor:
			wrong = append(wrong, fmt.Sprintf("%s is newer than %s", v, oldest))
		case newest.is.Minor-v.is.Minor > allowed:
			wrong = append(wrong, fmt.Sprintf("%s is more than %d minor versions older than %s", v, allowed, newest))
		}
	}
	if len(wrong) == 0 {
		return []checks.Verdict{on.Pass("are of versions that this kube-apiserver supports: %s", spread(all)).Saw("%s", spread(all))}
	}
	return []checks.Verdict{on.Find(0, "are out of step with kube-apiserver on %s: %s", checks.Count(len(wrong), "node"), someOf(wrong, p.Named)).
		Saw("%s", spread(all)).Want("no newer than the oldest kube-apiserver, and at most three minor versions older").
		WithFix("upgrade old kubelets before kube-apiserver, new ones after it: kubectl get nodes shows each version")}
}

// spread counts the instances of each minor version, newest first.
func spread(all []versioned) string {
	count := map[int]int{}
	for _, v := range all {
		count[v.is.Minor]++
	}
	minors := slices.Sorted(maps.Keys(count))
	slices.Reverse(minors)
	var parts []string
	for _, m := range minors {
		parts = append(parts, fmt.Sprintf("%d of %d.%d", count[m], all[0].is.Major, m))
	}
	return strings.Join(parts, ", ")
}
