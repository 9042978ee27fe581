package loopback

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// A Balancer is the plain TCP load balancer that most on-premises clusters have in front of their
// API servers: a new connection goes to the next instance, and stays there.
type Balancer struct {
	Addr string

	listener net.Listener
	mu       sync.Mutex
	backends []*backend
	next     int
	work     sync.WaitGroup
	stop     context.CancelFunc // of dialling

	connections        atomic.Int64
	received, returned atomic.Int64
}

type backend struct {
	addr string
	down bool
	open map[net.Conn]struct{}
}

// Balance listens on addr and spreads connections over backends until Close, also when ctx has ended.
func Balance(ctx context.Context, addr string, backends []string) (*Balancer, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	b := &Balancer{Addr: l.Addr().String(), listener: l}
	for _, a := range backends {
		b.backends = append(b.backends, &backend{addr: a, open: map[net.Conn]struct{}{}})
	}
	ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	b.work.Go(func() { b.serve(ctx) })
	return b, nil
}

// Traffic is the connections that were made so far, and the bytes to and from the instances.
func (b *Balancer) Traffic() (connections, received, returned int64) {
	return b.connections.Load(), b.received.Load(), b.returned.Load()
}

// Drop takes an instance out: no new connections, and the open ones break.
func (b *Balancer) Drop(addr string) { b.set(addr, true) }

// Restore takes an instance in again.
func (b *Balancer) Restore(addr string) { b.set(addr, false) }

func (b *Balancer) set(addr string, down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, be := range b.backends {
		if be.addr != addr {
			continue
		}
		be.down = down
		for c := range be.open {
			if down {
				_ = c.Close() // the copiers notice and clean up
			}
		}
	}
}

// Close stops listening and breaks every connection.
func (b *Balancer) Close() {
	_ = b.listener.Close()
	b.stop()
	b.mu.Lock()
	addrs := make([]string, 0, len(b.backends))
	for _, be := range b.backends {
		addrs = append(addrs, be.addr)
	}
	b.mu.Unlock()
	for _, a := range addrs {
		b.Drop(a)
	}
	b.work.Wait()
}

func (b *Balancer) serve(ctx context.Context) {
	for {
		client, err := b.listener.Accept()
		if err != nil {
			return // closed
		}
		b.connections.Add(1)
		b.work.Go(func() { b.forward(ctx, client) })
	}
}

func (b *Balancer) forward(ctx context.Context, client net.Conn) {
	be, server := b.dial(ctx)
	if server == nil {
		_ = client.Close()
		return
	}
	defer b.forget(be, server)
	var both sync.WaitGroup
	pipe := func(dst, src net.Conn, n *atomic.Int64) {
		// Either side may break at any time; the other one is closed then, which is all there is to do.
		_, _ = io.Copy(counting{dst, n}, src)
		_ = dst.Close()
		_ = src.Close()
	}
	both.Go(func() { pipe(server, client, &b.received) })
	both.Go(func() { pipe(client, server, &b.returned) })
	both.Wait()
}

// dial connects to the next instance, or to one after it that answers.
func (b *Balancer) dial(ctx context.Context) (*backend, net.Conn) {
	b.mu.Lock()
	first := b.next
	b.next++
	b.mu.Unlock()
	for i := range b.backends {
		be := b.backends[(first+i)%len(b.backends)]
		if b.isDown(be) {
			continue
		}
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", be.addr)
		if err != nil {
			continue
		}
		b.mu.Lock()
		be.open[c] = struct{}{}
		b.mu.Unlock()
		if b.isDown(be) { // dropped while we dialled
			b.forget(be, c)
			continue
		}
		return be, c
	}
	return nil, nil
}

func (b *Balancer) isDown(be *backend) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return be.down
}

func (b *Balancer) forget(be *backend, c net.Conn) {
	_ = c.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(be.open, c)
}

// counting counts what passes, as it passes.
type counting struct {
	net.Conn

	n *atomic.Int64
}

func (c counting) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.n.Add(int64(n))
	return n, err
}
