package apiserver

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// flagSettings are the values of a flag on the instances that tell it.
func flagSettings(s *evidence.Snapshot, name string) []evidence.Setting {
	var out []evidence.Setting
	for o := range s.APIServerFlags.Seen() {
		if set := o.Value.Setting(name); set.Known() {
			out = append(out, set)
		}
	}
	return out
}

// common returns the first of settings that have all the same value; false if there is none, or they differ.
func common(sets []evidence.Setting) (evidence.Setting, bool) {
	for _, set := range sets {
		if set.Value != sets[0].Value {
			return evidence.Setting{}, false
		}
	}
	if len(sets) == 0 {
		return evidence.Setting{}, false
	}
	return sets[0], true
}

// endpointsOf judges how the Service default/kubernetes, by which the inside of the cluster reaches
// the API, is kept in step with the instances.
func endpointsOf(s *evidence.Snapshot, c census) []checks.Verdict {
	o := s.APIServerEndpoints
	subject := checks.About(everyInstance, o.Source).Aspect("endpoints")
	if !o.Seen() {
		if o.Gap == nil || c.n < 2 {
			return nil
		}
		return one(subject.Skip("the addresses of the Service default/kubernetes could not be read: %s", o.Gap.Note).Unlocked(o.Gap.Unlock))
	}
	addrs := addresses(*o.Value)
	how, known := common(flagSettings(s, "endpoint-reconciler-type"))
	if known {
		subject = subject.With(how.Source, "--endpoint-reconciler-type: %s", how)
	}
	has := fmt.Sprintf("%s in default/kubernetes for %s", checks.Count(len(addrs), "address"), checks.Count(c.n, "instance"))
	switch {
	case known && how.Value == "none" && len(addrs) == 0:
		return one(subject.Find(checks.Warning, "the Service default/kubernetes has no address, as --endpoint-reconciler-type is none: nothing inside the cluster reaches the API by that name").
			Saw("%s; no address", how).Want("lease").WithFix("remove --endpoint-reconciler-type (its default is lease) on every kube-apiserver, one after the other"))
	case known && how.Value == "none":
		return one(subject.Find(checks.Info, "the Service default/kubernetes is left to somebody else (--endpoint-reconciler-type is none): %s", has).
			Saw("%s; %s", how, strings.Join(addrs, ", ")).Want("lease, unless the platform keeps these addresses in step").
			WithFix("remove --endpoint-reconciler-type (its default is lease) on every kube-apiserver, one after the other"))
	case known && how.Value == "master-count" && c.n > 1:
		return one(masterCount(s, subject, how, c))
	case c.n < 2:
		return nil
	}
	return one(reconciled(s, subject, c, addrs, has, known && how.Value == "lease"))
}

func one(v checks.Verdict) []checks.Verdict { return []checks.Verdict{v} }

// masterCount judges the old reconciler, which trusts a number that somebody wrote.
func masterCount(s *evidence.Snapshot, subject checks.Subject, how evidence.Setting, c census) checks.Verdict {
	const fix = "remove --endpoint-reconciler-type and --apiserver-count on every kube-apiserver, one after the other"
	for _, set := range flagSettings(s, "apiserver-count") {
		if n, err := strconv.Atoi(set.Value); err == nil && n != c.n {
			return subject.With(set.Source, "--apiserver-count: %s", set).
				Find(checks.Warning, "--apiserver-count says %d where there are %d instances: they overwrite each other's addresses in default/kubernetes", n, c.n).
				Saw("%s; %s", how, set).Want("lease").WithFix(fix)
		}
	}
	return subject.Find(checks.Warning, "--endpoint-reconciler-type is master-count, which is deprecated: the address of an instance that died stays in default/kubernetes").
		Saw("%s", how).Want("lease").WithFix(fix)
}

// reconciled compares the addresses with the instances. Only with the lease reconciler, and with two
// kinds of evidence that agree on the instances, is a missing address a certain fault.
func reconciled(s *evidence.Snapshot, subject checks.Subject, c census, addrs []string, has string, lease bool) checks.Verdict {
	if young := youngest(s); young > 0 && young < 5*time.Minute {
		return subject.Skip("instances cannot be held against the addresses in default/kubernetes yet: one started %s ago", evidence.Ago(young))
	}
	agreed := 0
	for _, t := range c.tallies {
		if t.n == c.n && t.what != "endpoint address" {
			agreed++
		}
	}
	switch {
	case len(addrs) < c.n && lease && agreed > 1:
		return subject.Find(checks.Warning, "not every instance is behind the Service default/kubernetes: %s", has).
			Saw("%s", strings.Join(addrs, ", ")).Want("%d addresses", c.n).
			WithFix("on the machine of the missing instance: look for \"kubernetes-service\" or \"reconcil\" in its log, and at its --advertise-address, which must differ from that of the others")
	case len(addrs) != c.n:
		return subject.Find(checks.Info, "instances and addresses of the Service default/kubernetes differ in number: %s", has).
			Saw("%s", strings.Join(addrs, ", ")).Want("%d addresses", c.n)
	}
	return subject.Pass("every instance is behind the Service default/kubernetes: %s", has).Saw("%s", strings.Join(addrs, ", "))
}

// youngest is the age of the instance that started last; 0 if none tells.
func youngest(s *evidence.Snapshot) (age time.Duration) {
	for o := range s.APIServerMetrics.Seen() {
		if a := o.Value.Latest().Age(); a > 0 && (age == 0 || a < age) {
			age = a
		}
	}
	return age
}

// addressOf judges whether kubelets and people reach the instances through one of them only.
func addressOf(s *evidence.Snapshot, c census) checks.Verdict {
	subject := checks.About(everyInstance).Aspect("address")
	k := s.KubeadmConfig
	if !k.Seen() {
		if k.Gap != nil && k.Gap.Why != evidence.Absent {
			return subject.Skip("how clients choose among %d instances is not known: %s", c.n, k.Gap.Note).Unlocked(k.Gap.Unlock)
		}
		return subject.Skip("how clients choose among %d instances is not known: only kubeadm writes it down (controlPlaneEndpoint)", c.n)
	}
	subject = subject.With(k.Source, "controlPlaneEndpoint: %q", k.Value.ControlPlaneEndpoint)
	fix := "put a load balancer, a virtual address or a DNS name before the instances; add it to apiServer.certSANs and set controlPlaneEndpoint in the ConfigMap kube-system/kubeadm-config; " +
		"renew the serving certificates; then change the server in kubelet.conf of every worker, in kube-proxy's ConfigMap and in kube-public/cluster-info"
	if s.Cluster.Files {
		fix = "put a load balancer, a virtual address or a DNS name before the instances, and set controlPlaneEndpoint to it; on a cluster that runs already " + fix[strings.Index(fix, "add it"):]
	}
	ep := k.Value.ControlPlaneEndpoint
	if ep == "" {
		return subject.Find(checks.Warning, "controlPlaneEndpoint is empty for %d instances: each worker talks to the one instance that it joined through, and is lost when that one is", c.n).
			Saw("no controlPlaneEndpoint").Want("an address that all instances share").WithFix(fix)
	}
	host, _ := splitEndpoint(ep)
	ip, err := netip.ParseAddr(host)
	switch where := placeOf(s, ep); {
	case host == "localhost" || err == nil && ip.IsLoopback():
		return subject.NotApplicable("controlPlaneEndpoint %s is a loopback address: what spreads clients is then on each machine, where the API does not show it", ep).Saw("%s", ep)
	case where == unknownPlace:
		return subject.Skip("whether controlPlaneEndpoint %s is an address that all instances share is not known: where each of them listens was not seen", ep).Saw("%s", ep)
	case where == anInstance:
		return subject.Find(checks.Warning, "controlPlaneEndpoint %s is the address of one of %d instances: without that machine no worker reaches the others", ep, c.n).
			Saw("%s", ep).Want("an address that all instances share").WithFix(fix)
	}
	return subject.Pass("clients are given a common address, %s, that is not the one of an instance; what answers there was not looked at", ep).Saw("%s", ep)
}

// splitEndpoint reads a controlPlaneEndpoint, whose port is 6443 where it has none.
func splitEndpoint(ep string) (host, port string) {
	u, err := url.Parse("https://" + ep)
	if err != nil || u.Hostname() == "" {
		return ep, "6443"
	}
	if u.Port() == "" {
		return u.Hostname(), "6443"
	}
	return u.Hostname(), u.Port()
}

// A place is where an address leads.
type place int

const (
	unknownPlace place = iota // nobody says where instances listen
	anInstance                // to one of several instances
	elsewhere                 // to something before them, or to a name
)

// placeOf tells where a controlPlaneEndpoint leads. The same host with another port may be a balancer on
// that machine, and a name may stand for anything.
func placeOf(s *evidence.Snapshot, ep string) place {
	host, port := splitEndpoint(ep)
	if ip, err := netip.ParseAddr(host); err != nil || ip.IsLoopback() {
		return elsewhere
	}
	if s.Cluster.Files {
		return placeInFiles(s, host, port)
	}
	if o := s.APIServerEndpoints; o.Seen() && slices.ContainsFunc(*o.Value, func(e evidence.Endpoint) bool {
		return e.Address == host && strconv.Itoa(e.Port) == port
	}) {
		if len(addresses(*o.Value)) > 1 {
			return anInstance
		}
		return elsewhere // a single address may be the balancer's
	}
	for _, p := range instancePods(s) {
		if p.HostIP != host {
			continue
		}
		set := s.APIServerFlags.Of(p.Subject)
		switch {
		case set.Seen() && set.Value.Setting("secure-port").Value == port:
			return anInstance
		case set.Seen() && set.Value.Setting("secure-port").Known(), s.APIServerEndpoints.Seen():
			return elsewhere
		}
		return unknownPlace
	}
	if s.APIServerEndpoints.Seen() || len(instancePods(s)) > 0 {
		return elsewhere
	}
	return unknownPlace
}

// placeInFiles tells by what the instances of files say of themselves.
func placeInFiles(s *evidence.Snapshot, host, port string) place {
	all := true
	for o := range s.APIServerFlags.Seen() {
		addr, at := o.Value.Setting("advertise-address"), o.Value.Setting("secure-port")
		switch {
		case !addr.Known():
			all = false
		case addr.Value != host:
		case !at.Known():
			return unknownPlace
		case at.Value == port:
			return anInstance
		default:
			return elsewhere
		}
	}
	if !all {
		return unknownPlace
	}
	return elsewhere
}

// shutdownOf judges whether instances give the balancer time to notice that they stop.
func shutdownOf(s *evidence.Snapshot, c census) checks.Verdict {
	subject := checks.About(everyInstance).Aspect("shutdown")
	var abrupt, cut []string
	seen := 0
	for o := range s.APIServerFlags.Seen() {
		set := o.Value.Setting("shutdown-delay-duration")
		delay, err := time.ParseDuration(set.Value)
		if !set.Known() || err != nil {
			continue
		}
		seen++
		subject = subject.With(set.Source, "%s: --shutdown-delay-duration: %s", o.Of, set)
		if grace := graceOf(s, o.Of); grace > 0 && delay >= grace {
			cut = append(cut, fmt.Sprintf("%s (%s of %s)", short(o.Of), delay, grace))
		}
		if delay == 0 {
			abrupt = append(abrupt, short(o.Of))
		}
	}
	const fix = "--shutdown-delay-duration=15s on every kube-apiserver, one after the other; make it at least the balancer's unhealthy threshold times its interval, plus 5 s, and less than the pod's terminationGracePeriodSeconds; the balancer must probe /readyz"
	switch {
	case seen == 0 && s.Cluster.Files:
		for o := range s.APIServerFlags.Seen() {
			return subject.Untold(*o.Value, "no instance tells its --shutdown-delay-duration", "shutdown-delay-duration")
		}
		fallthrough
	case seen == 0:
		return subject.Skip("no instance tells its --shutdown-delay-duration")
	case len(cut) > 0:
		return subject.Find(checks.Warning, "--shutdown-delay-duration is as long as the pod may take to end, so instances are killed before they have drained: %s", strings.Join(cut, ", ")).
			Saw("%s", strings.Join(cut, ", ")).Want("a delay well below terminationGracePeriodSeconds").
			WithFix("lower --shutdown-delay-duration, or raise terminationGracePeriodSeconds in the pod's manifest to the delay plus 60 s")
	case len(abrupt) > 0:
		return subject.Find(balanced(s), "instances stop listening at once when they are told to end (--shutdown-delay-duration is 0 on %s): until the balancer notices, clients meet a closed port", strings.Join(abrupt, ", ")).
			Saw("0s on %d of %d", len(abrupt), c.n).Want("10s to 20s").WithFix(fix)
	}
	return subject.Pass("instances keep serving for a while when they are told to end (the %d of %d that tell)", seen, c.n)
}

// balanced is how much an abrupt stop matters: a warning where a balancer is known to be there.
func balanced(s *evidence.Snapshot) checks.Severity {
	k := s.KubeadmConfig
	if k.Seen() && k.Value.ControlPlaneEndpoint != "" && placeOf(s, k.Value.ControlPlaneEndpoint) == elsewhere {
		return checks.Warning
	}
	return checks.Info
}

// graceOf is how long the pod of an instance may take to end; 0 if nobody tells.
func graceOf(s *evidence.Snapshot, of string) time.Duration {
	for _, p := range instancePods(s) {
		if p.Subject == of {
			return time.Duration(p.GraceSeconds) * time.Second
		}
	}
	return 0
}
