// Package apiserver judges kube-apiserver: load spread, availability, priority and fairness,
// the watch cache and its extensions.
package apiserver

import "github.com/kaudit/kaudit/checks"

// Checks lists the checks of this area, in the order people should read them.
func Checks() []checks.Check {
	return []checks.Check{
		goaway,
		apf,
		apfObjects,
		apfSaturation,
		balance,
		replicas,
		listRV,
		consistentList,
		extensions,
	}
}
