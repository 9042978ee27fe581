package apiserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// The garbage collector looks once an hour for identity Leases that have run out, which takes an hour:
// older ones are nobody's.
const leaseCollected = 2 * time.Hour

// settled is how long an instance may take to become ready, and an upgrade to go on.
const (
	settled  = 5 * time.Minute
	upgrades = 24 * time.Hour
)

// spreadOf judges whether instances share what fails together.
func spreadOf(s *evidence.Snapshot) checks.Verdict {
	subject := checks.About(everyInstance).Aspect("spread")
	pods := instancePods(s)
	if len(pods) < 2 {
		return subject.Skip("where instances run is not known: fewer than 2 pods of them were seen")
	}
	subject = subject.With(s.ControlPods.Source, "%d pods", len(pods))
	byNode := map[string][]string{}
	for _, p := range pods {
		byNode[p.Node] = append(byNode[p.Node], p.Name)
	}
	for _, node := range slices.Sorted(maps.Keys(byNode)) {
		if on := byNode[node]; node != "" && len(on) > 1 {
			return subject.Find(checks.Warning, "%d instances are on one machine, %s, and fail together: %s", len(on), node, strings.Join(on, ", ")).
				Saw("%d on %s", len(on), node).Want("one instance for each machine")
		}
	}
	if !s.Nodes.Seen() {
		v := subject.Skip("instances are on %d machines, whose zones could not be read", len(byNode))
		if gap := s.Nodes.Gap; gap != nil {
			v.Message += ": " + gap.Note
			v.Unlock = gap.Unlock
		}
		return v
	}
	subject = subject.With(s.Nodes.Source, "label topology.kubernetes.io/zone")
	return zonesOf(s, subject, byNode)
}

func zonesOf(s *evidence.Snapshot, subject checks.Subject, byNode map[string][]string) checks.Verdict {
	all, ours := map[string]bool{}, map[string]bool{}
	unknown := 0
	for _, n := range s.Nodes.Value.Items {
		if n.Zone != "" {
			all[n.Zone] = true
		}
		if byNode[n.Name] == nil {
			continue
		}
		if n.Zone == "" {
			unknown++
		} else {
			ours[n.Zone] = true
		}
	}
	zones := strings.Join(slices.Sorted(maps.Keys(ours)), ", ")
	switch {
	case len(all) == 0:
		return subject.Pass("instances are on %d machines; no node carries a zone label, so whether these fail together is not known", len(byNode))
	case unknown > 0 || len(ours) == 0:
		return subject.Skip("instances are on machines that carry no zone label, %d of them", len(byNode)-len(ours))
	case len(ours) == 1 && len(all) > 1 && len(byNode) > 2:
		return subject.Find(checks.Warning, "all instances are in zone %s, though the nodes span %d zones: that zone takes the whole control plane with it", zones, len(all)).
			Saw("%d instances in %s", len(byNode), zones).Want("instances in %d zones", min(len(all), len(byNode)))
	}
	return subject.Pass("instances are on %d machines in %s: %s", len(byNode), checks.Count(len(ours), "zone"), zones)
}

// skewOf judges whether the instances are of one version.
func skewOf(s *evidence.Snapshot, c census) checks.Verdict {
	subject := checks.About(everyInstance).Aspect("version")
	versions := map[string]string{} // by instance
	for _, p := range instancePods(s) {
		if v, ok := evidence.ParseSemver(p.ImageVersion); ok {
			versions[p.Subject] = v.String()
			subject = subject.With(s.ControlPods.Source, "%s: image %s", p.Subject, p.ImageVersion)
		}
	}
	for o := range s.APIServerMetrics.Seen() {
		for git := range o.Value.Latest().By("kubernetes_build_info", "git_version") {
			if v, ok := evidence.ParseSemver(git); ok {
				versions[o.Of] = v.String()
				subject = subject.With(o.Source, "%s: %s", o.Of, git)
			}
		}
	}
	if len(versions) < 2 {
		return subject.Skip("the versions of fewer than 2 of %d instances are known", c.n)
	}
	return versionVerdict(s, subject, versions, c.n)
}

func versionVerdict(s *evidence.Snapshot, subject checks.Subject, versions map[string]string, all int) checks.Verdict {
	var said []string
	var low, high evidence.Semver
	for _, of := range slices.Sorted(maps.Keys(versions)) {
		said = append(said, short(of)+" "+versions[of])
		v, _ := evidence.ParseSemver(versions[of])
		if low == (evidence.Semver{}) || v.Less(low) {
			low = v
		}
		if high.Less(v) {
			high = v
		}
	}
	each := strings.Join(said, ", ")
	age := youngest(s)
	switch {
	case low == high:
		return subject.Pass("instances are of one version, %s (%d of %d tell)", low, len(versions), max(all, len(versions))).Saw("%s", each)
	case high.Minor-low.Minor > 1:
		return subject.Find(checks.Warning, "instances are more than one minor version apart, which is not supported: %s", each).Saw("%s", each).Want("one version")
	case high.Minor == low.Minor:
		return subject.Find(checks.Info, "instances are of different patch versions: %s", each).Saw("%s", each).Want("one version")
	case age >= upgrades:
		return subject.Find(checks.Warning, "instances have been of two minor versions for at least %s: an upgrade that stopped half-way: %s", evidence.Ago(age), each).
			Saw("%s", each).Want("one version").WithFix("upgrade the machines that are behind; with kubeadm: kubeadm upgrade node")
	}
	return subject.Find(checks.Info, "instances are of two minor versions: an upgrade under way, or one that stopped: %s", each).Saw("%s", each).Want("one version")
}

// leftLeases lists identity Leases that nobody renews or collects.
func leftLeases(s *evidence.Snapshot) (checks.Verdict, bool) {
	_, stale := leases(s)
	now := renewedLast(s)
	var left []string
	for _, l := range stale {
		if age := now.Sub(l.Renewed); age > leaseCollected && !l.Renewed.IsZero() {
			left = append(left, fmt.Sprintf("%s of %s, %s ago", l.Name, l.Hostname, evidence.Ago(age)))
		}
	}
	if len(left) == 0 {
		return checks.Verdict{}, false
	}
	return checks.About(everyInstance, s.APIServerLeases.Source).Aspect("leases").
		Find(checks.Info, "%s are left that nobody renews and nobody collected: %s", checks.Count(len(left), "identity Lease"), strings.Join(left, "; ")).
		Saw("%s", strings.Join(left, "; ")).Want("Leases of live instances only").
		WithFix("kubectl -n kube-system delete lease NAME, once you know that no instance runs on that host"), true
}

// healths judges each instance by its pod, and says so where there is none to judge by.
func healths(s *evidence.Snapshot) []checks.Verdict {
	var vs []checks.Verdict
	for _, pod := range instancePods(s) {
		vs = append(vs, healthOf(s, pod))
	}
	if len(vs) > 0 {
		return vs
	}
	subject := checks.About(everyInstance, s.ControlPods.Source).Aspect("pods")
	if !s.ControlPods.Seen() {
		return one(subject.Skip("whether instances crash or are not ready is not known without their pods: %s", noteOf(s.ControlPods)).Unlocked(unlockOf(s.ControlPods)))
	}
	return one(subject.Skip("whether instances crash or are not ready is not known: no pod of them was found, as where they are services of the host"))
}

// healthOf judges one instance by its pod.
func healthOf(s *evidence.Snapshot, p evidence.ControlPod) checks.Verdict {
	now := s.ControlPods.Source.At
	if now.IsZero() {
		now = s.Taken
	}
	subject := checks.About(p.Subject).With(s.ControlPods.Source, "pod %s/%s: ready %t, %s", p.Namespace, p.Name, p.Ready, checks.Count(p.Restarts, "restart"))
	look := fmt.Sprintf("on %s: crictl ps -a --name kube-apiserver; crictl logs ID", p.Node)
	recent := latest(p.Started, p.LastRestart)
	switch {
	case p.Waiting == "CrashLoopBackOff":
		return subject.Find(checks.Warning, "keeps crashing: %s so far", checks.Count(p.Restarts, "restart")).Saw("CrashLoopBackOff").WithFix(look)
	case p.Waiting != "" && p.Waiting != "ContainerCreating" && p.Waiting != "PodInitializing":
		return subject.Find(checks.Warning, "does not start: %s", p.Waiting).Saw("%s", p.Waiting).WithFix(look)
	case !p.Ready && !recent.IsZero() && now.Sub(recent) < settled:
		return subject.Skip("is not ready yet: it started %s ago", evidence.Ago(now.Sub(recent)))
	case !p.Ready:
		return subject.Find(checks.Warning, "is not ready").Saw("pod not ready").Want("ready").WithFix("kubectl get --raw '/readyz?verbose' against " + p.HostIP + ", or " + look)
	case churns(p, now):
		return subject.Find(checks.Warning, "restarted %s in %s, the last time %s ago", checks.Count(p.Restarts, "time"), evidence.Ago(now.Sub(p.Started)), evidence.Ago(now.Sub(p.LastRestart))).
			Saw("%s", checks.Count(p.Restarts, "restart")).Want("restarts on upgrades only").WithFix(look + "; journalctl -k | grep -i oom; what its livenessProbe says in journalctl -u kubelet")
	case !p.LastRestart.IsZero():
		return subject.Pass("is ready; it restarted last %s ago, %s in all", evidence.Ago(now.Sub(p.LastRestart)), checks.Count(p.Restarts, "time"))
	}
	return subject.Pass("is ready")
}

// churns reports three restarts an hour or more over the life of the pod, still going on. A pod that
// only adds up the reboots of a year does not.
func churns(p evidence.ControlPod, now time.Time) bool {
	if p.Restarts < 3 || p.Started.IsZero() || p.LastRestart.IsZero() || now.Sub(p.LastRestart) > time.Hour {
		return false
	}
	return float64(p.Restarts) >= 3*now.Sub(p.Started).Hours()
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
