package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// Scope is what results are about, as far as waivers ask.
type Scope struct {
	Now     time.Time         // when the evidence was taken
	Cluster string            // the name of the cluster whose results name none
	Remarks []evidence.Remark // waivers in the files that were read
	// Files is set where files were read and no cluster was asked; Whole if they are all that stand below
	// the folder of kaudit.yaml, so that what matches nothing has nothing to match.
	Files, Whole bool
	// Path turns the path of a file into one below the folder of kaudit.yaml; "" if it is not there. nil: as it is.
	Path func(string) string
}

// claim is a waiver, wherever it stands, held against the findings.
type claim struct {
	Waiver
	check, cluster, subject, file glob
	remark                        *evidence.Remark
	mistake                       string
	hits                          int // findings that it speaks of
}

func (p Policy) claims(sc Scope) []*claim {
	var cs []*claim
	for _, w := range p.Waivers {
		cs = append(cs, &claim{Waiver: w, check: globOf(w.Check), cluster: globOf(w.Cluster), subject: globOf(w.Subject), file: pathGlob(w.File)})
	}
	var told []evidence.Remark
	for _, r := range sc.Remarks {
		if slices.Contains(told, r) {
			continue // of a file that several clusters share
		}
		told = append(told, r)
		c := &claim{Waiver: Waiver{Check: r.Check, Reason: r.Reason, Until: r.Until, Source: r.Source}, check: globOf(r.Check), remark: &r}
		if r.Mistake != "" {
			c.mistake = "it " + r.Mistake
		} else {
			c.mistake = p.unknown(r.Check)
		}
		cs = append(cs, c)
	}
	return cs
}

// unknown is why a remark accepts nothing if it names a check that is none.
func (p Policy) unknown(check string) string {
	var r reader
	if r.knows(&yaml.Node{}, check, p.known) {
		return ""
	}
	return r.mistakes[0].Text
}

func (c *claim) over(now time.Time) bool { return !c.Until.IsZero() && now.After(c.Until) }

func (c *claim) speaksOf(id, cluster string, v checks.Verdict, sc Scope) bool {
	if c.mistake != "" || !c.check.match(id) {
		return false
	}
	if c.remark != nil {
		return slices.ContainsFunc(v.Seen, func(e checks.Evidence) bool { return c.remark.Covers(e.Source) })
	}
	if !c.cluster.match(cluster) || !c.subject.match(v.Subject) {
		return false
	}
	return c.File == "" || slices.ContainsFunc(v.Seen, func(e checks.Evidence) bool {
		return e.Source.InFile() && c.file.match(sc.path(e.Source.From))
	})
}

func (sc Scope) path(from string) string {
	if sc.Path == nil {
		return strings.TrimPrefix(from, "./")
	}
	return sc.Path(from)
}

func (sc Scope) named(r checks.Result) string {
	if r.Cluster == "" {
		return sc.Cluster
	}
	return r.Cluster
}

// Apply gives findings the severities that are set, and marks those that a waiver accepts: one of the policy's
// own, or one that stands in a file beside what it accepts. A waiver that is over accepts nothing, and the
// finding says so. What is to be said of waivers themselves is a result of its own at the end.
func (p Policy) Apply(rs []checks.Result, sc Scope) []checks.Result {
	claims := p.claims(sc)
	out := make([]checks.Result, len(rs))
	for i, r := range rs {
		r.Verdicts = p.graded(r.Check.ID, r.Verdicts)
		for j, v := range r.Verdicts {
			if v.Outcome == checks.Finding {
				r.Verdicts[j] = judged(claims, r.Check.ID, sc.named(r), v, sc)
			}
		}
		out[i] = r
	}
	if told, ok := p.told(claims, out, sc); ok {
		out = append(out, told)
	}
	return out
}

// judged is a finding with what the waivers say of it.
func judged(claims []*claim, id, cluster string, v checks.Verdict, sc Scope) checks.Verdict {
	over := ""
	for _, c := range claims {
		if !c.speaksOf(id, cluster, v, sc) {
			continue
		}
		c.hits++
		switch {
		case c.over(sc.Now) && over == "":
			over = fmt.Sprintf("; its waiver, %s, ran out on %s", place(c.Source), c.Until.Format(time.DateOnly))
		case !c.over(sc.Now) && v.Waived == nil:
			v.Waived = &checks.Waived{Reason: c.Reason, Until: c.Until, By: place(c.Source)}
		}
	}
	if v.Waived == nil {
		v.Message += over
	}
	return v
}
