// Package scheduler judges kube-scheduler: its queues and what waits in them.
package scheduler

import "github.com/kaudit/kaudit/checks"

// Checks lists the checks of this area, in the order people should read them.
func Checks() []checks.Check {
	return []checks.Check{
		queue,
	}
}
