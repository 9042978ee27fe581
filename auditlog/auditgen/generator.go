package auditgen

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// A Generator writes a log line by line.
type Generator struct {
	o        Options
	rand     *rand.Rand
	zipf     *rand.Zipf
	habits   []*habit
	choice   alias
	now      float64 // microseconds since 1970 at which the next request comes
	soon     queue   // stages of requests that end soon
	later    queue   // of watches
	seq      uint64
	inList   int // items of the EventList that is open
	truth    *tally
	personas []persona

	second     int64
	secondText []byte
	token      []byte
}

// New starts a log.
func New(o Options) (*Generator, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("audit log to generate: %w", err)
	}
	g := &Generator{o: o, rand: rand.New(rand.NewPCG(o.Seed, 0x6b6175646974)), now: float64(o.Start.UnixMicro()), personas: cast(o.Version, o.Clients)} //nolint:gosec // a log to test with is no secret
	g.zipf = rand.NewZipf(g.rand, o.Skew, 1, uint64(o.Clients-1))
	var shares []float64
	for i := range g.personas {
		p := &g.personas[i]
		p.id = i
		var sum float64
		for _, h := range p.habits {
			sum += h.share
		}
		for j := range p.habits {
			h := &p.habits[j]
			h.persona, h.lines, h.item = p, map[lineKey]pattern{}, itemOf(h.at.resource)
			g.habits, shares = append(g.habits, h), append(shares, p.share*h.share/sum)
		}
	}
	g.choice = newAlias(shares)
	g.truth = newTally(g)
	return g, nil
}

// AppendLine appends the next line of the log with its end.
// Of an EventList it is a piece: close the last with AppendEnd.
func (g *Generator) AppendLine(b []byte) []byte {
	r := g.next()
	g.truth.count(&r)
	list := g.o.Format == "eventlist"
	if list {
		if g.inList == 0 {
			b = append(b, `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[`...)
		} else {
			b = append(b, ',')
		}
		g.inList++
	}
	b = r.habit.line(&g.o, r.stage, r.code).append(b, g, &r)
	if !list {
		return append(b, '\n')
	}
	if g.inList == 400 { // as many as a webhook is sent at once
		return g.AppendEnd(b)
	}
	return b
}

// AppendEnd ends what is open.
func (g *Generator) AppendEnd(b []byte) []byte {
	if g.inList > 0 {
		g.inList = 0
		b = append(b, "]}\n"...)
	}
	return b
}

// next is the stage of a request that comes next in time.
func (g *Generator) next() request {
	for {
		if due := g.due(); due != nil && float64(due.at()) <= g.now {
			return due.pop()
		}
		r := g.arrive()
		g.now += g.rand.ExpFloat64() * 1e6 / g.o.Rate
		if r == nil {
			continue
		}
		g.schedule(*r)
		if g.o.Stages == "all" && r.code != 401 {
			r.stage, r.at, r.code = received, r.received, 0
			return *r
		}
	}
}

// due is the queue of which the first comes first.
func (g *Generator) due() *queue {
	switch {
	case len(g.soon) == 0 && len(g.later) == 0:
		return nil
	case len(g.later) == 0 || len(g.soon) > 0 && g.soon[0].before(&g.later[0]):
		return &g.soon
	}
	return &g.later
}

// arrive is a new request, or none: who is chosen may not be there yet.
func (g *Generator) arrive() *request {
	h := g.habits[g.choice.pick(g.rand)]
	r := &request{habit: h, received: int64(g.now), seed: g.rand.Uint64(), code: 200}
	if r.received-g.o.Start.UnixMicro() < h.persona.from {
		return nil
	}
	switch h.persona.many {
	case one:
	case ofNodes:
		r.member = g.rand.IntN(g.o.Nodes)
	case ofClients:
		r.member = int(g.zipf.Uint64())
	case ofPeople:
		r.member = g.rand.IntN(people)
	}
	if h.verb == "create" {
		r.code = 201
	}
	r.latency = int64(1000*h.slow*math.Exp(0.8*g.rand.NormFloat64())) + 180
	u := g.rand.Float64()
	for _, f := range h.fails {
		if u -= f.share; u < 0 {
			r.code = f.code
			break
		}
	}
	switch {
	case r.code == 504:
		r.latency = 60e6 + r.latency/100
	case r.code >= 400:
		r.latency = 300 + r.latency/20
	case h.verb == "watch":
		r.latency = int64(300+r.of(aTimeout)%300) * 1e6
		if u > 0.7 { // the client left first
			r.latency = int64(u * float64(r.latency))
		}
	}
	return r
}

// schedule queues the stages of a request after the first.
func (g *Generator) schedule(r request) {
	q := &g.soon
	put := func(stage string, after int64) {
		r.stage, r.at = stage, r.received+after
		g.seq++
		q.push(r, g.seq)
	}
	switch {
	case r.code == 401: // turned away before there is a request to complete
		put(started, r.latency)
	case r.code == panicked:
		put(panicky, r.latency)
	case r.habit.verb == "watch":
		put(started, 500+r.latency%3000)
		q = &g.later
		put(complete, max(r.latency, 4000))
	default:
		put(complete, r.latency)
	}
}
