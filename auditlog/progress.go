package auditlog

import (
	"sync"
	"sync/atomic"
)

// progress adds up what the workers have read. Telling it costs them nothing: who finds another one telling goes on.
type progress struct {
	told  func(Progress)
	total int64
	read  atomic.Int64
	mu    sync.Mutex
}

func newProgress(inputs []*input, told func(Progress)) *progress {
	p := &progress{told: told}
	for _, in := range inputs {
		if in.kind != unreadable && in.pipe != nil {
			p.total = 0
			return p
		}
		p.total += in.size
	}
	return p
}

func (p *progress) add(n int) {
	read := p.read.Add(int64(n))
	if p.told == nil || !p.mu.TryLock() {
		return
	}
	defer p.mu.Unlock()
	p.told(Progress{Read: read, Total: p.total})
}

// last tells the end of it.
func (p *progress) last() {
	if p.told != nil {
		p.told(Progress{Read: p.read.Load(), Total: p.total})
	}
}
