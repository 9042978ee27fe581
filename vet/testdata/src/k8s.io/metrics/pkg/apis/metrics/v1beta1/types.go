// Package v1beta1 has the shapes of metrics-server.
package v1beta1

type NodeMetricsList struct{}
