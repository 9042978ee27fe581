package apiserver

import (
	"slices"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// replicasInFiles judges what files say of instances that share the work. One manifest may stand for all of them, so
// how many there are is for a live cluster to tell.
func replicasInFiles(s *evidence.Snapshot) []checks.Verdict {
	vs := checks.Lost(s.APIServerLeases, everyInstance)
	for o := range s.APIServerFlags.Seen() {
		if v, ok := reconciler(o); ok {
			vs = append(vs, v)
		}
	}
	if n := len(slices.Collect(s.APIServerFlags.Seen())); n > 1 {
		c := census{n: n}
		if s.KubeadmConfig.Seen() {
			vs = append(vs, addressOf(s, c))
		}
		if v := shutdownOf(s, c); v.Outcome == checks.Finding && balanced(s) < checks.Warning {
			// With no balancer before them nobody notices that one stops, nor would with a delay.
			v = checks.About(everyInstance, v.Seen[0].Source).Aspect("shutdown").
				Skip("stop listening at once when they are told to end (--shutdown-delay-duration is 0); whether a balancer is before them, which needs time to notice, no file tells").
				Unlocked("the cluster's kubeadm ClusterConfiguration beside the manifests, or --shutdown-delay-duration in them")
			vs = append(vs, v)
		} else {
			vs = append(vs, v)
		}
	}
	return vs
}

// reconciler judges how an instance is told to keep the Service default/kubernetes in step.
func reconciler(o evidence.Observed[evidence.Flags]) (checks.Verdict, bool) {
	how := o.Value.Setting("endpoint-reconciler-type")
	on := checks.On(o).Aspect("endpoints").With(how.Source, "--endpoint-reconciler-type: %s", how)
	const fix = "remove --endpoint-reconciler-type (its default is lease) on every kube-apiserver, one after the other"
	switch how.Value {
	case "none":
		return on.Find(checks.Info, "leaves the addresses of the Service default/kubernetes to somebody else (--endpoint-reconciler-type is none)").
			Saw("%s", how).Want("lease, unless the platform keeps these addresses in step").WithFix(fix), true
	case "master-count":
		v := on.Find(checks.Warning, "has the endpoint reconciler master-count, which is deprecated: the address of an instance that died stays in the Service default/kubernetes").
			Saw("%s", how).Want("lease").WithFix("remove --endpoint-reconciler-type and --apiserver-count on every kube-apiserver, one after the other").
			Unsetting(o.Of, how.Name)
		if o.Value.Has("apiserver-count") {
			v = v.Unsetting(o.Of, "apiserver-count")
		}
		return v, true
	}
	return checks.Verdict{}, false
}
