package policy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// ByBaseline is the By of findings that a baseline accepts.
const ByBaseline = "baseline"

// A Baseline is what was found before, and is put up with until it gets worse.
type Baseline struct {
	name  string
	only  string           // the cluster that it has, if it is one
	worst map[string]entry // by fingerprint
}

type entry struct {
	check, cluster, subject string
	severity                checks.Severity
}

// NewBaseline takes the findings of a report. Those that a waiver accepted there are none of it: when the
// waiver is over, they count.
func NewBaseline(name string, rs []checks.Result) *Baseline {
	b := &Baseline{name, checks.OnlyCluster(rs), map[string]entry{}}
	for _, r := range rs {
		for _, v := range r.Verdicts {
			if v.Outcome != checks.Finding || v.Waived != nil && v.Waived.By != ByBaseline {
				continue
			}
			id := checks.Fingerprint(r.Cluster, r.Check.ID, v.Subject)
			b.worst[id] = entry{r.Check.ID, r.Cluster, v.Subject, max(v.Severity, b.worst[id].severity)}
		}
	}
	return b
}

// Accept marks the findings that are no worse than they were. One that is says what it was.
func (b *Baseline) Accept(rs []checks.Result) []checks.Result {
	if b == nil {
		return rs
	}
	called := b.calls(rs)
	out := make([]checks.Result, len(rs))
	for i, r := range rs {
		r.Verdicts = slices.Clone(r.Verdicts)
		for j, v := range r.Verdicts {
			was, known := b.worst[checks.Fingerprint(called(r.Cluster), r.Check.ID, v.Subject)]
			switch {
			case !v.Active() || !known:
			case v.Severity <= was.severity:
				r.Verdicts[j].Waived = &checks.Waived{Reason: "was there before: " + b.name, By: ByBaseline}
			default:
				r.Verdicts[j].Message += "; in the baseline it was " + was.severity.String()
			}
		}
		out[i] = r
	}
	return out
}

// calls is how the baseline calls a cluster. One that stands alone, there and here, is the same under any name:
// files that name none are called by their folder, and folders are where somebody put them.
func (b *Baseline) calls(rs []checks.Result) func(string) string {
	only := checks.OnlyCluster(rs)
	return func(cluster string) string {
		if b.only != "" && only != "" && cluster == only {
			return b.only
		}
		return cluster
	}
}

// Gone counts the findings of the baseline that are known to be over: their check could judge, and finds
// them no more.
func (b *Baseline) Gone(rs []checks.Result) int {
	if b == nil {
		return 0
	}
	n, called := 0, b.calls(rs)
	for id, was := range b.worst {
		if was.over(id, rs, called) {
			n++
		}
	}
	return n
}

func (was entry) over(id string, rs []checks.Result, called func(string) string) bool {
	ran := false
	for _, r := range rs {
		if r.Check.ID != was.check || called(r.Cluster) != was.cluster {
			continue
		}
		ran = true
		for _, v := range r.Verdicts {
			lost := v.Outcome == checks.Skipped || v.Outcome == checks.Broken
			if lost && (v.Subject == was.subject || !strings.Contains(v.Subject, "/")) ||
				v.Outcome == checks.Finding && checks.Fingerprint(was.cluster, was.check, v.Subject) == id {
				return false
			}
		}
	}
	return ran
}

// Known are the findings that a baseline is made of: those that nobody accepted otherwise, in an order of their
// own, and without what changes from day to day: times, lines, and what a fix says.
func Known(rs []checks.Result) []checks.Result {
	var out []checks.Result
	for _, r := range rs {
		var vs []checks.Verdict
		for _, v := range r.Verdicts {
			if v.Active() {
				v.Fix, v.Changes, v.Seen = "", nil, places(v.Seen)
				vs = append(vs, v)
			}
		}
		slices.SortStableFunc(vs, func(a, b checks.Verdict) int { return strings.Compare(a.Subject, b.Subject) })
		if r.Verdicts = vs; len(vs) > 0 {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b checks.Result) int {
		return cmp.Or(strings.Compare(a.Cluster, b.Cluster), strings.Compare(a.Check.ID, b.Check.ID))
	})
	return out
}

func places(seen []checks.Evidence) []checks.Evidence {
	var out []checks.Evidence
	for _, e := range seen {
		bare := checks.Evidence{Source: evidence.Source{Via: e.Source.Via, From: e.Source.From}}
		if e.Source.InFile() && !slices.Contains(out, bare) {
			out = append(out, bare)
		}
	}
	return out
}
