package configfile

// kubeadmSets are the flags that kubeadm gives a component by itself: those that extraArgs do not name have not
// the component's default. Read in kubeadm 1.24.17, 1.27.16, 1.30.14, 1.36.4 and 1.37.2: the functions get…Command
// of cmd/kubeadm/app/phases/controlplane/manifests.go and of phases/etcd/local.go, all of them together.
var kubeadmSets = map[string][]string{
	"kube-apiserver": {
		"advertise-address", "allow-privileged", "authorization-mode", "client-ca-file", "enable-admission-plugins", "enable-bootstrap-token-auth",
		"etcd-cafile", "etcd-certfile", "etcd-keyfile", "etcd-servers", "kubelet-client-certificate", "kubelet-client-key",
		"kubelet-preferred-address-types", "proxy-client-cert-file", "proxy-client-key-file", "requestheader-allowed-names",
		"requestheader-client-ca-file", "requestheader-extra-headers-prefix", "requestheader-group-headers", "requestheader-username-headers",
		"secure-port", "service-account-issuer", "service-account-key-file", "service-account-signing-key-file", "service-cluster-ip-range",
		"tls-cert-file", "tls-private-key-file",
	},
	"kube-controller-manager": {
		"allocate-node-cidrs", "authentication-kubeconfig", "authorization-kubeconfig", "bind-address", "client-ca-file", "cluster-cidr", "cluster-name",
		"cluster-signing-cert-file", "cluster-signing-key-file", "controllers", "kubeconfig", "leader-elect", "requestheader-client-ca-file",
		"root-ca-file", "service-account-private-key-file", "service-cluster-ip-range", "use-service-account-credentials",
	},
	"kube-scheduler": {"authentication-kubeconfig", "authorization-kubeconfig", "bind-address", "kubeconfig", "leader-elect"},
	"etcd": {
		"advertise-client-urls", "cert-file", "client-cert-auth", "data-dir", "experimental-initial-corrupt-check",
		"experimental-watch-progress-notify-interval", "feature-gates", "initial-advertise-peer-urls", "initial-cluster", "initial-cluster-state",
		"key-file", "listen-client-urls", "listen-metrics-urls", "listen-peer-urls", "name", "peer-cert-file", "peer-client-cert-auth",
		"peer-key-file", "peer-trusted-ca-file", "snapshot-count", "trusted-ca-file", "watch-progress-notify-interval",
	},
}

// kubeadmEtcd is the etcd that kubeadm sets up with a minor of Kubernetes, unless the file names another. Only its
// minor is told: the patch differs between patch releases of kubeadm. 1.24, 1.27, 1.30, 1.36 and 1.37 were read in
// kubeadm's app/constants/constants.go, 1.31 to 1.35 in its changes (kubernetes#134692, #134779, #135271).
var kubeadmEtcd = map[int]string{
	24: "3.5", 25: "3.5", 26: "3.5", 27: "3.5", 28: "3.5", 29: "3.5", 30: "3.5", 31: "3.5", 32: "3.5", 33: "3.5", 34: "3.6", 35: "3.6", 36: "3.6", 37: "3.7",
}
