// Package retry has the shape of retries.
package retry

import "k8s.io/apimachinery/pkg/util/wait"

func OnError(backoff wait.Backoff, retriable func(error) bool, fn func() error) error { return nil }
