package collect

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// dumpLimit is over ten times what all queues of a kube-apiserver hold, at some 300 bytes a request.
const dumpLimit = 16 << 20

func dumpRequest(b *base) request {
	return request{
		Path: evidence.DumpPath, Query: url.Values{"includeRequestDetails": {"1"}}, Accept: "text/plain, */*;q=0.1", Limit: dumpLimit,
		Permission: "get " + evidence.DumpPath + " (a non-resource URL)", Base: b,
	}
}

// readLoad reads what a kube-apiserver counts and what it has under way: a moment of that before the first scrape, and one after the second.
func (c *client) readLoad(ctx context.Context, p *process, told func(*evidence.Scrape)) {
	p.inFlight = c.readInFlight(ctx, p)
	c.readMetrics(ctx, p, told)
	if p.inFlight.Seen() && p.metrics.Seen() && p.metrics.Value.Second != nil {
		if again := c.readInFlight(ctx, p); again.Seen() { // one moment is as good as two, only less
			p.inFlight.Value.Dumps = append(p.inFlight.Value.Dumps, again.Value.Dumps...)
		}
	}
}

func (c *client) readInFlight(ctx context.Context, p *process) evidence.Observed[evidence.InFlight] {
	r := dumpRequest(p.base)
	src := c.source(r)
	body, header, err := c.get(ctx, r)
	if err != nil {
		return evidence.Miss[evidence.InFlight](p.subject, gapOf(err, r), src)
	}
	defer body.Close() //nolint:errcheck // it was read to its end, or the error is told
	d, err := evidence.ParseDump(body)
	if err != nil {
		return evidence.Miss[evidence.InFlight](p.subject, gapOf(err, r), src)
	}
	d.At = later(d.At, header)
	return evidence.See(p.subject, evidence.InFlight{Dumps: []evidence.Dump{d}}, src)
}

// later is the moment of a dump: that of its youngest request, or the server's word on when it answered.
// Both are of one clock. A row far younger than the answer is one that a client made up.
func later(youngest time.Time, header http.Header) time.Time {
	sent, err := http.ParseTime(header.Get("Date"))
	if err != nil || !sent.After(youngest) && youngest.Sub(sent) < 2*time.Second {
		return youngest
	}
	return sent.UTC()
}
