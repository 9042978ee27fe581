// Package raws sends REST requests put together by hand.
package raws

import (
	"context"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

func raws(ctx context.Context, cs kubernetes.Interface, c rest.Interface, ns, resource string, cond bool) {
	_ = cs.CoreV1().RESTClient().Get().Resource("pods").Do(ctx)                   // want `raw LIST of pods in all namespaces with neither .*list-raw`
	_, _ = c.Get().Namespace("x").Resource("pods").DoRaw(ctx)                     // want `raw LIST of pods in one namespace with neither .*list-raw`
	_, _ = c.Get().Namespace(ns).Resource("pods").Timeout(time.Second).DoRaw(ctx) // want `list-raw`
	_, _ = c.Get().AbsPath("/api/v1/pods").DoRaw(ctx)                             // want `list-raw`
	_, _ = c.Get().AbsPath("/apis/apps/v1", "deployments").DoRaw(ctx)             // want `raw LIST of deployments in all namespaces .*list-raw`
	_, _ = c.Get().RequestURI("/api/v1/namespaces/x/pods").DoRaw(ctx)             // want `in one namespace .*list-raw`

	_, _ = c.Get().Resource("pods").Name("x").DoRaw(ctx)
	_, _ = c.Get().Resource("pods").Namespace(ns).Name("x").SubResource("log").DoRaw(ctx)
	_, _ = c.Get().Resource("pods").VersionedParams(nil, nil).DoRaw(ctx)
	_, _ = c.Get().Resource("pods").Param("limit", "5").DoRaw(ctx)
	_, _ = c.Get().AbsPath("/apis/metrics.k8s.io/v1beta1/nodes").DoRaw(ctx)
	_, _ = c.Get().AbsPath("/api/v1/pods/x").DoRaw(ctx)
	_, _ = c.Get().AbsPath("/api/v1/namespaces").DoRaw(ctx)
	_, _ = c.Get().AbsPath("/version").DoRaw(ctx)
	_, _ = c.Get().AbsPath("/api/v1/" + resource).DoRaw(ctx)
	_, _ = c.Get().RequestURI("/api/v1/pods?limit=500").DoRaw(ctx)
	_, _ = c.Post().Resource("pods").DoRaw(ctx)
	_, _ = c.Verb("GET").Resource("pods").DoRaw(ctx)

	req := c.Get().Resource("pods")
	if cond {
		req = req.Param("limit", "5")
	}
	_, _ = req.DoRaw(ctx)

	other := c.Get().Resource("pods")
	other.Param("limit", "5")
	_, _ = other.DoRaw(ctx)
}
