// Package pernode LISTs the pods of one node.
package pernode

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
)

func byNode(ctx context.Context, c kubernetes.Interface, node string) error {
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + node})                                                                                                                    // want `LIST of pods in all namespaces by spec.nodeName with no resourceVersion: up to Kubernetes 1.30 etcd reads the pods of all nodes for each.*list-per-node`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fmt.Sprintf("spec.nodeName=%s", node)})                                                                                                      // want `list-per-node`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String()})                                                                                // want `list-per-node`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.Set{"spec.nodeName": node}.AsSelector().String()})                                                                                    // want `list-per-node`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.SelectorFromSet(fields.Set{"spec.nodeName": node}).String()})                                                                         // want `list-per-node`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.AndSelectors(fields.OneTermEqualSelector("spec.nodeName", node), fields.OneTermNotEqualSelector("status.phase", "Failed")).String()}) // want `list-per-node`
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: onNode(node)})                                                                                                                               // want `list-per-node`

	sel, err := fields.ParseSelector("spec.nodeName=" + node + ",status.phase!=Failed")
	if err != nil {
		return err
	}
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: sel.String()}) // want `list-per-node`

	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + node, ResourceVersion: "0"})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + node, Limit: 500})
	_, _ = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName="}) // want `list-unbounded`
	return nil
}

func onNode(node string) string { return "spec.nodeName=" + node }
