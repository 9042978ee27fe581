package configfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// told lists what is known of every process: its subject, its flags with their places, what is unknown.
func told(tr *Tree) []string {
	var out []string
	for _, c := range tr.Clusters {
		for _, p := range c.Processes {
			out = append(out, strings.TrimSpace(c.Name+" "+p.Subject+" "+p.Flags.Version))
			var flags []string
			for name, vs := range p.Flags.Values {
				for _, v := range vs {
					flags = append(flags, fmt.Sprintf("  %s=%s %d:%d %s", name, v.Value, v.Source.Line, v.Source.Column, v.From))
				}
			}
			slices.Sort(flags)
			out = append(out, flags...)
			if len(p.Flags.Unknown) > 0 {
				out = append(out, "  unknown: "+strings.Join(p.Flags.Unknown, " "))
			}
			switch {
			case p.Flags.Opaque != "":
				out = append(out, "  opaque: "+p.Flags.Opaque)
			case len(p.Flags.From) > 0:
				out = append(out, "  whole")
			}
		}
	}
	return out
}

func wantTold(t *testing.T, files map[string]string, want string) *Tree {
	t.Helper()
	tr := read(t, tree(t, files))
	got := strings.Join(told(tr), "\n")
	if d := cmp.Diff(strings.Trim(want, "\n"), got); d != "" {
		t.Errorf("(-want +got)\n%s\nproblems: %v", d, tr.Problems)
	}
	return tr
}

const etcdYAML = `# member 1
name: 'cp-1'
data-dir: /var/lib/etcd
quota-backend-bytes: 8589934592
warning-apply-duration: 200000000
Heartbeat-Interval: 250
initial-cluster: cp-1=https://10.0.0.1:2380,cp-2=https://10.0.0.2:2380
election-timeout: {{ election }}
snapshot-count:
client-transport-security:
  cert-file: /etc/etcd/server.crt
  client-cert-auth: true
peer-transport-security: {trusted-ca-file: /etc/etcd/ca.crt, allowed-cn: etcd}
discovery-token: hush
`

func TestEtcdFile(t *testing.T) {
	tr := wantTold(t, map[string]string{"cp-1/etcd.conf.yml": etcdYAML}, `
clusters etcd/cp-1
  cert-file=/etc/etcd/server.crt 11:14 config file
  client-cert-auth=true 12:21 config file
  data-dir=/var/lib/etcd 3:11 config file
  heartbeat-interval=250 6:21 config file
  initial-cluster=cp-1=https://10.0.0.1:2380,cp-2=https://10.0.0.2:2380 7:18 config file
  name=cp-1 2:7 config file
  peer-cert-allowed-cn=etcd 13:74 config file
  peer-trusted-ca-file=/etc/etcd/ca.crt 13:44 config file
  quota-backend-bytes=8589934592 4:22 config file
  warning-apply-duration=200ms 5:25 config file
  unknown: discovery-token election-timeout
  whole
`)
	doc := tr.Clusters[0].Snapshot.Documents[0]
	if doc.Of != "etcd/cp-1" || doc.Value.Component != "etcd" {
		t.Errorf("got %s of %s", doc.Of, doc.Value.Component)
	}
	var got []string
	for k, v := range doc.Value.Fields {
		got = append(got, k+"="+v.Value)
	}
	slices.Sort(got)
	want := []string{
		"Heartbeat-Interval=250", "client-transport-security.cert-file=/etc/etcd/server.crt", "client-transport-security.client-cert-auth=true",
		"data-dir=/var/lib/etcd", "initial-cluster=cp-1=https://10.0.0.1:2380,cp-2=https://10.0.0.2:2380", "name=cp-1",
		"peer-transport-security.allowed-cn=etcd", "peer-transport-security.trusted-ca-file=/etc/etcd/ca.crt", "quota-backend-bytes=8589934592",
		"snapshot-count=null", "warning-apply-duration=200000000",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"election-timeout"}, doc.Value.Unknown); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestWhatIsNoEtcdFile(t *testing.T) {
	wantTold(t, map[string]string{
		"values.yaml":         "etcd:\n  quota-backend-bytes: 1\n  initial-cluster: x\nreplicas: 1\n",
		"docker-compose.yaml": "services:\n  etcd:\n    environment:\n      ETCD_NAME: x\n    command: [etcd, --data-dir=/x]\n",
		"some.yaml":           "data-dir: /x\nlog-level: info\n",
		"dirs.yaml":           "data-dir: /x\nwal-dir: /y\n",
		"list.yaml":           "- heartbeat-interval: 1\n",
		".env":                "ETCD_ENDPOINTS=x\nETCD_NAME=y\nFOO=bar\n",
	}, "")
}

func TestConfigFileOfAPodAndOfAUnit(t *testing.T) {
	pod := strings.ReplaceAll(strings.Replace(etcdPod, "    - --quota-backend-bytes=8589934592\n", "    - --config-file=/etc/etcd/etcd.yml\n", 1), "NAME", "ignored")
	wantTold(t, map[string]string{"manifests/etcd-pod.yaml": pod, "etc/etcd.yml": "name: a\nquota-backend-bytes: 1\nmax-wals: 2\n"}, `
clusters etcd/a 3.6.5
  config-file=/etc/etcd/etcd.yml 12:7 command line
  max-wals=2 3:11 config file
  name=a 1:7 config file
  quota-backend-bytes=1 2:22 config file
  whole
`)
	unit := "[Service]\nExecStart=/usr/bin/etcd --config-file /etc/etcd/etcd.yml\n"
	wantTold(t, map[string]string{
		"etcd.service": unit, "m1/etcd.yml": "name: a\nmax-wals: 1\nmax-snapshots: 4\n", "m2/etcd.yml": "name: b\nmax-wals: 1\nheartbeat-interval: 100\n",
	}, `
clusters etcd/clusters
  config-file=/etc/etcd/etcd.yml 2:25 command line
  opaque: reads every setting from --config-file=/etc/etcd/etcd.yml and ignores its flags and environment; the file could not be read
m1 etcd/a
  max-snapshots=4 3:16 config file
  max-wals=1 2:11 config file
  name=a 1:7 config file
  whole
m2 etcd/b
  heartbeat-interval=100 3:21 config file
  max-wals=1 2:11 config file
  name=b 1:7 config file
  whole
`)
	wantTold(t, map[string]string{
		"etcd.service": unit, "cp1/etcd.yml": "name: a\nmax-wals: 1\nmax-snapshots: 4\n", "cp2/etcd.yml": "name: b\nmax-wals: 1\nmax-snapshots: 4\n",
	}, `
clusters etcd/a
  max-snapshots=4 3:16 config file
  max-wals=1 2:11 config file
  name=a 1:7 config file
  whole
clusters etcd/b
  max-snapshots=4 3:16 config file
  max-wals=1 2:11 config file
  name=b 1:7 config file
  whole
`)
}

const etcdEnv = `# etcd
ETCD_NAME="cp-1"
export ETCD_QUOTA_BACKEND_BYTES=8589934592 # 8 GiB
ETCD_INITIAL_CLUSTER='cp-1=https://10.0.0.1:2380,\
cp-2=https://10.0.0.2:2380'
ETCD_HEARTBEAT_INTERVAL=${HEARTBEAT}
ETCD_DISCOVERY_SRV=https://me:hush@discovery
ETCDCTL_PASSWORD=hush
ETCD_AUTH_TOKEN=simple
`

func TestEtcdEnvironment(t *testing.T) {
	wantTold(t, map[string]string{"etc/etcd.env": etcdEnv}, `
clusters etcd/cp-1
  auth-token=simple 9:1 environment
  discovery-srv=https://discovery 7:1 environment
  initial-cluster=cp-1=https://10.0.0.1:2380,cp-2=https://10.0.0.2:2380 4:1 environment
  name=cp-1 2:1 environment
  quota-backend-bytes=8589934592 3:8 environment
  unknown: heartbeat-interval
  whole
`)
	wantTold(t, map[string]string{"run.sh": "ETCD_NAME=a\nETCD_DATA_DIR=b\nexec etcd\n"}, "")
}

const etcdUnit = `[Unit]
Description=etcd

[Service]
Type=notify
EnvironmentFile=-/etc/etcd/etcd.env
Environment="ETCD_MAX_WALS=7" ETCD_NAME=other
ExecStart=/usr/bin/etcd \
  # a comment in between
  --name "cp-1" \
  --listen-metrics-urls=http://%H:2381 \
  --quota-backend-bytes=${QUOTA}
`

func TestUnits(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"without the file of its variables": {
			map[string]string{"etcd.service": etcdUnit},
			`
clusters etcd/cp-1
  max-wals=7 7:13 environment
  name=cp-1 10:3 command line
  name=other 7:31 environment
  unknown: listen-metrics-urls quota-backend-bytes
  opaque: takes variables from /etc/etcd/etcd.env, which is not among the files
`,
		},
		"with it, in a tree of a machine": {
			map[string]string{
				"eu/host-a/etc/systemd/system/etcd.service": etcdUnit,
				"eu/host-a/etc/etcd/etcd.env":               "ETCD_MAX_WALS=9\nETCD_HEARTBEAT_INTERVAL=200\nQUOTA=4294967296\n",
			},
			`
eu/host-a etcd/cp-1
  heartbeat-interval=200 2:1 environment
  max-wals=9 1:1 environment
  name=cp-1 10:3 command line
  name=other 7:31 environment
  quota-backend-bytes=4294967296 12:3 command line
  unknown: listen-metrics-urls
  whole
`,
		},
		"one unit, variables of two machines": {
			map[string]string{
				"etcd.service":  "[Service]\nEnvironmentFile=/etc/etcd.env\nExecStart=/usr/bin/etcd --max-wals=3\n",
				"cp-1/etcd.env": "ETCD_NAME=a\nETCD_SNAPSHOT_COUNT=1\n",
				"cp-2/etcd.env": "ETCD_NAME=b\nETCD_SNAPSHOT_COUNT=2\n",
			},
			`
clusters etcd/a
  max-wals=3 3:25 command line
  name=a 1:1 environment
  snapshot-count=1 2:1 environment
  whole
clusters etcd/b
  max-wals=3 3:25 command line
  name=b 1:1 environment
  snapshot-count=2 2:1 environment
  whole
`,
		},
		"kubeadm's kubelet": {
			map[string]string{
				"cp-1/usr/lib/systemd/system/kubelet.service": "[Unit]\nA=b\n[Service]\nExecStart=/usr/bin/kubelet --never\n",
				"cp-1/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`,
				"cp-1/var/lib/kubelet/kubeadm-flags.env": `KUBELET_KUBEADM_ARGS="--pod-infra-container-image=registry.k8s.io/pause:3.10 --node-ip=10.0.0.1"` + "\n",
				"cp-1/etc/default/kubelet":               "KUBELET_EXTRA_ARGS=--kube-api-qps=50\n",
			},
			`
clusters kubelet/cp-1
  config=/var/lib/kubelet/config.yaml 3:13 command line
  kube-api-qps=50 1:1 command line
  kubeconfig=/etc/kubernetes/kubelet.conf 2:13 command line
  node-ip=10.0.0.1 1:1 command line
  pod-infra-container-image=registry.k8s.io/pause:3.10 1:1 command line
  whole
`,
		},
		"a drop-in alone": {
			map[string]string{"20-extra.conf": "[Service]\nEnvironmentFile=-/etc/default/kubelet\nExecStart=\nExecStart=/usr/bin/kubelet --v=2 $KUBELET_EXTRA_ARGS\n"},
			`
clusters kubelet/clusters
  v=2 4:28 command line
  opaque: takes flags from $… as well, which could not be resolved
`,
		},
		"variables of a kubelet alone": {
			map[string]string{"etc/default/kubelet": "KUBELET_EXTRA_ARGS='--kube-api-burst=9 --token=hush'\n"},
			`
clusters kubelet/clusters
  kube-api-burst=9 1:1 command line
  unknown: token
  opaque: is started by a unit that is not among the files
`,
		},
		"a control plane in shells": {
			map[string]string{
				"kube-apiserver.service": "[Service]\nEnvironment=A=300\nExecStart=/bin/sh -c 'exec kube-apiserver --max-requests-inflight=${A} --etcd-servers=https://10.0.0.1:2379 --goaway-chance=$(pick one)'\n",
				"kube-scheduler.service": "[Service]\nExecStart=-kube-scheduler --kube-api-qps 1 ; kube-proxy\nExecStartPre=/bin/true\n",
				"docker.service":         "[Service]\nExecStart=/usr/bin/dockerd\n",
			},
			`
clusters kube-apiserver/clusters
  etcd-servers=https://10.0.0.1:2379 3:22 command line
  max-requests-inflight=300 3:22 command line
  unknown: goaway-chance
  whole
clusters kube-scheduler/clusters
  kube-api-qps=1 2:27 command line
  whole
`,
		},
	} {
		t.Run(name, func(t *testing.T) { wantTold(t, tt.files, tt.want) })
	}
}
