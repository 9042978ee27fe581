package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// A Result is all that one check said of one cluster.
type Result struct {
	Check    Check
	Cluster  string // of several in one audit, as configuration files have them; "" for a live one
	Verdicts []Verdict
}

// OnlyCluster is the cluster that results name, if they all name one; else "".
func OnlyCluster(rs []Result) string {
	only := ""
	for _, r := range rs {
		switch {
		case r.Cluster == "" || r.Cluster == only:
		case only != "":
			return ""
		default:
			only = r.Cluster
		}
	}
	return only
}

// Run holds a snapshot against checks: one Result for each, in order.
// A gap in what a check needs becomes a skipped or not-applicable verdict; silence never a pass.
func Run(s *evidence.Snapshot, cs []Check) []Result {
	out := make([]Result, len(cs))
	for i, c := range cs {
		out[i] = Result{Check: c, Verdicts: judge(s, c)}
	}
	return out
}

func judge(s *evidence.Snapshot, c Check) (vs []Verdict) {
	if s.Cluster.Files && len(c.InFiles) > 0 {
		c.Needs, c.AnyOf = nil, c.InFiles
	}
	missing, ok := c.missing(s)
	if !ok {
		return missing
	}
	defer func() {
		if r := recover(); r != nil {
			vs = append(missing, broken("kaudit's own fault: %v", r))
		}
	}()
	vs = c.run(s, c.params)
	// What the check said of a subject itself, or of its aspects, stands before what its gaps say.
	for _, m := range missing {
		if !slices.ContainsFunc(vs, func(v Verdict) bool { return v.Subject == m.Subject || strings.HasPrefix(v.Subject, m.Subject+" ") }) {
			vs = append(vs, m)
		}
	}
	for i := range vs {
		if vs[i].Outcome == Finding && vs[i].Severity == 0 {
			vs[i].Severity = c.Severity
		}
	}
	if len(vs) == 0 {
		return []Verdict{broken("kaudit's own fault: the check said nothing")}
	}
	return vs
}

func broken(format string, args ...any) Verdict {
	return Verdict{Outcome: Broken, Subject: "kaudit", Message: fmt.Sprintf(format, args...)}
}

// missing lists the verdicts that gaps in the needed evidence amount to, and whether enough was
// seen to run the check at all.
func (c Check) missing(s *evidence.Snapshot) ([]Verdict, bool) {
	var vs []Verdict
	ok := true
	for _, k := range c.Needs {
		gone, seen := gaps(k, s.Records(k))
		vs, ok = append(vs, gone...), ok && seen
	}
	if len(c.AnyOf) > 0 {
		gone, seen := c.alternatives(s)
		vs, ok = append(vs, gone...), ok && seen
	}
	return merge(vs), ok
}

// gaps turns what was not seen of one kind into verdicts.
func gaps(k evidence.Kind, rs []evidence.Record) (vs []Verdict, seen bool) {
	for _, r := range rs {
		if r.Seen {
			seen = true
		} else {
			vs = append(vs, gapVerdict(r))
		}
	}
	if len(rs) == 0 {
		vs = append(vs, About(string(k)).Skip("nobody collected %s", k))
	}
	return vs, seen
}

// alternatives reports the subjects that none of AnyOf shows.
func (c Check) alternatives(s *evidence.Snapshot) (vs []Verdict, seen bool) {
	shown := map[string]bool{}
	var lost []evidence.Record
	for _, k := range c.AnyOf {
		for _, r := range s.Records(k) {
			if r.Seen {
				shown[r.Of], seen = true, true
			} else {
				lost = append(lost, r)
			}
		}
	}
	for _, r := range lost {
		// A gap about a whole component ("etcd") is made up for by any of its instances.
		covered := shown[r.Of]
		if !covered && !strings.Contains(r.Of, "/") {
			for of := range shown {
				covered = covered || strings.HasPrefix(of, r.Of)
			}
		}
		if !covered && !c.foreign(r.Of, shown) {
			vs = append(vs, gapVerdict(r))
		}
	}
	if len(vs) == 0 && !seen {
		vs = append(vs, About(c.Component).Skip("nobody collected %v", c.AnyOf))
	}
	return vs, seen
}

// foreign reports whether a gap is about another component than the check's while the check's own was
// seen: an apiserver's word on etcd is not missed where etcd speaks for itself.
func (c Check) foreign(of string, shown map[string]bool) bool {
	if strings.HasPrefix(of, c.Component) {
		return false
	}
	for seen := range shown {
		if strings.HasPrefix(seen, c.Component) {
			return true
		}
	}
	return false
}

func gapVerdict(r evidence.Record) Verdict {
	subject := About(r.Of, r.Source)
	if r.Gap.Why == evidence.Absent {
		return subject.NotApplicable("%s", r.Gap.Note)
	}
	return subject.Skip("%s", r.Gap.Note).Unlocked(r.Gap.Unlock)
}

// merge joins the verdicts of one subject, as a check has one for each: every reason once, and
// skipped before not applicable, because something could still be unlocked.
func merge(vs []Verdict) []Verdict {
	var out []Verdict
	at := map[string]int{}
	for _, v := range vs {
		i, ok := at[v.Subject]
		if !ok {
			at[v.Subject] = len(out)
			out = append(out, v)
			continue
		}
		o := &out[i]
		if o.Outcome == NotApplicable && v.Outcome == Skipped {
			o.Outcome = Skipped
		}
		o.Message = join(o.Message, v.Message)
		o.Unlock = join(o.Unlock, v.Unlock)
		o.Seen = append(o.Seen, v.Seen...)
	}
	return out
}

func join(a, b string) string {
	switch {
	case a == "" || strings.Contains(b, a):
		return b
	case strings.Contains(a, b):
		return a
	}
	return a + "; " + b
}

// Lost says what it means for a subject that one observation is missing: skipped, or not applicable
// where the cluster has no such thing. Nothing if it was seen, or if nobody asked for it. For
// evidence of a whole in AnyOf and Uses, whose gap the engine takes as made up for by any instance.
func Lost[T any](o evidence.Observed[T], subject string) []Verdict {
	if o.Value != nil || o.Gap == nil {
		return nil
	}
	return []Verdict{gapVerdict(evidence.Record{Of: subject, Source: o.Source, Gap: o.Gap})}
}

// Missing lists, for each instance that was not seen, what that means for one aspect of a check:
// skipped, or not applicable where the cluster has no such thing. For evidence in AnyOf and Uses,
// whose gaps the engine leaves to the check.
func Missing[T any](in evidence.Instances[T], aspect string) []Verdict {
	var vs []Verdict
	for _, o := range in {
		vs = append(vs, Lost(o, o.Of+" "+aspect)...)
	}
	return vs
}
