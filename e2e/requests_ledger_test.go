//go:build e2e

package e2e

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// A row is what one client asked of one resource: what kaudit has to report of it.
type row struct{ user, agent, verb, resource, scope string }

// counts are those of a row, named as in the report.
type counts struct {
	Count, Unset, Zero, Exact, Paged, Continued    int
	Throttled, ServerErrors, Expired, ClientErrors int
}

// A ledger counts at the clients themselves what they asked and were answered.
type ledger struct {
	mu   sync.Mutex
	rows map[row]counts
}

// client gives a client its name, and counts what it does under it.
func (l *ledger) client(cfg *rest.Config, user, agent string) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.UserAgent, cfg.QPS = agent, -1
	cfg.Wrap(func(rt http.RoundTripper) http.RoundTripper { return &counted{rt, l, user, agent} })
	return cfg
}

// all are the rows so far.
func (l *ledger) all() map[row]counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.rows)
}

type counted struct {
	http.RoundTripper
	ledger      *ledger
	user, agent string
}

func (c *counted) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(req)
	if err != nil || req.Method != http.MethodGet {
		return resp, err
	}
	r, q, ok := asked(req.URL)
	if !ok {
		return resp, nil
	}
	r.user, r.agent = c.user, c.agent
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	if c.ledger.rows == nil {
		c.ledger.rows = map[row]counts{}
	}
	sum := c.ledger.rows[r]
	sum.add(q, resp.StatusCode)
	c.ledger.rows[r] = sum
	return resp, nil
}

// asked tells a LIST or WATCH from other reads.
func asked(u *url.URL) (row, url.Values, bool) {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		parts = parts[3:]
	default:
		return row{}, nil, false
	}
	r := row{verb: "list", scope: "cluster"}
	if len(parts) == 3 && parts[0] == "namespaces" {
		parts, r.scope = parts[2:], "namespace"
	}
	q := u.Query()
	if strings.Contains(q.Get("fieldSelector"), "metadata.name=") {
		r.scope = "resource"
	}
	if q.Get("watch") == "true" || q.Get("watch") == "1" {
		r.verb = "watch"
	}
	r.resource = parts[0]
	return r, q, len(parts) == 1
}

func (c *counts) add(q url.Values, code int) {
	one := map[bool]int{true: 1}
	rv, token := q.Get("resourceVersion"), q.Get("continue")
	c.Count++
	c.Unset += one[rv == "" && token == ""]
	c.Zero += one[rv == "0"]
	c.Exact += one[rv != "" && rv != "0"]
	c.Paged += one[q.Get("limit") != "" && q.Get("limit") != "0"]
	c.Continued += one[token != ""]
	c.Throttled += one[code == http.StatusTooManyRequests]
	c.Expired += one[code == http.StatusGone]
	c.ServerErrors += one[code >= 500]
	c.ClientErrors += one[code >= 400 && code < 500 && code != http.StatusTooManyRequests && code != http.StatusGone]
}

// wantRows wants what was counted to be exactly that.
func wantRows(t *testing.T, who string, got, want map[row]counts) {
	t.Helper()
	for r, w := range want {
		if g, ok := got[r]; !ok {
			t.Errorf("%s: no %v, want %+v", who, r, w)
		} else if g != w {
			t.Errorf("%s: %v\n\tgot  %+v\n\twant %+v", who, r, g, w)
		}
	}
	for r, g := range got {
		if _, ok := want[r]; !ok {
			t.Errorf("%s: %v %+v, want none", who, r, g)
		}
	}
}

func (c counts) plus(o counts) counts {
	return counts{
		c.Count + o.Count, c.Unset + o.Unset, c.Zero + o.Zero, c.Exact + o.Exact, c.Paged + o.Paged, c.Continued + o.Continued,
		c.Throttled + o.Throttled, c.ServerErrors + o.ServerErrors, c.Expired + o.Expired, c.ClientErrors + o.ClientErrors,
	}
}
