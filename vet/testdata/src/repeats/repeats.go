// Package repeats LISTs again and again.
package repeats

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/retry"
	"k8s.io/client-go/util/workqueue"
)

type agent struct {
	c     kubernetes.Interface
	queue workqueue.Interface
}

func (a *agent) ticker(ctx context.Context) {
	t := time.NewTicker(time.Minute)
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			_, _ = a.c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `LIST of pods in all namespaces, repeated by the loop: each time up to Kubernetes 1.30 .*; an informer or a watch is told of what changes \[list-poll\]`
		}
	}
}

func (a *agent) overTicks(ctx context.Context) {
	for range time.NewTicker(time.Minute).C {
		_, _ = a.c.CoreV1().Pods("").List(ctx, metav1.ListOptions{ResourceVersion: "0"}) // want `each time the watch cache sends all of them in one response; .*list-poll`
	}
}

func (a *agent) sleeper(ctx context.Context) {
	for {
		a.round(ctx)
		time.Sleep(time.Minute)
	}
}

func (a *agent) round(ctx context.Context) {
	_, _ = a.c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `list-poll`
	_, _ = a.c.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 1})
}

func (a *agent) until(stop <-chan struct{}) {
	go wait.Until(a.sync, time.Minute, stop)
	wait.Until(func() {
		_, _ = a.c.CoreV1().Nodes().List(context.Background(), metav1.ListOptions{}) // want `LIST of nodes, repeated by wait.Until: .*list-poll`
	}, time.Minute, stop)
	go wait.Until(a.worker, time.Second, stop)
}

func (a *agent) sync() {
	_, _ = a.c.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{}) // want `list-poll`
}

// worker is how controllers run their workers: wait only starts it again.
func (a *agent) worker() {
	for a.next() {
	}
}

func (a *agent) next() bool {
	_, quit := a.pull()
	a.handle()
	return !quit
}

func (a *agent) pull() (any, bool) { return a.queue.Get() }

// other is a worker whose queue is nowhere in sight.
func (a *agent) other(stop <-chan struct{}, next func() bool) {
	wait.Until(func() {
		for a.nextOther(next) {
		}
	}, time.Second, stop)
}

func (a *agent) nextOther(next func() bool) bool {
	_, _ = a.c.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{}) // want `list-unbounded`
	return next()
}

func (a *agent) handle() {
	_, _ = a.c.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{}) // want `list-unbounded`
}

func (a *agent) events(ctx context.Context, work <-chan string) {
	for {
		select {
		case <-work:
			_, _ = a.c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `list-unbounded`
		case <-time.After(time.Hour):
		}
	}
}

func (a *agent) polls(ctx context.Context) {
	_ = wait.PollUntilContextTimeout(ctx, time.Second, time.Minute, true, func(ctx context.Context) (bool, error) {
		pods, err := a.c.CoreV1().Pods("x").List(ctx, metav1.ListOptions{}) // want `repeated by wait.PollUntilContextTimeout.*list-poll`
		if err != nil {
			return false, err
		}
		return len(pods.Items) == 3, nil
	})
	_ = wait.PollImmediate(time.Second, time.Minute, func() (bool, error) {
		_, err := a.c.CoreV1().Pods("x").List(ctx, metav1.ListOptions{}) // want `list-namespaced`
		return err == nil, nil
	})
	_ = wait.PollImmediate(time.Second, time.Minute, func() (bool, error) {
		_, err := a.c.CoreV1().Pods("x").List(ctx, metav1.ListOptions{}) // want `list-namespaced`
		if err != nil {
			return false, nil
		}
		return true, nil
	})
	var last error
	_ = wait.PollImmediate(time.Second, time.Minute, func() (bool, error) {
		_, last = a.c.CoreV1().Pods("y").List(ctx, metav1.ListOptions{}) // want `list-namespaced`
		return last == nil, nil
	})
	_ = retry.OnError(wait.Backoff{}, nil, func() error {
		_, err := a.c.CoreV1().Pods("x").List(ctx, metav1.ListOptions{}) // want `list-namespaced`
		return err
	})
}

func (a *agent) retries(ctx context.Context) (list *corev1.PodList, err error) {
	for i := 0; i < 3; i++ {
		list, err = a.c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `list-unbounded`
		if err == nil {
			break
		}
		time.Sleep(time.Second)
	}
	return list, err
}

func (a *agent) items(ctx context.Context, namespaces []string, clients []kubernetes.Interface, names map[string]kubernetes.Interface) {
	for _, ns := range namespaces {
		_, _ = a.c.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{}) // want `LIST of pods for each item of a loop, .*list-in-loop`
		_, _ = a.c.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		_, _ = names[ns].CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `list-unbounded`
	}
	for i := 0; i < len(namespaces); i++ {
		_, err := a.c.CoreV1().Pods("").List(ctx, metav1.ListOptions{LabelSelector: namespaces[i]}) // want `list-in-loop`
		if err != nil {
			return
		}
	}
	for _, ns := range namespaces { // a search
		pods, err := a.c.CoreV1().Pods("").List(ctx, metav1.ListOptions{LabelSelector: ns}) // want `list-unbounded`
		if err != nil {
			return
		}
		for _, p := range pods.Items {
			if p.Name == ns {
				return
			}
		}
	}
	for _, c := range clients { // another cluster each time
		_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `list-unbounded`
	}
	for _, ns := range namespaces {
		pods, err := a.c.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{}) // want `list-namespaced`
		if err != nil {
			continue
		}
		_ = pods
		break
	}
	for {
		_, _ = a.c.CoreV1().Pods("").List(ctx, metav1.ListOptions{}) // want `list-unbounded`
	}
}
