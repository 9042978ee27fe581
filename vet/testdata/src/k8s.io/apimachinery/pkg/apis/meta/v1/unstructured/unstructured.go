// Package unstructured has the shapes that the tests need.
package unstructured

type Unstructured struct{ Object map[string]any }

type UnstructuredList struct {
	Object map[string]any
	Items  []Unstructured
}

func (l *UnstructuredList) SetKind(string) {}

func (l *UnstructuredList) GetObjectKind() string { return "" }
