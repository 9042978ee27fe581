// Package helpers makes options and sends LISTs for others.
package helpers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Options are those of an unbounded LIST.
func Options(selector string) metav1.ListOptions { return metav1.ListOptions{LabelSelector: selector} } // want Options:"helper"

// Paged are those of a bounded one.
func Paged() *metav1.ListOptions { // want Paged:"helper"
	o := &metav1.ListOptions{}
	o.Limit = 500
	return o
}

// UpTo has the limit that its caller wants.
func UpTo(n int64) metav1.ListOptions { return metav1.ListOptions{Limit: n} } // want UpTo:"helper"

// Checked may return an error.
func Checked(selector string) (metav1.ListOptions, error) { // want Checked:"helper"
	if selector == "" {
		return metav1.ListOptions{}, context.Canceled
	}
	return metav1.ListOptions{LabelSelector: selector}, nil
}

// Perhaps is not certain.
func Perhaps(page bool) metav1.ListOptions { // want Perhaps:"helper"
	if page {
		return metav1.ListOptions{Limit: 500}
	}
	return metav1.ListOptions{}
}

// Pods sends a LIST with what it is given.
func Pods(ctx context.Context, c kubernetes.Interface, opts metav1.ListOptions) (*corev1.PodList, error) { // want Pods:"helper"
	opts.LabelSelector = "a=b"
	return c.CoreV1().Pods("").List(ctx, opts)
}

// Bounded sends one with a limit, whatever it is given.
func Bounded(ctx context.Context, c kubernetes.Interface, opts metav1.ListOptions) (*corev1.PodList, error) { // want Bounded:"helper"
	opts.Limit = 500
	return c.CoreV1().Pods("").List(ctx, opts)
}

// Read sends one through what it is given.
func Read(ctx context.Context, r client.Reader) error { return r.List(ctx, &corev1.PodList{}) } // want Read:"helper"

// Accepted sends one that somebody accepted.
func Accepted(ctx context.Context, r client.Reader) error {
	//kaudit:ignore list-unbounded -- once, at the start
	return r.List(ctx, &corev1.PodList{})
}

func local(ctx context.Context, c kubernetes.Interface, n int64) {
	_, _ = c.CoreV1().Pods("").List(ctx, Options("a=b")) // want `list-unbounded`
	_, _ = c.CoreV1().Pods("").List(ctx, *Paged())
	_, _ = c.CoreV1().Pods("").List(ctx, UpTo(500))
	_, _ = c.CoreV1().Pods("").List(ctx, UpTo(n))
	_, _ = c.CoreV1().Pods("").List(ctx, UpTo(0)) // want `list-unbounded`
	_, _ = c.CoreV1().Pods("").List(ctx, Perhaps(n == 0))
	_, _ = Pods(ctx, c, metav1.ListOptions{}) // want `LIST of pods in all namespaces \(sent at helpers.go:\d+\) .*list-unbounded`
}
