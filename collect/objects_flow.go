package collect

import (
	"context"
	"net/http"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"

	"github.com/kaudit/kaudit/evidence"
)

// flowVersions are the versions of flowcontrol.apiserver.k8s.io, the one to try first at the head:
// v1 is served from 1.29 on, v1beta3 from 1.26 to 1.31, v1beta2 from 1.23 to 1.28.
func flowVersions(minor int) []string {
	switch {
	case minor == 0 || minor >= 29:
		return []string{"v1", "v1beta3", "v1beta2"}
	case minor >= 26:
		return []string{"v1beta3", "v1beta2", "v1"}
	}
	return []string{"v1beta2", "v1beta3", "v1"}
}

// readFlow reads a resource of API Priority and Fairness in the best version that is served.
//
// All versions are decoded as v1: they are the same message on the wire. What v1beta2 calls
// assuredConcurrencyShares is v1's field number 1 of the same meaning. In JSON they differ, so that
// protobuf is all that is asked for.
func readFlow[T any, P object[T], E any](ctx context.Context, g getter, resource string, minor int, reduce func(P) E) evidence.Observed[[]E] {
	const of = "kube-apiserver"
	var r request
	var err error
	for _, version := range flowVersions(minor) {
		r = request{
			Path:       "/apis/flowcontrol.apiserver.k8s.io/" + version + "/" + resource,
			Query:      cached(),
			Accept:     asProtobuf,
			Permission: "list " + resource + ".flowcontrol.apiserver.k8s.io",
		}
		src := g.source(r)
		found := []E{}
		_, err = eachItem(ctx, g, r, func(p P) error {
			found = append(found, reduce(p))
			return nil
		})
		if err == nil {
			return evidence.See(of, found, src)
		}
		if !isCode(err, http.StatusNotFound) {
			break
		}
	}
	return missed[[]E](of, g, r, err)
}

// readFlowSchemas reads the FlowSchemas.
func readFlowSchemas(ctx context.Context, g getter, minor int) evidence.Observed[[]evidence.FlowSchema] {
	return readFlow(ctx, g, "flowschemas", minor, reduceFlowSchema)
}

// readPriorityLevels reads the PriorityLevelConfigurations.
func readPriorityLevels(ctx context.Context, g getter, minor int) evidence.Observed[[]evidence.Level] {
	return readFlow(ctx, g, "prioritylevelconfigurations", minor, reduceLevel)
}

func reduceFlowSchema(f *flowcontrolv1.FlowSchema) evidence.FlowSchema {
	out := evidence.FlowSchema{
		Name:       f.Name,
		Created:    f.CreationTimestamp.Time,
		AutoUpdate: f.Annotations[flowcontrolv1.AutoUpdateAnnotationKey],
		Generation: f.Generation,
		Level:      f.Spec.PriorityLevelConfiguration.Name,
		Precedence: f.Spec.MatchingPrecedence,
	}
	if d := f.Spec.DistinguisherMethod; d != nil {
		out.Distinguisher = string(d.Type)
	}
	for _, r := range f.Spec.Rules {
		out.Rules = append(out.Rules, reduceRule(r))
	}
	for _, c := range f.Status.Conditions {
		if c.Type == flowcontrolv1.FlowSchemaConditionDangling {
			out.Dangling, out.DanglingSince = string(c.Status), c.LastTransitionTime.Time
		}
	}
	return out
}

func reduceRule(r flowcontrolv1.PolicyRulesWithSubjects) evidence.FlowRule {
	var out evidence.FlowRule
	for _, s := range r.Subjects {
		switch {
		case s.User != nil:
			out.Users = append(out.Users, s.User.Name)
		case s.Group != nil:
			out.Groups = append(out.Groups, s.Group.Name)
		case s.ServiceAccount != nil:
			out.ServiceAccounts = append(out.ServiceAccounts, s.ServiceAccount.Namespace+"/"+s.ServiceAccount.Name)
		}
	}
	for _, x := range r.ResourceRules {
		out.Resources = append(out.Resources, evidence.ResourceRule{
			Verbs: x.Verbs, APIGroups: x.APIGroups, Resources: x.Resources, ClusterScope: x.ClusterScope, Namespaces: x.Namespaces,
		})
	}
	for _, x := range r.NonResourceRules {
		out.NonResources = append(out.NonResources, evidence.URLRule{Verbs: x.Verbs, URLs: x.NonResourceURLs})
	}
	return out
}

func reduceLevel(p *flowcontrolv1.PriorityLevelConfiguration) evidence.Level {
	out := evidence.Level{
		Name:       p.Name,
		Created:    p.CreationTimestamp.Time,
		AutoUpdate: p.Annotations[flowcontrolv1.AutoUpdateAnnotationKey],
		Generation: p.Generation,
		Type:       string(p.Spec.Type),
	}
	if e := p.Spec.Exempt; e != nil {
		out.LendablePercent = e.LendablePercent
		if e.NominalConcurrencyShares != nil {
			out.Shares = *e.NominalConcurrencyShares
		}
	}
	if l := p.Spec.Limited; l != nil {
		out.Shares = 30 // what the server makes of none
		if l.NominalConcurrencyShares != nil {
			out.Shares = *l.NominalConcurrencyShares
		}
		out.LendablePercent, out.BorrowingPercent = l.LendablePercent, l.BorrowingLimitPercent
		out.Response = string(l.LimitResponse.Type)
		if q := l.LimitResponse.Queuing; q != nil {
			out.Queues, out.HandSize, out.QueueLength = q.Queues, q.HandSize, q.QueueLengthLimit
		}
	}
	return out
}
