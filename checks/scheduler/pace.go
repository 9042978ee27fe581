package scheduler

import (
	"cmp"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// minAttempts is the least number of first attempts of which a p99 says something: one in a
// hundred is then at least one.
const minAttempts = 100

// pace judges whether one scheduler keeps up, from its metrics. One that stands by puts every new pod
// into its own active queue too, and takes none out: its figures say nothing.
func pace(o evidence.Observed[evidence.Scrapes], p queueParams) []checks.Verdict {
	if leads, ok := o.Value.Latest().Max("leader_election_master_status", evidence.Is("name", "kube-scheduler")); ok && leads == 0 {
		return []checks.Verdict{checks.On(o).Aspect("pace").NotApplicable("stands by: another instance leads and schedules")}
	}
	vs := []checks.Verdict{active(o, p)}
	if v, ok := attempts(o); ok {
		vs = append(vs, v)
	}
	return append(vs, firstAttempt(o, p))
}

// active judges the pods that are ready to be scheduled. A burst is normal; a queue that is long
// and does not shrink is not, and ten seconds cannot tell the two apart for sure.
func active(o evidence.Observed[evidence.Scrapes], p queueParams) checks.Verdict {
	subject := checks.On(o).Aspect("active-queue")
	last, ok := o.Value.Latest().Sum("scheduler_pending_pods", evidence.Is("queue", "active"))
	if !ok {
		return subject.Skip("does not show scheduler_pending_pods")
	}
	_, over, why := o.Value.Delta()
	first, ok := o.Value.First.Sum("scheduler_pending_pods", evidence.Is("queue", "active"))
	if why != "" || !ok {
		return subject.Skip("has %s ready to be scheduled; whether they get fewer cannot be told: %s", checks.Count(last, "pod"), cmp.Or(why, "the first scrape did not show them")).
			Unlocked("--window 10s")
	}
	if last <= p.ActivePods || last < first {
		return subject.Pass("has %s ready to be scheduled, and %.0f %s before (more than %.0f that do not get fewer are too many)", checks.Count(last, "pod"), first, evidence.Ago(over), p.ActivePods)
	}
	sev := checks.Info
	if over >= 5*time.Minute {
		sev = checks.Warning
	}
	return subject.Find(sev, "does not keep up: %.0f pods are ready to be scheduled (over %.0f), and %.0f were %s before", last, p.ActivePods, first, evidence.Ago(over)).
		Saw("%.0f, then %.0f in %s", first, last, evidence.Ago(over)).Want("a queue that empties").
		WithFix("kaudit scan --window 5m --only scheduler-queue,client-throttling   # is it lasting, and is the scheduler's client throttled?")
}

// attempts judges attempts that ended in an error of the scheduler's own. A series that never
// counted is absent, so the family must be there for a word about none.
func attempts(o evidence.Observed[evidence.Scrapes]) (checks.Verdict, bool) {
	subject := checks.On(o).Aspect("errors")
	d, over, why := o.Value.Delta()
	if why != "" {
		return subject.Skip("tells no rate of failed attempts: %s", why).Unlocked("--window 10s"), true
	}
	failed, ok := d.Sum("scheduler_schedule_attempts_total", evidence.Is("result", "error"))
	if !ok {
		return checks.Verdict{}, false // it never tried to schedule anything: a stand-by
	}
	return subject.FindingIf(failed > 0, "ended %.0f scheduling attempts in an error of its own in %s", failed, evidence.Ago(over)).
		Saw("%.0f errors in %s", failed, evidence.Ago(over)).Want("0").
		WithFix("kubectl -n kube-system logs -l component=kube-scheduler | grep -i error   # a plugin, an extender or a bind that fails"), true
}

// firstAttempt judges how long pods took that were scheduled at the first attempt.
func firstAttempt(o evidence.Observed[evidence.Scrapes], p queueParams) checks.Verdict {
	subject := checks.On(o).Aspect("first-attempt")
	const family = "scheduler_pod_scheduling_sli_duration_seconds"
	h, seen := o.Value.Latest().Hist(family, evidence.Is("attempts", "1"))
	when, sev := "since it started", checks.Info // maybe long over
	if d, over, _ := o.Value.Delta(); d != nil {
		if dh, ok := d.Hist(family, evidence.Is("attempts", "1")); ok && dh.Count >= minAttempts {
			h, when, sev = dh, "in "+evidence.Ago(over), checks.Warning
		}
	}
	if !seen {
		return subject.Skip("does not show %s: it scheduled nothing yet, or is older than 1.29", family)
	}
	b, ok := h.Quantile(0.99)
	if !ok || h.Count < minAttempts {
		return subject.Skip("scheduled %s at the first attempt %s; %d are wanted for a p99", checks.Count(h.Count, "pod"), when, minAttempts)
	}
	limit := p.FirstAttempt.Seconds()
	switch h.Against(0.99, limit) {
	case evidence.Over:
		return subject.Find(sev, "took %s for the slowest hundredth of %.0f pods scheduled at the first attempt %s (over %s)", b, h.Count, when, evidence.Seconds(limit)).
			Saw("p99 %s, %s", b, when).Want("under %s", evidence.Seconds(limit)).
			WithFix("kaudit scan --only client-throttling,client-qps; then look at scheduler_framework_extension_point_duration_seconds for the slowest plugin")
	case evidence.Under:
		return subject.Pass("took %s for the slowest hundredth of %.0f pods scheduled at the first attempt %s (at most %s is wanted)", b, h.Count, when, evidence.Seconds(limit))
	case evidence.Unsure:
	}
	return subject.Skip("took %s for the slowest hundredth of %.0f pods %s: on which side of %s cannot be told from its buckets", b, h.Count, when, evidence.Seconds(limit))
}
