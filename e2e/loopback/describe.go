package loopback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/e2e/build"
)

// Password is in every mirror pod and must be in nothing that kaudit writes.
const Password = "correct-horse-battery-staple"

func nodeName(i int) string { return fmt.Sprintf("cp%d", i+1) }

// describe does what kubelets and kubeadm would: nodes and their heartbeats, mirror pods with the
// command lines that run, and the two ConfigMaps.
func (c *Cluster) describe(ctx context.Context) error {
	var names []string
	for i := range max(c.Config.APIServers, c.Config.EtcdMembers) {
		names = append(names, nodeName(i))
		n := node(nodeName(i), c.Address(i), c.ports.kubelet)
		role := "node-role.kubernetes.io/control-plane"
		if i >= c.Config.APIServers {
			role = "node-role.kubernetes.io/etcd" // a machine for a member alone
		}
		n.Labels[role] = ""
		n.Spec.Taints = []corev1.Taint{{Key: role, Effect: corev1.TaintEffectNoSchedule}}
		if c.Config.Zones {
			n.Labels["topology.kubernetes.io/zone"] = fmt.Sprintf("zone-%c", 'a'+i)
		}
		if err := c.addNode(ctx, n); err != nil {
			return err
		}
	}
	for i := range c.Config.Workers {
		name := fmt.Sprintf("worker-%d", i+1)
		names = append(names, name)
		if err := c.addNode(ctx, node(name, c.Address(100+i), c.ports.kubelet)); err != nil {
			return err
		}
	}
	c.heartbeats(names)
	if err := c.mirrorPods(ctx); err != nil {
		return err
	}
	return c.configMaps(ctx)
}

func (c *Cluster) addNode(ctx context.Context, n *corev1.Node) error {
	status := n.Status
	made, err := c.Client.CoreV1().Nodes().Create(ctx, n, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create node %s: %w", n.Name, err)
	}
	made.Status = status
	if _, err := c.Client.CoreV1().Nodes().UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("update node %s: %w", n.Name, err)
	}
	return nil
}

// node is a ready node as its kubelet would describe it.
func node(name, address string, kubelet int) *corev1.Node {
	now := metav1.Now()
	size := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("16Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
		}},
		Status: corev1.NodeStatus{
			Capacity: size, Allocatable: size,
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}, {Type: corev1.NodeHostName, Address: name}},
			NodeInfo: corev1.NodeSystemInfo{
				KubeletVersion: build.Kubernetes, ContainerRuntimeVersion: "containerd://2.1.4", OperatingSystem: "linux", Architecture: "amd64",
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(kubelet)}},
		},
	}
	for _, t := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure, corev1.NodeReady} {
		cond := corev1.NodeCondition{Type: t, Status: corev1.ConditionFalse, Reason: "KubeletHasNo" + string(t), LastHeartbeatTime: now, LastTransitionTime: now}
		if t == corev1.NodeReady {
			cond.Status, cond.Reason, cond.Message = corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"
		}
		n.Status.Conditions = append(n.Status.Conditions, cond)
	}
	return n
}

// mirrorPods are created by hand: an administrator may, if the node exists.
func (c *Cluster) mirrorPods(ctx context.Context) error {
	_, err := c.Client.CoreV1().ServiceAccounts("kube-system").Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) { // the controller manager makes it too, sooner or later
		return err
	}
	for _, name := range c.Running() {
		component, i := c.componentOf(name)
		p := mirrorPod(component, name, i, c.Args(name), c.Address(i))
		status := p.Status
		made, err := c.Client.CoreV1().Pods("kube-system").Create(ctx, p, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("create mirror pod %s: %w", name, err)
		}
		made.Status = status
		if _, err := c.Client.CoreV1().Pods("kube-system").UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("update mirror pod %s: %w", name, err)
		}
	}
	return nil
}

// componentOf takes "etcd-cp2" apart: "etcd", and 1.
func (c *Cluster) componentOf(process string) (string, int) {
	for i := range max(c.Config.APIServers, c.Config.EtcdMembers) {
		if component, ok := strings.CutSuffix(process, "-"+nodeName(i)); ok {
			return component, i
		}
	}
	return process, 0
}

// mirrorPod describes a process as the kubelet describes a static pod of kubeadm's: the bare program
// name, and the process's own arguments.
func mirrorPod(component, name string, i int, args []string, address string) *corev1.Pod {
	version := build.Kubernetes
	if strings.HasPrefix(component, "etcd") {
		version = strings.TrimPrefix(build.Etcd, "v") + "-0"
	}
	program := filepath.Base(args[0])
	sum := sha256.Sum256([]byte(strings.Join(args, "\x00")))
	hash := hex.EncodeToString(sum[:16])
	no, now, image := false, metav1.Now(), "registry.invalid/"+program+":"+version
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "kube-system", Labels: map[string]string{"component": component, "tier": "control-plane"},
			Annotations: map[string]string{
				corev1.MirrorPodAnnotationKey: hash, "kubernetes.io/config.hash": hash, "kubernetes.io/config.source": "file",
				"kubernetes.io/config.seen": now.UTC().Format(time.RFC3339Nano),
			},
		},
		Spec: corev1.PodSpec{
			NodeName: nodeName(i), HostNetwork: true, PriorityClassName: "system-node-critical",
			EnableServiceLinks: &no, AutomountServiceAccountToken: &no,
			Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}},
			Containers: []corev1.Container{{
				Name: program, Image: image, Command: append([]string{program}, args[1:]...),
				Env: []corev1.EnvVar{{Name: "BACKUP_PASSWORD", Value: Password}}, // as people do
			}},
		},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, HostIP: address, PodIP: address, PodIPs: []corev1.PodIP{{IP: address}}, StartTime: &now,
			Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: now},
				{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: now},
			},
			ContainerStatuses: []corev1.ContainerStatus{{
				Name: program, Image: image, ImageID: image, Ready: true,
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
			}},
		},
	}
}
