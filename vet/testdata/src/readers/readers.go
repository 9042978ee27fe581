// Package readers LISTs through controller-runtime, past its cache and through it.
package readers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func apiReader(ctx context.Context, mgr ctrl.Manager, ns string, rest []client.ListOption, one client.ListOption) {
	var list corev1.PodList
	r := mgr.GetAPIReader()
	_ = r.List(ctx, &list)                                                  // want `LIST of Pod objects in all namespaces through GetAPIReader\(\), which does not read from the cache, with neither .*read through the manager's GetClient, or page with client.Limit and client.Continue \[list-unbounded\]`
	_ = mgr.GetAPIReader().List(ctx, &list, client.InNamespace("default"))  // want `in one namespace .*list-namespaced`
	_ = r.List(ctx, &list, client.InNamespace(ns))                          // want `list-namespaced`
	_ = r.List(ctx, &list, client.MatchingLabels{"a": "b"})                 // want `list-unbounded`
	_ = r.List(ctx, &list, client.HasLabels{"a"}, client.InNamespace(""))   // want `list-unbounded`
	_ = r.List(ctx, &list, &client.ListOptions{Namespace: ""})              // want `list-unbounded`
	_ = r.List(ctx, &list, &client.ListOptions{Raw: &metav1.ListOptions{}}) // want `list-unbounded`

	_ = r.List(ctx, &list, client.Limit(500))
	_ = r.List(ctx, &list, &client.ListOptions{Limit: 500})
	_ = r.List(ctx, &list, &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: "0"}})
	_ = r.List(ctx, &list, &client.ListOptions{Limit: 500, Raw: &metav1.ListOptions{ResourceVersion: "0"}}) // want `list-rv0-limit`
	_ = r.List(ctx, &list, client.Limit(500), client.Continue(list.GetContinue()))
	_ = r.List(ctx, &list, client.MatchingFields{"metadata.name": ns})
	_ = r.List(ctx, &list, &client.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", ns)})
	_ = r.List(ctx, &list, client.MatchingFields{"spec.nodeName": ns}) // want `list-per-node`
	_ = r.List(ctx, &list, rest...)
	_ = r.List(ctx, &list, one)

	opts := []client.ListOption{client.InNamespace(ns)}
	_ = r.List(ctx, &list, opts...) // want `list-namespaced`
	opts = append(opts, client.Limit(4))
	_ = r.List(ctx, &list, opts...)
}

func cached(ctx context.Context, mgr ctrl.Manager) {
	var list corev1.PodList
	_ = mgr.GetClient().List(ctx, &list)
	_ = mgr.GetCache().List(ctx, &list)
	_ = fake.NewClientBuilder().Build().List(ctx, &list)
	_ = mgr.GetClient().List(ctx, &unstructured.UnstructuredList{}) // the manager may cache them
}

func uncached(ctx context.Context) error {
	var list corev1.PodList
	c, err := client.New(nil, client.Options{})
	if err != nil {
		return err
	}
	if err := c.List(ctx, &list); err != nil { // want `through client.New, .*list-unbounded`
		return err
	}
	if err := client.NewNamespacedClient(c, "x").List(ctx, &list); err != nil { // want `list-unbounded`
		return err
	}
	if err := c.List(ctx, &corev1.NamespaceList{}); err != nil {
		return err
	}
	d, err := client.New(nil, client.Options{Cache: &client.CacheOptions{Reader: c}})
	if err != nil {
		return err
	}
	return d.List(ctx, &list)
}

func managed(ctx context.Context) error {
	mgr, err := ctrl.NewManager(nil, ctrl.Options{LeaderElection: true})
	if err != nil {
		return err
	}
	var list corev1.PodList
	var loose unstructured.UnstructuredList
	_ = mgr.GetClient().List(ctx, &list)
	_ = mgr.GetClient().List(ctx, &loose) // want `whose cache leaves out unstructured objects, with .*list-unbounded`

	other, err := ctrl.NewManager(nil, ctrl.Options{Client: client.Options{Cache: &client.CacheOptions{Unstructured: true}}})
	if err != nil {
		return err
	}
	return other.GetClient().List(ctx, &loose)
}

type reconciler struct {
	client.Client
	live  client.Reader
	mixed client.Reader
	given client.Reader
}

func setup(mgr ctrl.Manager, r client.Reader) []*reconciler {
	a := &reconciler{Client: mgr.GetClient(), live: mgr.GetAPIReader(), mixed: mgr.GetClient(), given: r}
	b := &reconciler{Client: mgr.GetClient(), mixed: mgr.GetAPIReader()}
	b.live = mgr.GetAPIReader()
	return []*reconciler{a, b}
}

func (r *reconciler) reconcile(ctx context.Context) {
	var list corev1.PodList
	_ = r.List(ctx, &list)
	_ = r.Client.List(ctx, &list)
	_ = r.live.List(ctx, &list) // want `through GetAPIReader.*list-unbounded`
	_ = r.mixed.List(ctx, &list)
	_ = r.given.List(ctx, &list)
	func() {
		_ = r.live.List(ctx, &list) // want `list-unbounded`
	}()
}

func through(ctx context.Context, r client.Reader) error {
	return r.List(ctx, &corev1.PodList{})
}

func callers(ctx context.Context, mgr ctrl.Manager, r client.Reader) {
	_ = through(ctx, mgr.GetAPIReader()) // want `LIST of Pod objects in all namespaces through GetAPIReader\(\), which does not read from the cache, \(sent at readers.go:118\) .*list-unbounded`
	_ = through(ctx, mgr.GetClient())
	_ = through(ctx, r)
	_ = outer(ctx, mgr.GetAPIReader()) // want `list-unbounded`
}

func outer(ctx context.Context, r client.Reader) error { return through(ctx, r) }

func live(mgr ctrl.Manager) client.Reader { return mgr.GetAPIReader() }

func fromHelper(ctx context.Context, mgr ctrl.Manager) {
	_ = live(mgr).List(ctx, &corev1.PodList{}) // want `list-unbounded`
}
