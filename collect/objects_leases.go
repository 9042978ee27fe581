package collect

import (
	"context"
	"net/http"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/kaudit/kaudit/evidence"
)

// readEndpoints reads the addresses behind the Service default/kubernetes, as the API servers
// themselves, or a provider, wrote them.
func readEndpoints(ctx context.Context, g getter) evidence.Observed[[]evidence.Endpoint] {
	r := request{
		Path:       "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
		Query:      cached("labelSelector", "kubernetes.io/service-name=kubernetes"),
		Permission: "list endpointslices.discovery.k8s.io in default",
	}
	src := g.source(r)
	found := []evidence.Endpoint{}
	_, err := eachItem(ctx, g, r, func(s *discoveryv1.EndpointSlice) error {
		port := httpsPort(s.Ports)
		for _, e := range s.Endpoints {
			for _, a := range e.Addresses {
				ready := e.Conditions.Ready == nil || *e.Conditions.Ready // nil: unknown, to be taken as ready
				found = append(found, evidence.Endpoint{Address: a, Port: port, Ready: ready})
			}
		}
		return nil
	})
	if err != nil {
		return missed[[]evidence.Endpoint]("kube-apiserver", g, r, err)
	}
	return evidence.See("kube-apiserver", found, src)
}

// httpsPort is the port called https, or the only one there is.
func httpsPort(ports []discoveryv1.EndpointPort) int {
	for _, p := range ports {
		if p.Port != nil && (len(ports) == 1 || (p.Name != nil && *p.Name == "https")) {
			return int(*p.Port)
		}
	}
	return 0
}

// readIdentityLeases reads the Leases that each kube-apiserver keeps of itself. Up to 1.25 it does so
// only with a feature gate, so none of them means nothing there.
func readIdentityLeases(ctx context.Context, g getter, minor int) evidence.Observed[[]evidence.Lease] {
	label := "apiserver.kubernetes.io/identity=kube-apiserver"
	if minor != 0 && minor < 27 {
		label = "k8s.io/component=kube-apiserver"
	}
	r := request{
		Path:       "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
		Query:      cached("labelSelector", label),
		Permission: "list leases.coordination.k8s.io in kube-system",
	}
	src := g.source(r)
	found := []evidence.Lease{}
	_, err := eachItem(ctx, g, r, func(l *coordinationv1.Lease) error {
		found = append(found, reduceLease(l))
		return nil
	})
	if err != nil {
		return missed[[]evidence.Lease]("kube-apiserver", g, r, err)
	}
	if len(found) == 0 && minor < 26 && minor != 0 {
		gap := evidence.Gap{Why: evidence.Unserved, Note: "kube-apiservers before 1.26 keep identity Leases only with the feature gate APIServerIdentity"}
		return evidence.Miss[[]evidence.Lease]("kube-apiserver", gap, src)
	}
	return evidence.See("kube-apiserver", found, src)
}

// readLeaderLeases reads the Leases by which kube-scheduler and kube-controller-manager elect a leader.
// One that is not there is left out; if one cannot be read, none is told: half would look like absence.
func readLeaderLeases(ctx context.Context, g getter) evidence.Observed[[]evidence.Lease] {
	const of = "cluster"
	const path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/"
	found := []evidence.Lease{}
	src := g.source(request{Path: path + "{kube-controller-manager,kube-scheduler}", Query: cached()})
	for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		r := request{
			Path:       path + name,
			Query:      cached(),
			Permission: "get leases.coordination.k8s.io \"" + name + "\" in kube-system",
		}
		l, err := fetch[coordinationv1.Lease](ctx, g, r)
		switch {
		case isCode(err, http.StatusNotFound):
		case err != nil:
			return missed[[]evidence.Lease](of, g, r, err)
		default:
			found = append(found, reduceLease(l))
		}
	}
	if len(found) == 0 {
		gap := evidence.Gap{
			Why:  evidence.Absent,
			Note: "neither Lease kube-system/kube-controller-manager nor kube-system/kube-scheduler exists: leader election is off or goes by other names",
		}
		return evidence.Miss[[]evidence.Lease](of, gap, src)
	}
	return evidence.See(of, found, src)
}

func reduceLease(l *coordinationv1.Lease) evidence.Lease {
	out := evidence.Lease{
		Name:            l.Name,
		Hostname:        l.Labels[corev1.LabelHostname],
		Created:         l.CreationTimestamp.Time,
		ResourceVersion: l.ResourceVersion,
	}
	if l.Spec.HolderIdentity != nil {
		out.Holder = *l.Spec.HolderIdentity
	}
	if l.Spec.RenewTime != nil {
		out.Renewed = l.Spec.RenewTime.Time
	}
	if l.Spec.LeaseDurationSeconds != nil {
		out.Duration = time.Duration(*l.Spec.LeaseDurationSeconds) * time.Second
	}
	if l.Spec.LeaseTransitions != nil {
		out.Transitions = int(*l.Spec.LeaseTransitions)
	}
	return out
}
