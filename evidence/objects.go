package evidence

// ObjectCounts are how many objects there are of each resource, "pods", "deployments.apps", by the metrics of
// the kube-apiservers; where these differ, the most. A resource whose count failed is not among them.
func (s *Snapshot) ObjectCounts() map[string]float64 {
	out := map[string]float64{}
	for o := range s.APIServerMetrics.Seen() {
		sc := o.Value.Latest()
		for _, family := range []string{"apiserver_storage_objects", "apiserver_resource_objects"} {
			sc.each(family, nil, func(se Series) {
				name := se.Labels["resource"]
				if g := se.Labels["group"]; g != "" {
					name += "." + g
				}
				if se.Value >= 0 { // −1: it could not be counted
					out[name] = max(out[name], se.Value)
				}
			})
		}
	}
	if n, ok := out["events"]; ok { // one storage, which counts them once, for both groups
		out["events.events.k8s.io"] = n
	}
	return out
}
