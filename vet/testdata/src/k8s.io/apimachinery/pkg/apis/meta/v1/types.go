// Package v1 has the shapes of apimachinery that the tests need.
package v1

const NamespaceAll = ""

type TypeMeta struct{ Kind, APIVersion string }

func (t *TypeMeta) GetObjectKind() string { return t.Kind }

type ObjectMeta struct{ Name, Namespace string }

type ListMeta struct{ ResourceVersion, Continue string }

func (l *ListMeta) GetContinue() string { return l.Continue }

type ResourceVersionMatch string

const (
	ResourceVersionMatchNotOlderThan ResourceVersionMatch = "NotOlderThan"
	ResourceVersionMatchExact        ResourceVersionMatch = "Exact"
)

type ListOptions struct {
	TypeMeta
	LabelSelector        string
	FieldSelector        string
	Watch                bool
	ResourceVersion      string
	ResourceVersionMatch ResourceVersionMatch
	TimeoutSeconds       *int64
	Limit                int64
	Continue             string
}

func (o *ListOptions) DeepCopy() *ListOptions { c := *o; return &c }

type GetOptions struct{ ResourceVersion string }

type PartialObjectMetadata struct{ ObjectMeta }

type PartialObjectMetadataList struct {
	TypeMeta
	ListMeta
	Items []PartialObjectMetadata
}
