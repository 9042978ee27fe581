// Package ignores accepts findings.
package ignores

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

func accepted(ctx context.Context, c kubernetes.Interface) {
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) //kaudit:ignore list-unbounded -- once, at the start

	//kaudit:ignore list-unbounded -- once, at the start
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{})

	//kaudit:ignore list-namespaced, list-unbounded -- either
	_, _ = c.CoreV1().Pods("").
		List(ctx, metav1.ListOptions{})

	//kaudit:ignore list-unbounded // want `this comment has no reason, and so accepts nothing; write //kaudit:ignore list-unbounded -- why this LIST is fine \[ignore\]`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `list-unbounded`

	//kaudit:ignore -- because // want `names no category`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `list-unbounded`

	//kaudit:ignore list-unbound -- a slip // want `names "list-unbound", which is no category`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `list-unbounded`

	//kaudit:ignore list-poll -- another one // want `accepts list-poll where nothing of that kind is found; remove it`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `list-unbounded`

	//kaudit:ignore list-unbounded -- nothing here any more // want `accepts list-unbounded where nothing of that kind is found; remove it`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 500})

	//kaudit:ignore list-small -- not asked for, so nobody can tell
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 500})
}
