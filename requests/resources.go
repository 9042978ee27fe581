package requests

import (
	"slices"
	"strings"
)

// clusterScoped are the built-in resources that have no namespaces.
var clusterScoped = []string{
	"nodes", "namespaces", "persistentvolumes", "componentstatuses",
	"apiservices.apiregistration.k8s.io",
	"certificatesigningrequests.certificates.k8s.io", "clustertrustbundles.certificates.k8s.io",
	"clusterrolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
	"csidrivers.storage.k8s.io", "csinodes.storage.k8s.io", "storageclasses.storage.k8s.io", "volumeattachments.storage.k8s.io", "volumeattributesclasses.storage.k8s.io",
	"customresourcedefinitions.apiextensions.k8s.io",
	"deviceclasses.resource.k8s.io", "devicetaintrules.resource.k8s.io", "resourceslices.resource.k8s.io",
	"flowschemas.flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
	"ingressclasses.networking.k8s.io", "ipaddresses.networking.k8s.io", "servicecidrs.networking.k8s.io",
	"mutatingadmissionpolicies.admissionregistration.k8s.io", "mutatingadmissionpolicybindings.admissionregistration.k8s.io", "mutatingwebhookconfigurations.admissionregistration.k8s.io",
	"validatingadmissionpolicies.admissionregistration.k8s.io", "validatingadmissionpolicybindings.admissionregistration.k8s.io", "validatingwebhookconfigurations.admissionregistration.k8s.io",
	"podsecuritypolicies.policy", "priorityclasses.scheduling.k8s.io", "runtimeclasses.node.k8s.io",
	"storageversionmigrations.storagemigration.k8s.io", "storageversions.internal.apiserver.k8s.io",
}

// builtInGroups are the API groups that kube-apiserver has of itself.
var builtInGroups = []string{
	"", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch",
	"certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io",
	"networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
}

func groupOf(resource string) string {
	_, group, _ := strings.Cut(resource, ".")
	return group
}

func builtIn(resource string) bool { return slices.Contains(builtInGroups, groupOf(resource)) }

// namespaces reports whether objects of a resource live in namespaces. What is not built in is not known.
func namespaces(resource string) Known {
	switch {
	case slices.Contains(clusterScoped, resource):
		return No
	case builtIn(resource):
		return Yes
	}
	return ""
}

// elsewhere reports whether a resource has no storage here: the metrics APIs are computed by other servers.
func elsewhere(resource string) bool {
	group := groupOf(resource)
	return resource == "componentstatuses" || group == "metrics.k8s.io" || group == "custom.metrics.k8s.io" || group == "external.metrics.k8s.io"
}
