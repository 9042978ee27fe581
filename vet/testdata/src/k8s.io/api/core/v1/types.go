// Package v1 has the shapes of the core API that the tests need.
package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

type Pod struct {
	metav1.TypeMeta
	metav1.ObjectMeta
}

type PodList struct {
	metav1.TypeMeta
	metav1.ListMeta
	Items []Pod
}

type Node struct {
	metav1.TypeMeta
	metav1.ObjectMeta
}

type NodeList struct {
	metav1.TypeMeta
	metav1.ListMeta
	Items []Node
}

type Namespace struct {
	metav1.TypeMeta
	metav1.ObjectMeta
}

type NamespaceList struct {
	metav1.TypeMeta
	metav1.ListMeta
	Items []Namespace
}

type Event struct {
	metav1.TypeMeta
	metav1.ObjectMeta
}

type EventList struct {
	metav1.TypeMeta
	metav1.ListMeta
	Items []Event
}

type ComponentStatusList struct {
	metav1.TypeMeta
	metav1.ListMeta
}
