// Package client has the shapes of controller-runtime's clients.
package client

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

type Object interface{ GetObjectKind() string }

type ObjectList interface{ GetObjectKind() string }

type Reader interface {
	Get(ctx context.Context, key string, obj Object) error
	List(ctx context.Context, list ObjectList, opts ...ListOption) error
}

type Client interface {
	Reader
	Create(ctx context.Context, obj Object) error
}

type ListOption interface{ ApplyToList(*ListOptions) }

type ListOptions struct {
	LabelSelector         any
	FieldSelector         fields.Selector
	Namespace             string
	Limit                 int64
	Continue              string
	UnsafeDisableDeepCopy *bool
	Raw                   *metav1.ListOptions
}

func (o *ListOptions) ApplyToList(*ListOptions) {}

type InNamespace string

func (InNamespace) ApplyToList(*ListOptions) {}

type Limit int64

func (Limit) ApplyToList(*ListOptions) {}

type Continue string

func (Continue) ApplyToList(*ListOptions) {}

type MatchingLabels map[string]string

func (MatchingLabels) ApplyToList(*ListOptions) {}

type HasLabels []string

func (HasLabels) ApplyToList(*ListOptions) {}

type MatchingFields fields.Set

func (MatchingFields) ApplyToList(*ListOptions) {}

type CacheOptions struct {
	Reader       Reader
	DisableFor   []Object
	Unstructured bool
}

type Options struct {
	Scheme any
	Cache  *CacheOptions
}

func New(config any, options Options) (Client, error) { return nil, nil }

func NewNamespacedClient(c Client, ns string) Client { return c }
