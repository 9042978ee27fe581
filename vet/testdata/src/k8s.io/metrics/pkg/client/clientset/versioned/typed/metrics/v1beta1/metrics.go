// Package v1beta1 has the shape of the client of metrics-server.
package v1beta1

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	metrics "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

type NodeMetricsesGetter interface {
	NodeMetricses() NodeMetricsInterface
}

type NodeMetricsInterface interface {
	List(ctx context.Context, opts metav1.ListOptions) (*metrics.NodeMetricsList, error)
	Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error)
}
