package auditlog

import (
	"sync"

	"github.com/kaudit/kaudit/evidence"
)

// A part is what one piece of a log held.
type part struct {
	lines     int64 // that start in it
	events    int64
	malformed int64
	faults    []fault // the first of the malformed
}

// A fault is a line that is no audit event, numbered from 0 within its piece.
type fault struct {
	line int64
	why  string
}

// bad counts a line that is no event.
func (t *part) bad(line int64, why string) {
	t.malformed++
	if len(t.faults) < evidence.FaultsKept {
		t.faults = append(t.faults, fault{line, why})
	}
}

// A ledger adds up the pieces of one log, which come in any order, and so knows the numbers of lines. It keeps
// no more than the pieces that wait for an earlier one.
type ledger struct {
	mu      sync.Mutex
	log     evidence.Log
	faults  []evidence.LogFault
	next    int   // the piece that is waited for
	lines   int64 // in all before it
	waiting map[int]part
}

func (l *ledger) add(piece int, t part) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log.Events += t.events
	l.log.Malformed += t.malformed
	if l.waiting == nil {
		l.waiting = map[int]part{}
	}
	l.waiting[piece] = t
	for {
		t, ok := l.waiting[l.next]
		if !ok {
			return
		}
		delete(l.waiting, l.next)
		for _, f := range t.faults[:min(len(t.faults), evidence.FaultsKept-len(l.faults))] {
			l.faults = append(l.faults, evidence.LogFault{Log: l.log.Name, Line: l.lines + f.line + 1, Why: f.why})
		}
		l.lines += t.lines
		l.next++
	}
}

// read counts bytes of the log, as they lie on the disk.
func (l *ledger) read(n int) {
	l.mu.Lock()
	l.log.Bytes += int64(n)
	l.mu.Unlock()
}

// cut notes why reading ended early; the first reason stands.
func (l *ledger) cut(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.log.Cut == "" {
		l.log.Cut = why
	}
}

// damaged notes why a stream ended early, which says more than how its last line looks.
func (l *ledger) damaged(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log.Cut = why
}

// close is what the log was, and its first faults.
func (l *ledger) close() (evidence.Log, []evidence.LogFault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log, l.faults
}
