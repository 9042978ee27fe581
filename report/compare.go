package report

import (
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
)

// A Change is what became of a verdict between two reports.
type Change struct {
	Kind    string
	Check   checks.Check
	Cluster string
	From    *checks.Verdict // nil: not there
	To      *checks.Verdict // nil: not there
	Note    string          // why, where the verdicts do not say it
}

// The kinds of changes, in the order in which they are told.
const (
	Appeared    = "appeared"    // a finding that was none
	Changed     = "changed"     // a finding with another severity, in other words, or no longer accepted
	Untold      = "untold"      // nobody can tell any longer: that is no good news of a finding
	Disappeared = "disappeared" // a finding that is none any more
	Other       = "other"       // between statuses that are no finding
)

func kinds() []string { return []string{Appeared, Changed, Untold, Disappeared, Other} }

// A Comparison is what changed between two reports.
type Comparison struct {
	From, To Audit
	Changes  []Change // by kind, then the worst first
	Same     int      // findings that are as they were
}

// Compare holds a later report against an earlier one. What belongs together is told by check, cluster and
// subject, never by words or places.
func Compare(from, to Audit) Comparison {
	c := Comparison{From: clean(from), To: clean(to)}
	// A cluster that stands alone in both is the same: files that name none are called by their folder.
	if was, is := checks.OnlyCluster(c.From.Results), checks.OnlyCluster(c.To.Results); was != "" && is != "" {
		for i := range c.From.Results {
			if c.From.Results[i].Cluster == was {
				c.From.Results[i].Cluster = is
			}
		}
	}
	was, is := index(c.From), index(c.To)
	for _, id := range is.order {
		c.add(was.of(id), is.of(id), was, is)
	}
	for _, id := range was.order {
		if is.at[id] == nil {
			c.add(was.of(id), nil, was, is)
		}
	}
	slices.SortStableFunc(c.Changes, func(a, b Change) int {
		if a.Kind != b.Kind {
			return slices.Index(kinds(), a.Kind) - slices.Index(kinds(), b.Kind)
		}
		return int(b.severity() - a.severity())
	})
	return c
}

// severity is the one of the finding as it is, or else as it was.
func (c Change) severity() checks.Severity {
	if c.To != nil && c.To.Outcome == checks.Finding {
		return c.To.Severity
	}
	if c.From != nil && c.From.Outcome == checks.Finding {
		return c.From.Severity
	}
	return 0
}

// Fails reports whether a change is for the worse, at or above a severity: an active finding that was none of
// that severity before.
func (c Change) Fails(bar checks.Severity) bool {
	counts := func(v *checks.Verdict) bool { return v != nil && v.Active() && v.Severity >= bar }
	return counts(c.To) && !counts(c.From)
}

// told is one verdict of a report.
type told struct {
	check   checks.Check
	cluster string
	verdict checks.Verdict
}

type byFingerprint struct {
	order []string
	at    map[string]*told
	ran   map[string][]checks.Verdict // by check and cluster
}

func (b byFingerprint) of(id string) *told { return b.at[id] }

func index(a Audit) byFingerprint {
	b := byFingerprint{at: map[string]*told{}, ran: map[string][]checks.Verdict{}}
	for _, r := range a.Results {
		ran := r.Check.ID + "\x00" + r.Cluster
		b.ran[ran] = append(b.ran[ran], r.Verdicts...)
		for _, v := range r.Verdicts {
			id := checks.Fingerprint(r.Cluster, r.Check.ID, v.Subject)
			if had := b.at[id]; had == nil {
				b.order = append(b.order, id)
			} else if v.Outcome != checks.Finding || had.verdict.Outcome == checks.Finding && had.verdict.Severity >= v.Severity {
				continue // of two for one subject, the worse
			}
			b.at[id] = &told{r.Check, r.Cluster, v}
		}
	}
	return b
}

func (c *Comparison) add(from, to *told, was, is byFingerprint) {
	one := Change{}
	if to != nil {
		one.Check, one.Cluster, one.To = to.check, to.cluster, &to.verdict
	}
	if from != nil {
		one.Check, one.Cluster, one.From = from.check, from.cluster, &from.verdict
	}
	switch finding := checks.Finding; {
	case status(one.To) == finding && status(one.From) == finding:
		if same(*one.From, *one.To) {
			c.Same++
			return
		}
		one.Kind = Changed
	case status(one.To) == finding:
		one.Kind = Appeared
		if lost(status(one.From)) || one.From == nil && was.lost(one) != "" {
			one.Note = "could not be told before"
		}
	case one.To == nil && status(one.From) != finding, one.From == nil, status(one.From) == status(one.To):
		return
	case one.To == nil:
		one.Kind, one.Note = Disappeared, "is not there any more"
		if why := is.lost(one); why != "" {
			one.Kind, one.Note = Untold, why
		}
	case lost(status(one.To)) && !lost(status(one.From)) && status(one.From) != checks.NotApplicable:
		one.Kind = Untold
	case status(one.From) == finding:
		one.Kind = Disappeared
	default:
		one.Kind = Other
	}
	c.Changes = append(c.Changes, one)
}

func status(v *checks.Verdict) checks.Outcome {
	if v == nil {
		return 0
	}
	return v.Outcome
}

func lost(o checks.Outcome) bool { return o == checks.Skipped || o == checks.Broken }

// lost is why a report that has no verdict of a subject does not tell that there is nothing to say of it.
func (b byFingerprint) lost(c Change) string {
	vs, ran := b.ran[c.Check.ID+"\x00"+c.Cluster]
	if !ran {
		return "was not checked"
	}
	subject := c.From
	if subject == nil {
		subject = c.To
	}
	for _, v := range vs {
		if v.Subject == checks.OtherFiles || lost(v.Outcome) && (!strings.Contains(v.Subject, "/") || strings.HasPrefix(subject.Subject, v.Subject+" ")) {
			return v.Message
		}
	}
	return ""
}

// same reports whether nothing of a finding changed that a person would act on.
func same(a, b checks.Verdict) bool { return len(differences(a, b)) == 0 }

// differences are what changed of a finding: severity, message, observed, waived.
func differences(a, b checks.Verdict) []string {
	var out []string
	add := func(name string, differs bool) {
		if differs {
			out = append(out, name)
		}
	}
	add("severity", a.Severity != b.Severity)
	add("message", a.Message != b.Message)
	add("observed", a.Observed != b.Observed)
	add("waived", waivedFor(a) != waivedFor(b))
	return out
}

// waivedFor is what was accepted, without the place that says so.
func waivedFor(v checks.Verdict) string {
	if v.Waived == nil {
		return ""
	}
	w := *v.Waived
	w.By = ""
	return terms(w)
}
