// Package pager has the shape of the pager.
package pager

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

type ListPageFunc func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error)

type ListPager struct{}

func New(fn ListPageFunc) *ListPager { return nil }

func (p *ListPager) EachListItem(ctx context.Context, options metav1.ListOptions, fn func(obj runtime.Object) error) error {
	return nil
}
