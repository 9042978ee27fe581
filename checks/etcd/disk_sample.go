package etcd

import (
	"fmt"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// Bucket bounds of etcd's disk histograms: half a second and a second, the default election timeout.
const (
	stall     = 0.512
	longStall = 1.024
)

// A sample is what one member's histogram of an operation tells, in the window and since its start.
type sample struct {
	operation
	window, all evidence.Histogram
	over        time.Duration // of the window; 0: there is none
	why         string        // why there is no window
	known       bool

	// What the 99th percentile is taken from.
	chosen evidence.Histogram
	live   bool // from the window, with enough observations
	weak   bool // with few
	side   evidence.Side
	bounds evidence.Bounds
}

func sampleOf(sc evidence.Scrapes, op operation, p diskLatencyParams) sample {
	s := sample{operation: op}
	s.all, s.known = sc.Latest().Hist(op.family)
	d, over, why := sc.Delta()
	if s.why = why; why == "" {
		s.window, _ = d.Hist(op.family)
		s.over = over
	}
	s.choose(p)
	return s
}

// choose prefers what is recent and enough, then what is enough, then what there is.
func (s *sample) choose(p diskLatencyParams) {
	s.side = evidence.Unsure
	switch {
	case s.window.Count >= p.EnoughSamples:
		s.chosen, s.live = s.window, true
	case s.window.Count >= p.FewSamples && s.window.Against(0.99, s.threshold) == evidence.Over:
		s.chosen, s.live, s.weak = s.window, true, true
	case s.all.Count >= p.FewSamples:
		s.chosen, s.weak = s.all, s.all.Count < p.EnoughSamples
	default:
		return
	}
	s.side = s.chosen.Against(0.99, s.threshold)
	s.bounds, _ = s.chosen.Quantile(0.99)
}

// span says what the chosen observations cover.
func (s sample) span(age time.Duration) string {
	if s.live {
		return " in the last " + evidence.Ago(s.over)
	}
	return sinceStart(age)
}

// judge puts the stalls before the percentile: of a disk that stalls for a second now and then the
// percentile shows nothing, and of an idle cluster it shows little else than noise.
func (s sample) judge(subject checks.Subject, u unrest, p diskLatencyParams, hint string) checks.Verdict {
	if !s.known {
		return subject.Skip("does not tell how long its %ss take: %s is not among its metrics", s.noun, s.family)
	}
	if v, ok := s.stalls(subject, u, p); ok {
		return v
	}
	if s.chosen.Count == 0 {
		return subject.Skip("made %s, too few for a 99th percentile (%.0f are wanted)", checks.Count(s.all.Count, s.noun)+sinceStart(u.Age), p.FewSamples).
			Unlocked(unlockSamples(s.all.Count, p.FewSamples, s.noun))
	}
	p99 := fmt.Sprintf("the 99th percentile of its %.0f %ss%s is %s", s.chosen.Count, s.noun, s.span(u.Age), s.bounds)
	want := evidence.Seconds(s.threshold)
	switch s.side {
	case evidence.Under:
		if !s.live {
			p99 += "; what it does now was too little to tell"
			if s.why != "" {
				p99 += " (" + s.why + ")"
			}
		}
		return subject.Pass("keeps up: %s, under the %s that etcd asks for", p99, want).Saw("p99 %s", s.bounds)
	case evidence.Unsure:
		// Nothing of a member is in this, so that a table can say it once for all: a bucket is as wide everywhere.
		return subject.Find(checks.Info, "is near the limit: 99 in 100 %ss should take under %s; the histogram says %s to %s and cannot tell more", s.noun, want, evidence.Seconds(s.bounds.Low), evidence.Seconds(s.bounds.High)).
			Saw("p99 %s of %s%s", s.bounds, checks.Count(s.chosen.Count, s.noun), s.span(u.Age)).Want("p99 under %s", want).WithFix(diskFix)
	case evidence.Over:
	}
	return s.slow(subject, u, p, p99, hint)
}

// slow judges a 99th percentile that is over the threshold for sure. By itself it breaks a guideline;
// how much that matters is told by how far, how recently, and by leaders lost.
func (s sample) slow(subject checks.Subject, u unrest, p diskLatencyParams, p99, hint string) checks.Verdict {
	sev, harm := checks.Info, "no leader was lost and no heartbeat late"
	if str := u.String(); str != "" {
		harm = str
	}
	harmful, severe := s.bounds.Low >= p.HarmfulSeconds, s.bounds.Low >= s.warn
	switch {
	case s.live && harmful && u.now(), s.live && s.page > 0 && s.bounds.Low >= s.page,
		!s.live && harmful && u.often() && u.Age < 24*time.Hour:
		sev = checks.Critical
	case s.live && !s.weak, harmful, severe, u.now(), u.often():
		sev = checks.Warning
	}
	if s.weak && sev == checks.Critical {
		sev = checks.Warning
	}
	return subject.Find(sev, "is slow: %s; etcd asks for under %s (%s)%s", p99, evidence.Seconds(s.threshold), harm, hint).
		Saw("p99 %s", s.bounds).Want("p99 under %s", evidence.Seconds(s.threshold)).WithFix(diskFix)
}

// stalls judges the extreme tail. One fsync of a second on the leader is an election, whatever the
// other thousands did; so this needs no number of observations, but harm beside it.
func (s sample) stalls(subject checks.Subject, u unrest, p diskLatencyParams) (checks.Verdict, bool) {
	say := func(sev checks.Severity, n float64, h evidence.Histogram, bound float64, span, harm string) (checks.Verdict, bool) {
		return subject.Find(sev, "stalls: %.0f of its %.0f %ss%s took over %s (%s)", n, h.Count, s.noun, span, evidence.Seconds(bound), harm).
			Saw("%.0f over %s", n, evidence.Seconds(bound)).Want("none over %s", evidence.Seconds(stall)).WithFix(diskFix), true
	}
	recent := " in the last " + evidence.Ago(s.over)
	if n := above(s.window, stall); n > 0 && u.now() {
		return say(checks.Critical, n, s.window, stall, recent, u.String())
	}
	slow := s.live && s.side == evidence.Over // the percentile says more than a count then
	if n := above(s.window, longStall); n > 0 && !slow {
		return say(checks.Warning, n, s.window, longStall, recent, "no leader was lost")
	}
	if s.live {
		return checks.Verdict{}, false // what happened since the start is older than what was just seen to be well
	}
	since := sinceStart(u.Age)
	if n := above(s.all, longStall); n > 0 && u.often() && n > u.Age.Hours()/24 {
		return say(checks.Warning, n, s.all, longStall, since, u.String())
	}
	if n := above(s.all, stall); s.all.Count >= p.EnoughSamples && n/s.all.Count > p.StalledShare && s.side != evidence.Over {
		sev, harm := checks.Info, "no leader was lost and no heartbeat late"
		if str := u.String(); str != "" {
			sev, harm = checks.Warning, str
		}
		return say(sev, n, s.all, stall, since, harm)
	}
	return checks.Verdict{}, false
}

// above counts the observations over a bound of the histogram; 0 if it is no bound.
func above(h evidence.Histogram, le float64) float64 {
	share, ok := h.ShareOver(le)
	if !ok {
		return 0
	}
	// The share comes from a division: rounding gives the count back.
	return float64(int64(share*h.Count + 0.5))
}
