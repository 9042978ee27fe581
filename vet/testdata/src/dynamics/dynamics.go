// Package dynamics LISTs through the dynamic and the metadata client.
package dynamics

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
)

var pods = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

func dynamically(ctx context.Context, c dynamic.Interface, gvr schema.GroupVersionResource, ns string) {
	_, _ = c.Resource(pods).List(ctx, metav1.ListOptions{})                      // want `LIST of pods in all namespaces with neither .*list-unbounded`
	_, _ = c.Resource(pods).Namespace("").List(ctx, metav1.ListOptions{})        // want `LIST of pods in all namespaces with neither .*list-unbounded`
	_, _ = c.Resource(pods).Namespace("default").List(ctx, metav1.ListOptions{}) // want `LIST of pods in one namespace with neither .*list-namespaced`
	_, _ = c.Resource(gvr).List(ctx, metav1.ListOptions{})                       // want `LIST of all objects of a kind with neither .*list-unbounded`
	_, _ = c.Resource(gvr).Namespace(ns).List(ctx, metav1.ListOptions{})         // want `list-namespaced`
	_, _ = c.Resource(gvr).List(ctx, metav1.ListOptions{Limit: 1})
	_, _ = c.Resource(gvr).Get(ctx, "x", metav1.GetOptions{})

	events := schema.GroupVersionResource{Version: "v1", Resource: "events"}
	_, _ = c.Resource(events).List(ctx, metav1.ListOptions{}) // want `events have no watch cache`
	_, _ = c.Resource(events).List(ctx, metav1.ListOptions{Limit: 5, ResourceVersion: "0"})

	usage := schema.GroupVersionResource{Group: "metrics.k8s.io", Version: "v1beta1", Resource: "pods"}
	_, _ = c.Resource(usage).List(ctx, metav1.ListOptions{})
	_, _ = c.Resource(usage).Namespace(ns).List(ctx, metav1.ListOptions{})
	_, _ = c.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).List(ctx, metav1.ListOptions{})
}

func global(ctx context.Context, c dynamic.Interface) {
	crds := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	_, _ = c.Resource(crds).List(ctx, metav1.ListOptions{}) // want `LIST of customresourcedefinitions with neither .*list-unbounded`
	slices := schema.GroupVersionResource{Group: "resource.k8s.io", Version: "v1", Resource: "resourceslices"}
	_, _ = c.Resource(slices).List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=x"})
}

func metadatas(ctx context.Context, c metadata.Interface) {
	_, _ = c.Resource(pods).List(ctx, metav1.ListOptions{}) // want `LIST of pods in all namespaces .*list-unbounded`
	_, _ = c.Resource(pods).Namespace("x").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
}
