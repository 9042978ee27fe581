//go:build e2e

package e2e

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/e2e/build"
	"github.com/kaudit/kaudit/e2e/loopback"
)

// A habit is a client that does one thing, on API server on (from 0); on both where it is -1.
type habit struct {
	who   identity
	agent string
	on    int
	do    doing
	want  map[row]counts // of it all, without user and agent
}

// offences are the LISTs of the worst client.
const offences = 120

var (
	allPods   = row{verb: "list", resource: "pods", scope: "cluster"}
	watchPods = row{verb: "watch", resource: "pods", scope: "cluster"}
)

// habits are those of one client each. What they ask for is what their comments say, and want counts it.
func habits(version string) []habit {
	old := version == build.Older
	informer := map[row]counts{watchPods: {Count: 1, Unset: 1}}
	refused := counts{Count: 1, Unset: 1}
	if old { // it knows no WatchList, and says so: the reflector goes back to LIST and WATCH
		informer = map[row]counts{watchPods: {Count: 2, Unset: 1, Exact: 1, ClientErrors: 1}, allPods: {Count: 1, Zero: 1, Paged: 1}} // with a limit that the cache ignores
		refused.ClientErrors = 1
	}
	out := []habit{
		{
			// A person, whose kubectl is newer than the server, and who may do all.
			certificate("alice@example.com", "system:masters"), "kubectl/v1.38.0 (darwin/arm64) kubernetes/fedcba9", 0,
			lists(2, configMapList("", metav1.ListOptions{Limit: 500})),
			map[row]counts{{verb: "list", resource: "configmaps", scope: "cluster"}: {Count: 2, Unset: 2, Paged: 2}},
		},
		{
			// The same person, as somebody else.
			impersonated("bob@example.com"), "kubectl/v1.38.0 (darwin/arm64) kubernetes/fedcba9", 1, lists(3, podList("", metav1.ListOptions{Limit: 500})),
			map[row]counts{allPods: {Count: 3, Unset: 3, Paged: 3}},
		},
		{
			// The offender: everything, again and again.
			account("shop-operator"), "shop-operator/v2.3.1 (linux/amd64) kubernetes/4f1c2b7", -1,
			lists(offences/2, podList("", metav1.ListOptions{})),
			map[row]counts{allPods: {Count: offences, Unset: offences}},
		},
		{
			// As controllers should.
			account("shop-informer"), "shop-informer/v0.9.0 (linux/amd64) kubernetes/9a8b7c6", 0, informs(false), informer,
		},
		{
			// As controllers of older libraries do.
			account("shop-reflector"), "shop-reflector/v0.3.0 (linux/amd64) kubernetes/1a2b3c4", 1, informs(true),
			map[row]counts{allPods: {Count: 1, Zero: 1, Paged: 1}, watchPods: {Count: 1, Exact: 1}},
		},
		{
			account("dashboard"), "dashboard/v7", 0, lists(12, podList("", metav1.ListOptions{ResourceVersion: "0"})),
			map[row]counts{allPods: {Count: 12, Zero: 12}},
		},
		{
			// Believes that it pages.
			account("half-pager"), "half-pager/v1.0", 1, lists(7, podList("", metav1.ListOptions{ResourceVersion: "0", Limit: 50})),
			map[row]counts{allPods: {Count: 7, Zero: 7, Paged: 7}},
		},
		{
			account("exporter"), "exporter/v3.2.0 (linux/arm64) kubernetes/0d0d0d0", 0, lists(3, pages(100)),
			map[row]counts{allPods: {Count: 15, Unset: 3, Paged: 15, Continued: 12}},
		},
		{
			account("policy-bot"), "policy-bot/v1.12", 1, lists(6, podList("", metav1.ListOptions{LabelSelector: "app=shop,shard=2"})),
			map[row]counts{allPods: {Count: 6, Unset: 6}},
		},
		{
			account("namespace-bot"), "Mozilla/5.0 (X11; Linux x86_64) \"quoted\" | piped", 0, lists(5, podList("team-3", metav1.ListOptions{})),
			map[row]counts{{verb: "list", resource: "pods", scope: "namespace"}: {Count: 5, Unset: 5}},
		},
		{
			account("backup"), "backup/v5 (linux/amd64)", 0, at(podNamespace(0), 4, metav1.ResourceVersionMatchExact, 0),
			map[row]counts{{verb: "list", resource: "configmaps", scope: "namespace"}: {Count: 5, Zero: 1, Exact: 4}},
		},
		{
			account("waiter"), "waiter/v1", 1, at(podNamespace(0), 3, "", 0),
			map[row]counts{{verb: "list", resource: "configmaps", scope: "namespace"}: {Count: 4, Zero: 1, Exact: 3}},
		},
		{
			account("exact-pager"), "exact-pager/v1", 1, at(podNamespace(0), 3, "", 100),
			map[row]counts{{verb: "list", resource: "configmaps", scope: "namespace"}: {Count: 4, Zero: 1, Exact: 3, Paged: 3}},
		},
		{
			account("fresh-pager"), "fresh-pager/v1", 1, at(podNamespace(0), 3, metav1.ResourceVersionMatchNotOlderThan, 100),
			map[row]counts{{verb: "list", resource: "configmaps", scope: "namespace"}: {Count: 4, Zero: 1, Exact: 3, Paged: 3}},
		},
		{
			account("event-exporter"), "event-exporter/v0.4", 0, inTurn(lists(8, eventList("")), lists(3, eventList("0"))),
			map[row]counts{{verb: "list", resource: "events", scope: "cluster"}: {Count: 11, Unset: 8, Zero: 3}},
		},
		{
			account("peeker"), "peeker/v1", 1, lists(9, configMapList("team-0", metav1.ListOptions{FieldSelector: "metadata.name=settings-007"})),
			map[row]counts{{verb: "list", resource: "configmaps", scope: "resource"}: {Count: 9, Unset: 9}},
		},
		{
			// One pod by its name, wherever it is: no key of etcd's.
			account("seeker"), "seeker/v1", 1, lists(2, podList("", metav1.ListOptions{FieldSelector: "metadata.name=shop-007"})),
			map[row]counts{{verb: "list", resource: "pods", scope: "resource"}: {Count: 2, Unset: 2}},
		},
		{
			account("node-peeker"), "node-peeker/v1", 0, lists(3, nodeByName),
			map[row]counts{{verb: "list", resource: "nodes", scope: "resource"}: {Count: 3, Unset: 3}},
		},
		{
			account("watchlister"), "watchlister/v1", 0, watches(metav1.ListOptions{SendInitialEvents: new(true), ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true}, old),
			map[row]counts{watchPods: refused},
		},
		{
			account("legacy-watcher"), "legacy-watcher/v1", 1, inTurn(watches(metav1.ListOptions{}, false), watches(metav1.ListOptions{ResourceVersion: "0"}, false)),
			map[row]counts{watchPods: {Count: 2, Unset: 1, Zero: 1}},
		},
		{
			account("stranger"), "stranger/v1", 0, lists(5, refusedSecrets),
			map[row]counts{{verb: "list", resource: "secrets", scope: "cluster"}: {Count: 5, Unset: 5, ClientErrors: 5}},
		},
		{
			account("latecomer"), "latecomer/v1", 1, expired(3),
			map[row]counts{allPods: {Count: 5, Unset: 1, Paged: 5, Continued: 4, Expired: 3}},
		},
	}
	for i := range nodeCount {
		own := "spec.nodeName=" + workerName(i)
		out = append(out, habit{
			// An agent on each node. Its selector spares the network, and on etcd nothing.
			podOf("node-agent", i), "node-agent/v1.8.0 (linux/amd64) kubernetes/7e7e7e7", i % 2, lists(4, podList("", metav1.ListOptions{FieldSelector: own})),
			map[row]counts{allPods: {Count: 4, Unset: 4}},
		}, habit{
			// A kubelet, which may be older than the server.
			certificate("system:node:"+workerName(i), "system:nodes"), "kubelet/v1.29.9 (linux/amd64) kubernetes/abcdef0", i % 2,
			lists(1, podList("", metav1.ListOptions{FieldSelector: own, ResourceVersion: "0", Limit: 500})),
			map[row]counts{allPods: {Count: 1, Zero: 1, Paged: 1}},
		})
	}
	return out
}

// An identity is who a client is: how it connects, and the name that it is known by.
type identity struct {
	user   string
	config func(t *testing.T, c *loopback.Cluster) *rest.Config
}

// account is a service account.
func account(name string) identity {
	return identity{"system:serviceaccount:" + habitNamespace + ":" + name, func(t *testing.T, c *loopback.Cluster) *rest.Config {
		t.Helper()
		return accountConfig(t, c, habitNamespace, name, nil)
	}}
}

// podOf is the pod of a DaemonSet on node i.
func podOf(name string, i int) identity {
	return identity{"system:serviceaccount:" + habitNamespace + ":" + name, func(t *testing.T, c *loopback.Cluster) *rest.Config {
		t.Helper()
		return accountConfig(t, c, habitNamespace, name, habitPod(habitNamespace, agentPod(i), name, i))
	}}
}

// certificate is whoever has one; all nodes are one client.
func certificate(user string, groups ...string) identity {
	name := user
	if strings.HasPrefix(user, "system:node:") {
		name = "system:node:*"
	}
	return identity{name, func(t *testing.T, c *loopback.Cluster) *rest.Config {
		t.Helper()
		return certificateConfig(t, c, user, groups...)
	}}
}

// impersonated is somebody that an administrator claims to be.
func impersonated(user string) identity {
	return identity{user, func(t *testing.T, c *loopback.Cluster) *rest.Config {
		t.Helper()
		cfg := certificateConfig(t, c, "carol@example.com", "system:masters")
		cfg.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:masters"}}
		return cfg
	}}
}
