package auditlog

import (
	"cmp"
	"context"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// Options say what of the logs is wanted, and who is told how it goes.
type Options struct {
	Stdin io.Reader // what "-" names

	// Requests outside of these are left out of everything but the count of events.
	Since, Until time.Time
	User         string
	Resource     string

	Workers int // how many parse at a time; 0: as many as there are processors, up to workersMost

	// Progress is told how far the reading is, from any goroutine but never from two at a time.
	Progress func(Progress)
	// Note is told, before the reading starts, what a person would want to know of the choice of logs:
	// a file that was passed over, or given twice.
	Note func(string)
}

// workersMost bounds the memory on a large machine: each worker counts clients by itself, and this many already read
// faster than most disks.
const workersMost = 8

// Progress is how far the reading is, in bytes as they lie on the disk.
type Progress struct {
	Read  int64
	Total int64 // 0: not known, as of a pipe
}

// Read reduces the logs at these paths. A path is a file, a directory, which stands for the audit logs under
// it, or "-". What cannot be read is told in the Log or the fault it concerns and costs nothing else; there is an
// error only if no log can be opened at all or if ctx ends, as part of the logs must not pass for the whole.
func Read(ctx context.Context, paths []string, o Options) (*evidence.Requests, error) {
	return read(ctx, paths, o, usual)
}

// sizes are those of the pieces that logs are read in. The result does not depend on them.
type sizes struct {
	chunk int // of a plain file, for one worker
	ahead int // what is read behind a chunk, for the end of its last line
	room  int // what is read for it where that does not do
	block int // of a stream
	line  int // longer lines are not held in memory
}

// A chunk stays in the cache of a core between the copying and the parsing, also where other programs use it too.
var usual = sizes{chunk: 256 << 10, ahead: 4 << 10, room: 64 << 10, block: 256 << 10, line: 11 << 20}

func read(ctx context.Context, paths []string, o Options, size sizes) (*evidence.Requests, error) {
	o.Workers = o.workers(runtime.GOMAXPROCS(0))
	inputs, err := openAll(paths, o)
	defer closeAll(inputs)
	if err != nil {
		return nil, err
	}
	q := newQueue(inputs, o, size)
	var wg sync.WaitGroup
	workers := make([]*worker, o.Workers)
	for i := range workers {
		w := newWorker(q)
		workers[i] = w
		wg.Go(func() { w.run(ctx) })
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	q.progress.last()
	return gather(inputs, workers), nil
}

func (o *Options) workers(processors int) int {
	if o.Workers > 0 {
		return o.Workers
	}
	return min(processors, workersMost)
}

func (o *Options) filter() filter {
	return filter{since: o.Since, until: o.Until, user: o.User, resource: o.Resource}
}

// gather makes one of what the workers found and of what the inputs were.
func gather(inputs []*input, workers []*worker) *evidence.Requests {
	all := workers[0].reducer.requests()
	for _, w := range workers[1:] {
		all.Merge(w.reducer.requests())
	}
	logs := &evidence.Requests{}
	for _, in := range inputs {
		log, faults := in.ledger.close()
		logs.Logs = append(logs.Logs, log)
		logs.Malformed += log.Malformed
		logs.Faults = append(logs.Faults, faults...)
	}
	all.Merge(logs)
	return all
}

// A queue hands out the work: whole streams first, which take longest, then plain files piece by piece.
type queue struct {
	size     sizes
	options  Options
	progress *progress
	long     chan []byte // the one buffer for lines that are longer than a chunk

	mu      sync.Mutex
	streams []*input
	plain   []*input
	chunk   int // of the first of plain
}

func newQueue(inputs []*input, o Options, size sizes) *queue {
	q := &queue{size: size, options: o, progress: newProgress(inputs, o.Progress), long: make(chan []byte, 1)}
	q.long <- nil
	for _, in := range inputs {
		switch {
		case in.kind == unreadable:
		case in.kind == plain && !in.document && in.pipe == nil:
			q.plain = append(q.plain, in)
		default:
			q.streams = append(q.streams, in)
		}
	}
	// A pipe's size is not known: it comes first, somebody waits at its other end.
	slices.SortStableFunc(q.streams, func(a, b *input) int {
		return cmp.Or(-cmp.Compare(b2i(a.pipe != nil), b2i(b.pipe != nil)), -cmp.Compare(a.size, b.size))
	})
	return q
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// next is the next piece of work: a chunk of a plain file, or with -1 a whole stream. None is left: nil.
func (q *queue) next() (in *input, chunk int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.streams) > 0 {
		in, q.streams = q.streams[0], q.streams[1:]
		return in, -1
	}
	for len(q.plain) > 0 {
		in, chunk = q.plain[0], q.chunk
		if int64(chunk)*int64(q.size.chunk) < in.size {
			q.chunk++
			return in, chunk
		}
		q.plain, q.chunk = q.plain[1:], 0
	}
	return nil, 0
}
