package auditlog

import "github.com/kaudit/kaudit/evidence"

// A counter stands in for the reducer, which is on its way.
type counter struct{ all evidence.Requests }

func (c *counter) add(e *event) {
	c.all.Events++
	if string(e.verb) == "list" && string(e.stage) == "ResponseComplete" {
		c.all.Lists.Total++
	}
}

func (c *counter) requests() *evidence.Requests { return &c.all }

func mergeRequests(into, from *evidence.Requests) {
	into.Events += from.Events
	into.Lists.Total += from.Lists.Total
}
