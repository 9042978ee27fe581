package apiserver

import "github.com/kaudit/kaudit/evidence"

// The objects that kube-apiserver creates by itself and keeps as they are, as of the minors between
// firstKnown and lastKnown. They changed three times: lendable shares came with 1.26, the level
// exempt got numbers in 1.28, and two FlowSchemas for leader election by Endpoints and ConfigMaps
// went in 1.34. They are compiled into the binary, so it is the binary's minor that decides, not
// the one it emulates.
// https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap/default.go
const (
	firstKnown = 24
	lastKnown  = 37

	lendableSince  = 26 // v1beta3: shares can be lent
	schemasRetired = 34 // endpoint-controller, workload-leader-election
)

const (
	systemMasters         = "system:masters"
	systemNodes           = "system:nodes"
	systemAuthenticated   = "system:authenticated"
	systemUnauthenticated = "system:unauthenticated"
	systemServiceAccounts = "system:serviceaccounts"
	systemAnonymous       = "system:anonymous"

	levelExempt   = "exempt"
	levelCatchAll = "catch-all"
	schemaProbes  = "probes"
)

// protectedLevels carry what keeps a cluster alive: leader election and what kubelets write.
var protectedLevels = []string{"leader-election", "node-high", "system"}

// mandatory names the objects of both kinds without which APF does not work at all.
var mandatory = []string{levelExempt, levelCatchAll}

var (
	anyone      = []string{systemUnauthenticated, systemAuthenticated}
	ofSystem    = []string{"kube-system/*"}
	lease       = evidence.ResourceRule{Verbs: []string{"get", "create", "update"}, APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Namespaces: []string{"*"}}
	allOf       = []evidence.ResourceRule{{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}, ClusterScope: true, Namespaces: []string{"*"}}}
	allURLs     = []evidence.URLRule{{Verbs: []string{"*"}, URLs: []string{"*"}}}
	nodeObjects = []evidence.ResourceRule{
		{Verbs: []string{"*"}, APIGroups: []string{""}, Resources: []string{"nodes", "nodes/status"}, ClusterScope: true, Namespaces: []string{"*"}},
		{Verbs: []string{"*"}, APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Namespaces: []string{"*"}},
	}
)

// toEverything is the rule of a schema that takes whatever its subjects send.
func toEverything(users, groups, accounts []string) []evidence.FlowRule {
	return []evidence.FlowRule{{Users: users, Groups: groups, ServiceAccounts: accounts, Resources: allOf, NonResources: allURLs}}
}

func writing(resources ...string) evidence.ResourceRule {
	return evidence.ResourceRule{Verbs: []string{"get", "create", "update"}, APIGroups: []string{""}, Resources: resources, Namespaces: []string{"*"}}
}

var bootstrapSchemas = []evidence.FlowSchema{
	{Name: levelExempt, Level: levelExempt, Precedence: 1, Rules: toEverything(nil, []string{systemMasters}, nil)},
	{Name: schemaProbes, Level: levelExempt, Precedence: 2, Rules: []evidence.FlowRule{
		{Groups: anyone, NonResources: []evidence.URLRule{{Verbs: []string{"get"}, URLs: []string{"/healthz", "/readyz", "/livez"}}}},
	}},
	{Name: "system-leader-election", Level: "leader-election", Precedence: 100, Distinguisher: "ByUser", Rules: []evidence.FlowRule{
		{Users: []string{"system:kube-controller-manager", "system:kube-scheduler"}, ServiceAccounts: ofSystem, Resources: []evidence.ResourceRule{lease}},
	}},
	{Name: "endpoint-controller", Level: "workload-high", Precedence: 150, Distinguisher: "ByUser", Rules: []evidence.FlowRule{{
		Users:           []string{"system:kube-controller-manager"},
		ServiceAccounts: []string{"kube-system/endpoint-controller", "kube-system/endpointslicemirroring-controller"},
		Resources:       []evidence.ResourceRule{writing("endpoints")},
	}}},
	{Name: "workload-leader-election", Level: "leader-election", Precedence: 200, Distinguisher: "ByUser", Rules: []evidence.FlowRule{
		{ServiceAccounts: ofSystem, Resources: []evidence.ResourceRule{writing("endpoints", "configmaps"), lease}},
	}},
	{Name: "system-node-high", Level: "node-high", Precedence: 400, Distinguisher: "ByUser", Rules: []evidence.FlowRule{
		{Groups: []string{systemNodes}, Resources: nodeObjects},
	}},
	{Name: "system-nodes", Level: "system", Precedence: 500, Distinguisher: "ByUser", Rules: toEverything(nil, []string{systemNodes}, nil)},
	{Name: "kube-controller-manager", Level: "workload-high", Precedence: 800, Distinguisher: "ByNamespace", Rules: toEverything([]string{"system:kube-controller-manager"}, nil, nil)},
	{Name: "kube-scheduler", Level: "workload-high", Precedence: 800, Distinguisher: "ByNamespace", Rules: toEverything([]string{"system:kube-scheduler"}, nil, nil)},
	{Name: "kube-system-service-accounts", Level: "workload-high", Precedence: 900, Distinguisher: "ByNamespace", Rules: toEverything(nil, nil, ofSystem)},
	{Name: "service-accounts", Level: "workload-low", Precedence: 9000, Distinguisher: "ByUser", Rules: toEverything(nil, []string{systemServiceAccounts}, nil)},
	{Name: "global-default", Level: "global-default", Precedence: 9900, Distinguisher: "ByUser", Rules: toEverything(nil, anyone, nil)},
	{Name: levelCatchAll, Level: levelCatchAll, Precedence: 10000, Distinguisher: "ByUser", Rules: toEverything(nil, anyone, nil)},
}

// retiredSchemas are removed by kube-apiserver itself after an upgrade to 1.34.
var retiredSchemas = []string{"endpoint-controller", "workload-leader-election"}

func queued(name string, shares, lendable, queues, hand int32) evidence.Level {
	return evidence.Level{
		Name: name, Type: "Limited", Shares: shares, LendablePercent: &lendable,
		Response: "Queue", Queues: queues, HandSize: hand, QueueLength: 50,
	}
}

// bootstrapLevels has shares as they are in every known minor: 245 in all.
var bootstrapLevels = []evidence.Level{
	{Name: levelExempt, Type: "Exempt"},
	{Name: levelCatchAll, Type: "Limited", Shares: 5, LendablePercent: new(int32), Response: "Reject"},
	queued("system", 30, 33, 64, 6),
	queued("node-high", 40, 25, 64, 6),
	queued("leader-election", 10, 0, 16, 4),
	queued("workload-high", 40, 50, 128, 6),
	queued("workload-low", 100, 90, 128, 6),
	queued("global-default", 20, 50, 128, 6),
}

// builtinSchemas are those that a kube-apiserver of that minor creates, by name.
func builtinSchemas(minor int) map[string]evidence.FlowSchema {
	m := map[string]evidence.FlowSchema{}
	for _, s := range bootstrapSchemas {
		m[s.Name] = s
	}
	if minor >= schemasRetired {
		for _, name := range retiredSchemas {
			delete(m, name)
		}
	}
	return m
}

// builtinLevels are those that a kube-apiserver of that minor creates, by name.
func builtinLevels(minor int) map[string]evidence.Level {
	m := map[string]evidence.Level{}
	for _, l := range bootstrapLevels {
		if minor < lendableSince {
			l.LendablePercent = nil
		}
		m[l.Name] = l
	}
	return m
}

// isBuiltinSchema knows the names of every minor: what was built in once is nobody's custom object.
func isBuiltinSchema(name string) bool {
	_, ok := builtinSchemas(firstKnown)[name]
	return ok
}

func isBuiltinLevel(name string) bool {
	_, ok := builtinLevels(firstKnown)[name]
	return ok
}
