package collect

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/evidence"
)

// readAPIServices reads the APIServices that a Service backs. Those that kube-apiserver serves itself
// are dropped: they are available as long as anything answers.
func readAPIServices(ctx context.Context, g getter) evidence.Observed[[]evidence.APIService] {
	r := request{
		Path:       "/apis/apiregistration.k8s.io/v1/apiservices",
		Query:      cached(),
		Accept:     "application/json",
		Permission: "list apiservices.apiregistration.k8s.io",
	}
	src := g.source(r)
	found := []evidence.APIService{}
	_, err := eachItem(ctx, g, r, func(a *apiService) error {
		if a.Spec.Service != nil {
			found = append(found, a.reduce())
		}
		return nil
	})
	if err != nil {
		return missed[[]evidence.APIService]("kube-apiserver", g, r, err)
	}
	return evidence.See("kube-apiserver", found, src)
}

// apiService is what is read of an apiregistration.k8s.io/v1 APIService. Its own types would drag in
// the aggregator, to hold a CA bundle that nobody wants.
type apiService struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Service *struct {
			Namespace string `json:"namespace"`
			Name      string `json:"name"`
		} `json:"service"`
		InsecureSkipTLSVerify bool  `json:"insecureSkipTLSVerify"`
		GroupPriorityMinimum  int32 `json:"groupPriorityMinimum"`
	} `json:"spec"`
	Status struct {
		Conditions []metav1.Condition `json:"conditions"`
	} `json:"status"`
}

// Unmarshal refuses protobuf, which is not asked for.
func (*apiService) Unmarshal(raw []byte) error {
	return fmt.Errorf("%w: %d bytes of protobuf where JSON was asked for", errors.ErrUnsupported, len(raw))
}

func (a *apiService) reduce() evidence.APIService {
	out := evidence.APIService{
		Name:                  a.Metadata.Name,
		Service:               a.Spec.Service.Namespace + "/" + a.Spec.Service.Name,
		InsecureSkipTLSVerify: a.Spec.InsecureSkipTLSVerify,
		GroupPriority:         a.Spec.GroupPriorityMinimum,
	}
	for _, c := range a.Status.Conditions {
		if c.Type == "Available" {
			out.Available, out.Reason, out.Message, out.Since = string(c.Status), c.Reason, oneLine(c.Message), c.LastTransitionTime.Time
		}
	}
	return out
}
