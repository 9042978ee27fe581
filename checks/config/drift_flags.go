package config

import (
	"slices"
	"strings"
)

// ofOneNode reports flags that each instance has of its own: addresses, names, directories, its certificates.
func ofOneNode(component, name string) bool {
	for _, suffix := range []string{"cert-file", "certfile", "private-key-file", "keyfile", "client-certificate", "client-key", "kubeconfig", "-dir"} {
		if strings.HasSuffix(name, suffix) && !strings.HasPrefix(name, "service-account-") && !strings.HasPrefix(name, "cluster-signing-") {
			return true
		}
	}
	if component == "etcd" {
		for _, prefix := range []string{"listen-", "advertise-", "initial-advertise-", "discovery"} {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
	}
	return slices.Contains(ownFlags, name)
}

var ownFlags = strings.Fields(`
	advertise-address bind-address address peer-advertise-ip peer-advertise-port external-hostname etcd-servers secure-port hostname-override node-ip
	name initial-cluster initial-cluster-state key-file peer-key-file client-key-file peer-client-key-file data-dir wal-dir config-file log-outputs
	distributed-tracing-instance-id experimental-distributed-tracing-instance-id force-new-cluster
	cloud-config log-file audit-log-path master v vmodule help version`)

// mustAgree reports flags whose difference breaks something, or opens it: a request is answered by the instance that it
// happens to meet, and the leader may be another one tomorrow.
func mustAgree(component, name string) bool { return slices.Contains(agreeing[component], name) }

var agreeing = map[string][]string{
	"kube-apiserver": strings.Fields(`
		encryption-provider-config service-account-issuer service-account-key-file service-account-signing-key-file api-audiences
		service-account-jwks-uri authorization-mode authorization-config authentication-config anonymous-auth
		authorization-webhook-config-file authentication-token-webhook-config-file enable-admission-plugins disable-admission-plugins
		admission-control-config-file client-ca-file requestheader-client-ca-file requestheader-allowed-names oidc-issuer-url oidc-client-id
		etcd-prefix etcd-servers-overrides storage-backend feature-gates runtime-config emulated-version
		service-cluster-ip-range service-node-port-range audit-policy-file audit-webhook-config-file enable-priority-and-fairness
		max-requests-inflight max-mutating-requests-inflight endpoint-reconciler-type enable-aggregator-routing`),
	"kube-controller-manager": strings.Fields(`
		feature-gates controllers cluster-cidr service-cluster-ip-range allocate-node-cidrs node-cidr-mask-size cluster-name root-ca-file
		service-account-private-key-file cluster-signing-cert-file cluster-signing-key-file cluster-signing-duration use-service-account-credentials
		leader-elect leader-elect-lease-duration leader-elect-renew-deadline leader-elect-retry-period node-monitor-grace-period
		terminated-pod-gc-threshold cloud-provider emulated-version`),
	"kube-scheduler": strings.Fields(`
		feature-gates config leader-elect leader-elect-lease-duration leader-elect-renew-deadline leader-elect-retry-period emulated-version`),
	"etcd": strings.Fields(`
		initial-cluster-token quota-backend-bytes heartbeat-interval election-timeout auto-compaction-mode auto-compaction-retention
		max-request-bytes max-txn-ops client-cert-auth peer-client-cert-auth trusted-ca-file peer-trusted-ca-file strict-reconfig-check pre-vote
		auth-token unsafe-no-fsync feature-gates auto-tls peer-auto-tls`),
}
