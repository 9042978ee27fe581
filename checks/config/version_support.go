package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// kubernetesEnds are the days on which the project's support of a minor version ends. To 1.31: data/releases/eol.yaml of
// kubernetes/website, which has the day of the last patch; from 1.33: https://kubernetes.io/releases/1.33/ and so on, as of
// October 2026; 1.32: by the rule, the 28th of the fourteenth month.
var kubernetesEnds = map[int]string{
	24: "2023-07-28", 25: "2023-10-28", 26: "2024-02-28", 27: "2024-07-16", 28: "2024-10-22", 29: "2025-02-28", 30: "2025-07-15", 31: "2025-11-11",
	32: "2026-02-28", 33: "2026-06-28", 34: "2026-10-27", 35: "2027-02-28", 36: "2027-06-28", 37: "2027-10-28",
}

// etcd34Ends is the day of 3.4.45, which was announced as the last of 3.4 (https://etcd.io/blog/2026/june-patch-release/). Of 3.5 the
// policy promises nothing since 3.7, and yet it is patched: nothing is said of it.
const etcd34Ends = "2026-06-01"

// support judges the minor version of Kubernetes by the day of the snapshot.
func support(s *evidence.Snapshot) []checks.Verdict {
	if !s.Version.Seen() {
		return nil
	}
	v := s.Version.Value
	text, known := kubernetesEnds[v.Minor]
	on := checks.About("cluster support").With(s.Version.Source, "version %s", v.Git)
	ends, err := time.Parse(time.DateOnly, text)
	switch {
	case v.Major != 1 || !known || err != nil || s.Taken.IsZero():
		return []checks.Verdict{on.Skip("when support of %s ends is not known to this build of kaudit", v.Git)}
	case vendored(s):
		return []checks.Verdict{on.NotApplicable("is of a vendor's build, %s, whose support is the vendor's matter; the project's for 1.%d ends on %s", v.Git, v.Minor, text)}
	case s.Taken.After(ends.AddDate(0, 0, 1)):
		return []checks.Verdict{on.Find(0, "ended on %s for Kubernetes 1.%d: it gets no fixes any more, those of security holes included", text, v.Minor).
			Saw("%s", v.Git).Want("one of the three newest minor versions").
			WithFix("upgrade one minor version at a time: etcd and kube-apiserver first, then the other components, then the kubelets")}
	}
	return []checks.Verdict{on.Pass("lasts until %s for Kubernetes 1.%d", text, v.Minor).Saw("%s", v.Git)}
}

// upstream is a version that the project itself released: nothing but a pre-release behind the numbers.
var upstream = regexp.MustCompile(`^v?\d+\.\d+(\.\d+)?(-(alpha|beta|rc)\.\d+)?$`)

// vendored reports builds that somebody else supports, for longer than the project does.
func vendored(s *evidence.Snapshot) bool {
	ours := []string{"", "unknown", "kubeadm", "kops", "kubespray", "talos", "kind", "minikube", "capi"}
	return s.Cluster.Managed || !upstream.MatchString(s.Version.Value.Git) || !slices.Contains(ours, strings.ToLower(s.Cluster.Distribution))
}

// membersApart judges the members of each etcd cluster: an upgrade goes one minor version at a time, and ends.
func membersApart(s *evidence.Snapshot) []checks.Verdict {
	var order []string
	all := map[string][]versioned{}
	seen := map[string]bool{}
	add := func(of, version string, src evidence.Source) {
		component, _, _ := strings.Cut(of, "/")
		v, ok := evidence.ParseSemver(version)
		if !ok || seen[of] || v.Major != 3 {
			return
		}
		seen[of] = true
		if len(all[component]) == 0 {
			order = append(order, component)
		}
		all[component] = append(all[component], versioned{of, v, src})
	}
	for o := range s.EtcdStatus.Seen() {
		add(o.Of, o.Value.Version, o.Source)
	}
	for o := range s.EtcdFlags.Seen() {
		add(o.Of, o.Value.Version, o.Source)
	}
	var vs []checks.Verdict
	for _, component := range order {
		vs = append(vs, oneEtcd(s, component, all[component]))
	}
	return vs
}

func oneEtcd(s *evidence.Snapshot, component string, members []versioned) checks.Verdict {
	oldest, newest := extremes(members)
	on := checks.About(component).With(oldest.source, "%s", oldest)
	if newest != oldest {
		on = on.With(newest.source, "%s", newest)
	}
	said := fmt.Sprintf("%s, %s", oldest, newest)
	ends, _ := time.Parse(time.DateOnly, etcd34Ends)
	switch apart := newest.is.Minor - oldest.is.Minor; {
	case apart > 1:
		return on.Find(0, "members are %d minor versions apart, and an upgrade that skips one is not supported: %s", apart, said).
			Saw("%s", said).Want("one minor version").WithFix("upgrade the older members, one minor version at a time")
	case apart == 1:
		return on.Find(checks.Info, "members are of two minor versions: the upgrade is not finished, and until it is the cluster behaves as the older one: %s", said).
			Saw("%s", said).Want("one minor version").WithFix("upgrade the members that are left, one after the other")
	case oldest.is.Minor <= 4 && s.Taken.After(ends) && !backported(s):
		return on.Find(0, "is of version 3.%d, which gets no fixes any more: 3.4.45 of June 2026 was the last of 3.4", oldest.is.Minor).
			Saw("%s", said).Want("3.6 or 3.7").WithFix("upgrade to 3.5, and from there one minor version at a time")
	}
	return on.Pass("members are of one minor version, 3.%d (%d of them tell)", newest.is.Minor, len(members)).Saw("%s", said)
}

// backported reports clusters whose vendor mends an etcd of its own.
func backported(s *evidence.Snapshot) bool {
	return slices.Contains([]string{"openshift", "rke2", "k3s"}, strings.ToLower(s.Cluster.Distribution)) || s.Cluster.Managed
}
