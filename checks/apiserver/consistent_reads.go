package apiserver

import (
	"fmt"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// startup is how long counters of a fresh process tell of its start more than of its clients.
const startup = 10 * time.Minute

// readsOf judges how well the cache of each instance keeps up with consistent reads.
func readsOf(s *evidence.Snapshot, p consistentListParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.APIServerMetrics.Seen() {
		subject := checks.On(o).Aspect("consistent-reads")
		switch age := o.Value.First.Age(); {
		case o.Value.First.Start == 0:
			vs = append(vs, subject.Skip("cannot be judged: the instance does not tell when it started"))
		case age < startup:
			vs = append(vs, subject.Skip("cannot be judged yet: the instance started less than %s ago", evidence.Ago(startup)))
		default:
			vs = append(vs, readVerdict(subject, o, p))
		}
	}
	return vs
}

// A reading is what was counted between the scrapes, or since the start where that is too little.
type reading struct {
	*evidence.Scrape
	during string // "in 10 s", "since it started 3 h ago"
	over   time.Duration
	now    bool
}

// readings gives both, the one between the scrapes first. There is none of it without a second scrape.
func readings(x evidence.Scrapes) []reading {
	var out []reading
	if d, over, why := x.Delta(); why == "" {
		out = append(out, reading{d, "in the last " + evidence.Ago(over), over, true})
	}
	last := x.Latest()
	return append(out, reading{last, "since it started " + evidence.Ago(last.Age()) + " ago", last.Age(), false})
}

func readVerdict(subject checks.Subject, o evidence.Observed[evidence.Scrapes], p consistentListParams) checks.Verdict {
	said, most := "", 0.0
	for _, r := range readings(*o.Value) {
		total, _ := r.Sum("apiserver_watch_cache_consistent_read_total")
		if most = max(most, total); total < p.MinReads {
			continue
		}
		back, _ := r.Sum("apiserver_watch_cache_consistent_read_total", evidence.Is("fallback", "true", "skipped"))
		failed, _ := r.Sum("apiserver_watch_cache_consistent_read_total", evidence.Is("success", "false"))
		subject = subject.With(o.Source, "consistent reads %s: %.0f, of which %.0f timed out waiting for the cache and %.0f failed", r.during, total, back, failed)
		said = fmt.Sprintf("%.0f of %.0f consistent reads %s were not served by the cache in time (%.2g%%, at most %g%% wanted)", back, total, r.during, 100*back/total, 100*p.FallbackShare)
		if v, bad := lagging(subject, r, back/total, said, p); bad {
			return v
		}
	}
	switch {
	case !o.Value.Latest().Has("apiserver_watch_cache_consistent_read_total"):
		return subject.Skip("cannot be judged: the instance counts no consistent read from its watch cache")
	case said == "":
		return subject.NotApplicable("only %.0f consistent reads since the start: under %g nothing is concluded of them", most, p.MinReads)
	}
	return subject.Pass("the watch cache keeps up with etcd: %s", said)
}

// lagging is what fallbacks and waits say of a cache. A counter that started with the process tells of
// a past that may be over: a remark only.
func lagging(subject checks.Subject, r reading, share float64, said string, p consistentListParams) (checks.Verdict, bool) {
	sev := checks.Info
	if r.now {
		sev = checks.Warning
	}
	const fix = "look for a starved kube-apiserver (CPU, memory), slow watches from etcd (etcd-disk-latency, etcd-peer-latency), and an etcd of another cluster in --etcd-servers-overrides"
	if share > p.FallbackShare {
		return subject.Find(sev, "the watch cache lags behind etcd: %s", said).Saw("%.2g%%", 100*share).Want("at most %g%%", 100*p.FallbackShare).WithFix(fix), true
	}
	h, ok := r.Hist("apiserver_watch_cache_read_wait_seconds")
	if !ok || h.Count < p.MinReads || h.Against(0.99, p.ReadWaitSeconds) != evidence.Over {
		return checks.Verdict{}, false
	}
	q, _ := h.Quantile(0.99)
	return subject.Find(sev, "the watch cache lags behind etcd: 1 in 100 reads %s waited %s for it (at most %s wanted)", r.during, q, evidence.Seconds(p.ReadWaitSeconds)).
		Saw("p99 %s", q).Want("p99 at most %s", evidence.Seconds(p.ReadWaitSeconds)).WithFix(fix), true
}
