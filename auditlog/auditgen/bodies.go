package auditgen

import (
	"math"
	"slices"
	"strings"
)

// Levels of an audit policy, as a line names them.
const (
	metadata        = "Metadata"
	bySent          = "Request"
	requestResponse = "RequestResponse"
)

// level is the one that the policy gives a request.
func (h *habit) level(o *Options) string {
	switch o.Level {
	case "metadata":
		return metadata
	case "request":
		return bySent
	case "requestresponse":
		return requestResponse
	}
	switch secret := h.at.resource == "secrets" || h.at.resource == "configmaps" || h.at.subresource == "token"; {
	case secret || h.at.resource == "":
		return metadata
	case slices.Contains([]string{"get", "list", "watch"}, h.verb):
		return bySent
	}
	return requestResponse
}

// objects are what was sent and answered, where the level has them.
func (h *habit) objects(level, stage string, code int, status string) string {
	if level == metadata {
		return ""
	}
	var t string
	if sent := h.sent(); sent != "" && code != 429 && code != 401 {
		t = `,"requestObject":` + sent
	}
	if level == bySent || stage != complete || h.verb == "watch" || h.at.resource == "" || code == 429 {
		return t
	}
	if code >= 400 || code == panicked {
		return t + `,"responseObject":{"kind":"Status","apiVersion":"v1","metadata":{},` + status + `}`
	}
	if h.verb == "list" {
		kind, version := h.kind()
		return t + `,"responseObject":{"kind":"` + kind + `List","apiVersion":"` + version + `","metadata":{"resourceVersion":"«rv»"},"items":[«items»]}`
	}
	if h.at.subresource == "log" {
		return t
	}
	return t + `,"responseObject":` + h.answered()
}

func (h *habit) sent() string {
	kind, version := h.kind()
	switch h.verb {
	case "create", "update":
		if h.body != "" {
			return h.body
		}
		return `{"kind":"` + kind + `","apiVersion":"` + version + `",` + object(h.at.resource, false)
	case "patch":
		if h.at.subresource == "status" {
			return `{"status":{"$setElementOrder/conditions":[{"type":"Ready"}],"conditions":[{"lastHeartbeatTime":"«second»","type":"Ready"}]}}`
		}
		return `{"metadata":{"annotations":{"example.com/deployed-at":"«second»","example.com/note":"a \"quoted\" note with \\ and \u003ctags\u003e"}}}`
	case "delete", "deletecollection":
		return `{"kind":"DeleteOptions","apiVersion":"meta.k8s.io/__internal","preconditions":{"uid":"«uid»"},"propagationPolicy":"Background"}`
	}
	return ""
}

func (h *habit) answered() string {
	kind, version := h.kind()
	if h.body != "" {
		return h.body
	}
	return `{"kind":"` + kind + `","apiVersion":"` + version + `",` + object(h.at.resource, true)
}

// kind and its version, of the resource.
func (h *habit) kind() (kind, version string) {
	version = h.at.version
	if h.at.group != "" {
		version = h.at.group + "/" + version
	}
	kind = strings.TrimSuffix(h.at.resource, "s")
	for _, known := range []string{"ConfigMap", "ReplicaSet", "EndpointSlice", "CronJob", "LimitRange", "CiliumEndpoint", "CiliumNode", "CSINode", "Ingress"} {
		if strings.HasPrefix(strings.ToLower(kind)+"s", strings.ToLower(known)) {
			return known, version
		}
	}
	if kind == "" {
		return "", version
	}
	return strings.ToUpper(kind[:1]) + kind[1:], version
}

// itemOf is one object of a list: it names no kind.
func itemOf(resource string) pattern { return compile("{" + object(resource, true)) }

// object is one of the resource, from its metadata on; stored, it has what the server adds.
func object(resource string, stored bool) string {
	meta := `"metadata":{"name":"«pod»","namespace":"«ns»"`
	if resource == "nodes" {
		meta = `"metadata":{"name":"«node»"`
	}
	if stored {
		meta += `,"uid":"«uid»","resourceVersion":"«rv»","generation":3,"creationTimestamp":"«second»"`
	}
	meta += `,"labels":{"app":"«app»","app.kubernetes.io/name":"«app»","app.kubernetes.io/managed-by":"Helm","pod-template-hash":"7c5ddbdf54"}`
	if stored {
		meta += `,"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"«second»","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{}}},"f:restartPolicy":{},"f:terminationGracePeriodSeconds":{}}}}]`
	}
	meta += "},"
	const template = `{"containers":[{"name":"app","image":"registry.example.com/«app»:1.«n».2","args":["--listen=:8080","--log-format=json"],"ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],"env":[{"name":"GOMEMLIMIT","value":"200MiB"},{"name":"POD_NAME","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}}],"resources":{"limits":{"memory":"256Mi"},"requests":{"cpu":"50m","memory":"128Mi"}},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","serviceAccount":"default","securityContext":{},"schedulerName":"default-scheduler"}`
	switch resource {
	case "pods":
		return meta + `"spec":` + template + `,"status":{"phase":"Running","conditions":[{"type":"PodScheduled","status":"True","lastProbeTime":null,"lastTransitionTime":"«second»"},{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"«second»"}],"hostIP":"«ip»","podIP":"10.244.«n».17","startTime":"«second»","containerStatuses":[{"name":"app","state":{"running":{"startedAt":"«second»"}},"lastState":{},"ready":true,"restartCount":0,"image":"registry.example.com/«app»:1.«n».2","imageID":"","started":true}],"qosClass":"Burstable"}}`
	case "deployments", "replicasets", "jobs":
		return meta + `"spec":{"replicas":3,"selector":{"matchLabels":{"app":"«app»"}},"template":{"metadata":{"labels":{"app":"«app»"}},"spec":` + template + `}},"status":{"observedGeneration":3,"replicas":3,"updatedReplicas":3,"readyReplicas":«n»,"availableReplicas":«n»}}`
	case "leases":
		return meta + `"spec":{"holderIdentity":"«node»","leaseDurationSeconds":40,"renewTime":"«received»"}}`
	case "nodes":
		return meta + `"spec":{"podCIDR":"10.244.«n».0/24"},"status":{"capacity":{"cpu":"32","ephemeral-storage":"500Gi","memory":"256Gi","pods":"250"},"allocatable":{"cpu":"31","memory":"250Gi","pods":"250"},"conditions":[{"type":"Ready","status":"True","lastHeartbeatTime":"«second»","lastTransitionTime":"«second»","reason":"KubeletReady","message":"kubelet is posting ready status"}],"nodeInfo":{"kernelVersion":"6.12.44","osImage":"Debian GNU/Linux 13 (trixie)","containerRuntimeVersion":"containerd://2.2.3","kubeletVersion":"v1.37.2","operatingSystem":"linux","architecture":"amd64"}}}`
	case "events":
		return meta + `"involvedObject":{"kind":"Pod","namespace":"«ns»","name":"«pod»","uid":"«uid»","apiVersion":"v1"},"reason":"Unhealthy","message":"Readiness probe failed: Get \"http://10.244.«n».17:8080/ready?deep=1\u0026verb=list\": context deadline exceeded","source":{"component":"kubelet","host":"«node»"},"firstTimestamp":"«second»","lastTimestamp":"«second»","count":«n»,"type":"Warning","eventTime":null,"reportingComponent":"kubelet","reportingInstance":"«node»"}`
	case "configmaps":
		return meta + `"data":{"config.yaml":"listen: :8080\nlevel: info\nrules:\n- apiGroups: [\"\"]\n  resources: [pods]\n  verbs: [\"list\", \"watch\"]\n","version":"1.«n»"}}`
	}
	return meta + `"spec":{"verb":"list","replicas":«n»,"selector":{"app":"«app»"}},"status":{"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"«second»"}]}}`
}

// appendItems writes the objects of a list: mostly a few, seldom thousands.
func appendItems(b []byte, g *Generator, r *request) []byte {
	n := items(r)
	one := *r
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		one.seed = mix(r.seed + uint64(i) + 1)
		b = r.habit.item.append(b, g, &one)
	}
	return b
}

// items is how many objects the answer has: of a hundred around the habit's, up to forty times as many.
func items(r *request) int {
	u := float64(r.of(aCount)>>11+1) / (1 << 53)
	return int(float64(r.habit.items) * math.Min(40, 0.3*math.Pow(u, -0.6)))
}
