package configfile

import (
	"fmt"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// A kubeadmAPI is a version of kubeadm.k8s.io: which minors of kubeadm take it, and how it writes arguments.
// Read in validateSupportedVersion of kubeadm 1.24, 1.27, 1.30, 1.36 and 1.37 (app/util/config/common.go).
type kubeadmAPI struct {
	first, last int  // last 0: still taken
	form        Form // of extraArgs
}

const kubeadmGroup = "kubeadm.k8s.io/"

var kubeadmAPIs = map[string]kubeadmAPI{
	"v1alpha1": {first: 4, last: 11},
	"v1alpha2": {first: 11, last: 12},
	"v1alpha3": {first: 12, last: 14},
	"v1beta1":  {first: 13, last: 21},
	"v1beta2":  {first: 15, last: 26, form: Map},
	"v1beta3":  {first: 22, last: 36, form: Map},
	"v1beta4":  {first: 28, form: Pairs}, // an experiment up to 1.30
	"v1":       {first: 37, form: Pairs}, // an experiment in 1.37
}

// gone says that no kubeadm of today takes a version, and how to come from it to a later one.
func gone(name string, api kubeadmAPI) string {
	return fmt.Sprintf("%s%s is gone since kubeadm 1.%d, and kaudit does not read it: kubeadm config migrate --old-config OLD --new-config NEW, by kubeadm 1.%d, writes a later version",
		kubeadmGroup, name, api.last+1, api.last)
}

// compatible warns of a version of Kubernetes that no kubeadm which takes the file sets up: each sets up its
// own minor and the one before.
func (k kubeadm) compatible(at, version cursor, name string, api kubeadmAPI) {
	v, ok := evidence.ParseSemver(kubernetesVersion(version))
	switch {
	case !ok || isHole(at.text()):
	case api.last > 0 && v.Minor > api.last:
		k.s.warn(at.src(), fmt.Sprintf("%s%s is gone since kubeadm 1.%d, and kubernetesVersion is %s: kubeadm refuses the file; kubeadm config migrate --old-config OLD --new-config NEW, by kubeadm 1.%d, writes a later version",
			kubeadmGroup, name, api.last+1, version.text(), api.last))
	case v.Minor < api.first-1:
		k.s.warn(at.src(), fmt.Sprintf("%s%s is taken by kubeadm 1.%d and later, which sets up Kubernetes 1.%d at the oldest, and kubernetesVersion is %s",
			kubeadmGroup, name, api.first, api.first-1, version.text()))
	}
}

// kubernetesVersion is the version that kubeadm is to set up: "v1.31.4", and "1.31" of the label "stable-1.31".
func kubernetesVersion(c cursor) string {
	v := c.known()
	for _, label := range []string{"stable-", "latest-"} {
		if rest, ok := strings.CutPrefix(v, label); ok && strings.Contains(rest, ".") {
			return rest
		}
	}
	return v
}
