package report

import (
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

// cleanRequests gives a writer a copy of the report without control characters: a client calls itself what it likes.
func cleanRequests(r RequestReport) RequestReport {
	r.Kaudit = cleanLine(r.Kaudit)
	r.Server.Guessed = cleanLine(r.Server.Guessed)
	r.Filters.User, r.Filters.Resource = cleanLine(r.Filters.User), cleanLine(r.Filters.Resource)
	all := *r.Requests
	all.Levels, all.Stages, all.Servers = cleanKeys(all.Levels), cleanKeys(all.Stages), cleanKeys(all.Servers)
	all.Logs = make([]evidence.Log, len(r.Requests.Logs))
	for i, l := range r.Requests.Logs {
		l.Name, l.Cut = cleanLine(l.Name), cleanLine(l.Cut)
		all.Logs[i] = l
	}
	all.Faults = make([]evidence.LogFault, len(r.Requests.Faults))
	for i, f := range r.Requests.Faults {
		all.Faults[i] = evidence.LogFault{Log: cleanLine(f.Log), Line: f.Line, Why: cleanLine(f.Why)}
	}
	r.Requests = &all
	notes := make([]string, len(r.Notes))
	for i, n := range r.Notes {
		notes[i] = cleanLine(n)
	}
	r.Notes = notes
	clients := make([]requests.Judged, len(r.Clients))
	for i, c := range r.Clients {
		clients[i] = cleanClient(c)
	}
	r.Clients = clients
	return r
}

func cleanClient(j requests.Judged) requests.Judged {
	c := *j.Client
	for _, field := range []*string{&c.User, &c.Via, &c.UserAgent, &c.Verb, &c.APIGroup, &c.Resource, &c.Scope} {
		*field = cleanLine(*field)
	}
	j.Client = &c
	for _, field := range []*string{&j.Agent.Product, &j.Agent.Version, &j.Agent.Component, &j.Asks, &j.ServedBy, &j.FanOutOf, &j.Normal} {
		*field = cleanLine(*field)
	}
	served := make([]requests.ServedCount, len(j.Served))
	for i, s := range j.Served {
		s.Assumes, s.Unsure = cleanLine(s.Assumes), cleanLine(s.Unsure)
		served[i] = s
	}
	j.Served = served
	advice := make([]requests.Advice, len(j.Advice))
	for i, a := range j.Advice {
		advice[i] = requests.Advice{ID: cleanLine(a.ID), Text: cleanLine(a.Text)}
	}
	j.Advice = advice
	return j
}

func cleanKeys(counts map[string]int64) map[string]int64 {
	out := make(map[string]int64, len(counts))
	for k, n := range counts {
		out[cleanLine(k)] += n
	}
	return out
}
