package auditgen

import "strings"

// nodeAgents are what runs on every node, well behaved and badly.
func nodeAgents(version string) []persona {
	return []persona{
		service(2, "kube-system:kube-proxy", "kube-proxy/v"+version+".2 (linux/amd64) kubernetes/5b2a9f1",
			watch(2, "/apis/discovery.k8s.io/v1/endpointslices", "allowWatchBookmarks=true&labelSelector=%21service.kubernetes.io%2Fheadless%2C%21service.kubernetes.io%2Fservice-proxy-name&resourceVersion=«rv»&timeout=«minutes»&timeoutSeconds=«seconds»"),
			get(1, "/api/v1/nodes/«member-node»")).daemon(),
		service(3, "kube-system:cilium", "cilium-agent/1.18.4 (linux/amd64) kubernetes/$Format",
			informing(1, "/apis/cilium.io/v2/ciliumendpoints", "", version), watch(6, "/api/v1/pods", "allowWatchBookmarks=true&fieldSelector=spec.nodeName%3D«member-node»&resourceVersion=«rv»&timeout=«minutes»&timeoutSeconds=«seconds»"),
			patch(3, "/apis/cilium.io/v2/ciliumnodes/«member-node»"), put(2, "/apis/cilium.io/v2/namespaces/«ns»/ciliumendpoints/«pod»")).daemon(),
		// asks etcd for all pods to see those of its node, on each node, each half minute
		service(6, "logging:log-router", "log-router/v2.3.1 (linux/amd64) kubernetes/$Format",
			list(9, "/api/v1/pods?fieldSelector=spec.nodeName%3D«member-node»", unset).taking(45, 20),
			get(2, "/api/v1/namespaces/«ns»")).daemon(),
		service(2, "monitoring:gpu-exporter", "OpenAPI-Generator/31.0.0/python",
			list(1, "/api/v1/pods", zero).taking(140, 60).failing(429, 0.03)).daemon(),
		// rolled out two minutes after the start: the pods of the whole cluster, from each node
		service(3, "platform:cost-agent", "cost-agent/v0.9.0 (linux/arm64) kubernetes/$Format",
			list(3, "/api/v1/pods", unset).taking(420, 80).failing(429, 0.08).failing(504, 0.01),
			list(1, "/api/v1/nodes", unset).taking(90, 40)).daemon().silentFor(2),
	}
}

// operators are controllers that were added to the cluster.
func operators() []persona {
	pages := "continue=«continue»&limit="
	return []persona{
		service(2, "legacy:legacy-operator", "legacy-operator/v0.3.1 (linux/amd64) kubernetes/$Format",
			list(3, "/api/v1/pods", unset).taking(650, 120).failing(429, 0.05).failing(504, 0.02), list(2, "/api/v1/configmaps", unset).taking(380, 60),
			list(2, "/apis/apps/v1/deployments", unset).taking(210, 50), list(1, "/api/v1/nodes", unset).taking(80, 40)).bound("its-node"),
		service(2, "argocd:argocd-application-controller", "argocd-application-controller/v3.1.0 (linux/amd64) kubernetes/$Format",
			list(1, "/api/v1/pods?limit=250", unset), list(4, "/api/v1/pods?"+pages+"250", unset).failing(410, 0.02),
			list(3, "/apis/apps/v1/namespaces/«ns»/deployments?limit=500", unset), list(1, "/apis/networking.k8s.io/v1/namespaces/«ns»/ingresses?limit=500", unset),
			watch(3, "/apis/apps/v1/deployments", resume), patch(2, "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/«app»")).bound("its-node"),
		service(1, "velero:velero", "velero-server/v1.16.1 (linux/amd64) 2eb97fa8b1",
			list(1, "/api/v1/namespaces/«ns»/secrets?limit=500", unset), list(3, "/api/v1/namespaces/«ns»/pods?"+pages+"20", unset).failing(410, 0.04),
			list(0.3, "/api/v1/namespaces/«ns»/pods?continue=«latest»&limit=20", unset)),
		service(2, "monitoring:prometheus-k8s", "Prometheus/3.5.0",
			list(2, "/apis/discovery.k8s.io/v1/endpointslices?limit=500", zero), list(3, "/api/v1/namespaces/«ns»/pods?limit=500", zero),
			watch(4, "/api/v1/pods", "allowWatchBookmarks=true&resourceVersion=0&timeout=«minutes»&timeoutSeconds=«seconds»"), get(3, "/metrics")).bound("its-node"),
		service(2, "cert-manager:cert-manager", "cert-manager-controller/v1.18.2 (linux/amd64) cert-manager/9d3e0c6",
			watch(2, "/api/v1/secrets", watchList), put(2, "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cert-manager-controller"),
			get(2, "/api/v1/namespaces/«ns»/secrets/«app»-tls"), put(1, "/apis/cert-manager.io/v1/namespaces/«ns»/certificates/«app»/status")).bound("its-node"),
		service(1, "kube-system:cluster-autoscaler", "cluster-autoscaler/v1.35.0 (linux/amd64) kubernetes/$Format",
			list(2, "/api/v1/nodes?limit=10", zero), watch(1, "/api/v1/nodes", "allowWatchBookmarks=true&resourceVersion=0"), put(2, "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status")),
		service(1, "tools:events-bridge", "events-bridge/1.0",
			list(1, "/api/v1/events", zero).taking(900, 200), list(1, "/apis/events.k8s.io/v1/namespaces/«ns»/events", unset)),
	}
}

// clients are workloads of the teams: the first are busy, the last asked once.
func clients(share float64) persona {
	p := service(share, "team-«team»:app-«member»", "app-«member»/v0.«minor».1 (linux/amd64) kubernetes/$Format",
		put(8, "/apis/coordination.k8s.io/v1/namespaces/«ns»/leases/app-«member»"), get(5, "/api/v1/namespaces/«ns»/configmaps/app-«member»"),
		list(2, "/api/v1/namespaces/«ns»/pods?labelSelector=app%3D«app»", unset), list(1, "/api/v1/namespaces/«ns»/pods?limit=500", zero),
		list(1, "/api/v1/namespaces/«ns»/configmaps", unset), list(0.3, "/api/v1/services", unset).failing(403, 0.3),
		list(0.3, "/api/v1/namespaces/«ns»/pods", exact), watch(3, "/api/v1/namespaces/«ns»/configmaps", resume),
		watch(0.5, "/api/v1/namespaces/«ns»/pods", watchList), get(2, "/api/v1/namespaces/«ns»/secrets/«app»").failing(404, 0.2),
		patch(1, "/apis/apps/v1/namespaces/«ns»/deployments/«app»"), create(1, "/api/v1/namespaces/«ns»/events"))
	p.groups = []string{"system:serviceaccounts", "system:serviceaccounts:team-«team»", "system:authenticated"}
	p = p.bound("its-node")
	p.many = ofClients
	return p
}

// persons use kubectl, dashboards and pipelines.
func persons() []persona {
	kubectl := persona{
		share: 1.5, many: ofPeople, user: "oidc:dev-«member»@example.com", agent: "kubectl/v1.33.1 (darwin/arm64) kubernetes/8adc0f0",
		groups: []string{"oidc:developers", "oidc:team-«team»", "system:authenticated"},
		habits: []habit{
			list(6, "/api/v1/namespaces/«ns»/pods?limit=500", unset), list(3, "/api/v1/namespaces/«ns»/events?limit=500", unset),
			list(1, "/api/v1/pods?fieldSelector=status.phase%21%3DRunning&limit=500", unset).taking(320, 90), list(1, "/api/v1/pods?continue=«continue»&limit=500", unset),
			list(1, "/api/v1/nodes?limit=500", unset).failing(403, 0.5), list(0.5, "/api/v1/namespaces/«ns»/pods?fieldSelector=metadata.name%3D«pod»", unset),
			get(4, "/api/v1/namespaces/«ns»/pods/«pod»").failing(404, 0.1), get(1, "/openapi/v3"), get(2, "/api"), get(2, "/apis"),
			patch(1, "/apis/apps/v1/namespaces/«ns»/deployments/«app»?fieldManager=kubectl-client-side-apply&fieldValidation=Strict"),
			of(1, "get", "/api/v1/namespaces/«ns»/pods/«pod»/log?container=app&follow=true", 900),
		},
	}
	lens := certified(0.5, "kubernetes-admin", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Dashboard/2026.3", []string{"system:masters"},
		list(3, "/api/v1/namespaces/«ns»/pods", unset).failing(403, 0.2), list(1, "/api/v1/namespaces/«ns»/services", unset))
	lens.as = "dev-7@example.com"
	ci := service(1, "tools:ci-deployer", "kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0",
		patch(3, "/apis/apps/v1/namespaces/«ns»/deployments/«app»?fieldManager=ci"), list(1, "/api/v1/namespaces/«ns»/pods?labelSelector=app%3D«app»%2Ctier+in+%28web%2Capi%29&limit=500", unset),
		get(1, "/api/v1/namespaces/«ns»"))
	return []persona{kubectl, lens, ci}
}

// oddOnes are what a reader stumbles over: words of audit events inside bodies, hostile names, failed logins, panics.
func oddOnes() []persona {
	review := `{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{"resourceAttributes":{"namespace":"«ns»","verb":"list","resource":"pods"},"user":"dev-3@example.com"},"status":{"allowed":false}}`
	inner := `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"«uid»","stage":"ResponseComplete","requestURI":"/api/v1/pods","verb":"list","user":{"username":"system:admin"},"userAgent":"curl/8.5.0","objectRef":{"resource":"pods","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"«received»","stageTimestamp":"«at»"}`
	stuffed := `{"apiVersion":"audit.example.com/v1","kind":"AuditRecord","metadata":{"name":"«app»","namespace":"«ns»"},"spec":{"event":` + inner + `,"verb":"list","stage":"ResponseComplete","raw":"{\"verb\":\"list\",\"requestURI\":\"/api/v1/secrets?limit=5\\u0026resourceVersion=0\",\"note\":\"a \\\\ and a \\\" in it\"}"}}`
	probe := persona{
		share: 0.6, user: "system:anonymous", groups: []string{"system:unauthenticated"}, agent: "ELB-HealthChecker/2.0",
		habits: []habit{get(3, "/readyz"), get(1, "/livez")},
	}
	long := "Wide\tAgent/9 (plugins: "
	for len(long) < 1024 {
		long += "reporter+7.1,"
	}
	return []persona{
		service(0.6, "policy:access-reviewer", "access-reviewer/v1.2.0 (linux/amd64) kubernetes/$Format",
			create(1, "/apis/authorization.k8s.io/v1/subjectaccessreviews").sending(review),
			create(1, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews").sending(strings.Replace(review, "Subject", "SelfSubject", 1))),
		service(0.4, "security:audit-archiver", "audit-archiver/v3 (linux/amd64)",
			create(3, "/apis/audit.example.com/v1/namespaces/«ns»/auditrecords").sending(stuffed), list(1, "/apis/audit.example.com/v1/auditrecords", unset)),
		service(0.3, "tools:vault-sync", "Go-http-client/2.0", get(1, "/api/v1/namespaces/«ns»/secrets/gone").failing(404, 1)),
		service(0.4, "tools:stale", "okhttp/4.12.0",
			list(2, "/api/v1/namespaces/«ns»/pods?resourceVersion=«old»&resourceVersionMatch=Exact", unset).exactly().failing(410, 0.9), list(1, "/api/v1/namespaces/«ns»/pods?resourceVersionMatch=NotOlderThan", zero)),
		service(0.05, "tools:scripted", "scripted/1.0 \"quoted\" <b>|& ünï\u2028 \x1b[31m", list(1, "/api/v1/namespaces/«ns»/pods?labelSelector=a%3D%22b%22", unset)),
		service(0.05, "tools:wide", long[:1024]+"...TRUNCATED", list(1, "/api/v1/namespaces/«ns»/pods?limit=1", unset)),
		service(0.05, "tools:crasher", "crasher/0.1", list(1, "/apis/crash.example.com/v1/things", unset).failing(panicked, 0.5)),
		{share: 0.2, noUser: true, agent: "node-fetch/1.0", habits: []habit{list(1, "/api/v1/namespaces/«ns»/pods", unset).failing(401, 1)}},
		probe,
	}
}
