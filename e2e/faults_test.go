//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// danglingFlowSchema refers to a priority level that nobody has made since an hour.
func danglingFlowSchema() *flowcontrolv1.FlowSchema {
	since := metav1.NewTime(time.Now().Add(-time.Hour).Truncate(time.Second))
	return &flowcontrolv1.FlowSchema{
		ObjectMeta: metav1.ObjectMeta{Name: "reports", CreationTimestamp: since, Generation: 1},
		Spec: flowcontrolv1.FlowSchemaSpec{
			PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: "batch"},
			MatchingPrecedence:         3000,
			Rules: []flowcontrolv1.PolicyRulesWithSubjects{{
				Subjects:      []flowcontrolv1.Subject{{Kind: flowcontrolv1.SubjectKindServiceAccount, ServiceAccount: &flowcontrolv1.ServiceAccountSubject{Namespace: "reports", Name: "*"}}},
				ResourceRules: []flowcontrolv1.ResourcePolicyRule{{Verbs: []string{"list"}, APIGroups: []string{"*"}, Resources: []string{"*"}, ClusterScope: true, Namespaces: []string{"*"}}},
			}},
		},
		Status: flowcontrolv1.FlowSchemaStatus{Conditions: []flowcontrolv1.FlowSchemaCondition{{
			Type: flowcontrolv1.FlowSchemaConditionDangling, Status: flowcontrolv1.ConditionTrue, Reason: "NotFound", LastTransitionTime: since,
			Message: `This FlowSchema references the PriorityLevelConfiguration object named "batch" but there is no such object`,
		}}},
	}
}

// exemptEverybody puts all authenticated users above every limit.
func exemptEverybody(t *testing.T, c kubernetes.Interface) {
	t.Helper()
	fs := &flowcontrolv1.FlowSchema{
		ObjectMeta: metav1.ObjectMeta{Name: "unlimited"},
		Spec: flowcontrolv1.FlowSchemaSpec{
			PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: "exempt"},
			MatchingPrecedence:         2,
			Rules: []flowcontrolv1.PolicyRulesWithSubjects{{
				Subjects:      []flowcontrolv1.Subject{{Kind: flowcontrolv1.SubjectKindGroup, Group: &flowcontrolv1.GroupSubject{Name: "system:authenticated"}}},
				ResourceRules: []flowcontrolv1.ResourcePolicyRule{{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}, ClusterScope: true, Namespaces: []string{"*"}}},
			}},
		},
	}
	if _, err := c.FlowcontrolV1().FlowSchemas().Create(t.Context(), fs, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// frozenLevel changes a suggested priority level, and tells the server to leave it so.
func frozenLevel(t *testing.T, c kubernetes.Interface) {
	t.Helper()
	levels := c.FlowcontrolV1().PriorityLevelConfigurations()
	l, err := levels.Get(t.Context(), "workload-low", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	shares := int32(5)
	l.Annotations[flowcontrolv1.AutoUpdateAnnotationKey] = "false"
	l.Spec.Limited.NominalConcurrencyShares = &shares
	if _, err := levels.Update(t.Context(), l, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// orphanAPIService is backed by a Service that does not exist.
func orphanAPIService(t *testing.T, cfg *rest.Config) {
	t.Helper()
	c, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": "v1beta1.custom.metrics.example.com"},
		"spec": map[string]any{
			"group": "custom.metrics.example.com", "version": "v1beta1", "insecureSkipTLSVerify": true,
			"groupPriorityMinimum": int64(100), "versionPriority": int64(100),
			"service": map[string]any{"namespace": "monitoring", "name": "adapter", "port": int64(443)},
		},
	}}
	gvr := schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	made, err := c.Resource(gvr).Create(t.Context(), o, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// The server looks for the Service itself; what it does not touch is since when there is none.
	made.Object["status"] = map[string]any{"conditions": []any{map[string]any{
		"type": "Available", "status": "False", "reason": "ServiceNotFound", "message": `service/adapter in "monitoring" is not present`,
		"lastTransitionTime": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339),
	}}}
	for {
		if _, err = c.Resource(gvr).UpdateStatus(t.Context(), made, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			break
		}
		now, err := c.Resource(gvr).Get(t.Context(), made.GetName(), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		made.SetResourceVersion(now.GetResourceVersion())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// waitingPod is a pod that no node has had room for since an hour.
func waitingPod() *corev1.Pod {
	since := metav1.NewTime(time.Now().Add(-time.Hour).Truncate(time.Second))
	p := bare("waiting", since)
	p.Spec.NodeSelector = map[string]string{"gpu": "h100"}
	p.Status = corev1.PodStatus{
		Phase: corev1.PodPending, QOSClass: corev1.PodQOSBestEffort,
		Conditions: []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, LastTransitionTime: since,
			Message: "0/5 nodes are available: 5 node(s) didn't match Pod's node affinity/selector.",
		}},
	}
	return p
}

// stuckPod was deleted half an hour ago and is kept by a finalizer that nobody removes.
func stuckPod(node string) *corev1.Pod {
	created := metav1.NewTime(time.Now().Add(-24 * time.Hour).Truncate(time.Second))
	deleted := metav1.NewTime(time.Now().Add(-30 * time.Minute).Truncate(time.Second))
	p := bare("stuck", created)
	grace := int64(30)
	p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &deleted, &grace
	p.Finalizers = []string{"example.com/backup"}
	p.Spec.NodeName = node
	p.Status = corev1.PodStatus{Phase: corev1.PodRunning, QOSClass: corev1.PodQOSBestEffort, StartTime: &created}
	return p
}

// bare is a whole pod as the API would store it: nothing is defaulted on the way into etcd.
func bare(name string, created metav1.Time) *corev1.Pod {
	grace, priority, links := int64(30), int32(0), true
	never := corev1.PreemptLowerPriority
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", CreationTimestamp: created},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyAlways, TerminationGracePeriodSeconds: &grace, DNSPolicy: corev1.DNSClusterFirst,
			ServiceAccountName: "default", SecurityContext: &corev1.PodSecurityContext{}, SchedulerName: corev1.DefaultSchedulerName,
			Priority: &priority, EnableServiceLinks: &links, PreemptionPolicy: &never,
			Containers: []corev1.Container{{
				Name: "app", Image: "registry.invalid/app:1", ImagePullPolicy: corev1.PullIfNotPresent,
				TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
			}},
		},
	}
}

// busy keeps sending requests as an administrator, whom no limit applies to, until the test ends.
func busy(t *testing.T, c kubernetes.Interface) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		for ctx.Err() == nil {
			_, _ = c.Discovery().ServerVersion() // the load is what matters, not the answer
			time.Sleep(20 * time.Millisecond)
		}
	})
	t.Cleanup(func() { cancel(); work.Wait() })
}

// schedule has the scheduler find nodes for a few pods, so that it has a past.
func schedule(t *testing.T, c kubernetes.Interface, n int) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for i := 0; i < n; {
		p := bare(fmt.Sprintf("scheduled-%d", i), metav1.Time{})
		_, err := c.CoreV1().Pods("default").Create(t.Context(), p, metav1.CreateOptions{})
		switch {
		case err == nil:
			i++
		case apierrors.IsForbidden(err) && time.Now().Before(deadline):
			time.Sleep(200 * time.Millisecond) // the controller manager has yet to make the ServiceAccount
		default:
			t.Fatal(err)
		}
	}
	for {
		pods, err := c.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		waiting := slices.IndexFunc(pods.Items, func(p corev1.Pod) bool { return strings.HasPrefix(p.Name, "scheduled-") && p.Spec.NodeName == "" })
		if waiting < 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("pod %s has no node", pods.Items[waiting].Name)
		}
		time.Sleep(200 * time.Millisecond)
	}
}
