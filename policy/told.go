package policy

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed waivers.md
var waiversDoc string

// CheckID is the id of Check.
const CheckID = "waivers"

// Check is what waivers themselves are reported under. It judges no cluster, and is in no catalogue.
func Check() checks.Check {
	return checks.New(checks.Spec{ID: CheckID, Component: "kaudit", Severity: checks.Info, Doc: waiversDoc}, struct{}{},
		func(*evidence.Snapshot, struct{}) []checks.Verdict {
			return []checks.Verdict{checks.About("kaudit").NotApplicable("is decided after the checks have run")}
		})
}

// told is the result about the waivers themselves; false if there is nothing to say.
func (p Policy) told(claims []*claim, rs []checks.Result, sc Scope) (checks.Result, bool) {
	check, on := p.set(Check())
	var vs []checks.Verdict
	names := map[string]int{}
	for _, c := range claims {
		message, fix := c.fault(p, rs, sc)
		if message == "" {
			continue
		}
		name := c.called()
		if names[name]++; names[name] > 1 {
			name = fmt.Sprintf("%s, number %d", name, names[name])
		}
		subject := checks.About(name)
		if c.Reason != "" {
			subject = subject.With(c.Source, "reason: %s", c.Reason)
		} else {
			subject = checks.About(name, c.Source)
		}
		vs = append(vs, subject.Find(check.Severity, "%s", message).WithFix(fix))
	}
	return checks.Result{Check: check, Verdicts: vs}, on && len(vs) > 0
}

// fault is what there is to say of a waiver, and what to do about it.
func (c *claim) fault(p Policy, rs []checks.Result, sc Scope) (message, fix string) {
	at := place(c.Source)
	switch {
	case c.mistake != "":
		return "accepts nothing: " + c.mistake, "write it at " + at + " as " + evidence.RemarkForm
	case c.over(sc.Now) && c.hits > 0:
		return fmt.Sprintf("ran out on %s; %s again", c.Until.Format(time.DateOnly), counts(c.hits)),
			"mend what it accepted, or give the waiver at " + at + " another end"
	case c.hits > 0 || !c.allJudged(p, rs, sc):
		return "", ""
	case c.over(sc.Now):
		return fmt.Sprintf("ran out on %s, and matches no finding", c.Until.Format(time.DateOnly)), "take out the waiver at " + at
	}
	message = "matches no finding"
	if c.Cluster != "" && len(c.clusters(rs, sc)) == 0 {
		message = "matches no cluster; there " + list(clusterNames(rs, sc))
	}
	return message, "take out the waiver at " + at + ", or mend its patterns"
}

// clusterNames are some of the clusters that were audited.
func clusterNames(rs []checks.Result, sc Scope) []string {
	const most = 5
	var names []string
	for _, r := range rs {
		if name := sc.named(r); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if n := len(names) - most; n > 1 {
		names = append(names[:most], fmt.Sprintf("%d more", n))
	}
	if len(names) == 0 {
		return []string{"none"}
	}
	return names
}

func counts(findings int) string {
	if findings == 1 {
		return "1 finding counts"
	}
	return fmt.Sprintf("%d findings count", findings)
}

// called names a waiver by what it accepts, not by its line, so that it stays the same as the file grows.
func (c *claim) called() string {
	name := "waiver"
	if c.Check != "" {
		name += " of " + c.Check
	}
	var parts []string
	for _, part := range [][2]string{{"cluster", c.Cluster}, {"subject", c.Subject}, {"file", c.File}} {
		if part[1] != "" {
			parts = append(parts, part[0]+" "+part[1])
		}
	}
	if len(parts) > 0 {
		name += " (" + strings.Join(parts, ", ") + ")"
	}
	return name + " in " + c.Source.From
}

// allJudged reports whether everything that the waiver speaks of was judged, so that it is known to match
// nothing. A check that did not run, or lacked evidence, might have found what it accepts.
func (c *claim) allJudged(p Policy, rs []checks.Result, sc Scope) bool {
	switch {
	case c.remark != nil:
	case sc.Files && !sc.Whole, !sc.Files && c.File != "":
		return false
	}
	clusters := c.clusters(rs, sc)
	if len(clusters) == 0 {
		return c.remark == nil && sc.Files
	}
	for _, known := range p.known {
		if !c.check.match(known.ID) {
			continue
		}
		ran := false
		for _, r := range rs {
			if r.Check.ID != known.ID || !slices.Contains(clusters, sc.named(r)) {
				continue
			}
			ran = true
			if slices.ContainsFunc(r.Verdicts, c.mightBe) {
				return false
			}
		}
		if !ran {
			return false
		}
	}
	return true
}

// mightBe reports a verdict in whose place the waiver's finding could stand.
func (c *claim) mightBe(v checks.Verdict) bool {
	if v.Outcome != checks.Skipped && v.Outcome != checks.Broken {
		return false
	}
	return c.subject.match(v.Subject) || !strings.Contains(v.Subject, "/")
}

// clusters are those that the waiver speaks of.
func (c *claim) clusters(rs []checks.Result, sc Scope) []string {
	var names []string
	for _, r := range rs {
		name := sc.named(r)
		switch {
		case slices.Contains(names, name):
		case c.remark == nil:
			if c.cluster.match(name) {
				names = append(names, name)
			}
		case slices.ContainsFunc(r.Verdicts, func(v checks.Verdict) bool {
			return slices.ContainsFunc(v.Seen, func(e checks.Evidence) bool {
				return e.Source.InFile() && e.Source.From == c.Source.From
			})
		}):
			names = append(names, name)
		}
	}
	return names
}
