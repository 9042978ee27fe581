package configfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const kopsCluster = `apiVersion: kops.k8s.io/v1alpha2
kind: Cluster
metadata: {name: eu.example.com}
spec:
  kubernetesVersion: 1.34.2
  kubeAPIServer:
    goawayChance: "0.001"
    maxRequestsInflight: 0
    maxMutatingRequestsInflight: 600
    auditLogMaxAge: 10
    etcdServersOverrides: ["/wrong#http://x"]
    enableAdmissionPlugins: [A, B]
    featureGates: {WatchList: "true", A: "false"}
    eventTTL: 2h
    logLevel: 4
    env: [{name: X, value: hush}]
  kubeControllerManager:
    kubeAPIQPS: 500m
    concurrentHorizontalPodAustoscalerSyncs: 7
    leaderElection: {leaderElect: true, leaderElectRenewDeadlineDuration: 20s}
  kubelet:
    kubeAPIBurst: {{ .Burst }}
    maxPods: 250
    imageGCHighThresholdPercent: 80
  masterKubelet:
    maxPods: 60
  etcdClusters:
  - name: main
    version: 3.5.21
    heartbeatInterval: 200ms
    etcdMembers: [{name: a, instanceGroup: cp-a}]
    manager:
      env:
      - {name: ETCD_QUOTA_BACKEND_BYTES, value: "8589934592"}
      - {name: ETCD_MANAGER_DAILY_BACKUPS_RETENTION, value: 7d}
      - {name: ETCD_MAX_WALS}
  - name: events
    manager: {listenMetricsURLs: ["http://a:8081", "http://b:8081"]}
  - name: cilium
---
apiVersion: kops.k8s.io/v1alpha2
kind: InstanceGroup
metadata: {name: workers, labels: {kops.k8s.io/cluster: eu.example.com}}
spec: {role: Node, kubelet: {maxPods: 110}}
`

func TestKops(t *testing.T) {
	const why = "  opaque: is set up by kOps, which adds settings of its own\n"
	const manager = "  opaque: is started by etcd-manager, which sets what its environment leaves open\n"
	tr := wantTold(t, map[string]string{"eu/cluster.yaml": kopsCluster}, `
eu.example.com etcd/main 3.5.21
  quota-backend-bytes=8589934592 34:49 environment
  unknown: max-wals
`+manager+`eu.example.com etcd-events/events
  listen-metrics-urls=http://a:8081,http://b:8081 38:34 environment
`+manager+`eu.example.com kube-apiserver/cluster 1.34.2
  audit-log-maxage=10 10:21 config file
  enable-admission-plugins=A,B 12:29 config file
  etcd-servers-overrides=/events#https://127.0.0.1:4002 37:11 config file
  etcd-servers=https://127.0.0.1:4001 28:11 config file
  event-ttl=2h 14:15 config file
  feature-gates=A=false,WatchList=true 13:19 config file
  goaway-chance=0.001 7:19 config file
  max-mutating-requests-inflight=600 9:34 config file
  unknown: allow-privileged bind-address cloud-provider etcd-cafile etcd-certfile etcd-keyfile insecure-bind-address insecure-port secure-port service-cluster-ip-range v
`+why+`eu.example.com kube-controller-manager/cluster 1.34.2
  concurrent-horizontal-pod-autoscaler-syncs=7 19:46 config file
  kube-api-qps=0.5 18:17 config file
  leader-elect-renew-deadline=20s 20:75 config file
  leader-elect=true 20:35 config file
`+why+`eu.example.com kubelet/control-plane 1.34.2
  image-gc-high-threshold=80 24:34 config file
  max-pods=60 26:14 config file
  unknown: kube-api-burst
`+why+`eu.example.com kubelet/nodes 1.34.2
  image-gc-high-threshold=80 24:34 config file
  max-pods=250 23:14 config file
  unknown: kube-api-burst
`+why+`eu.example.com kubelet/workers 1.34.2
  max-pods=110 44:39 config file
  opaque: is set up by kOps, which adds settings of its own`)
	wantNoSecrets(t, tr)
	c := tr.Clusters[0]
	if got := c.Snapshot.Version.Value.Git + " " + c.Snapshot.Cluster.Distribution; got != "v1.34.2 kops" {
		t.Errorf("got %s", got)
	}
	site := c.Processes[2].Sites[0]
	if site.Form != Fields || site.Fields["goaway-chance"] != (Field{Key: "goawayChance", Text: true}) || !site.Typed {
		t.Errorf("got %+v", site)
	}
	site = c.Processes[0].Sites[0]
	if d := cmp.Diff([]string{"spec", "etcdClusters", "0", "manager", "env"}, site.Path); d != "" || site.Prefix != "ETCD_" {
		t.Errorf("got %+v", site)
	}
	var members []string
	for _, m := range *c.Snapshot.EtcdMembers.Value {
		members = append(members, m.Component+" "+m.Name)
	}
	if d := cmp.Diff([]string{"etcd a"}, members); d != "" {
		t.Errorf("members (-want +got)\n%s", d)
	}
	want := []string{"cluster.yaml:30:24: heartbeatInterval is refused by kOps, whose etcd-manager does not support it; set ETCD_HEARTBEAT_INTERVAL and ETCD_ELECTION_TIMEOUT in manager.env"}
	if d := cmp.Diff(want, loud(tr)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestFieldsAreFlags(t *testing.T) {
	for field, want := range map[string]string{
		"goawayChance": "goaway-chance", "kubeAPIBurst": "kube-api-burst", "eventTTL": "event-ttl", "clientCAFile": "client-ca-file",
		"oidcIssuerURL": "oidc-issuer-url", "podCIDR": "pod-cidr", "enableCFSQuota": "enable-cfs-quota", "tlsCipherSuites": "tls-cipher-suites",
		"http2MaxStreamsPerConnection": "http2-max-streams-per-connection", "clusterDNS": "cluster-dns", "nodeCIDRMaskSize": "node-cidr-mask-size",
		"allowedURLs": "allowed-urls",
	} {
		if got := kebab(field); got != want {
			t.Errorf("%s: got %s, want %s", field, got, want)
		}
	}
}
