// Package store writes objects straight into etcd, as kube-apiserver stores them: much faster than
// through the API, and with a past (an age, a deletion that goes on for an hour) that the API grants
// nobody. Admission, defaulting and validation are left out, so objects have to be whole.
package store

import (
	"bytes"
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes/scheme"
)

// perTransaction is below etcd's own limit of 128 operations.
const perTransaction = 100

// folders are where kube-apiserver keeps a kind; not always under its resource's name.
var folders = map[string]string{
	"ConfigMap": "configmaps", "Event": "events", "FlowSchema": "flowschemas", "Lease": "leases", "Namespace": "namespaces", "Node": "minions", "Pod": "pods",
}

// Put writes objects; those without a UID get one.
func Put(ctx context.Context, etcd *clientv3.Client, objects ...runtime.Object) error {
	ops := make([]clientv3.Op, 0, len(objects))
	for _, o := range objects {
		key, value, err := encode(o)
		if err != nil {
			return err
		}
		ops = append(ops, clientv3.OpPut(key, value))
	}
	for len(ops) > 0 {
		n := min(perTransaction, len(ops))
		if _, err := etcd.Txn(ctx).Then(ops[:n]...).Commit(); err != nil {
			return fmt.Errorf("write into etcd: %w", err)
		}
		ops = ops[n:]
	}
	return nil
}

// Fill writes n objects, several transactions at a time.
func Fill(ctx context.Context, etcd *clientv3.Client, n int, object func(i int) runtime.Object) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for first := 0; first < n; first += perTransaction {
		g.Go(func() error {
			var batch []runtime.Object
			for i := first; i < min(n, first+perTransaction); i++ {
				batch = append(batch, object(i))
			}
			return Put(ctx, etcd, batch...)
		})
	}
	return g.Wait()
}

func encode(o runtime.Object) (key, value string, err error) {
	kinds, _, err := scheme.Scheme.ObjectKinds(o)
	if err != nil {
		return "", "", err
	}
	m, err := meta.Accessor(o)
	if err != nil {
		return "", "", err
	}
	folder, ok := folders[kinds[0].Kind]
	if !ok {
		return "", "", fmt.Errorf("no folder known for a %s", kinds[0].Kind)
	}
	if m.GetUID() == "" {
		m.SetUID(uuid.NewUUID())
	}
	enc := scheme.Codecs.EncoderForVersion(protobuf.NewSerializer(scheme.Scheme, scheme.Scheme), kinds[0].GroupVersion())
	var buf bytes.Buffer
	if err := enc.Encode(o, &buf); err != nil {
		return "", "", fmt.Errorf("encode %s %s: %w", kinds[0].Kind, m.GetName(), err)
	}
	key = "/registry/" + folder + "/"
	if ns := m.GetNamespace(); ns != "" {
		key += ns + "/"
	}
	return key + m.GetName(), buf.String(), nil
}
