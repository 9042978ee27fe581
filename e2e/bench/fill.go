package main

import (
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kaudit/kaudit/e2e/build"
	"github.com/kaudit/kaudit/e2e/loopback"
	"github.com/kaudit/kaudit/e2e/store"
)

const namespaces = 100

// fill writes namespaces, nodes and pods of the size that real ones have: a node of 30 images about
// 7 KB, a pod of two containers about 3 KB.
func fill(ctx context.Context, c *loopback.Cluster, nodes, pods int) error {
	etcd, err := c.Etcd()
	if err != nil {
		return err
	}
	defer func() { _ = etcd.Close() }()
	if err := store.Fill(ctx, etcd, namespaces, func(i int) runtime.Object { return namespace(i) }); err != nil {
		return err
	}
	if err := store.Fill(ctx, etcd, nodes, func(i int) runtime.Object { return node(i, c.Address(0), c.KubeletPort()) }); err != nil {
		return err
	}
	return store.Fill(ctx, etcd, pods, func(i int) runtime.Object { return pod(i, nodes) })
}

// settle waits until every API server serves all pods, and a little longer.
func settle(ctx context.Context, c *loopback.Cluster, pods int) error {
	for i := range c.Config.APIServers {
		err := c.Until(ctx, 3*time.Minute, "the pods in the cache of every API server", nil, func(ctx context.Context) error {
			n, err := c.CountPods(ctx, i)
			if err == nil && n < pods {
				err = fmt.Errorf("%s has %d of %d", c.APIServerAddr(i), n, pods)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(45 * time.Second):
		return nil
	}
}

func namespace(i int) *corev1.Namespace {
	return &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: namespaceName(i), CreationTimestamp: metav1.Now()},
		Spec:       corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
		Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	}
}

func namespaceName(i int) string { return fmt.Sprintf("team-%02d", i%namespaces) }

func nodeName(i int) string { return fmt.Sprintf("node-%05d", i) }

func node(i int, address string, port int) *corev1.Node {
	now := metav1.Now()
	size := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("32"), corev1.ResourceMemory: resource.MustParse("128Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	n := &corev1.Node{
		ObjectMeta: meta(nodeName(i), "", now),
		Spec:       corev1.NodeSpec{ProviderID: fmt.Sprintf("example://zone-%d/i-%016x", i%3, i), PodCIDR: fmt.Sprintf("10.%d.%d.0/24", 16+i/256, i%256)},
		Status: corev1.NodeStatus{
			Capacity: size, Allocatable: size,
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}, {Type: corev1.NodeHostName, Address: nodeName(i)}},
			NodeInfo: corev1.NodeSystemInfo{
				KubeletVersion: build.Kubernetes, ContainerRuntimeVersion: "containerd://2.1.4", OperatingSystem: "linux", Architecture: "amd64",
				KernelVersion: "6.12.0", OSImage: "Debian GNU/Linux 13 (trixie)", MachineID: fmt.Sprintf("%032x", i), SystemUUID: fmt.Sprintf("%032x", i), BootID: fmt.Sprintf("%032x", i),
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(port)}},
		},
	}
	maps.Copy(n.Labels, map[string]string{
		"kubernetes.io/hostname": nodeName(i), "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
		"topology.kubernetes.io/zone": fmt.Sprintf("zone-%d", i%3), "topology.kubernetes.io/region": "region-1", "node.kubernetes.io/instance-type": "m32",
	})
	for _, t := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure, corev1.NodeReady} {
		cond := corev1.NodeCondition{Type: t, Status: corev1.ConditionFalse, Reason: "KubeletHasNo" + string(t), Message: "kubelet has no " + string(t), LastHeartbeatTime: now, LastTransitionTime: now}
		if t == corev1.NodeReady {
			cond.Status, cond.Reason, cond.Message = corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"
		}
		n.Status.Conditions = append(n.Status.Conditions, cond)
	}
	for j := range 30 {
		n.Status.Images = append(n.Status.Images, corev1.ContainerImage{
			Names:     []string{fmt.Sprintf("registry.invalid/team/service-%02d@sha256:%064x", j, j), fmt.Sprintf("registry.invalid/team/service-%02d:v1.%d.0", j, j)},
			SizeBytes: int64(80+j) << 20,
		})
	}
	return n
}

func pod(i, nodes int) *corev1.Pod {
	now := metav1.Now()
	grace, priority, links, yes := int64(30), int32(0), true, true
	app := fmt.Sprintf("service-%03d", i/namespaces%200)
	p := &corev1.Pod{
		ObjectMeta: meta(fmt.Sprintf("%s-%010x-%05d", app, i/20, i), namespaceName(i), now),
		Spec: corev1.PodSpec{
			NodeName: nodeName(i % nodes), RestartPolicy: corev1.RestartPolicyAlways, TerminationGracePeriodSeconds: &grace, DNSPolicy: corev1.DNSClusterFirst,
			ServiceAccountName: "default", SecurityContext: &corev1.PodSecurityContext{}, SchedulerName: corev1.DefaultSchedulerName, Priority: &priority, EnableServiceLinks: &links,
			Containers: []corev1.Container{container("app", app), container("proxy", "proxy")},
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, QOSClass: corev1.PodQOSBurstable, StartTime: &now, PodIP: fmt.Sprintf("10.%d.%d.%d", 16+i>>16, i>>8&255, i&255)},
	}
	p.Labels["app"], p.Labels["pod-template-hash"] = app, fmt.Sprintf("%010x", i/20)
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: fmt.Sprintf("%s-%010x", app, i/20), UID: "00000000-0000-0000-0000-000000000000", Controller: &yes}}
	for _, t := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: t, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	for _, ct := range p.Spec.Containers {
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: ct.Name, Image: ct.Image, ImageID: ct.Image + fmt.Sprintf("@sha256:%064x", i), ContainerID: fmt.Sprintf("containerd://%064x", i), Ready: true,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		})
	}
	return p
}

func container(name, image string) corev1.Container {
	return corev1.Container{
		Name: name, Image: "registry.invalid/team/" + image + ":v1.4.2", ImagePullPolicy: corev1.PullIfNotPresent, Args: []string{"serve", "--listen=:8080", "--log-format=json"},
		TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
		Env:   []corev1.EnvVar{{Name: "GOMEMLIMIT", Value: "900MiB"}, {Name: "LOG_LEVEL", Value: "info"}},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
		},
	}
}

// meta carries what half of a real object consists of: who manages which field.
func meta(name, namespace string, created metav1.Time) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: namespace, CreationTimestamp: created,
		Labels:      map[string]string{"app.kubernetes.io/managed-by": "bench"},
		Annotations: map[string]string{"example.com/revision": "4f1c2b7d9e"},
		ManagedFields: []metav1.ManagedFieldsEntry{{
			Manager: "kube-controller-manager", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: &created,
			FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(managed),
		}},
	}
}

const managed = `{"f:metadata":{"f:annotations":{".":{},"f:example.com/revision":{}},"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}},` +
	`"f:ownerReferences":{".":{},"k:{\"uid\":\"00000000-0000-0000-0000-000000000000\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:args":{},"f:env":{".":{},` +
	`"k:{\"name\":\"GOMEMLIMIT\"}":{".":{},"f:name":{},"f:value":{}},"k:{\"name\":\"LOG_LEVEL\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:imagePullPolicy":{},"f:name":{},` +
	`"f:resources":{".":{},"f:limits":{".":{},"f:memory":{}},"f:requests":{".":{},"f:cpu":{},"f:memory":{}}},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},` +
	`"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}`
