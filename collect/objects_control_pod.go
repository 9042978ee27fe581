package collect

import (
	"slices"

	"github.com/kaudit/kaudit/evidence"
)

// admit keeps strangers out: labels are whatever a pod's creator wrote. Where a component runs as
// static pods, which take a file on their node, a pod that is none is something else of that name: a
// tool's, a tenant's. Those that came earlier leave, and give back the subjects that they took.
func (c *controlPlane) admit(found []evidence.ControlPod, component string, static bool) ([]evidence.ControlPod, bool) {
	if !static {
		return found, !slices.ContainsFunc(found, func(p evidence.ControlPod) bool { return p.Component == component && p.Static })
	}
	return slices.DeleteFunc(found, func(p evidence.ControlPod) bool {
		stranger := p.Component == component && !p.Static
		if stranger {
			c.flags[component] = slices.DeleteFunc(c.flags[component], func(o evidence.Observed[evidence.Flags]) bool { return o.Of == p.Subject })
		}
		return stranger
	}), true
}
