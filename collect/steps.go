package collect

import (
	"sync"

	"golang.org/x/sync/errgroup"
)

// steps tells how far a collection is.
type steps struct {
	mu          sync.Mutex
	done, total int
	report      func(stage string, done, total int)
}

// begin adds a step; what it returns ends it.
func (s *steps) begin(stage string) (end func()) {
	s.add(stage, 0, 1)
	return func() { s.add(stage, 1, 0) }
}

func (s *steps) add(stage string, done, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done, s.total = s.done+done, s.total+total
	if s.report != nil {
		s.report(stage, s.done, s.total)
	}
}

// step is one thing to read.
type step struct {
	stage string
	read  func()
}

// all takes steps side by side. Each writes to fields of the snapshot that no other one touches.
func (r *run) all(ss ...step) {
	var g errgroup.Group
	for _, s := range ss {
		end := r.steps.begin(s.stage)
		g.Go(func() error {
			defer end()
			s.read()
			return nil
		})
	}
	_ = g.Wait() // no goroutine returns an error
}
