//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// doing is what a client does.
type doing = func(ctx context.Context, c kubernetes.Interface) error

func lists(n int, once doing) doing {
	return func(ctx context.Context, c kubernetes.Interface) error {
		for range n {
			if err := once(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}
}

func inTurn(first, then doing) doing {
	return func(ctx context.Context, c kubernetes.Interface) error {
		return errors.Join(first(ctx, c), then(ctx, c))
	}
}

func podList(namespace string, o metav1.ListOptions) doing {
	return func(ctx context.Context, c kubernetes.Interface) error {
		_, err := c.CoreV1().Pods(namespace).List(ctx, o)
		return err
	}
}

func configMapList(namespace string, o metav1.ListOptions) doing {
	return func(ctx context.Context, c kubernetes.Interface) error {
		_, err := c.CoreV1().ConfigMaps(namespace).List(ctx, o)
		return err
	}
}

func eventList(rv string) doing {
	return func(ctx context.Context, c kubernetes.Interface) error {
		_, err := c.CoreV1().Events("").List(ctx, metav1.ListOptions{ResourceVersion: rv})
		return err
	}
}

// pages reads all pods, n at a time.
func pages(n int64) doing {
	return func(ctx context.Context, c kubernetes.Interface) error {
		o := metav1.ListOptions{Limit: n}
		for {
			l, err := c.CoreV1().Pods("").List(ctx, o)
			if err != nil {
				return err
			}
			if o.Continue = l.Continue; o.Continue == "" {
				return nil
			}
		}
	}
}

// at reads n times over what there was at one resourceVersion, or since.
func at(namespace string, n int, match metav1.ResourceVersionMatch, limit int64) doing {
	return func(ctx context.Context, c kubernetes.Interface) error {
		l, err := c.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			return err
		}
		return lists(n, configMapList(namespace, metav1.ListOptions{ResourceVersion: l.ResourceVersion, ResourceVersionMatch: match, Limit: limit}))(ctx, c)
	}
}

// nodeByName reads a node as a LIST of one.
func nodeByName(ctx context.Context, c kubernetes.Interface) error {
	_, err := c.CoreV1().Nodes().List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + workerName(0)})
	return err
}

// watches opens a watch and reads the first object, unless it is refused.
func watches(o metav1.ListOptions, refused bool) doing {
	return func(ctx context.Context, c kubernetes.Interface) error {
		w, err := c.CoreV1().Pods("").Watch(ctx, o)
		if refused {
			if !apierrors.IsInvalid(err) {
				return fmt.Errorf("watch: got %w, want it to be invalid", err)
			}
			return nil
		}
		if err != nil {
			return err
		}
		defer w.Stop()
		if e := <-w.ResultChan(); e.Type != watch.Added {
			return fmt.Errorf("watch: got %s first, want an object", e.Type)
		}
		return nil
	}
}

// refusedSecrets asks for what it may not have.
func refusedSecrets(ctx context.Context, c kubernetes.Interface) error {
	if _, err := c.CoreV1().Secrets("").List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		return fmt.Errorf("secrets: got %w, want it to be forbidden", err)
	}
	return nil
}

// expired asks for the second page of what etcd has forgotten, and then for that of the present.
func expired(n int) doing {
	return func(ctx context.Context, c kubernetes.Interface) error {
		l, err := c.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 100})
		if err != nil {
			return err
		}
		old, err := aged(l.Continue)
		if err != nil {
			return err
		}
		token := ""
		for range n {
			_, err := c.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 100, Continue: old})
			var status apierrors.APIStatus
			if !apierrors.IsResourceExpired(err) || !errors.As(err, &status) {
				return fmt.Errorf("an old page: got %w, want it to be expired", err)
			}
			token = status.Status().Continue
		}
		_, err = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 100, Continue: token})
		return err
	}
}

// aged makes a continue token one of the first revision.
func aged(token string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", err
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return "", err
	}
	fields["rv"] = 1
	raw, err = json.Marshal(fields)
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// informs runs a reflector until it has all pods and its watch runs; old is one that knows no WatchList.
func informs(old bool) doing {
	return func(ctx context.Context, c kubernetes.Interface) error {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		store := cache.NewStore(cache.MetaNamespaceKeyFunc)
		lw := &reflected{ListWatch: cache.NewListWatchFromClient(c.CoreV1().RESTClient(), "pods", "", fields.Everything()), old: old}
		var running sync.WaitGroup
		running.Go(func() { cache.NewReflector(lw, &corev1.Pod{}, store, 0).RunWithContext(ctx) })
		defer running.Wait()
		defer cancel()
		for len(store.List()) < podCount || !lw.watching.Load() {
			select {
			case <-ctx.Done():
				return fmt.Errorf("a reflector with %d pods: %w", len(store.List()), ctx.Err())
			case <-time.After(50 * time.Millisecond):
			}
		}
		return nil
	}
}

// reflected is what a reflector asks, and tells when it watches.
type reflected struct {
	*cache.ListWatch
	old      bool
	watching atomic.Bool
}

// IsWatchListSemanticsUnSupported is how client-go asks.
func (r *reflected) IsWatchListSemanticsUnSupported() bool { return r.old }

func (r *reflected) WatchWithContext(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	w, err := r.ListWatch.WatchWithContext(ctx, o)
	if err == nil {
		r.watching.Store(true)
	}
	return w, err
}
