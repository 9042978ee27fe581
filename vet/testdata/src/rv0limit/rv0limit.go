// Package rv0limit sets a limit that the server ignores.
package rv0limit

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

func both(ctx context.Context, c kubernetes.Interface, rv string) {
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{ResourceVersion: "0", Limit: 500}) // want `LIST of pods in all namespaces with resourceVersion=0 and a limit: the watch cache ignores the limit in every version and sends all of them in one response; .*list-rv0-limit`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 500, ResourceVersion: "0"}) // want `list-rv0-limit`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{                                   // want `list-rv0-limit`
		LabelSelector:        "a=b",
		Limit:                500,
		ResourceVersion:      "0",
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
	})

	opts := metav1.ListOptions{ResourceVersion: "0"}
	opts.Limit = 500
	_, _ = c.CoreV1().Pods("").List(ctx, opts) // want `list-rv0-limit`

	_, _ = c.CoreV1().Events("").List(ctx, metav1.ListOptions{ResourceVersion: "0", Limit: 500})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{ResourceVersion: "12", Limit: 500})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{ResourceVersion: rv, Limit: 500})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=x", ResourceVersion: "0", Limit: 1})
}
