package collect

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestDrop(t *testing.T) {
	full := controlPlaneNode()
	bare := *full.DeepCopy()
	full.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "a", FieldsV1: metav1.NewFieldsV1(strings.Repeat("x", 3000))}, {Manager: "b"}}
	full.Status.Images = []corev1.ContainerImage{{Names: []string{"a", "b"}, SizeBytes: 1}, {Names: []string{"c"}}}
	for name, node := range map[string]corev1.Node{"full": full, "nothing to drop": bare, "only what is dropped": {ObjectMeta: metav1.ObjectMeta{ManagedFields: full.ManagedFields}}} {
		raw, err := node.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		var got corev1.Node
		if err := got.Unmarshal(drop(drop(raw, managedFields), nodeImages)); err != nil {
			t.Fatalf("%s: got error %v", name, err)
		}
		want := *node.DeepCopy()
		want.ManagedFields, want.Status.Images = nil, nil
		// What comes in is normalised: times to the second, in local time, empty maps to nil.
		raw, err = want.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		var normal corev1.Node
		if err := normal.Unmarshal(raw); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(normal, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Whatever comes in, the decoder says the same of it as before, but for what was dropped.
func FuzzDrop(f *testing.F) {
	n := controlPlaneNode()
	n.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "a"}, {Manager: "b"}}
	n.Status.Images = []corev1.ContainerImage{{Names: []string{"a"}}}
	raw, err := n.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		var want corev1.Node
		wantErr := want.Unmarshal(b)
		var got corev1.Node
		gotErr := got.Unmarshal(drop(drop(bytes.Clone(b), managedFields), nodeImages))
		if wantErr != nil {
			return // the fault may have been in what was dropped
		}
		if gotErr != nil {
			t.Fatalf("got error %v where there was none", gotErr)
		}
		want.ManagedFields, want.Status.Images = nil, nil
		wantRaw, wantErr := want.Marshal()
		gotRaw, gotErr := got.Marshal()
		if wantErr != nil || gotErr != nil || !bytes.Equal(wantRaw, gotRaw) {
			t.Errorf("got %x, %v, want %x, %v", gotRaw, gotErr, wantRaw, wantErr)
		}
	})
}
