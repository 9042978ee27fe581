// Package wait has the shapes that the tests need.
package wait

import (
	"context"
	"time"
)

type ConditionFunc func() (bool, error)

type ConditionWithContextFunc func(context.Context) (bool, error)

type Backoff struct{ Steps int }

func Until(f func(), period time.Duration, stop <-chan struct{})                          {}
func UntilWithContext(ctx context.Context, f func(context.Context), period time.Duration) {}
func Forever(f func(), period time.Duration)                                              {}

func PollImmediate(interval, timeout time.Duration, condition ConditionFunc) error { return nil }

func PollUntilContextTimeout(ctx context.Context, interval, timeout time.Duration, immediate bool, condition ConditionWithContextFunc) error {
	return nil
}

func ExponentialBackoff(b Backoff, condition ConditionFunc) error { return nil }
