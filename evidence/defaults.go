package evidence

import (
	"slices"

	"github.com/kaudit/kaudit/components"
)

// Default returns the default of a flag in a version of a component ("1.37.2", "3.5.24"), as the program itself
// has it and written as /flagz prints it. For versions outside the catalogue it knows nothing, and nothing of the
// kubelet, whose configuration file decides where a flag is not set.
func Default(component, flag, version string) (string, bool) {
	if !components.Known(component, version) {
		return inGap(component, flag, version)
	}
	f, ok := components.LookupFlag(component, version, flag)
	if !ok || component == "kubelet" || slices.Contains(ownAddress, f.Name) {
		return "", false
	}
	if v, ok := standsFor[f.Name]; ok {
		return v, true
	}
	return f.Default, true
}

// inGap is the default in a minor that the catalogue lacks, if the ones before and after it agree.
func inGap(component, flag, version string) (string, bool) {
	v, ok := ParseSemver(version)
	releases := components.Releases(component)
	if !ok || len(releases) == 0 {
		return "", false
	}
	after := slices.IndexFunc(releases, func(release string) bool {
		r, _ := ParseSemver(release)
		return r.Major == v.Major && r.Minor > v.Minor
	})
	if after < 1 {
		return "", false
	}
	a, okA := Default(component, flag, releases[after-1])
	b, okB := Default(component, flag, releases[after])
	if !okA || !okB || a != b {
		return "", false
	}
	return a, true
}

// constant is the default that a flag has in every version of the catalogue: a file whose version a template
// fills in still tells what it leaves unset.
func constant(component, flag string) (string, bool) {
	all := ""
	for i, release := range components.Releases(component) {
		d, ok := Default(component, flag, release)
		if !ok || i > 0 && d != all {
			return "", false
		}
		all = d
	}
	return all, len(components.Releases(component)) > 0
}

// standsFor are defaults of 0 that mean another value (progressReportInterval of etcd's v3rpc). The 0 of
// --quota-backend-bytes stands for 2 GiB too, but is what etcd says and what checks expect.
var standsFor = map[string]string{
	"watch-progress-notify-interval":              "10m0s",
	"experimental-watch-progress-notify-interval": "10m0s",
}

// ownAddress are flags that kube-apiserver fills with its machine's address where nobody sets them, and those that
// etcd puts together out of its name and other flags.
var ownAddress = []string{"advertise-address", "external-hostname", "advertise-client-urls", "initial-advertise-peer-urls", "initial-cluster"}
