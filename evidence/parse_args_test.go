package evidence

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const openshiftAPIServer = `LOCK=/var/log/kube-apiserver/.lock
# We should be able to acquire the lock immediately. If not, it means the init container kube-apiserver --v=9 has not released it.
exec {LOCK_FD}>${LOCK} && flock --verbose -w 30 "${LOCK_FD}" || {
  echo "Failed to acquire lock for kube-apiserver. Please check setup container for details."
  exit 1
}
if [ -f /etc/kubernetes/ca-bundle.crt ]; then
  echo "Copying system trust bundle ..."
  cp -f /etc/kubernetes/ca-bundle.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem
fi

exec watch-termination --termination-touch-file=/var/log/kube-apiserver/.terminating --graceful-termination-duration=135s --kubeconfig=/x -- hyperkube kube-apiserver --openshift-config=/etc/kubernetes/static-pod-resources/configmaps/config/config.yaml --advertise-address=${HOST_IP}  -v=2 --permit-address-sharing
`

const openshiftEtcd = `#!/bin/sh
set -euo pipefail

etcdctl member list || true

# this has a non-zero return code if the command is non-zero.
ETCD_INITIAL_CLUSTER=$(discover-etcd-initial-cluster --cacert=/x)
export ETCD_INITIAL_CLUSTER
env | grep ETCD | grep -v NODE
set -x
# See https://etcd.io/docs/v3.4.0/tuning/ for why we use ionice
exec nice -n -19 ionice -c2 -n0 etcd \
  --logger=zap \
  --log-level=${VERBOSITY} \
  --experimental-initial-corrupt-check=true \
  --snapshot-count=10000 \
  --initial-advertise-peer-urls=https://${NODE_master_0_IP}:2380 \
  --listen-metrics-urls=https://0.0.0.0:9978 ||  mv /etc/kubernetes/etcd-backup-dir/etcd-member.yaml /etc/kubernetes/manifests
`

// Shapes as the distributions ship them, shortened.
func TestParseContainer(t *testing.T) {
	type flags = map[string][]string
	for _, tt := range []struct {
		name, component string
		command, args   []string
		env             map[string]string
		want            Parsed
	}{{
		name: "kubeadm", component: "kube-apiserver",
		command: []string{"kube-apiserver", "--goaway-chance=0.001", "--authorization-mode=Node,RBAC", "--allow-privileged"},
		want:    Parsed{Program: "kube-apiserver", Set: flags{"goaway-chance": {"0.001"}, "authorization-mode": {"Node,RBAC"}, "allow-privileged": {"true"}}},
	}, {
		name: "RKE2", component: "kube-apiserver",
		command: []string{"kube-apiserver"}, args: []string{"--etcd-servers=https://127.0.0.1:2379", "--egress-selector-config-file=/x"},
		want: Parsed{Program: "kube-apiserver", Set: flags{"etcd-servers": {"https://127.0.0.1:2379"}, "egress-selector-config-file": {"/x"}}},
	}, {
		name: "RKE2 etcd", component: "etcd",
		command: []string{"etcd"}, args: []string{"--config-file=/var/lib/rancher/rke2/server/db/etcd/config"},
		env: map[string]string{"ETCD_QUOTA_BACKEND_BYTES": "1", "NO_PROXY": ""},
		want: Parsed{
			Program: "etcd", Set: flags{"config-file": {"/var/lib/rancher/rke2/server/db/etcd/config"}},
			Opaque: "reads every setting from --config-file=/var/lib/rancher/rke2/server/db/etcd/config and ignores its flags and environment; the file could not be read",
		},
	}, {
		name: "OpenShift, options of the shell with a word of their own", component: "kube-controller-manager",
		command: []string{"/bin/bash", "-euxo", "pipefail", "-c"}, args: []string{"timeout 3m /bin/bash -exuo pipefail -c 'sleep 1'\nexec hyperkube kube-controller-manager --kube-api-qps=150 \\\n  -v=2"},
		want: Parsed{Program: "kube-controller-manager", Set: flags{"kube-api-qps": {"150"}, "v": {"2"}}},
	}, {
		name: "kOps with a pipe", component: "kube-apiserver",
		command: []string{"/bin/sh", "-c", "mkfifo /tmp/pipe; (tee -a /var/log/kube-apiserver.log < /tmp/pipe & ) ; exec /usr/local/bin/kube-apiserver --allow-privileged=true --etcd-servers=https://127.0.0.1:4001 --etcd-servers-overrides=/events#https://127.0.0.1:4002 > /tmp/pipe 2>&1"},
		want: Parsed{Program: "/usr/local/bin/kube-apiserver", Set: flags{
			"allow-privileged": {"true"}, "etcd-servers": {"https://127.0.0.1:4001"}, "etcd-servers-overrides": {"/events#https://127.0.0.1:4002"},
		}},
	}, {
		name: "kOps with go-runner", component: "kube-scheduler",
		command: []string{"/go-runner", "--log-file=/var/log/kube-scheduler.log", "--also-stdout", "/usr/local/bin/kube-scheduler", "--config=/var/lib/kube-scheduler/config.yaml", "--v=2"},
		want:    Parsed{Program: "/usr/local/bin/kube-scheduler", Set: flags{"config": {"/var/lib/kube-scheduler/config.yaml"}, "v": {"2"}}},
	}, {
		name: "kOps etcd-manager", component: "etcd-events",
		command: []string{"/bin/sh", "-c", "mkfifo /tmp/pipe; (tee -a /var/log/etcd.log < /tmp/pipe & ) ; exec /etcd-manager --backup-store=s3://b/events --client-urls=https://__name__:4002 > /tmp/pipe 2>&1"},
		env:     map[string]string{"ETCD_MANAGER_DAILY_BACKUPS_RETENTION": "90d", "ETCD_QUOTA_BACKEND_BYTES": "8589934592"},
		want: Parsed{
			Program: "/etcd-manager", Set: flags{}, Env: map[string]string{"quota-backend-bytes": "8589934592"},
			Opaque: "is started by etcd-manager, which sets what its environment leaves open",
		},
	}, {
		name: "OpenShift kube-apiserver", component: "kube-apiserver",
		command: []string{"/bin/bash", "-ec"}, args: []string{openshiftAPIServer},
		want: Parsed{
			Program: "kube-apiserver",
			Set: flags{
				"openshift-config": {"/etc/kubernetes/static-pod-resources/configmaps/config/config.yaml"}, "v": {"2"}, "permit-address-sharing": {"true"},
			},
			Unknown: []string{"advertise-address"},
			Opaque:  "takes most settings from --openshift-config=/etc/kubernetes/static-pod-resources/configmaps/config/config.yaml, which cannot be seen from outside",
		},
	}, {
		name: "OpenShift etcd", component: "etcd",
		command: []string{"/bin/sh", "-c", openshiftEtcd},
		env:     map[string]string{"ETCD_QUOTA_BACKEND_BYTES": "8589934592", "ETCD_INITIAL_CLUSTER": "stale", "VERBOSITY": "info", "ETCDCTL_CACERT": "/x"},
		want: Parsed{
			Program: "etcd",
			Set: flags{
				"logger": {"zap"}, "log-level": {"info"}, "experimental-initial-corrupt-check": {"true"}, "snapshot-count": {"10000"},
				"listen-metrics-urls": {"https://0.0.0.0:9978"},
			},
			Env:     map[string]string{"quota-backend-bytes": "8589934592"},
			Unknown: []string{"initial-advertise-peer-urls", "initial-cluster"},
		},
	}, {
		name: "HyperShift", component: "kube-controller-manager",
		command: []string{"hyperkube", "kube-controller-manager"}, args: []string{"--openshift-config=/etc/kubernetes/config/config.json", "--kube-api-qps=150"},
		want: Parsed{
			Program: "kube-controller-manager",
			Set:     flags{"openshift-config": {"/etc/kubernetes/config/config.json"}, "kube-api-qps": {"150"}},
			Opaque:  "takes most settings from --openshift-config=/etc/kubernetes/config/config.json, which cannot be seen from outside",
		},
	}, {
		name: "Talos", component: "kube-controller-manager",
		command: []string{"/usr/local/bin/kube-controller-manager", "--use-service-account-credentials", "--leader-elect=true", "--controllers=*,tokencleaner"},
		want:    Parsed{Program: "/usr/local/bin/kube-controller-manager", Set: flags{"use-service-account-credentials": {"true"}, "leader-elect": {"true"}, "controllers": {"*,tokencleaner"}}},
	}, {
		name: "old hyperkube", component: "kube-apiserver",
		command: []string{"/hyperkube", "apiserver", "--v", "2", "-goaway-chance", "0.01"},
		want:    Parsed{Program: "apiserver", Set: flags{"v": {"2"}, "goaway-chance": {"0.01"}}},
	}, {
		name: "k3s agent", component: "kubelet", command: []string{"k3s", "agent", "--kubelet-arg=max-pods=9"},
		want: Parsed{
			Program: "k3s", Set: flags{"max-pods": {"9"}},
			Opaque: "runs inside k3s, which sets flags of its own and reads a configuration file",
		},
	}, {
		name: "k3s", component: "kube-apiserver",
		command: []string{"/bin/k3s", "server", "--token", "s3cret", "--kube-apiserver-arg=goaway-chance=0.001", "--kube-apiserver-arg", "profiling=false", "--etcd-arg=quota-backend-bytes=1"},
		want: Parsed{
			Program: "/bin/k3s", Set: flags{"goaway-chance": {"0.001"}, "profiling": {"false"}},
			Opaque: "runs inside k3s, which sets flags of its own and reads a configuration file",
		},
	}, {
		name: "the image's entrypoint", component: "etcd",
		args: []string{"--quota-backend-bytes", "-1", "--pre-vote"},
		want: Parsed{Set: flags{"quota-backend-bytes": {"-1"}, "pre-vote": {"true"}}},
	}, {
		name: "a wrapper that nobody knows", component: "kube-apiserver",
		command: []string{"/opt/vendor/launch", "kube-apiserver", "--v=2"},
		want:    Parsed{Program: "kube-apiserver", Set: flags{"v": {"2"}}, Opaque: "is started by /opt/vendor/launch, which may add flags of its own"},
	}, {
		name: "repeated, with underscores, single dash", component: "kube-apiserver",
		command: []string{"kube-apiserver", "--service-account-issuer=a", "-service_account_issuer=b", "--", "--v=9"},
		want:    Parsed{Program: "kube-apiserver", Set: flags{"service-account-issuer": {"a", "b"}}},
	}, {
		name: "references that Kubernetes expands", component: "etcd",
		command: []string{"etcd", "--name=$(NODE)", "--listen-peer-urls=https://$(IP):2380", "--data-dir=$$(x)"},
		env:     map[string]string{"NODE": "cp-1"},
		want:    Parsed{Program: "etcd", Set: flags{"name": {"cp-1"}, "data-dir": {"$(x)"}}, Unknown: []string{"listen-peer-urls"}},
	}, {
		name: "secrets", component: "kube-controller-manager",
		command: []string{"kube-controller-manager", "--password=x", "--token", "y", "--master=https://admin:pw@api:6443", "--token-auth-file=/f"},
		want: Parsed{Program: "kube-controller-manager", Set: flags{
			"master": {"https://api:6443"}, "token-auth-file": {"/f"},
		}, Unknown: []string{"password", "token"}},
	}, {
		name: "secrets in the environment", component: "etcd",
		command: []string{"etcd"}, env: map[string]string{"ETCD_ROOT_PASSWORD": "x", "ETCD_NAME": "a", "ETCD_DISCOVERY": "https://u:p@d/x"},
		want: Parsed{Program: "etcd", Set: flags{}, Env: map[string]string{"name": "a", "discovery": "https://d/x"}, Unknown: []string{"root-password"}},
	}, {
		name: "variables set from elsewhere", component: "etcd",
		command: []string{"etcd", "--name=$(NODE)"}, env: map[string]string{"NODE": Elsewhere, "ETCD_DATA_DIR": Elsewhere},
		want: Parsed{Program: "etcd", Set: flags{}, Unknown: []string{"data-dir", "name"}},
	}, {
		name: "a configuration file by variable", component: "etcd",
		command: []string{"etcd", "--name=a"}, env: map[string]string{"ETCD_CONFIG_FILE": "/etc/etcd.yml"},
		want: Parsed{
			Program: "etcd", Set: flags{"config-file": {"/etc/etcd.yml"}},
			Opaque: "reads every setting from --config-file=/etc/etcd.yml and ignores its flags and environment; the file could not be read",
		},
	}, {
		name: "quotes, escapes, continuations, comments", component: "kube-scheduler",
		command: []string{"sh", "-ec", "kube-scheduler --a='x y' --b=\"p\\\"q\" \\\n  --c=d\\ e # --z=1\n"},
		want:    Parsed{Program: "kube-scheduler", Set: flags{"a": {"x y"}, "b": {`p"q`}, "c": {"d e"}}},
	}, {
		name: "flags from a variable", component: "kube-apiserver",
		command: []string{"sh", "-c", `exec kube-apiserver --v=2 ${EXTRA_ARGS} "$FLAG"`},
		want:    Parsed{Program: "kube-apiserver", Set: flags{"v": {"2"}}, Opaque: "takes flags from $… as well, which could not be resolved"},
	}, {
		name: "known variables, and one the script sets", component: "kube-apiserver",
		command: []string{"sh", "-c", "B=2; exec kube-apiserver --a=$A --b=${B} --c=${C:-3} --d=`date` --e=$((1+2))"}, env: map[string]string{"A": "1", "B": "9"},
		want: Parsed{Program: "kube-apiserver", Set: flags{"a": {"1"}}, Unknown: []string{"b", "c", "d", "e"}},
	}, {
		name: "positional parameters", component: "kube-apiserver",
		command: []string{"/bin/sh", "-c", `exec "$@"`, "--"}, args: []string{"kube-apiserver", "--v=3"},
		want: Parsed{Program: "kube-apiserver", Set: flags{"v": {"3"}}},
	}, {
		name: "a shell within a shell", component: "kube-apiserver",
		command: []string{"sh", "-c", `exec bash -c 'exec kube-apiserver --v=4'`},
		want:    Parsed{Program: "kube-apiserver", Set: flags{"v": {"4"}}},
	}, {
		name: "two starts", component: "kube-apiserver",
		command: []string{"sh", "-c", "if test -f /x; then exec kube-apiserver --a=1 --b=2; else exec kube-apiserver --a=1 --b=3 --c=4; fi"},
		want: Parsed{
			Program: "kube-apiserver", Set: flags{"a": {"1"}}, Unknown: []string{"b", "c"},
			Opaque: "is started in several places of a script, and which of them applies cannot be told",
		},
	}, {
		name: "a here-document is text", component: "kube-apiserver",
		command: []string{"sh", "-c", "cat > /x <<'EOF'\nexec kube-apiserver --a=1\nEOF\nexec kube-apiserver --a=2"},
		want:    Parsed{Program: "kube-apiserver", Set: flags{"a": {"2"}}},
	}} {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Component = tt.component
			got, ok := ParseContainer(tt.component, tt.command, tt.args, tt.env)
			if !ok {
				t.Fatal("got nothing, want the flags")
			}
			if d := cmp.Diff(tt.want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Parsed{}, "At")); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestParseContainerOfSomethingElse(t *testing.T) {
	for name, words := range map[string][]string{
		"nothing":                 nil,
		"a sidecar":               {"/kube-apiserver-healthcheck", "--ca-cert=/x"},
		"a script file":           {"/bin/sh", "/run.sh", "kube-apiserver"},
		"an echo":                 {"sh", "-c", "echo kube-apiserver --v=2"},
		"a search":                {"sh", "-c", "while ! pgrep kube-apiserver; do sleep 1; done"},
		"a copy":                  {"cp", "/usr/local/bin/kube-apiserver", "/x"},
		"an init container":       {"/usr/bin/timeout", "100", "/bin/bash", "-ec", "echo -n 'waiting for kube-apiserver'"},
		"an unfinished quotation": {"sh", "-c", "echo 'exec kube-apiserver --a=1"},
		"a shell without script":  {"sh", "-c"},
	} {
		if got, ok := ParseContainer("kube-apiserver", words, nil, nil); ok {
			t.Errorf("%s: got %+v, want nothing", name, got)
		}
	}
}

func TestParseContainerTellsWhereFlagsStand(t *testing.T) {
	for name, tt := range map[string]struct {
		command, args []string
		want          map[string]int
	}{
		"words":        {[]string{"kube-apiserver", "--a=1", "--b", "2", "--a=3"}, []string{"--c"}, map[string]int{"a": 4, "b": 2, "c": 5}},
		"a wrapper":    {[]string{"nice", "kube-apiserver", "--a=1"}, nil, map[string]int{"a": 2}},
		"an argument":  {nil, []string{"--a=1", "--b=$(X)"}, map[string]int{"a": 0, "b": 1}},
		"its a script": {[]string{"sh", "-ec"}, []string{"exec kube-apiserver --a=1 --b=2"}, map[string]int{"a": 2, "b": 2}},
	} {
		got, ok := ParseContainer("kube-apiserver", tt.command, tt.args, nil)
		if d := cmp.Diff(tt.want, got.At); !ok || d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
}

func TestParsedFlags(t *testing.T) {
	src := Source{Via: "apiserver", From: "pod kube-system/etcd-cp-1"}
	p, ok := ParseContainer("etcd", []string{"etcd", "--name=a", "--name=b", "--quota-backend-bytes=1"}, nil, map[string]string{"ETCD_QUOTA_BACKEND_BYTES": "2"})
	if !ok {
		t.Fatal("got nothing")
	}
	f := p.Flags("3.5.24", src)
	if s := f.Setting("name"); s.Value != "b" || len(s.All) != 2 || s.From != FromCommandLine || s.Source != src {
		t.Errorf("name: got %+v, want b, the last of two", s)
	}
	if s := f.Setting("quota-backend-bytes"); s.Value != "1" || s.Conflict == nil || s.Conflict.From != FromEnvironment {
		t.Errorf("quota-backend-bytes: got %+v, want 1 and the conflict with the environment", s)
	}
	if s := f.Setting("snapshot-count"); s.Value != "100000" || !s.Assumed() {
		t.Errorf("snapshot-count: got %+v, want the assumed default of 3.5", s)
	}
}
