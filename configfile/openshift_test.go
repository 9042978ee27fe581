package configfile

import "testing"

// What the operators of OpenShift keep in ConfigMaps: a configuration, and pods with what they fill in later.
const openshiftMaps = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: config, namespace: openshift-kube-apiserver}
  data:
    config.yaml: '{"apiVersion":"kubecontrolplane.config.openshift.io/v1","kind":"KubeAPIServerConfig","apiServerArguments":{"goaway-chance":["0"],"etcd-servers":["https://10.0.0.1:2379","https://10.0.0.2:2379"],"audit-log-maxsize":["200"]},"authConfig":{"oauthMetadataFile":""}}'
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: config, namespace: openshift-kube-controller-manager}
  data:
    config.yaml: |
      apiVersion: kubecontrolplane.config.openshift.io/v1
      kind: KubeControllerManagerConfig
      extendedArguments:
        kube-api-qps:
        - "150"
        kube-api-burst: ["300"]
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: kube-apiserver-pod, namespace: openshift-kube-apiserver}
  data:
    version: 4.20.1
    pod.yaml: '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"kube-apiserver","namespace":"openshift-kube-apiserver","labels":{"app":"openshift-kube-apiserver"}},"spec":{"hostNetwork":true,"initContainers":[{"name":"setup","image":"${IMAGE}","command":["/usr/bin/timeout","100","/bin/bash","-ec"],"args":["echo wait"]}],"containers":[{"name":"kube-apiserver","image":"${IMAGE}","command":["/bin/bash","-ec"],"args":["LOCK=/var/log/kube-apiserver/.lock\necho -n lock\nexec watch-termination --termination-touch-file=${LOCK} --graceful-termination-duration=194s -- hyperkube kube-apiserver --openshift-config=/etc/kubernetes/static-pod-resources/configmaps/config/config.yaml --advertise-address=${HOST_IP}  -v=2 --permit-address-sharing\n"],"env":[{"name":"HOST_IP","valueFrom":{"fieldRef":{"fieldPath":"status.hostIP"}}}]}]}}'
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: kube-controller-manager-pod, namespace: openshift-kube-controller-manager}
  data:
    pod.yaml: '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"kube-controller-manager","namespace":"openshift-kube-controller-manager"},"spec":{"hostNetwork":true,"containers":[{"name":"kube-controller-manager","image":"${IMAGE}","command":["/bin/bash","-euxo","pipefail","-c"],"args":["timeout 3m /bin/bash -exuo pipefail -c ''while true; do sleep 1; done''\n\nif [ -f /etc/x ]; then\n  cp -f /etc/x /etc/y\nfi\nexec hyperkube kube-controller-manager --openshift-config=/etc/kubernetes/static-pod-resources/configmaps/config/config.yaml \\\n  --kubeconfig=/etc/kubernetes/c \\\n  --allocate-node-cidrs=false -v=2 --tls-cipher-suites=A"]}]}}'
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: etcd-pod, namespace: openshift-etcd}
  data:
    pod.yaml: |
      apiVersion: v1
      kind: Pod
      metadata:
        name: etcd
        namespace: openshift-etcd
      spec:
        hostNetwork: true
        containers:
        - name: etcdctl
          image: ${IMAGE}
          command: [/bin/bash, -c, "trap TERM INT; sleep infinity & wait"]
        - name: etcd
          image: ${IMAGE}
          command:
          - /bin/sh
          - -c
          - |
            #!/bin/sh
            set -euo pipefail
            etcdctl member list || true
            export ETCD_NAME=${NODE_NODE_ENVVAR_NAME_ETCD_NAME}
            set -x
            exec nice -n -19 ionice -c2 -n0 etcd \
              --logger=zap \
              --log-level=${VERBOSITY} \
              --experimental-initial-corrupt-check=true \
              --snapshot-count=10000 \
              --initial-advertise-peer-urls=https://${NODE_IP}:2380 \
              --listen-client-urls=https://0.0.0.0:2379 || mv /etc/a /etc/b
          env:
          - name: ETCD_QUOTA_BACKEND_BYTES
            value: "8589934592"
          - name: ETCD_HEARTBEAT_INTERVAL
            value: "500"
          - name: ETCD_ELECTION_TIMEOUT
            value: "2500"
`

// The control plane of a hosted cluster, as HyperShift runs it in a namespace.
const hostedControlPlane = `apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: etcd
  namespace: clusters-a
  ownerReferences: [{apiVersion: hypershift.openshift.io/v1beta1, kind: HostedControlPlane, name: a}]
spec:
  template:
    spec:
      containers:
      - name: etcd
        image: quay.io/x@sha256:0
        command:
        - /bin/sh
        - -c
        args:
        - |
          /usr/bin/etcd \
            --data-dir=/var/lib/data \
            --name=${HOSTNAME} \
            --initial-advertise-peer-urls=https://${HOSTNAME}.etcd-discovery.${NAMESPACE}.svc:2380 \
            --listen-client-urls=https://${POD_IP}:2379,https://localhost:2379 \
            --quota-backend-bytes=${QUOTA_BACKEND_BYTES} \
            --snapshot-count=10000
        env:
        - {name: QUOTA_BACKEND_BYTES, value: "8589934592"}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: kas-config
  ownerReferences: [{apiVersion: hypershift.openshift.io/v1beta1, kind: HostedControlPlane, name: a}]
data:
  config.json: |
    {
      "kind": "KubeAPIServerConfig",
      "apiVersion": "kubecontrolplane.config.openshift.io/v1",
      "apiServerArguments": {
        "goaway-chance": ["0"],
        "feature-gates": ["A=true", "B=false"],
        "etcd-servers": ["https://etcd-client:2379"]
      }
    }
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: kube-apiserver
  ownerReferences: [{apiVersion: hypershift.openshift.io/v1beta1, kind: HostedControlPlane, name: a}]
spec:
  template:
    spec:
      containers:
      - name: kube-apiserver
        command: [hyperkube]
        args: [kube-apiserver, --openshift-config=/etc/kubernetes/config/config.json, -v=2]
`

func TestReadOpenshift(t *testing.T) {
	got := wantTold(t, map[string]string{"eu/maps.yaml": openshiftMaps, "us/hosted.yaml": hostedControlPlane}, `
eu etcd/maps
  election-timeout=2500 70:0 environment
  experimental-initial-corrupt-check=true 61:0 command line
  heartbeat-interval=500 68:0 environment
  listen-client-urls=https://0.0.0.0:2379 64:0 command line
  logger=zap 59:0 command line
  quota-backend-bytes=8589934592 66:0 environment
  snapshot-count=10000 62:0 command line
  unknown: initial-advertise-peer-urls log-level name
  whole
eu kube-apiserver/maps
  audit-log-maxsize=200 8:0 arguments
  etcd-servers=https://10.0.0.2:2379 8:0 arguments
  goaway-chance=0 8:0 arguments
  openshift-config=/etc/kubernetes/static-pod-resources/configmaps/config/config.yaml 25:0 command line
  permit-address-sharing=true 25:0 command line
  v=2 25:0 command line
  unknown: advertise-address
  opaque: takes most settings from --openshift-config=/etc/kubernetes/static-pod-resources/configmaps/config/config.yaml, which cannot be seen from outside
eu kube-controller-manager/maps
  allocate-node-cidrs=false 30:0 command line
  kube-api-burst=300 19:0 arguments
  kube-api-qps=150 18:0 arguments
  kubeconfig=/etc/kubernetes/c 30:0 command line
  openshift-config=/etc/kubernetes/static-pod-resources/configmaps/config/config.yaml 30:0 command line
  tls-cipher-suites=A 30:0 command line
  v=2 30:0 command line
  opaque: takes most settings from --openshift-config=/etc/kubernetes/static-pod-resources/configmaps/config/config.yaml, which cannot be seen from outside
a etcd/hosted
  data-dir=/var/lib/data 19:13 command line
  quota-backend-bytes=8589934592 23:13 command line
  snapshot-count=10000 24:13 command line
  unknown: initial-advertise-peer-urls listen-client-urls name
  whole
a kube-apiserver/hosted
  etcd-servers=https://etcd-client:2379 43:0 arguments
  feature-gates=B=false 42:0 arguments
  goaway-chance=0 41:0 arguments
  openshift-config=/etc/kubernetes/config/config.json 58:32 command line
  v=2 58:87 command line
  opaque: takes most settings from --openshift-config=/etc/kubernetes/config/config.json, which cannot be seen from outside
`)
	wantNoSecrets(t, got)
}
