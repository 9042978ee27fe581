package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// metricsLimit is several times what a kube-apiserver of 5,000 nodes tells of itself as text.
const metricsLimit = 256 << 20

func metricsRequest(b *base) request {
	return request{Path: "/metrics", Accept: evidence.MetricsAccept, Limit: metricsLimit, Permission: "get /metrics (a non-resource URL)", Base: b}
}

// scrape reads the metrics of one process once.
func (c *client) scrape(ctx context.Context, b *base, component string) (evidence.Scrape, error) {
	body, header, err := c.get(ctx, metricsRequest(b))
	if err != nil {
		return evidence.Scrape{}, err
	}
	defer body.Close() //nolint:errcheck // it was read to its end, or the error is told
	at := c.now()
	s, err := evidence.ParseMetrics(body, header.Get("Content-Type"), evidence.Families(component))
	s.At = at
	return s, err
}

// scrapeTwice reads the metrics of one process twice, a window apart. Without the second reading the
// first one stands: levels can be judged, rates can not. The first one is shown to told, if anybody
// wants to know before the window has passed.
func (c *client) scrapeTwice(ctx context.Context, b *base, component string, told func(*evidence.Scrape)) (evidence.Scrapes, error) {
	first, err := c.scrape(ctx, b, component)
	if err == nil && told != nil {
		told(&first)
	}
	if err != nil || c.opts.Window <= 0 {
		return evidence.Scrapes{First: first}, err
	}
	s := evidence.Scrapes{First: first}
	if err := sleep(ctx, c.opts.Window-c.now().Sub(first.At)); err != nil {
		s.NoSecond = "the audit was stopped before the second scrape"
		return s, nil //nolint:nilerr // what was read stands
	}
	second, err := c.scrape(ctx, b, component)
	switch {
	case err != nil:
		s.NoSecond = "the second scrape failed: " + gapOf(err, metricsRequest(b)).Note
		c.log.Info("second scrape failed", slog.String("of", b.name), slog.Any("error", err))
	case b.shared && second.Start != first.Start:
		s.NoSecond = "another instance answered the second scrape"
	case b.shared && first.Start == 0:
		s.NoSecond = "the server does not tell its start time: another instance may have answered the second scrape"
	default:
		s.Second = &second
	}
	return s, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func flagzRequest(b *base) request {
	return request{Path: "/flagz", Accept: evidence.FlagzAccept, Limit: 8 << 20, Permission: "get /flagz (a non-resource URL)", Base: b}
}

// flagz asks a process for its flags in force. Up to 1.35 that is not served, by default.
func (c *client) flagz(ctx context.Context, b *base) (evidence.Flags, error) {
	r := flagzRequest(b)
	body, _, err := c.get(ctx, r)
	if err != nil {
		return evidence.Flags{}, err
	}
	defer body.Close() //nolint:errcheck // it was read to its end, or the error is told
	return evidence.ParseFlagz(body, c.source(r))
}

// reached reports whether a process answered at all, be it with a refusal.
func reached(err error) bool {
	if _, ok := errors.AsType[*stepError](err); ok {
		return false
	}
	se, ok := errors.AsType[*statusError](err)
	_, cut := errors.AsType[*cutError](err)
	return err == nil || (ok && se.code != http.StatusUnauthorized) || (!ok && !cut)
}

// process is one process of the control plane, and what it says of itself.
type process struct {
	component string
	subject   string
	base      *base // where it answers; nil if nowhere
	flagz     evidence.Observed[evidence.Flags]
	metrics   evidence.Observed[evidence.Scrapes]
	inFlight  evidence.Observed[evidence.InFlight] // of a kube-apiserver
}

// version is what the process says of its own build: "1.37.2".
func (p *process) version() string {
	if !p.metrics.Seen() {
		return ""
	}
	scrape := p.metrics.Value.Latest()
	for _, label := range []struct{ family, name string }{{"kubernetes_build_info", "git_version"}, {"etcd_server_version", "server_version"}} {
		for v := range scrape.By(label.family, label.name) {
			if sv, ok := evidence.ParseSemver(v); ok {
				return sv.String()
			}
		}
	}
	return ""
}

// miss records that nothing of the process could be read, and why.
func (p *process) miss(g evidence.Gap, src evidence.Source) {
	p.flagz = evidence.Miss[evidence.Flags](p.subject, g, src)
	p.metrics = evidence.Miss[evidence.Scrapes](p.subject, g, src)
	if p.component == "kube-apiserver" {
		src.Ask = "GET " + evidence.DumpPath
		p.inFlight = evidence.Miss[evidence.InFlight](p.subject, g, src)
	}
}

// readFlagz asks for the flags in force.
func (c *client) readFlagz(ctx context.Context, p *process) error {
	r := flagzRequest(p.base)
	f, err := c.flagz(ctx, p.base)
	if err != nil {
		p.flagz = evidence.Miss[evidence.Flags](p.subject, gapOf(err, r), c.source(r))
		return err
	}
	f.Component = p.component
	p.flagz = evidence.See(p.subject, f, c.source(r))
	return nil
}

// readMetrics asks for the metrics, twice.
func (c *client) readMetrics(ctx context.Context, p *process, told func(*evidence.Scrape)) {
	r := metricsRequest(p.base)
	src := c.source(r)
	s, err := c.scrapeTwice(ctx, p.base, p.component, told)
	if err != nil {
		p.metrics = evidence.Miss[evidence.Scrapes](p.subject, gapOf(err, r), src)
		return
	}
	p.metrics = evidence.See(p.subject, s, src)
}

// of names the process, once that can be told.
func (p *process) of(subject string) {
	p.subject, p.flagz.Of, p.metrics.Of, p.inFlight.Of = subject, subject, subject, subject
}

func subjectOf(component, name string) string { return fmt.Sprintf("%s/%s", component, name) }
