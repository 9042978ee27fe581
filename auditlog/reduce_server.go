package auditlog

import (
	"bytes"

	"github.com/kaudit/kaudit/evidence"
)

// serverCount counts the events of a component of the control plane in one version.
type serverCount struct {
	component, version string // "kube-apiserver", "v1.37.2"
	count              int64
}

// serversKept bounds the versions: more than a control plane ever has at a time.
const serversKept = 32

// server counts the event if a component of the control plane made the request. Any client may call itself so; only who
// is authenticated as the component is believed.
func (r *reducer) server(e *event) {
	component := ""
	switch string(e.username) {
	case "system:apiserver":
		component = "kube-apiserver"
	case "system:kube-controller-manager":
		component = "kube-controller-manager"
	case "system:kube-scheduler":
		component = "kube-scheduler"
	default:
		return
	}
	product, version, _ := bytes.Cut(e.userAgent, []byte("/"))
	if string(product) != component && string(product) != evidence.K3s || len(e.impersonated) > 0 || len(version) == 0 || version[0] != 'v' {
		return
	}
	if i := bytes.IndexByte(version, ' '); i >= 0 {
		version = version[:i]
	}
	for i := range r.servers {
		if s := &r.servers[i]; s.component == component && s.version == string(version) {
			s.count++
			return
		}
	}
	if _, ok := evidence.ParseSemver(string(version)); ok && len(version) < 100 && len(r.servers) < serversKept {
		r.servers = append(r.servers, serverCount{component: component, version: string(version), count: 1})
	}
}
