package apiserver

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// defaults of everybody: to take their requests is often what a custom schema is for.
var overridable = []string{"service-accounts", "global-default", levelCatchAll}

// shadows finds schemas of people's own that never match, or that take what others are there for.
// Two schemas of the same level do each other no harm, and a dangling one matches nothing.
func (w apfWorld) shadows() []remark {
	var rs []remark
	live := slices.DeleteFunc(slices.Clone(w.schemas), w.isDangling)
	taken := map[string][]string{}
	for i, b := range live {
		a, ok := firstCover(live[:i], b)
		if !ok || a.Level == b.Level {
			continue
		}
		switch {
		case !isBuiltinSchema(b.Name):
			rs = append(rs, w.neverMatches(a, b))
		case !isBuiltinSchema(a.Name):
			taken[a.Name] = append(taken[a.Name], b.Name)
		}
	}
	for _, a := range live {
		if bs := taken[a.Name]; len(bs) > 0 {
			rs = append(rs, w.takes(a, bs))
		} else if b, ok := w.captures(live, a); ok {
			rs = append(rs, remark{
				schemaSubject(a.Name),
				fmt.Sprintf("has precedence %d and broad subjects, so it takes requests that %s (%d) is there to protect", a.Precedence, b.Name, b.Precedence),
				"a precedence from 1000 to 8999, or narrower subjects",
				w.precedence(a.Name, 8000, ""),
				checks.Warning,
			})
		}
	}
	return append(rs, w.ties(live)...)
}

// neverMatches is about b, from which a takes everything. Before the built-in schemas that keep the
// cluster's own components apart is no place for one of people's own.
func (w apfWorld) neverMatches(a, b evidence.FlowSchema) remark {
	r := remark{
		schemaSubject(b.Name),
		fmt.Sprintf("never matches: %s (precedence %d) comes before it (%d) and takes everything it would", a.Name, a.Precedence, b.Precedence),
		fmt.Sprintf("a precedence below %d; 1000 to 8999 suits most", a.Precedence),
		w.precedence(b.Name, min(a.Precedence-1, 8000), ""),
		checks.Warning,
	}
	if a.Precedence < 1000 && isBuiltinSchema(a.Name) || a.Precedence <= 2 {
		r.want = "other subjects, or no such schema: what " + a.Name + " takes is kept apart on purpose"
		r.fix = fmt.Sprintf("kubectl delete flowschema %s   # it does nothing; or give it the subjects it is meant for", b.Name)
		if w.Cluster.Files {
			r.fix = "remove it: it does nothing; or give it the subjects it is meant for"
		}
	}
	return r
}

func firstCover(before []evidence.FlowSchema, b evidence.FlowSchema) (evidence.FlowSchema, bool) {
	for _, a := range before {
		if covers(a, b) {
			return a, true
		}
	}
	return evidence.FlowSchema{}, false
}

func (w apfWorld) takes(a evidence.FlowSchema, bs []string) remark {
	sev := checks.Warning
	if !slices.ContainsFunc(bs, func(b string) bool { return !slices.Contains(overridable, b) }) {
		sev = checks.Info
	}
	return remark{
		schemaSubject(a.Name),
		fmt.Sprintf("has precedence %d and takes everything that is meant for %s", a.Precedence, strings.Join(bs, ", ")),
		"narrower subjects or rules, or a precedence behind those",
		w.precedence(a.Name, 8000, "or narrow its rules"),
		sev,
	}
}

// captures finds the leader election or heartbeats that a broad schema takes a part of.
func (w apfWorld) captures(live []evidence.FlowSchema, a evidence.FlowSchema) (evidence.FlowSchema, bool) {
	if isBuiltinSchema(a.Name) || !broadSubjects(a) {
		return evidence.FlowSchema{}, false
	}
	seenA := false
	for _, b := range live {
		seenA = seenA || b.Name == a.Name
		if seenA && slices.Contains(guards[:2], b.Name) && b.Level != a.Level && overlaps(a, b) {
			return b, true
		}
	}
	return evidence.FlowSchema{}, false
}

// ties finds schemas of equal precedence, of which the name decides.
func (w apfWorld) ties(live []evidence.FlowSchema) []remark {
	var rs []remark
	for i, b := range live {
		for _, a := range live[:i] {
			custom := b
			if isBuiltinSchema(b.Name) {
				custom = a
			}
			if a.Precedence != b.Precedence || a.Level == b.Level || isBuiltinSchema(custom.Name) || covers(a, b) || !overlaps(a, b) {
				continue
			}
			rs = append(rs, remark{
				schemaSubject(custom.Name),
				fmt.Sprintf("shares precedence %d with another schema that matches some of the same requests: they go to %s and not to %s because of the names", a.Precedence, a.Name, b.Name),
				"a precedence of its own",
				w.precedence(custom.Name, custom.Precedence+1, ""),
				checks.Info,
			})
		}
	}
	return rs
}

// partitions finds levels of people's own that can neither lend nor borrow, or own a single seat.
func (w apfWorld) partitions() []remark {
	var rs []remark
	for _, l := range *w.PriorityLevels.Value {
		if isBuiltinLevel(l.Name) || l.Type != "Limited" || l.LendablePercent == nil { // nil: before 1.26 nothing could be lent
			continue
		}
		hard := l.BorrowingPercent != nil && *l.BorrowingPercent == 0
		const want = "lendablePercent over 0, and no borrowingLimitPercent, unless it is meant as a cap"
		fix := w.patch("prioritylevelconfiguration", l.Name, `{"spec":{"limited":{"lendablePercent":50,"borrowingLimitPercent":null}}}`, "")
		if hard && *l.LendablePercent == 0 {
			rs = append(rs, remark{levelSubject(l.Name), "neither lends nor borrows (lendablePercent 0, borrowingLimitPercent 0): its seats idle while others wait, and the other way round", want, fix, checks.Info})
		}
		if seats, ok := w.nominal(l.Name); ok && seats <= 1 && hard {
			rs = append(rs, remark{levelSubject(l.Name), fmt.Sprintf("has %.0f seats of its own and may borrow none (%d shares): it runs one request at a time", seats, l.Shares), "more shares", fix, checks.Info})
		}
	}
	return rs
}

// nominal is the most seats that any instance gives a level.
func (w apfWorld) nominal(level string) (most float64, ok bool) {
	for o := range w.APIServerMetrics.Seen() {
		if n, seen := o.Value.Latest().Max("apiserver_flowcontrol_nominal_limit_seats", evidence.Is(byLevel, level)); seen {
			most, ok = max(most, n), true
		}
	}
	return most, ok
}

// wideListsSince: a LIST costs up to 100 seats by its size, and a level without queues has no cap
// of its own below that.
const wideListsSince = 34

// rejecting finds levels of people's own that reject instead of queueing, and take LISTs.
func (w apfWorld) rejecting() []remark {
	if !w.Version.Seen() || w.Version.Value.Behaviour() < wideListsSince {
		return nil
	}
	var rs []remark
	for _, l := range *w.PriorityLevels.Value {
		seats, ok := w.nominal(l.Name)
		if isBuiltinLevel(l.Name) || l.Type != "Limited" || l.Response != "Reject" || !ok || seats >= w.WideListSeats || !w.takesLists(l.Name) {
			continue
		}
		rs = append(rs, remark{
			levelSubject(l.Name),
			fmt.Sprintf("has %.0f seats and rejects instead of queueing: from 1.34 on a wide LIST costs up to %.0f seats, and is refused here unless the level is idle", seats, w.WideListSeats),
			"limitResponse.type Queue for a level that takes LISTs",
			w.patch("prioritylevelconfiguration", l.Name, `{"spec":{"limited":{"limitResponse":{"type":"Queue","queuing":{"queues":64,"handSize":6,"queueLengthLimit":50}}}}}`, ""),
			checks.Info,
		})
	}
	return rs
}

func (w apfWorld) takesLists(level string) bool {
	for _, f := range w.schemas {
		for _, r := range f.Rules {
			for _, x := range r.Resources {
				if f.Level == level && listOverlaps(x.Verbs, []string{"list"}) {
					return true
				}
			}
		}
	}
	return false
}
