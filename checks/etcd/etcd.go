// Package etcd judges etcd: its members, the space it has, the disks and the network under it, and
// whether events are kept apart. It knows of etcd only what a snapshot holds; where there are two
// clusters (main and events), each is judged for itself.
package etcd

import "github.com/kaudit/kaudit/checks"

// Checks lists the checks of this area, in the order people should read them.
func Checks() []checks.Check {
	return []checks.Check{
		members,
		space,
		quota,
		diskLatency,
		peerLatency,
		eventsSeparation,
	}
}
