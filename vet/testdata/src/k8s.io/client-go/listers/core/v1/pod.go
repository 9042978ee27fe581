// Package v1 has the shape of a generated lister.
package v1

import corev1 "k8s.io/api/core/v1"

type PodLister interface {
	List(selector string) ([]*corev1.Pod, error)
}
