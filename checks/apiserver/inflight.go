package apiserver

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// lister is one user with LISTs of a resource under way, at all moments together.
type lister struct {
	user           string
	count, waiting int
}

// underWay says who had LISTs of a resource under way when kube-apiservers listed their requests; "" if
// nobody had. What runs between two such moments is not seen, so nobody is no answer.
func underWay(s *evidence.Snapshot, name string) string {
	by := map[string]*lister{}
	moments := 0
	for o := range s.InFlight.Seen() {
		for _, d := range o.Value.Dumps {
			moments++
			for _, f := range d.Flows {
				if f.Verb != "list" || resourceName(f) != name {
					continue
				}
				l := by[f.User]
				if l == nil {
					l = &lister{user: f.User}
					by[f.User] = l
				}
				l.count += f.Count
				if f.Waiting {
					l.waiting += f.Count
				}
			}
		}
	}
	if len(by) == 0 {
		return ""
	}
	all := make([]*lister, 0, len(by))
	for _, l := range by {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *lister) int { return cmp.Or(b.count-a.count, strings.Compare(a.user, b.user)) })
	var said []string
	for i, l := range all {
		if i == namesShort {
			said = append(said, "and "+checks.Count(len(all)-i, "other user"))
			break
		}
		said = append(said, l.String())
	}
	return fmt.Sprintf("under way at %s that were looked at: %s", checks.Count(moments, "moment"), strings.Join(said, ", "))
}

// namesShort is how many users a message names.
const namesShort = 3

func (l *lister) String() string {
	said := fmt.Sprintf("%s of %s", checks.Count(l.count, "LIST"), nameOr(l.user))
	if l.waiting > 0 {
		said += fmt.Sprintf(" (%d waiting)", l.waiting)
	}
	return said
}

func nameOr(user string) string { return cmp.Or(user, "a user without a name") }

// resourceName is the name that metrics have for what a flow asks for: "deployments.apps".
func resourceName(f evidence.Flow) string {
	if f.APIGroup == "" {
		return f.Resource
	}
	return f.Resource + "." + f.APIGroup
}

// inFlight tells who executes and who waits in one kube-apiserver, at the moments of its dumps. That somebody
// waits long is a remark: a moment is no habit, which the counters of the window tell.
func (w watched) inFlight(o evidence.Observed[evidence.InFlight], p saturationParams) []checks.Verdict {
	subject := w.subject.Aspect("under way")
	if !o.Seen() || len(o.Value.Dumps) == 0 {
		return checks.Lost(o, o.Of+" under way")
	}
	worst := o.Value.Dumps[0] // the moment of the longest wait
	for _, d := range o.Value.Dumps {
		subject = subject.With(o.Source, "%s", describe(d))
		if longest(d).wait(d) > longest(worst).wait(worst) {
			worst = d
		}
	}
	const moment = "a moment, not a habit"
	f := longest(worst)
	if wait := f.wait(worst).Seconds(); wait > p.MaxWait {
		return one(subject.Find(checks.Info, "had %s in its queues, the oldest for %.1f s: that of %s; %s (%s)",
			checks.Count(worst.Waiting, "request"), wait, f.asks(), describe(worst), moment).
			Saw("waiting for %.1f s: %s", wait, f.asks()).Want("at most %s", evidence.Seconds(p.MaxWait)).
			WithFix("see who executes in level " + f.Level + " and asks for the most seats, and mend that client: kaudit explain list-resource-version for LISTs; then give it a level of its own"))
	}
	nobody := "let nobody wait"
	if slices.ContainsFunc(o.Value.Dumps, func(d evidence.Dump) bool { return d.Unread > 0 }) {
		nobody = "let nobody wait, of those that could be read,"
	}
	return one(subject.Pass(nobody+" for longer than %s; %s (%s)", evidence.Seconds(p.MaxWait), describe(worst), moment))
}

// longWait is a flow that waits; its zero value waits for nothing.
type longWait struct{ evidence.Flow }

// longest is what has waited for the longest time in a dump.
func longest(d evidence.Dump) longWait {
	var q longWait
	for _, f := range d.Flows {
		if f.Waiting && (q.Count == 0 || f.Since.Before(q.Since)) {
			q.Flow = f
		}
	}
	return q
}

func (q longWait) wait(d evidence.Dump) time.Duration {
	if q.Count == 0 {
		return 0
	}
	return max(0, d.At.Sub(q.Since))
}

func (q longWait) asks() string { return fmt.Sprintf("%s to %s", nameOr(q.User), act(q.Flow)) }

// act is what a flow does, in words: "list pods in all namespaces".
func act(f evidence.Flow) string {
	switch {
	case f.Resource == "":
		return f.Verb + " " + f.Path
	case f.Scope == evidence.ScopeNamespace && f.Verb == "list":
		return f.Verb + " " + resourceName(f) + " of a namespace"
	}
	return f.Verb + " " + resourceName(f)
}

// describe says what a dump shows: how many requests, and those with the most seats.
func describe(d evidence.Dump) string {
	said := fmt.Sprintf("%d executing and %d waiting", d.Executing, d.Waiting)
	if d.WaitingOnly {
		said = fmt.Sprintf("%d waiting, and this version does not tell what executes", d.Waiting)
	}
	if !d.At.IsZero() {
		said = "at " + d.At.UTC().Format("15:04:05") + " UTC " + said
	}
	var flows []string
	for _, f := range d.Flows {
		if len(flows) == namesShort {
			break
		}
		flows = append(flows, spellFlow(f, d))
	}
	if len(flows) > 0 {
		said += ", with the most seats " + strings.Join(flows, ", ")
	}
	if d.Unread > 0 {
		said += "; " + checks.Count(d.Unread, "row") + " could not be read"
	}
	return said
}

func spellFlow(f evidence.Flow, d evidence.Dump) string {
	state := "executing"
	if f.Waiting {
		state = "waiting"
	}
	said := fmt.Sprintf("%s %d× %s (%s, %s, %s", nameOr(f.User), f.Count, act(f), f.Level, checks.Count(f.Seats, "seat"), state)
	if age := d.At.Sub(f.Since); age >= time.Second {
		said += fmt.Sprintf(", the oldest for %.1f s", age.Seconds())
	}
	if f.User != "" && f.User == d.Asker {
		said += ", the user of this audit"
	}
	return said + ")"
}
