// Package node judges what happens on nodes: the kubelet and the end of pods.
package node

import (
	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// Checks lists the checks of this area, in the order people should read them.
func Checks() []checks.Check {
	return []checks.Check{
		podSources,
		pleg,
		termination,
	}
}

// unsampled is the one thing to say of kubelets where nobody wanted them asked; nil if somebody did. Each
// aspect that they would have shown is then no news.
func unsampled(s *evidence.Snapshot) []checks.Verdict {
	configs, metrics := s.KubeletConfigs.Of("kubelet"), s.KubeletMetrics.Of("kubelet")
	for _, gap := range []*evidence.Gap{configs.Gap, metrics.Gap} {
		if gap == nil || gap.Why != evidence.NotAsked {
			return nil
		}
	}
	return checks.Lost(configs, "kubelet")
}
