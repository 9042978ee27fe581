package auditgen

import "strings"

// A persona is one kind of client, of which there may be many: a kubelet on each node, a workload in each team.
type persona struct {
	id     int
	share  float64 // of all requests, beside the other personas' shares
	many   many
	from   int64 // microseconds after the start before which it is silent: what somebody rolled out at that hour
	user   string
	as     string // the impersonated user
	groups []string
	extra  string // JSON of user.extra, with holes
	agent  string // what it calls itself
	noUser bool   // authentication failed
	habits []habit
}

// many says how many there are of a persona, and how they share the work.
type many int

const (
	one many = iota
	ofNodes
	ofClients
	ofPeople
)

// people is how many persons use kubectl.
const people = 60

// service makes a persona with a service account, as "namespace:name".
func service(share float64, account, agent string, habits ...habit) persona {
	namespace, _, _ := strings.Cut(account, ":")
	return persona{
		share: share, user: "system:serviceaccount:" + account, agent: agent, habits: habits,
		groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
		extra:  `"authentication.kubernetes.io/credential-id":["JTI=«jti»"]`,
	}
}

// bound adds what a token says that is bound to a pod.
func (p persona) bound(node string) persona {
	_, name, _ := strings.Cut(strings.TrimPrefix(p.user, "system:serviceaccount:"), ":")
	p.extra += `,"authentication.kubernetes.io/node-name":["«` + node + `»"],"authentication.kubernetes.io/node-uid":["«member-node-uid»"],` +
		`"authentication.kubernetes.io/pod-name":["` + name + `-«member-pod»"],"authentication.kubernetes.io/pod-uid":["«member-uid»"]`
	return p
}

// daemon makes it one of a DaemonSet: a pod on each node.
func (p persona) daemon() persona {
	p.many = ofNodes
	return p.bound("member-node")
}

// certified makes a persona with a client certificate.
func certified(share float64, user, agent string, groups []string, habits ...habit) persona {
	return persona{
		share: share, user: user, agent: agent, groups: append(groups, "system:authenticated"), habits: habits,
		extra: `"authentication.kubernetes.io/credential-id":["X509SHA256=«hash64»"]`,
	}
}

func (p persona) silentFor(minutes int64) persona {
	p.from = minutes * 60e6
	return p
}

// cast is who asks the server, of a version.
func cast(version string, workloads int) []persona {
	ps := controlPlane(version)
	ps = append(ps, clients(16*min(10, 1+float64(workloads)/20_000))) // the more there are, the more they ask
	ps = append(ps, nodeAgents(version)...)
	ps = append(ps, operators()...)
	ps = append(ps, persons()...)
	return append(ps, oddOnes()...)
}

// controlPlane are kube-apiserver itself, kube-controller-manager's controllers and kube-scheduler.
func controlPlane(version string) []persona {
	release := map[string]string{"1.37": "v1.37.2 (linux/amd64) kubernetes/5b2a9f1", "1.30": "v1.30.14 (linux/amd64) kubernetes/9e18483"}[version]
	apiserver := certified(6, "system:apiserver", "kube-apiserver/"+release, []string{"system:masters"},
		list(2, "/api/v1/namespaces/«ns»/limitranges", unset), get(2, "/api/v1/namespaces/default/services/kubernetes"),
		put(3, "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/apiserver-«member-pod»"), watch(2, "/api/v1/secrets", informer(version)),
		watch(1, "/apis/rbac.authorization.k8s.io/v1/clusterroles", informer(version)))
	apiserver.extra = ""
	kubelet := certified(42, "system:node:«member-node»", "kubelet/"+release, []string{"system:nodes"},
		put(34, "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/«member-node»?timeout=10s"),
		get(20, "/api/v1/nodes/«member-node»?resourceVersion=0&timeout=10s"), patch(8, "/api/v1/nodes/«member-node»/status?timeout=10s"),
		get(8, "/api/v1/namespaces/«ns»/pods/«pod»"), patch(10, "/api/v1/namespaces/«ns»/pods/«pod»/status"),
		create(6, "/api/v1/namespaces/«ns»/events"), create(5, "/api/v1/namespaces/«ns»/serviceaccounts/«app»/token"),
		informing(2, "/api/v1/pods", "fieldSelector=spec.nodeName%3D«member-node»", version),
		watch(4, "/api/v1/namespaces/«ns»/configmaps", "allowWatchBookmarks=true&fieldSelector=metadata.name%3Dkube-root-ca.crt&resourceVersion=«rv»"),
		watch(2, "/api/v1/services", resume), get(1, "/apis/storage.k8s.io/v1/csinodes/«member-node»"))
	kubelet.many = ofNodes
	ps := []persona{
		apiserver, kubelet,
		certified(3, "system:kube-scheduler", "kube-scheduler/"+release+"/scheduler", nil,
			create(4, "/api/v1/namespaces/«ns»/pods/«pod»/binding"), patch(1, "/api/v1/namespaces/«ns»/pods/«pod»/status"),
			create(3, "/apis/events.k8s.io/v1/namespaces/«ns»/events"), informing(1, "/api/v1/pods", "", version)),
		certified(1, "system:kube-scheduler", "kube-scheduler/"+release+"/leader-election", nil,
			put(1, "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler?timeout=5s")),
		certified(1.5, "system:kube-controller-manager", "kube-controller-manager/"+release+"/leader-election", nil,
			put(1, "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager?timeout=5s")),
		certified(1, "system:kube-controller-manager", "kube-controller-manager/"+release+"/shared-informers", nil,
			informing(1, "/api/v1/pods", "", version), informing(1, "/api/v1/nodes", "", version), informing(1, "/apis/apps/v1/replicasets", "", version),
			watch(6, "/apis/apps/v1/deployments", resume), watch(6, "/api/v1/configmaps", resume), watch(6, "/apis/batch/v1/jobs", resume)),
	}
	for _, c := range []struct {
		name   string
		habits []habit
	}{
		{"deployment-controller", []habit{
			put(3, "/apis/apps/v1/namespaces/«ns»/deployments/«app»/status"), create(1, "/apis/apps/v1/namespaces/«ns»/replicasets"),
		}},
		{"replicaset-controller", []habit{create(4, "/api/v1/namespaces/«ns»/pods"), put(3, "/apis/apps/v1/namespaces/«ns»/replicasets/«app»-7c5ddbdf54/status"), remove(3, "/api/v1/namespaces/«ns»/pods/«pod»")}},
		{"endpointslice-controller", []habit{put(4, "/apis/discovery.k8s.io/v1/namespaces/«ns»/endpointslices/«app»-x7k2q"), get(1, "/api/v1/namespaces/«ns»/services/«app»")}},
		{"job-controller", []habit{put(2, "/apis/batch/v1/namespaces/«ns»/jobs/«app»-29371440/status"), create(1, "/api/v1/namespaces/«ns»/pods")}},
		{"cronjob-controller", []habit{create(1, "/apis/batch/v1/namespaces/«ns»/jobs"), put(1, "/apis/batch/v1/namespaces/«ns»/cronjobs/«app»/status")}},
		{"node-controller", []habit{patch(1, "/api/v1/nodes/«node»/status"), get(1, "/api/v1/nodes/«node»?resourceVersion=0")}},
		{"namespace-controller", []habit{list(1, "/apis/apps/v1/namespaces/«ns»/deployments", unset), sweep(1, "/api/v1/namespaces/«ns»/pods"), get(1, "/api/v1/namespaces/«ns»")}},
		{"generic-garbage-collector", []habit{get(2, "/api/v1/namespaces/«ns»/pods/«pod»"), remove(1, "/apis/apps/v1/namespaces/«ns»/replicasets/«app»-7c5ddbdf54")}},
		{"horizontal-pod-autoscaler", []habit{
			get(3, "/apis/apps/v1/namespaces/«ns»/deployments/«app»/scale"), put(1, "/apis/autoscaling/v2/namespaces/«ns»/horizontalpodautoscalers/«app»/status"),
			list(3, "/apis/metrics.k8s.io/v1beta1/namespaces/«ns»/pods?labelSelector=app%3D«app»", unset),
		}},
	} {
		ps = append(ps, service(1, "kube-system:"+c.name, "kube-controller-manager/"+release+"/system:serviceaccount:kube-system:"+c.name, c.habits...))
	}
	return ps
}
