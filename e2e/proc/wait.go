package proc

import (
	"context"
	"fmt"
	"net"
	"time"
)

// Until repeats try until it succeeds. It gives up when ctx ends or the time is over, with the last
// error, and at once when one of the processes that it depends on has ended.
func (g *Group) Until(ctx context.Context, limit time.Duration, what string, on []string, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		for _, name := range on {
			if ended := g.Ended(name); ended != nil {
				return fmt.Errorf("wait for %s: %w", what, ended)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up waiting for %s: %w", what, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// FreePorts returns ports of 127.0.0.1 that nobody listens on, all different.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }() // all held until all are known, or one would be given twice
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
