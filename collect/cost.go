package collect

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// cost counts what the collection asks of the cluster, while it asks.
type cost struct {
	api, kubelet, etcd atomic.Int64 // requests
	received           atomic.Int64 // bytes on the wire from kube-apiservers
}

func (c *cost) total() evidence.Cost {
	return evidence.Cost{
		APIRequests:     int(c.api.Load()),
		KubeletRequests: int(c.kubelet.Load()),
		EtcdRequests:    int(c.etcd.Load()),
		APIBytes:        c.received.Load(),
	}
}

// dialFunc is how a connection is opened.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// counting counts the bytes that connections receive: as on the wire, compressed and encrypted.
func (c *cost) counting(dial dialFunc, timeout time.Duration) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &countedConn{conn, &c.received}, nil
	}
}

type countedConn struct {
	net.Conn
	received *atomic.Int64
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.received.Add(int64(n))
	return n, err
}
