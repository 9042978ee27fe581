// Package unbounded LISTs with neither resourceVersion nor limit, and in ways that look like it.
package unbounded

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/pager"
	metrics "k8s.io/metrics/pkg/client/clientset/versioned/typed/metrics/v1beta1"
)

func literal(ctx context.Context, c kubernetes.Interface) {
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{})                                // want `^LIST of pods in all namespaces with neither resourceVersion nor limit: up to Kubernetes 1\.30 a quorum read of all of them from etcd; from 1\.31 on the watch cache answers, after asking etcd for its revision, still with all of them in one response; read from an informer's lister, or page with Limit and Continue \(pager\.New\) \[list-unbounded\]$`
	_, _ = c.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})               // want `list-unbounded`
	_, _ = c.CoreV1().Nodes().List(ctx, metav1.ListOptions{})                                 // want `LIST of nodes with neither .*list-unbounded`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{LabelSelector: "a=b"})            // want `still with all that match in one response.*list-unbounded`
	_, _ = c.CoreV1().Events("").List(ctx, metav1.ListOptions{})                              // want `events have no watch cache`
	_, _ = c.CoreV1().Pods("kube-system").List(ctx, metav1.ListOptions{})                     // want `LIST of pods in one namespace .*list-namespaced`
	_, _ = kubernetes.NewForConfigOrDie(nil).CoreV1().Nodes().List(ctx, metav1.ListOptions{}) // want `list-unbounded`
	_, _ = c.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})                            // few and small
	_, _ = c.CoreV1().ComponentStatuses().List(ctx, metav1.ListOptions{})                     // not in etcd
	_, _ = c.CoreV1().                                                                        // want `list-unbounded`
													Pods("").
													List(ctx, metav1.ListOptions{})
	_, _ = c.CoreV1().Pods("").Watch(ctx, metav1.ListOptions{})
}

func bounded(ctx context.Context, c kubernetes.Interface, rv string, n int64) {
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 500})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: n})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{ResourceVersion: rv})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=one"})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: rv})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", rv).String()})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(rv, "x").String()})
}

func selected(ctx context.Context, c kubernetes.Interface) {
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "status.phase=Running"})       // want `list-unbounded`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.Everything().String()}) // want `list-unbounded`
}

func variables(ctx context.Context, c kubernetes.Interface, cond bool, opts metav1.ListOptions) {
	empty := metav1.ListOptions{}
	_, _ = c.CoreV1().Pods("").List(ctx, empty) // want `list-unbounded`

	var declared metav1.ListOptions
	declared.LabelSelector = "a=b"
	_, _ = c.CoreV1().Pods("").List(ctx, declared) // want `list-unbounded`

	assigned := metav1.ListOptions{}
	assigned.Limit = 500
	_, _ = c.CoreV1().Pods("").List(ctx, assigned)

	var perhaps metav1.ListOptions
	if cond {
		perhaps.Limit = 500
	}
	_, _ = c.CoreV1().Pods("").List(ctx, perhaps)

	either := metav1.ListOptions{LabelSelector: "a=b"}
	if cond {
		either = metav1.ListOptions{LabelSelector: "c=d"}
	}
	_, _ = c.CoreV1().Pods("").List(ctx, either) // want `list-unbounded`

	pointer := &metav1.ListOptions{}
	_, _ = c.CoreV1().Pods("").List(ctx, *pointer) // want `list-unbounded`
	page(pointer)
	set := &metav1.ListOptions{}
	page(set)
	_, _ = c.CoreV1().Pods("").List(ctx, *set)

	captured := metav1.ListOptions{}
	func() { captured.Limit = 10 }()
	_, _ = c.CoreV1().Pods("").List(ctx, captured)

	read := metav1.ListOptions{}
	func() {
		_, _ = c.CoreV1().Pods("").List(ctx, read) // want `list-unbounded`
	}()

	_, _ = c.CoreV1().Pods("").List(ctx, opts)
}

func page(o *metav1.ListOptions) { o.Limit = 500 }

func paged(ctx context.Context, c kubernetes.Interface) error {
	opts := metav1.ListOptions{Limit: 500}
	for {
		list, err := c.CoreV1().Pods("").List(ctx, opts)
		if err != nil {
			return err
		}
		if list.Continue == "" {
			return nil
		}
		opts.Continue = list.Continue
	}
}

func pagers(ctx context.Context, c kubernetes.Interface) error {
	p := pager.New(func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		return c.CoreV1().Pods("").List(ctx, opts)
	})
	return p.EachListItem(ctx, metav1.ListOptions{}, func(runtime.Object) error { return nil })
}

func informers(c kubernetes.Interface) *cache.ListWatch {
	return &cache.ListWatch{
		ListFunc: func(options metav1.ListOptions) (runtime.Object, error) {
			options.LabelSelector = "a=b"
			return c.CoreV1().Pods("").List(context.Background(), options)
		},
		WatchFunc: func(options metav1.ListOptions) (watch.Interface, error) {
			return c.CoreV1().Pods("").Watch(context.Background(), options)
		},
	}
}

func lister(l listers.PodLister) { _, _ = l.List("a=b") }

func fakes(ctx context.Context) {
	_, _ = fake.NewSimpleClientset().CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	c := fake.NewSimpleClientset()
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
}

func aggregated(ctx context.Context, m metrics.NodeMetricsesGetter) {
	_, _ = m.NodeMetricses().List(ctx, metav1.ListOptions{})
}

type holder struct {
	pods typed.PodInterface
	opts metav1.ListOptions
}

func (h *holder) held(ctx context.Context) {
	_, _ = h.pods.List(ctx, metav1.ListOptions{}) // want `LIST of Pod objects with neither .*list-namespaced`
	_, _ = h.pods.List(ctx, h.opts)
}

func nodes(ctx context.Context, n typed.NodeInterface) {
	_, _ = n.List(ctx, metav1.ListOptions{}) // want `LIST of Node objects with neither .*list-unbounded`
}

// store has a List of the same signature, but it is no client.
type store struct{}

func (store) List(ctx context.Context, opts metav1.ListOptions) (*corev1.PodList, error) {
	return nil, nil
}

func stored(ctx context.Context) { _, _ = store{}.List(ctx, metav1.ListOptions{}) }

var everything = metav1.ListOptions{}

var mayBeSet = metav1.ListOptions{}

func packageVariable(ctx context.Context, c kubernetes.Interface) {
	_, _ = c.CoreV1().Pods("").List(ctx, everything) // want `list-unbounded`
	mayBeSet.Limit = 5
	_, _ = c.CoreV1().Pods("").List(ctx, mayBeSet)
}

func namespaced(ctx context.Context, c kubernetes.Interface, ns string) {
	_, _ = c.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{}) // want `list-namespaced`
}
