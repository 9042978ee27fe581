package clients

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed throttling.md
var throttlingDoc string

var throttling = checks.New(checks.Spec{
	ID:        "client-throttling",
	Component: "clients",
	Severity:  checks.Warning,
	AnyOf:     []evidence.Kind{evidence.KindControllerManagerMetrics, evidence.KindSchedulerMetrics, evidence.KindKubeletMetrics},
	Doc:       throttlingDoc,
}, throttlingDefaults, runThrottling)

type throttlingParams struct {
	MinSamples  float64 `json:"minSamples" doc:"requests without which a 99th percentile says nothing: one in a hundred"`
	MaxWait     float64 `json:"maxWait" doc:"seconds that 99 of 100 requests may wait for the client's own limiter; from here on client-go logs it at its default level"`
	LongWait    float64 `json:"longWait" doc:"seconds of a wait that counts as long; a bound of client-go's histogram"`
	LongShare   float64 `json:"longShare" doc:"share of requests that may wait longWait; kaudit's own heuristic"`
	Refused     float64 `json:"refused" doc:"share of requests that may be answered with 429; kaudit's own heuristic"`
	SettleHours float64 `json:"settleHours" doc:"hours after which counters since the start outweigh the burst of the start, and tell something; kaudit's own heuristic"`
	Named       int     `json:"named" doc:"kubelets that are named one by one; the rest is summed up"`
}

var throttlingDefaults = throttlingParams{MinSamples: 100, MaxWait: 1, LongWait: 0.25, LongShare: 0.05, Refused: 0.01, SettleHours: 24, Named: 10}

func (p throttlingParams) Validate() error {
	if p.LongShare <= 0 || p.LongShare >= 1 || p.Refused <= 0 || p.Refused >= 1 || p.Named < 1 {
		return errors.New("longShare and refused must be between 0 and 1, and named at least 1")
	}
	return nil
}

const (
	limiterFamily  = "rest_client_rate_limiter_duration_seconds"
	requestsFamily = "rest_client_requests_total"
)

func runThrottling(s *evidence.Snapshot, p throttlingParams) []checks.Verdict {
	var vs []checks.Verdict
	for _, in := range []evidence.Instances[evidence.Scrapes]{s.ControllerManagerMetrics, s.SchedulerMetrics} {
		for o := range in.Seen() {
			vs = append(vs, judge(checks.On(o), o, p).verdict)
		}
	}
	return append(vs, kubeletThrottling(s, p)...)
}

// held is what the client's own limiter did to its requests, in a window or since the start.
type held struct {
	over, enough bool
	history      bool // since the start, which includes the burst of every start
	said         string
}

// heldBack judges the waits of the window, or, with too few of them, those since the start.
// A limiter observes every request, so most waits are next to nothing; only the tail tells.
func heldBack(s evidence.Scrapes, p throttlingParams) held {
	if d, over, _ := s.Delta(); d != nil {
		if h, ok := d.Hist(limiterFamily); ok && h.Count >= p.MinSamples {
			return tail(h, "in "+evidence.Ago(over), false, p)
		}
	}
	h, ok := s.Latest().Hist(limiterFamily)
	if !ok || h.Count < p.MinSamples {
		return held{}
	}
	return tail(h, sinceStart(s), true, p)
}

// early: until then the burst of the start can be most of what the counters hold.
func early(s evidence.Scrapes, p throttlingParams) bool {
	return s.Latest().Age() < time.Duration(p.SettleHours*float64(time.Hour))
}

func sinceStart(s evidence.Scrapes) string {
	if age := s.Latest().Age(); age > 0 {
		return "since it started " + evidence.Ago(age) + " ago"
	}
	return "since it started"
}

func tail(h evidence.Histogram, when string, history bool, p throttlingParams) held {
	b, _ := h.Quantile(0.99)
	long, ok := h.ShareOver(p.LongWait)
	out := held{enough: true, history: history, over: h.Against(0.99, p.MaxWait) == evidence.Over || ok && math.Round(long*h.Count) > p.LongShare*h.Count}
	out.said = fmt.Sprintf("p99 wait %s, %.2g%% over %s, of %.0f requests %s", b, 100*long, evidence.Seconds(p.LongWait), h.Count, when)
	return out
}

// refusals is the share of answers with status 429, in the window or since the start.
func refusals(s evidence.Scrapes, p throttlingParams) held {
	of := func(sc *evidence.Scrape, when string, history bool) held {
		all, _ := sc.Sum(requestsFamily)
		if all < p.MinSamples {
			return held{}
		}
		n, _ := sc.Sum(requestsFamily, evidence.Is("code", "429"))
		return held{enough: true, history: history, over: n > p.Refused*all, said: fmt.Sprintf("%.0f of %.0f requests answered with 429 %s", n, all, when)}
	}
	if d, over, _ := s.Delta(); d != nil {
		if h := of(d, "in "+evidence.Ago(over), false); h.enough {
			return h
		}
	}
	return of(s.Latest(), sinceStart(s), true)
}

// judgement is what is said of one client, and whether there was enough to judge.
type judgement struct {
	verdict checks.Verdict
	quiet   bool
}

func judge(subject checks.Subject, o evidence.Observed[evidence.Scrapes], p throttlingParams) judgement {
	wait, refused := heldBack(*o.Value, p), refusals(*o.Value, p)
	if !wait.enough && !refused.enough {
		return judgement{subject.NotApplicable("sent fewer than %.0f requests, %s: too few to judge a tail of", p.MinSamples, sinceStart(*o.Value)), true}
	}
	if early(*o.Value, p) && (wait.history && wait.over || refused.history && refused.over) {
		return judgement{subject.With(o.Source, "%s", wait.said).
			Skip("cannot be judged by counters that started with it %s ago, as starts come with a burst of their own, and it sent too little in the window", evidence.Ago(o.Value.Latest().Age())).
			Unlocked("a longer window: --window 60s"), true}
	}
	saw, rs := "", []remark(nil)
	for _, h := range []held{wait, refused} {
		if !h.enough {
			continue
		}
		subject = subject.With(o.Source, "%s", h.said)
		if saw != "" {
			saw += "; "
		}
		saw += h.said
	}
	if wait.over {
		rs = append(rs, remark{
			sure(wait), tell(wait, "is held back by its own limiter", "was at times held back by its own limiter, the burst of its start included"),
			fmt.Sprintf("p99 at most %s, at most %.2g%% over %s", evidence.Seconds(p.MaxWait), 100*p.LongShare, evidence.Seconds(p.LongWait)),
			"raise its QPS and burst (kaudit explain client-qps), if kube-apiserver has room for it (apiserver-apf-saturation)",
		})
	}
	if refused.over {
		rs = append(rs, remark{
			sure(refused), tell(refused, "is refused by kube-apiserver", "was at times refused by kube-apiserver"),
			fmt.Sprintf("at most %.2g%% answered with 429", 100*p.Refused),
			"find the cause at the server: kaudit scan --only apiserver-apf-saturation",
		})
	}
	fine := "is not held back: " + saw
	if !wait.enough { // no limiter, or no metric of it
		fine = "is not refused: " + saw + "; its metrics tell of no wait in a limiter of its own"
	}
	return judgement{decide(subject, saw, fine, rs), false}
}

// sure is info for what is only history: nobody saw it happen.
func sure(h held) checks.Severity {
	if h.history {
		return checks.Info
	}
	return checks.Warning
}

func tell(h held, now, once string) string {
	if h.history {
		return once + ": " + h.said
	}
	return now + ": " + h.said
}

// kubeletThrottling names kubelets that are held back and sums up the others.
func kubeletThrottling(s *evidence.Snapshot, p throttlingParams) []checks.Verdict {
	var vs []checks.Verdict
	var sources []evidence.Source
	var rest []string
	fine, quiet, bad := 0, 0, 0
	worst := checks.Info
	for o := range s.KubeletMetrics.Seen() {
		switch j := judge(checks.On(o), o, p); {
		case j.quiet:
			quiet++
		case j.verdict.Outcome != checks.Finding:
			fine++
			sources = append(sources, o.Source)
		default:
			if bad++; bad <= p.Named {
				vs = append(vs, j.verdict)
			} else {
				rest, worst = append(rest, o.Of), max(worst, j.verdict.Severity)
			}
		}
	}
	if len(rest) > 0 {
		vs = append(vs, checks.About("kubelets").Aspect("more").
			Find(worst, "that are held back: %d more of those read (%s)", len(rest), named(rest)).Want("none"))
	}
	switch {
	case fine > 0:
		vs = append(vs, checks.About("kubelets", sources[:min(len(sources), 5)]...).
			Pass("that were read are not held back, %d of %d (%d sent too few requests to judge)", fine, fine+quiet+bad, quiet))
	case quiet > 0:
		vs = append(vs, checks.About("kubelets").NotApplicable("that were read, %d of %d, sent too few requests to judge a tail of", quiet, quiet+bad))
	}
	return vs
}
