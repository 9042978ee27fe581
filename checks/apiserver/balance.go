package apiserver

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed balance.md
var balanceDoc string

var balance = checks.New(checks.Spec{
	ID:        "apiserver-balance",
	Component: "kube-apiserver",
	Severity:  checks.Warning,
	Needs:     []evidence.Kind{evidence.KindAPIServerMetrics},
	Uses: []evidence.Kind{
		evidence.KindControlPods, evidence.KindAPIServerLeases, evidence.KindLeaderLeases, evidence.KindAPIServerEndpoints, evidence.KindKubeadmConfig,
	},
	Doc: balanceDoc,
}, usualBalance(), runBalance)

func usualBalance() balanceParams {
	return balanceParams{Uneven: 0.3, LocalWatches: 200, MinWatches: 250, MinRequests: 1000, MinAgeMinutes: 30}
}

type balanceParams struct {
	Uneven        float64 `json:"uneven" doc:"concentration (0 even, 1 all on one instance) from which a spread is uneven; kaudit's own heuristic"`
	LocalWatches  float64 `json:"localWatches" doc:"watches that the busiest instance may hold for a controller manager, scheduler and operators that talk to it alone; they are taken off before judging; all clients of an idle 1.37 control plane of two instances together held 166"`
	MinWatches    float64 `json:"minWatches" doc:"watches on an average instance below which a few clients decide, and nothing is concluded; kaudit's own heuristic"`
	MinRequests   float64 `json:"minRequests" doc:"requests to an average instance between the two scrapes below which nothing is concluded; kaudit's own heuristic"`
	MinAgeMinutes float64 `json:"minAgeMinutes" doc:"minutes that every instance must have run: clients come back to a restarted one over several watch lifetimes of 5 to 10 minutes"`
}

func (p balanceParams) Validate() error {
	if p.Uneven <= 0 || p.Uneven > 1 {
		return fmt.Errorf("uneven must be over 0 and at most 1, not %g", p.Uneven)
	}
	return nil
}

// A spread is one measure of load, by instance.
type spread struct {
	names []string
	xs    []float64
}

func (s spread) mean() float64 {
	var sum float64
	for _, x := range s.xs {
		sum += x
	}
	return sum / float64(len(s.xs))
}

// noisy reports whether the spread is one that chance alone makes: the coefficient of variation is
// within three times that of a Poisson process of this mean.
func (s spread) noisy() bool {
	mean := s.mean()
	var sq float64
	for _, x := range s.xs {
		sq += (x - mean) * (x - mean)
	}
	return math.Sqrt(sq/float64(len(s.xs)))/mean <= 3/math.Sqrt(mean)
}

// String lists the shares: "12% cp-1, 88% cp-2".
func (s spread) String() string {
	total := s.mean() * float64(len(s.xs))
	var parts []string
	for i, x := range s.xs {
		parts = append(parts, fmt.Sprintf("%.0f%% %s", 100*x/total, s.names[i]))
	}
	return strings.Join(parts, ", ")
}

// uneven says from where on the spread counts as uneven: the share of the busiest instance at which the
// concentration is i, as nobody reads concentrations.
func (s spread) uneven(i float64) string {
	n := len(s.xs)
	return fmt.Sprintf("%.0f%% on one of %d instances", 100*(1+i*float64(n-1))/float64(n), n)
}

// say tells the spread of something, and what would be uneven.
func (s spread) say(what string, i float64) string {
	return fmt.Sprintf("%s spread %s; from %s on it counts as uneven", what, s, s.uneven(i))
}

// without takes a number off the busiest, as far as that leaves it the busiest.
func (s spread) without(n float64) spread {
	xs := slices.Clone(s.xs)
	i := slices.Index(xs, slices.Max(xs))
	rest := slices.Delete(slices.Clone(xs), i, i+1)
	xs[i] = max(xs[i]-n, slices.Max(rest))
	return spread{s.names, xs}
}

func runBalance(s *evidence.Snapshot, p balanceParams) []checks.Verdict {
	subject := checks.About(everyInstance)
	for o := range s.APIServerMetrics.Seen() {
		subject = subject.With(o.Source, "%s: GET /metrics", o.Of)
	}
	c := takeCensus(s)
	if v, stop := unfit(s, subject, c, p); stop {
		return []checks.Verdict{v}
	}
	return []checks.Verdict{judgeBalance(s, subject, p)}
}

// unfit says why these scrapes allow no comparison.
func unfit(s *evidence.Snapshot, subject checks.Subject, c census, p balanceParams) (checks.Verdict, bool) {
	starts := map[float64]bool{}
	for o := range s.APIServerMetrics.Seen() {
		starts[o.Value.Latest().Start] = true
	}
	all := max(c.n, endpointCount(c))
	switch {
	case s.Cluster.Managed:
		return subject.NotApplicable("is run by the provider, who spreads the load"), true
	case all < 2 && !c.complete:
		return subject.Skip("cannot be compared: only 1 instance was scraped, and how many there are is not known without pods or identity Leases"), true
	case all < 2:
		return subject.NotApplicable("is a single instance: there is nothing to spread"), true
	case starts[0]:
		return subject.Skip("cannot be compared: an instance does not tell when it started, so two scrapes may be of the same one"), true
	case len(starts) < all:
		return subject.Skip("cannot be compared: %d of %d instances were scraped (%s)", len(starts), all, c), true
	}
	if age := youngest(s); age < time.Duration(p.MinAgeMinutes*float64(time.Minute)) {
		return subject.Skip("cannot be compared yet: an instance started %s ago, and clients take their time to come back (wanted: %g min)", evidence.Ago(age), p.MinAgeMinutes), true
	}
	return checks.Verdict{}, false
}

func endpointCount(c census) int {
	n, _ := c.of("endpoint address")
	return n
}

// judgeBalance decides on watches first, which stay where they are for long; requests and CPU alone
// only tell of the moment.
func judgeBalance(s *evidence.Snapshot, subject checks.Subject, p balanceParams) checks.Verdict {
	w, okW := watches(s)
	r, okR := measure(s, func(x evidence.Scrapes) (float64, bool) {
		return delta(x, "apiserver_request_total", evidence.Not("resource", ""), evidence.Not("verb", "CONNECT"))
	})
	cpu, okC := measure(s, func(x evidence.Scrapes) (float64, bool) { return delta(x, "process_cpu_seconds_total") })
	if !okW && !okR {
		return subject.Skip("tells neither its open watches nor, by two scrapes, its requests")
	}
	measured := sayMeasured(w, okW, r, okR, cpu, okC)
	known := w
	if !okW {
		known = r
	}
	saw := func(v checks.Verdict) checks.Verdict {
		return v.Saw("%s", measured).Want("under %s", known.uneven(p.Uneven))
	}
	iw, _ := concentration(w.xs)
	if okW && iw >= p.Uneven {
		return saw(judgeWatches(s, subject, w, p))
	}
	for _, m := range []struct {
		what string
		spread
		ok bool
	}{{"requests are", r, okR && r.mean() >= p.MinRequests && !r.noisy()}, {"CPU time is", cpu, okC && busy(s, cpu)}} {
		if i, ok := concentration(m.xs); m.ok && ok && i >= p.Uneven {
			return saw(subject.Find(checks.Info, "spreads its watches evenly, yet %s: controllers talk to their local instance, or a client was busy just then", m.say(m.what, p.Uneven)))
		}
	}
	if !okW {
		return saw(subject.Skip("does not tell its open watches: %s", measured))
	}
	return saw(subject.Pass("shares the load: %s", w.say("watches are", p.Uneven)))
}

// judgeWatches judges watches that look uneven.
func judgeWatches(s *evidence.Snapshot, subject checks.Subject, w spread, p balanceParams) checks.Verdict {
	if w.mean() < p.MinWatches {
		return subject.NotApplicable("has too few watches to be judged (%.0f on average, wanted %g): the connection of a single client decides: they are spread %s", w.mean(), p.MinWatches, w)
	}
	clients := w.without(p.LocalWatches)
	if rest, _ := concentration(clients.xs); rest < p.Uneven || clients.noisy() {
		return subject.Pass("shares the load, but for the watches of controllers that may talk to their local instance: %s, and without %g of them they are spread %s", w.say("watches are", p.Uneven), p.LocalWatches, clients)
	}
	fix := "--goaway-chance=0.001 on every kube-apiserver, one after the other; at the balancer: least connections, no session affinity. If its address is an active/passive one (keepalived, kube-vip by ARP), all on one instance is by design: waive this"
	if k := s.KubeadmConfig; k.Seen() && k.Value.ControlPlaneEndpoint == "" {
		fix = "first give clients a common address: controlPlaneEndpoint is empty (apiserver-replicas); then --goaway-chance=0.001 on every kube-apiserver"
	}
	busiest := w.names[slices.Index(w.xs, slices.Max(w.xs))]
	return subject.Find(checks.Warning, "leaves %s with most of the load: %s", busiest, w.say("watches are", p.Uneven)).WithFix(fix)
}

// watches are the open watches of each instance.
func watches(s *evidence.Snapshot) (spread, bool) {
	return measure(s, func(x evidence.Scrapes) (float64, bool) {
		return x.Latest().Sum("apiserver_longrunning_requests", evidence.Is("verb", "WATCH"))
	})
}

// concentration is 0 for equal values and 1 if one has all; false of fewer than two, or of nothing.
func concentration(xs []float64) (float64, bool) {
	var sum float64
	for _, x := range xs {
		sum += x
	}
	if len(xs) < 2 || sum == 0 {
		return 0, false
	}
	n := float64(len(xs))
	return (n*slices.Max(xs)/sum - 1) / (n - 1), true
}

// measure takes one number of every instance; false unless all tell it, or if there is none of it.
func measure(s *evidence.Snapshot, of func(evidence.Scrapes) (float64, bool)) (spread, bool) {
	var sp spread
	seen := map[float64]bool{}
	for o := range s.APIServerMetrics.Seen() {
		start := o.Value.Latest().Start
		if seen[start] {
			continue // one process by two addresses
		}
		seen[start] = true
		x, ok := of(*o.Value)
		if !ok {
			return spread{}, false
		}
		sp.names, sp.xs = append(sp.names, short(o.Of)), append(sp.xs, x)
	}
	return sp, len(sp.xs) > 0 && sp.mean() > 0
}

// delta is what a counter grew by between the scrapes.
func delta(x evidence.Scrapes, family string, match ...evidence.Match) (float64, bool) {
	d, _, why := x.Delta()
	if why != "" {
		return 0, false
	}
	return d.Sum(family, match...)
}

// busy reports whether the instances used enough CPU between the scrapes for its spread to mean
// anything: a tenth of a core on average.
func busy(s *evidence.Snapshot, cpu spread) bool {
	for o := range s.APIServerMetrics.Seen() {
		if _, over, why := o.Value.Delta(); why == "" {
			return cpu.mean() >= 0.1*over.Seconds()
		}
	}
	return false
}

func sayMeasured(w spread, okW bool, r spread, okR bool, cpu spread, okC bool) string {
	var parts []string
	if okW {
		parts = append(parts, fmt.Sprintf("watches %s", w))
	}
	if okR {
		parts = append(parts, fmt.Sprintf("requests %s", r))
	}
	if okC {
		parts = append(parts, fmt.Sprintf("CPU %s", cpu))
	}
	return strings.Join(parts, "; ")
}
