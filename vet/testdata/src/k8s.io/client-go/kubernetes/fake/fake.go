// Package fake has the shape of a clientset that answers from memory.
package fake

import corev1 "k8s.io/client-go/kubernetes/typed/core/v1"

type Clientset struct{}

func (c *Clientset) CoreV1() corev1.CoreV1Interface { return nil }

func NewSimpleClientset() *Clientset { return nil }
