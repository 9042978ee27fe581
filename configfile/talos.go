package configfile

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// talosSets are the flags that Talos sets itself, as read in its control_plane_static_pod.go (1.9.6) and
// control_plane_final.go (2026), and in etcd.go and kubelet_spec.go of both. What it does not name there has the
// component's default.
var talosSets = map[string][]string{
	"kube-apiserver": {
		"admission-control-config-file", "advertise-address", "allow-privileged", "anonymous-auth", "api-audiences", "audit-log-maxage",
		"audit-log-maxbackup", "audit-log-maxsize", "audit-log-path", "audit-policy-file", "authentication-config", "authorization-config",
		"authorization-mode", "bind-address", "client-ca-file", "cloud-provider", "enable-admission-plugins", "enable-bootstrap-token-auth",
		"encryption-provider-config", "etcd-cafile", "etcd-certfile", "etcd-keyfile", "etcd-servers", "kubelet-client-certificate",
		"kubelet-client-key", "kubelet-preferred-address-types", "profiling", "proxy-client-cert-file", "proxy-client-key-file",
		"requestheader-allowed-names", "requestheader-client-ca-file", "requestheader-extra-headers-prefix", "requestheader-group-headers",
		"requestheader-username-headers", "secure-port", "service-account-issuer", "service-account-key-file",
		"service-account-signing-key-file", "service-cluster-ip-range", "tls-cert-file", "tls-cipher-suites", "tls-min-version",
		"tls-private-key-file",
	},
	"kube-controller-manager": {
		"allocate-node-cidrs", "authentication-kubeconfig", "authorization-kubeconfig", "bind-address", "cloud-provider", "cluster-cidr",
		"cluster-signing-cert-file", "cluster-signing-key-file", "configure-cloud-routes", "controllers", "kubeconfig", "leader-elect",
		"node-cidr-mask-size-ipv4", "node-cidr-mask-size-ipv6", "profiling", "root-ca-file", "service-account-private-key-file",
		"service-cluster-ip-range", "terminated-pod-gc-threshold", "tls-min-version", "use-service-account-credentials",
	},
	"kube-scheduler": {
		"authentication-kubeconfig", "authentication-tolerate-lookup-failure", "authorization-kubeconfig", "bind-address", "config",
		"kubeconfig", "leader-elect", "profiling", "tls-min-version",
	},
	"etcd": {
		"advertise-client-urls", "auto-tls", "cert-file", "client-cert-auth", "data-dir", "experimental-compact-hash-check-enabled",
		"experimental-initial-corrupt-check", "experimental-watch-progress-notify-interval", "feature-gates", "initial-advertise-peer-urls",
		"initial-cluster", "initial-cluster-state", "key-file", "listen-client-http-urls", "listen-client-urls", "listen-peer-urls", "name",
		"peer-auto-tls", "peer-cert-file", "peer-client-cert-auth", "peer-key-file", "peer-trusted-ca-file", "tls-min-version",
		"trusted-ca-file", "watch-progress-notify-interval",
	},
	"kubelet": {
		"bootstrap-kubeconfig", "cert-dir", "cloud-provider", "config", "container-runtime", "container-runtime-endpoint", "hostname-override",
		"image-credential-provider-bin-dir", "image-credential-provider-config", "kubeconfig", "node-ip",
	},
}

// talosAdds are flags to whose value Talos adds its own.
var talosAdds = []string{"enable-admission-plugins", "authorization-mode", "controllers", "service-cluster-ip-range"}

// talosSections are where a machine configuration has the components.
var talosSections = map[string][]string{
	"kube-apiserver":          {"cluster", "apiServer"},
	"kube-controller-manager": {"cluster", "controllerManager"},
	"kube-scheduler":          {"cluster", "scheduler"},
	"etcd":                    {"cluster", "etcd"},
	"kubelet":                 {"machine", "kubelet"},
}

func talosReader() reader {
	return reader{
		name: "Talos machine configuration", keys: regexp.MustCompile(`(?m)^["']?(machine|cluster)["']?[ \t]*:`),
		words: []string{"apiServer", "controllerManager", "scheduler", "etcd", "kubelet"}, read: readTalos,
	}
}

// talosKinds are the documents of their own that newer versions have for the components.
var talosKinds = map[string]string{
	"KubeAPIServerConfig": "kube-apiserver", "KubeControllerManagerConfig": "kube-controller-manager", "KubeSchedulerConfig": "kube-scheduler",
}

func talosKindReader() reader {
	return reader{
		name: "Talos document", kinds: []string{"KubeAPIServerConfig", "KubeControllerManagerConfig", "KubeSchedulerConfig"}, group: "v1alpha1",
		read: func(c cursor, s *sink) {
			if p := talosProcess(talosKinds[c.get("kind").text()], c); p != nil {
				out := s.piece("talos")
				out.distribution, out.processes = "talos", []*Process{p}
			}
		},
	}
}

// readTalos reads a machine configuration, or a patch of one. Its secrets are not looked at.
func readTalos(c cursor, s *sink) {
	whole := c.get("version").text() == "v1alpha1"
	for _, e := range c.entries() {
		if !slices.Contains([]string{"version", "debug", "persist", "machine", "cluster"}, e.key) {
			return
		}
	}
	var ps []*Process
	worker := c.get("machine", "type").text() == "worker" || c.get("machine", "type").text() == "join"
	for component, section := range talosSections {
		at := c.get(section...)
		if worker && component != "kubelet" {
			continue // what stands there is for the control plane's machines
		}
		p := talosProcess(component, at)
		if p == nil {
			continue
		}
		if !whole {
			p.intent, p.part = true, path.Dir(s.file.rel)
			p.opaque("is told by a patch, which is a part of the configuration")
		}
		ps = append(ps, p)
	}
	if len(ps) == 0 {
		return
	}
	slices.SortFunc(ps, func(a, b *Process) int { return strings.Compare(a.Component, b.Component) })
	out := s.piece("talos")
	out.processes, out.distribution = ps, "talos"
	out.cluster = c.get("cluster", "clusterName").known()
	s.talosDocuments(c, out)
}

// talosProcess is a component as its section says; nil if it says nothing.
func talosProcess(component string, at cursor) *Process {
	if len(at.entries()) == 0 {
		return nil
	}
	p := newProcess(component, "talos", at.src())
	p.Flags.Version = evidence.ImageVersion(at.get("image").known())
	p.addMap(at.get("extraArgs"), evidence.FromArguments)
	if p.empty() && !at.get("extraConfig").ok() && !at.get("config").ok() {
		return nil
	}
	p.whole(evidence.FromArguments)
	for _, flag := range talosSets[component] {
		if component == "etcd" || slices.Contains(talosAdds, flag) || !p.Flags.Has(flag) { // those of etcd cannot be set otherwise
			p.unknown(flag)
		}
	}
	return p
}

// talosDocuments are the configuration files that Talos gives to the kubelet and the scheduler, but for what it
// sets in them itself.
func (s *sink) talosDocuments(c cursor, out *piece) {
	for component, at := range map[string]cursor{"kubelet": c.get("machine", "kubelet", "extraConfig"), "kube-scheduler": c.get("cluster", "scheduler", "config")} {
		i := slices.IndexFunc(out.processes, func(p *Process) bool { return p.Component == component })
		if i < 0 || len(at.entries()) == 0 {
			continue
		}
		p := out.processes[i]
		doc := documentOf(at, component)
		if component == "kubelet" {
			doc.APIVersion, doc.Kind = "kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"
			doc.Part = "Talos writes the rest"
		}
		out.fill = append(out.fill, func(snap *evidence.Snapshot) {
			doc.Version = p.Flags.Version
			snap.Documents = append(snap.Documents, evidence.See(p.Subject, doc, at.src()))
		})
	}
}
