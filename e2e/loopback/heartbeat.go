package loopback

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// heartbeats renews the Lease of each node as its kubelet would, until the cluster is stopped, so
// that the controller manager can run as it is and finds every node alive.
func (c *Cluster) heartbeats(nodes []string) {
	ctx, cancel := context.WithCancel(context.Background())
	c.stop = cancel
	c.beats.Go(func() {
		for {
			for _, n := range nodes {
				c.renew(ctx, n)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(10 * time.Second):
			}
		}
	})
}

// renew may fail while a test has taken an API server away; the next turn is soon enough.
func (c *Cluster) renew(ctx context.Context, node string) {
	leases := c.Client.CoordinationV1().Leases("kube-node-lease")
	seconds, now := int32(40), metav1.NowMicro()
	l, err := leases.Get(ctx, node, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, _ = leases.Create(ctx, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: node},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &node, LeaseDurationSeconds: &seconds, RenewTime: &now},
		}, metav1.CreateOptions{})
		return
	}
	if err == nil {
		l.Spec.RenewTime = &now
		_, _ = leases.Update(ctx, l, metav1.UpdateOptions{})
	}
}
