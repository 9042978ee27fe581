package proc

import (
	"context"
	"fmt"
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
