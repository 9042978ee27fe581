// Package callers uses helpers of another package.
package callers

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"

	"helpers"
)

func calls(ctx context.Context, c kubernetes.Interface, mgr ctrl.Manager, opts metav1.ListOptions) {
	_, _ = c.CoreV1().Pods("").List(ctx, helpers.Options("a=b")) // want `list-unbounded`
	if opts, err := helpers.Checked("a=b"); err == nil {
		_, _ = c.CoreV1().Pods("").List(ctx, opts) // want `list-unbounded`
	}
	_, _ = c.CoreV1().Pods("").List(ctx, *helpers.Paged())
	_, _ = c.CoreV1().Pods("").List(ctx, helpers.UpTo(500))
	_, _ = c.CoreV1().Pods("").List(ctx, helpers.Perhaps(true))
	_, _ = helpers.Pods(ctx, c, metav1.ListOptions{}) // want `LIST of pods in all namespaces \(sent at helpers.go:\d+\) .*list-unbounded`
	_, _ = helpers.Pods(ctx, c, metav1.ListOptions{Limit: 5})
	_, _ = helpers.Pods(ctx, c, opts)
	_, _ = helpers.Bounded(ctx, c, metav1.ListOptions{})
	_ = helpers.Read(ctx, mgr.GetAPIReader()) // want `list-unbounded`
	_ = helpers.Read(ctx, mgr.GetClient())
	_ = helpers.Accepted(ctx, mgr.GetAPIReader())
}
