package configfile

import "testing"

func TestKubespray(t *testing.T) {
	const why = "  opaque: is set up by kubespray, which sets what its variables leave open\n"
	tr := wantTold(t, map[string]string{
		"inventory/prod/group_vars/all/etcd.yml": `---
etcd_quota_backend_bytes: "{{ 8 * 1024 }}"
etcd_heartbeat_interval: "250"
etcd_extra_vars:
  ETCD_MAX_TXN_OPS: 512
etcd_events_cluster_enabled: true
`,
		"inventory/prod/group_vars/k8s_cluster/k8s-cluster.yml": `kube_version: v1.33.4
cluster_name: cluster.local
etcd_heartbeat_interval: "300"
kube_apiserver_request_timeout: 2m0s
kube_feature_gates: [A=true, B=false]
kube_encrypt_token: hush
kube_kubeadm_apiserver_extra_args:
  goaway-chance: "0.001"
kube_kubeadm_controller_extra_args: {}
kubelet_config_extra_args: {kubeAPIQPS: 100, staticPodURLHeader: {X: [hush]}}
kubelet_custom_flags:
- "--kube-api-burst=200"
`,
		"inventory/test/group_vars/k8s_cluster.yml": "kube_version: 1.32.1\ncluster_name: cluster.local\nevent_ttl_duration: 1h\n",
		"roles/etcd/defaults/main.yml":              "etcd_heartbeat_interval: 1\n",
		"other/vars.yml":                            "kube_version: 1.30.0\n",
	}, `
inventory/prod etcd/prod
  heartbeat-interval=300 3:26 arguments
  max-txn-ops=512 5:21 config file
  unknown: quota-backend-bytes
`+why+`inventory/prod kube-apiserver/prod 1.33.4
  feature-gates=A=true,B=false 5:21 arguments
  goaway-chance=0.001 8:18 arguments
  request-timeout=2m0s 4:33 arguments
  unknown: etcd-servers-overrides
`+why+`inventory/prod kube-controller-manager/prod 1.33.4
  feature-gates=A=true,B=false 5:21 arguments
`+why+`inventory/prod kube-scheduler/prod 1.33.4
  feature-gates=A=true,B=false 5:21 arguments
`+why+`inventory/prod kubelet/prod 1.33.4
  kube-api-burst=200 12:3 arguments
`+why+`inventory/test kube-apiserver/test 1.32.1
  event-ttl=1h 3:21 arguments
  opaque: is set up by kubespray, which sets what its variables leave open`)
	wantNoSecrets(t, tr)
	doc := tr.Clusters[0].Snapshot.Documents[0].Value
	if doc.Fields["kubeAPIQPS"].Value != "100" || len(doc.Fields) != 1 || doc.Version != "1.33.4" {
		t.Errorf("got %+v", doc)
	}
}
