package etcd

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed peer_latency.md
var peerLatencyDoc string

var peerLatency = checks.New(checks.Spec{
	ID:        "etcd-peer-latency",
	Component: "etcd",
	Severity:  checks.Warning,
	Needs:     []evidence.Kind{evidence.KindEtcdMetrics},
	Uses:      []evidence.Kind{evidence.KindEtcdFlags, evidence.KindEtcdMembers, evidence.KindControlPods},
	Doc:       peerLatencyDoc,
}, peerLatencyDefaults, runPeerLatency)

type peerLatencyParams struct {
	NoticeSeconds     float64 `json:"noticeSeconds" doc:"99th percentile of the round trip worth a notice; OpenShift's advice for etcd"`
	SlowSeconds       float64 `json:"slowSeconds" doc:"99th percentile that is a warning whatever the timers; etcd's own alerting rules"`
	ElectionShare     float64 `json:"electionShare" doc:"share of --election-timeout that a round trip may take; etcd's tuning guide wants a tenth"`
	Observations      float64 `json:"observations" doc:"observations of a peer under which nothing is said: an hour at four a minute, less a few"`
	FailuresPerSecond float64 `json:"failuresPerSecond" doc:"failed sends per second to a peer that are a warning; etcd's own alerting rules"`
	FewFailures       float64 `json:"fewFailures" doc:"failed sends in the window under which it has no rate; kaudit's own estimate"`
}

var peerLatencyDefaults = peerLatencyParams{
	NoticeSeconds: 0.050, SlowSeconds: 0.150, ElectionShare: 0.1, Observations: 200, FailuresPerSecond: 0.01, FewFailures: 5,
}

func (p peerLatencyParams) Validate() error {
	if p.NoticeSeconds <= 0 || p.SlowSeconds < p.NoticeSeconds || p.ElectionShare <= 0 || p.ElectionShare > 1 {
		return errors.New("noticeSeconds must be over 0 and at most slowSeconds, electionShare over 0 and at most 1")
	}
	return nil
}

const peerRTT = "etcd_network_peer_round_trip_time_seconds"

func runPeerLatency(s *evidence.Snapshot, p peerLatencyParams) []checks.Verdict {
	names := names(s)
	var vs []checks.Verdict
	for o := range s.EtcdMetrics.Seen() {
		on := checks.On(o)
		if alone(s, o) {
			vs = append(vs, on.NotApplicable("is the only member: it has no peers"))
			continue
		}
		vs = append(vs, roundTrips(s, on, o, names, p))
		if v, ok := sendFailures(s, on.Aspect("send-failures"), o, names, p); ok {
			vs = append(vs, v)
		}
	}
	return vs
}

// alone reports whether a member certainly has no peers: it knows none but itself, or nobody else is
// there to be one.
func alone(s *evidence.Snapshot, o evidence.Observed[evidence.Scrapes]) bool {
	sc := o.Value.Latest()
	if n, ok := sc.Sum("etcd_network_known_peers"); ok && n > 0 {
		return n == 1
	}
	if sc.Has(peerRTT) {
		return false
	}
	c := rollOf(s, componentOf(o.Of))
	return len(c.voters) == 1 && c.sure
}

// A peer is another member as one member sees it.
type peer struct {
	id     string
	h      evidence.Histogram
	bounds evidence.Bounds
}

func roundTrips(s *evidence.Snapshot, on checks.Subject, o evidence.Observed[evidence.Scrapes], names map[string]string, p peerLatencyParams) checks.Verdict {
	sc := o.Value.Latest()
	byPeer := sc.HistBy(peerRTT, "To")
	if len(byPeer) == 0 {
		return on.Skip("does not tell its round trips: %s is not among its metrics", peerRTT)
	}
	if age := sc.Age(); age > 0 && age < time.Hour {
		return on.Skip("started %s ago: round trips are observed four times a minute, and an hour of them is wanted", evidence.Ago(age)).Unlocked("run again when it has been up for an hour")
	}
	var worst *peer
	var short []string
	for _, id := range sortedKeys(byPeer) {
		h := byPeer[id]
		b, ok := h.Quantile(0.99)
		if !ok || h.Count < p.Observations {
			short = append(short, called(names, id))
			continue
		}
		on = on.With(o.Source, "to %s: 99th percentile %s of %.0f", called(names, id), b, h.Count)
		if worst == nil || b.Low > worst.bounds.Low || b.Low == worst.bounds.Low && b.Estimate > worst.bounds.Estimate {
			worst = &peer{id, h, b}
		}
	}
	if worst == nil {
		return on.Skip("has probed %s fewer than %.0f times: too few for a 99th percentile", strings.Join(short, ", "), p.Observations).Unlocked("run again in an hour")
	}
	return rttVerdict(on, *worst, called(names, worst.id), timersOf(s, o.Of), unrestOf(*o.Value), p)
}

// timers are the raft timers of a member, by its flags, else etcd's defaults.
type timers struct {
	heartbeat, election float64 // seconds
	assumed             bool
	known               bool // by flags, or by flags that were read and do not set them
}

func timersOf(s *evidence.Snapshot, subject string) timers {
	t := timers{heartbeat: 0.1, election: 1, assumed: true}
	f := s.EtcdFlags.Of(subject)
	if !f.Seen() {
		return t
	}
	t.known = true
	for name, to := range map[string]*float64{"heartbeat-interval": &t.heartbeat, "election-timeout": &t.election} {
		set := f.Value.Setting(name)
		t.known = t.known && set.Known()
		if ms, err := strconv.ParseFloat(set.Value, 64); err == nil && ms > 0 && set.Known() {
			*to = ms / 1000
			t.assumed = t.assumed && set.Assumed()
		}
	}
	return t
}

const peerFix = "move the members closer together, or keep traffic off that path; if they have to stay apart, the same on every member: --heartbeat-interval about the round trip, --election-timeout at least ten round trips"

func rttVerdict(on checks.Subject, w peer, name string, t timers, u unrest, p peerLatencyParams) checks.Verdict {
	limit := t.election * p.ElectionShare
	facts := fmt.Sprintf("reaches %s in %s (99th percentile of %.0f smoothed observations since its start)", name, w.bounds, w.h.Count)
	timersNote := fmt.Sprintf("--election-timeout %s", evidence.Seconds(t.election))
	switch {
	case !t.known:
		timersNote += ", the default, as its flags were not read"
	case t.assumed:
		timersNote += ", assumed default"
	}
	side := func(threshold float64) evidence.Side { return w.h.Against(0.99, threshold) }
	saw := func(v checks.Verdict, want float64) checks.Verdict {
		return v.Saw("p99 %s to %s", w.bounds, name).Want("p99 under %s", evidence.Seconds(want)).WithFix(peerFix)
	}
	late := ""
	if str := u.String(); str != "" {
		late = "; " + str
	}
	switch {
	case !t.known && side(p.SlowSeconds) != evidence.Over && (side(limit) == evidence.Over || side(1.5*t.heartbeat) == evidence.Over):
		return saw(on.Find(checks.Info, "%s; at most %s is wanted (%s)%s", facts, evidence.Seconds(min(limit, 1.5*t.heartbeat)), timersNote, late), min(limit, 1.5*t.heartbeat))
	case side(limit) == evidence.Over || side(p.SlowSeconds) == evidence.Over || side(1.5*t.heartbeat) == evidence.Over:
		sev := checks.Warning
		// Elections now, or several an hour, are what such a round trip leads to.
		if u.Elections > 0 || u.Age > 0 && u.AllElections >= 3 && u.AllElections > u.Age.Hours() {
			sev = checks.Critical
		}
		return saw(on.Find(sev, "%s; at most %s is wanted (%s)%s", facts, evidence.Seconds(min(limit, p.SlowSeconds, 1.5*t.heartbeat)), timersNote, late), min(limit, p.SlowSeconds, 1.5*t.heartbeat))
	case side(p.NoticeSeconds) == evidence.Over:
		return saw(on.Find(checks.Info, "%s; under %s is wanted (%s)%s", facts, evidence.Seconds(p.NoticeSeconds), timersNote, late), p.NoticeSeconds)
	case side(limit) == evidence.Unsure:
		return saw(on.Find(checks.Info, "%s, and the histogram cannot tell on which side of %s, %g of the election timeout (%s)%s", facts, evidence.Seconds(limit), p.ElectionShare, timersNote, late), limit)
	case side(p.NoticeSeconds) == evidence.Unsure:
		return saw(on.Pass("%s, under %s for sure (%s)", facts, evidence.Seconds(limit), timersNote), limit)
	}
	return saw(on.Pass("%s; under %s is wanted", facts, evidence.Seconds(p.NoticeSeconds)), p.NoticeSeconds)
}

const peerFailures = "etcd_network_peer_sent_failures_total"

// sendFailures judges messages that did not reach a peer. The series come with the first failure, so
// their absence beside the probes of the same process means there was none.
func sendFailures(s *evidence.Snapshot, on checks.Subject, o evidence.Observed[evidence.Scrapes], names map[string]string, p peerLatencyParams) (checks.Verdict, bool) {
	sc := o.Value.Latest()
	if !sc.Has(peerFailures) {
		if !sc.Has(peerRTT) && !sc.Has("etcd_network_active_peers") {
			return checks.Verdict{}, false
		}
		return on.Pass("are none%s", sinceStart(sc.Age())), true
	}
	all := sc.By(peerFailures, "To")
	var recent map[string]float64
	d, over, why := o.Value.Delta()
	if why == "" {
		recent = d.By(peerFailures, "To")
	}
	current := currentIDs(s, o.Of)
	for _, id := range sortedKeys(all) {
		since := all[id] / max(sc.Age().Seconds(), 1)
		on = on.With(o.Source, "to %s: %.0f%s", called(names, id), all[id], sinceStart(sc.Age()))
		switch {
		case all[id] > 0 && current != nil && !slices.Contains(current, id):
			return on.Find(checks.Info, "count %s to %s, which is no longer a member: what is left of it until this one restarts", checks.Count(all[id], "message"), called(names, id)), true
		case over > 0 && recent[id] >= p.FewFailures && recent[id]/over.Seconds() > p.FailuresPerSecond:
			return on.Find(checks.Warning, "go on: %.0f messages to %s were lost in the last %s, over %g a second", recent[id], called(names, id), evidence.Ago(over), p.FailuresPerSecond).
				Want("none").WithFix("see whether that member is up, then the path to its peer port (2380)"), true
		case sc.Age() >= time.Hour && since > p.FailuresPerSecond && (why != "" || recent[id] > 0):
			return on.Find(checks.Warning, "are many: %.0f messages to %s were lost%s, %.2g a second, over %g", all[id], called(names, id), sinceStart(sc.Age()), since, p.FailuresPerSecond).
				Want("none").WithFix("see whether that member is up, then the path to its peer port (2380)"), true
		}
	}
	return on.Pass("are few: no peer lost more than %g messages a second", p.FailuresPerSecond), true
}

// currentIDs are the members' ids by the member list, which is of the main cluster; nil if it was not
// seen or is of another.
func currentIDs(s *evidence.Snapshot, subject string) []string {
	if !s.EtcdMembers.Seen() || componentOf(subject) != mainEtcd {
		return nil
	}
	var ids []string
	for _, m := range *s.EtcdMembers.Value {
		ids = append(ids, m.ID)
	}
	return ids
}
