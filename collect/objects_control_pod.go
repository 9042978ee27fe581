package collect

import (
	"regexp"
	"slices"
	"strings"

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

var tagVersion = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)(?:[^\d.]|$)`)

// imageVersion is the version of the program by the tag of its image, without what packaging adds:
// "3.5.24-0" is 3.5.24. The tag of an etcd-manager is its own version, not that of the etcd it starts.
func imageVersion(image string) string {
	image, _, _ = strings.Cut(image, "@")
	base := image[strings.LastIndexByte(image, '/')+1:]
	name, tag, _ := strings.Cut(base, ":")
	m := tagVersion.FindStringSubmatch(tag)
	if m == nil || strings.Contains(name, "etcd-manager") {
		return ""
	}
	return m[1]
}
