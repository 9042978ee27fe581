package apiserver

import (
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// exempting finds schemas of people's own that send requests past every limit.
func (w apfWorld) exempting() []remark {
	var rs []remark
	for _, f := range w.schemas {
		if f.Level != levelExempt || isBuiltinSchema(f.Name) || ofProvider(f.Name) || onlyProbes(f) {
			continue
		}
		broad := broadSubjects(f)
		if !broad && !everything(f) { // one client's one kind of request, like the reviews an aggregated server asks for
			continue
		}
		sev, said := checks.Info, "exempts its few subjects from every limit: fine for a break-glass account, not for a busy client"
		if broad && !w.Cluster.Managed {
			sev, said = checks.Warning, "exempts a whole group of clients from every limit: nothing keeps them from taking the server down"
		}
		rs = append(rs, remark{
			schemaSubject(f.Name), said, "a Limited level with enough shares",
			w.patch("flowschema", f.Name, `{"spec":{"priorityLevelConfiguration":{"name":"workload-high"}}}`, "or a level of its own"),
			sev,
		})
	}
	return rs
}

// ofProvider knows the objects that distributions install by their names.
func ofProvider(name string) bool {
	return slices.ContainsFunc([]string{"eks-", "gke-", "aks-", "openshift-"}, func(p string) bool { return strings.HasPrefix(name, p) })
}

// everything reports whether a rule of the schema takes all verbs on all resources.
func everything(f evidence.FlowSchema) bool {
	return slices.ContainsFunc(f.Rules, func(r evidence.FlowRule) bool {
		return slices.ContainsFunc(r.Resources, func(x evidence.ResourceRule) bool {
			return slices.Contains(x.Verbs, "*") && slices.Contains(x.Resources, "*")
		})
	})
}

func onlyProbes(f evidence.FlowSchema) bool {
	for _, r := range f.Rules {
		if len(r.Resources) > 0 {
			return false
		}
		for _, u := range r.NonResources {
			for _, path := range u.URLs {
				if !slices.ContainsFunc([]string{"/healthz", "/livez", "/readyz"}, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") }) {
					return false
				}
			}
		}
	}
	return true
}

// broadSubjects reports whether a schema speaks of more than some named clients.
func broadSubjects(f evidence.FlowSchema) bool {
	for _, r := range f.Rules {
		for _, s := range subjects(r) {
			if s.everybody() || s.kind == anSA && strings.HasSuffix(s.name, "/*") ||
				s.kind == aGroup && slices.Contains([]string{systemAuthenticated, systemUnauthenticated, systemServiceAccounts, systemNodes}, s.name) {
				return true
			}
		}
	}
	return false
}

// exemptTraffic measures what share of requests no limit applies to. The server's own loopback
// requests and kaudit's, which may all fall into it, are taken off, and probes count on neither side.
func (w apfWorld) exemptTraffic() checks.Verdict {
	subject := checks.About(levelSubject(levelExempt)).Aspect("traffic")
	var exempt, total, seconds float64
	why := "no metrics of a kube-apiserver were read"
	for o := range w.APIServerMetrics.Seen() {
		d, over, not := o.Value.Delta()
		if d == nil || !d.Has(fcDispatched) {
			if why = not; not == "" {
				why = "the metrics tell of no requests by priority level"
			}
			continue
		}
		own, _ := d.Sum("apiserver_selfrequest_total")
		e, _ := d.Sum(fcDispatched, evidence.Is(byLevel, levelExempt), evidence.Not("flow_schema", schemaProbes))
		all, _ := d.Sum(fcDispatched, evidence.Not("flow_schema", schemaProbes))
		exempt, total, seconds = exempt+max(e-own, 0), total+all-min(own, e), max(seconds, over.Seconds())
		subject = subject.With(o.Source, "%.0f of %.0f requests exempt in %s, %.0f of them its own", e, all, evidence.Ago(over), own)
	}
	if v, unasked := checks.OnlyLive(subject, evidence.Observed[evidence.Scrapes]{Gap: firstGap(w.APIServerMetrics)}); unasked {
		return v
	}
	if seconds == 0 {
		return subject.Skip("how much traffic is exempt was not measured: %s", why)
	}
	mine := min(exempt, float64(w.Cost.APIRequests+w.Cost.KubeletRequests))
	exempt, total = exempt-mine, total-mine
	rate := total / seconds
	if rate < w.MinRate {
		return subject.NotApplicable("only %.1f requests per second arrive: too few to judge what share of them is exempt", rate)
	}
	share := exempt / total
	const want = "at most %.0f%% exempt"
	if share <= w.ExemptShare {
		return subject.Pass("takes %.0f%% of %.0f requests per second past every limit", 100*share, rate).Want(want, 100*w.ExemptShare)
	}
	sev := checks.Info
	if share > w.SevereShare && exempt >= w.WarnRate*seconds && !w.Cluster.Managed {
		sev = checks.Warning
	}
	return subject.Find(sev, "takes %.0f%% of %.0f requests per second past every limit; at most %.0f%% is wanted: clients of group system:masters, or of a schema that exempts them", 100*share, rate, 100*w.ExemptShare).
		Saw("%.0f%%", 100*share).Want(want, 100*w.ExemptShare).
		WithFix("kubectl get --raw '/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1'   # who; then credentials of its own, without O=system:masters")
}

// firstGap is why nothing was seen of any instance; nil if something was.
func firstGap[T any](in evidence.Instances[T]) (gap *evidence.Gap) {
	for _, o := range in {
		if o.Seen() {
			return nil
		}
		if gap == nil {
			gap = o.Gap
		}
	}
	return gap
}
