package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

// A RequestReport is what audit logs amount to: who asked for what, and the judgement of it.
type RequestReport struct {
	Kaudit   string // the version that judged
	Filters  RequestFilters
	Requests *evidence.Requests
	requests.Report

	// Objects are the counts that costs were estimated by.
	Objects map[string]float64
	// Top is how many clients are wanted; 0: a format decides, below 0: all.
	Top int
}

// RequestFilters say which requests were left out. The zero value leaves out none.
type RequestFilters struct {
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	User     string    `json:"user,omitempty"`
	Resource string    `json:"resource,omitempty"`
	// Mixed: parts that were merged had left out different ones.
	Mixed bool `json:"mixed,omitempty"`
}

// A RequestFormat is a way to write a RequestReport.
type RequestFormat struct {
	Name  string
	Write func(io.Writer, RequestReport, Options) error
}

// RequestFormats lists them in the order in which help shows them.
func RequestFormats() []RequestFormat {
	return []RequestFormat{
		{"table", requestsTable},
		{"json", requestsJSON},
		{"markdown", requestsMarkdown},
		{"prometheus", requestsPrometheus},
	}
}

// worstClients are those that a format shows, of which it would by itself show so many.
func (r RequestReport) worstClients(usual int) []requests.Judged {
	n := min(usual, len(r.Clients))
	switch {
	case r.Top > 0:
		n = min(r.Top, len(r.Clients))
	case r.Top < 0:
		n = len(r.Clients)
	default:
		for n > fewest && r.trifle(r.Clients[n-1]) {
			n--
		}
	}
	return r.Clients[:n]
}

// fewest are shown even if they do nothing worth a word.
const fewest = 3

// trifle reports whether a client costs next to nothing, and could do nothing better.
func (r RequestReport) trifle(c requests.Judged) bool {
	return len(c.Advice) == 0 && c.Share < 0.01 && 100*c.Cost.EtcdObjects <= r.Cost.EtcdObjects
}

// cut leaves out all clients but the worst, and counts the requests of the others as theirs.
func (r RequestReport) cut() RequestReport {
	if r.Top <= 0 || len(r.Clients) <= r.Top {
		return r
	}
	all := *r.Requests
	for _, c := range r.Clients[r.Top:] {
		all.Others.Take(c.Client)
		all.Others.AtMost = max(all.Others.AtMost, c.Count+c.Missed)
	}
	r.Requests, r.Clients = &all, r.Clients[:r.Top]
	return r
}

// A servedShare is how many LISTs were served in one way.
type servedShare struct {
	by    requests.By
	count int64
}

// servedLists adds up who served the LISTs of all clients, in the order of what they cost.
func (r RequestReport) servedLists() []servedShare {
	counts := map[requests.By]int64{}
	for _, c := range r.Clients {
		for _, s := range c.Served {
			if c.Verb == "list" {
				counts[s.By] += s.Count
			}
		}
	}
	var out []servedShare
	for _, by := range []requests.By{requests.Etcd, requests.Consistent, requests.Cache, requests.Key, requests.Refused, requests.Elsewhere, requests.Unknown} {
		if counts[by] > 0 {
			out = append(out, servedShare{by, counts[by]})
		}
	}
	return out
}

// servedWords say what the words of requests.By mean to somebody who has not read about them.
var servedWords = map[requests.By]string{
	requests.Etcd:       "read from etcd",
	requests.Consistent: "from the watch cache after a small read of etcd",
	requests.Cache:      "from the watch cache",
	requests.Key:        "one object by name",
	requests.Refused:    "refused",
	requests.Elsewhere:  "from another server",
	requests.Unknown:    "from etcd or the watch cache, it is not known which",
}

// who is a user as people call it: a service account by namespace and name.
func who(user string) string {
	if account, ok := strings.CutPrefix(user, "system:serviceaccount:"); ok {
		if ns, name, ok := strings.Cut(account, ":"); ok {
			return "sa " + ns + "/" + name
		}
	}
	if user == evidence.NodeUser {
		return "nodes"
	}
	if user == "" {
		return "no user"
	}
	return user
}

// program is the product and version that a client calls itself.
func program(a evidence.UserAgent) string {
	name := a.Product
	if name == "" {
		name = "no user agent"
	}
	if a.Version != "" {
		name += "/" + a.Version
	}
	if a.Component != "" {
		name += " " + a.Component
	}
	return name
}

// asksFor is the verb, the resource and how much of it.
func asksFor(c requests.Judged) string {
	switch c.Scope {
	case evidence.ScopeCluster:
		return c.Verb + " " + c.GroupResource() + ", cluster-wide"
	case evidence.ScopeNamespace:
		if n := c.Namespaces.Count(); n > 1 {
			return fmt.Sprintf("%s %s in %s namespaces", c.Verb, c.GroupResource(), estimate(c.Namespaces))
		}
		return c.Verb + " " + c.GroupResource() + " in one namespace"
	case evidence.ScopeResource:
		return c.Verb + " one of " + c.GroupResource()
	}
	return c.Verb + " " + c.GroupResource()
}

// estimate is a count of distinct names, which is not exact where there are many.
func estimate(d evidence.Distinct) string {
	if d.More {
		return "about " + thousands(d.Count())
	}
	return thousands(d.Count())
}

// fannedOut says how many of it there are.
func fannedOut(c requests.Judged) string {
	if c.FanOut < 2 {
		return ""
	}
	about := ""
	for _, d := range []struct {
		of   string
		seen evidence.Distinct
	}{{"nodes", c.Nodes}, {"pods", c.Pods}, {"addresses", c.Addresses}} {
		if d.of == c.FanOutOf && d.seen.More {
			about = "about "
		}
	}
	return about + thousands(c.FanOut) + " " + c.FanOutOf
}

// whoAndWhere is the user, and how many of it there are.
func whoAndWhere(c requests.Judged) string {
	switch of := fannedOut(c); {
	case of == "":
		return who(c.User)
	case c.User == evidence.NodeUser && c.FanOutOf == "nodes":
		return of
	default:
		return who(c.User) + ", " + of
	}
}

// failures says which requests went wrong.
func failures(c requests.Judged) string {
	var parts []string
	for _, f := range []struct {
		n    int64
		what string
	}{
		{c.Throttled, "throttled (429)"}, {c.ServerErrors, "failed (5xx)"}, {c.Expired, "expired (410)"}, {c.ClientErrors, "refused (other 4xx)"},
	} {
		if f.n > 0 {
			parts = append(parts, thousands(f.n)+" "+f.what)
		}
	}
	return strings.Join(parts, ", ")
}

// took says how long answers took.
func took(c requests.Judged) string {
	if c.Latency.Count() == 0 {
		return ""
	}
	return fmt.Sprintf("p50 %s, p99 %s", lasting(c.Latency.Quantile(0.5)), lasting(c.Latency.Quantile(0.99)))
}

// rate prints requests a minute.
func rate(perMinute float64) string {
	switch {
	case perMinute >= 9.95:
		return thousands(int64(perMinute + 0.5))
	case perMinute >= 0.1:
		return fmt.Sprintf("%.1f", perMinute)
	case perMinute > 0:
		return "<0.1"
	}
	return "0"
}

// short prints a large number with a unit: 196k, 1.2M.
func short(n float64) string {
	for _, u := range []struct {
		size float64
		unit string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		switch v := n / u.size; {
		case v >= 9.95:
			return fmt.Sprintf("%.0f%s", v, u.unit)
		case v >= 0.9995:
			return fmt.Sprintf("%.1f%s", v, u.unit)
		}
	}
	if n > 0 && n < 1 {
		return "<1"
	}
	return fmt.Sprintf("%.0f", n)
}

// thousands prints a whole number with commas.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// share prints a part of a whole.
func share(n, of int64) string {
	p := 100 * float64(n) / float64(max(of, 1))
	switch {
	case p > 0 && p < 1:
		return "<1%"
	case p < 100 && p > 99:
		return ">99%"
	}
	return fmt.Sprintf("%.0f%%", p)
}
