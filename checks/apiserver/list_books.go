package apiserver

import (
	"maps"
	"slices"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// windowBook adds up what grew between the scrapes, lifeBook what grew since the start. Both leave
// out instances that are too young for it.
func windowBook(s *evidence.Snapshot, p listRVParams) book {
	b := book{flows: map[string]flow{}}
	for o := range s.APIServerMetrics.Seen() {
		d, over, why := o.Value.Delta()
		if why == "" && p.settled(&o.Value.First) && over > 0 {
			b.during, b.over = "in the last "+evidence.Ago(over), over
			b.add(listFlows(d, d, over, 1.1))
		}
	}
	return b
}

func lifeBook(s *evidence.Snapshot) book {
	b := book{flows: map[string]flow{}}
	for o := range s.APIServerMetrics.Seen() {
		last := o.Value.Latest()
		age := last.Age()
		if age < lastingLife {
			continue
		}
		if b.over == 0 || age < b.over {
			b.during, b.over = "on average since the start "+evidence.Ago(age)+" ago", age
		}
		b.add(listFlows(last, last, age, 2)) // there may have been more of them once
	}
	return b
}

func (b book) add(flows map[string]flow) {
	for name, f := range flows {
		if have, ok := b.flows[name]; ok {
			f = have.plus(f)
		}
		b.flows[name] = f
	}
}

func resources(books ...book) []string {
	var out []string
	for _, b := range books {
		out = slices.AppendSeq(out, maps.Keys(b.flows))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A habit is what holds of the flows of a resource, now or on average since the start.
type habit func(flow) bool

// strength says how sure a habit is: a warning if it lasts, a remark if it was a moment or is over.
// False if it does not hold at all; the flow is the one that shows it.
func strength(name string, window, life book, bad habit) (flow, book, checks.Severity, bool) {
	w, okW := window.flows[name]
	l, okL := life.flows[name]
	switch {
	case okL && bad(l) && (len(window.flows) == 0 || w.fetched > 0 || w.cFetched > 0):
		return l, life, checks.Warning, true
	case okL && bad(l):
		return l, life, checks.Info, true
	case okW && bad(w) && window.over >= lastingWindow:
		return w, window, checks.Warning, true
	case okW && bad(w):
		return w, window, checks.Info, true
	}
	return flow{}, book{}, 0, false
}
