package auditlog

import (
	"bytes"

	"github.com/kaudit/kaudit/evidence"
)

// serverCount counts the events of a component of the control plane in one version.
type serverCount struct {
	name  string // "kube-apiserver/v1.37.2"
	count int64
}

// serversKept bounds the versions: more than a control plane ever has at a time.
const serversKept = 32

// server counts the event if a component of the control plane made the request. Any client may call itself so; only who
// is authenticated as the component is believed.
func (r *reducer) server(e *event) {
	product := ""
	switch string(e.username) {
	case "system:apiserver":
		product = "kube-apiserver/v"
	case "system:kube-controller-manager":
		product = "kube-controller-manager/v"
	case "system:kube-scheduler":
		product = "kube-scheduler/v"
	default:
		return
	}
	if len(e.userAgent) < len(product) || string(e.userAgent[:len(product)]) != product || len(e.impersonated) > 0 {
		return
	}
	name := e.userAgent
	if i := bytes.IndexByte(name, ' '); i >= 0 {
		name = name[:i]
	}
	for i := range r.servers {
		if s := &r.servers[i]; s.name == string(name) {
			s.count++
			return
		}
	}
	if _, ok := evidence.ParseSemver(string(name[len(product)-1:])); ok && len(name) < 100 && len(r.servers) < serversKept {
		r.servers = append(r.servers, serverCount{name: string(name), count: 1})
	}
}
