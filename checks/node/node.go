// Package node judges what happens on nodes: the kubelet and the end of pods.
package node

import "github.com/kaudit/kaudit/checks"

// Checks lists the checks of this area, in the order people should read them.
func Checks() []checks.Check {
	return []checks.Check{
		podSources,
		pleg,
		termination,
	}
}
