package clients

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed qps.md
var qpsDoc string

var qps = checks.New(checks.Spec{
	ID:        "client-qps",
	Component: "clients",
	Severity:  checks.Info,
	AnyOf:     []evidence.Kind{evidence.KindControllerManagerFlags, evidence.KindSchedulerFlags, evidence.KindSchedulerConfig, evidence.KindKubeletConfigs},
	Uses: []evidence.Kind{
		evidence.KindNodes, evidence.KindAPIServerFlags,
		evidence.KindControllerManagerMetrics, evidence.KindSchedulerMetrics, evidence.KindKubeletMetrics, evidence.KindVersion, evidence.KindDocuments,
	},
	Doc: qpsDoc,
}, qpsDefaults, runQPS)

type qpsParams struct {
	LargeNodes      int     `json:"largeNodes" doc:"nodes over which default QPS are questioned; derived from upstream scale tests"`
	ManagerQPS      float64 `json:"managerQPS" doc:"default QPS of kube-controller-manager"`
	SchedulerQPS    float64 `json:"schedulerQPS" doc:"default QPS of kube-scheduler"`
	HighQPS         float64 `json:"highQPS" doc:"QPS of a control-plane client over which the server's seats are looked at; the most in any known scale test"`
	FewSeats        int     `json:"fewSeats" doc:"seats of one kube-apiserver, by default, that such a client can fill alone"`
	WorkerFactor    int     `json:"workerFactor" doc:"times the default from which workers want more QPS than the default; kaudit's own heuristic"`
	BusyPods        float64 `json:"busyPods" doc:"pods on a node over which a kubelet up to 1.26 is too slow by default; kaudit's own heuristic"`
	ManyNodes       int     `json:"manyNodes" doc:"nodes over which fast kubelets are a herd; kaudit's own heuristic"`
	FastKubelet     float64 `json:"fastKubelet" doc:"QPS of a kubelet worth knowing on so many nodes; that of upstream's 5000-node test"`
	VeryFastKubelet float64 `json:"veryFastKubelet" doc:"QPS of a kubelet that is a warning on so many nodes; kaudit's own heuristic"`
	FastEvents      float64 `json:"fastEvents" doc:"events per second of a kubelet worth knowing over largeNodes; kaudit's own heuristic"`
	Named           int     `json:"named" doc:"kubelets that are named one by one; the rest is summed up"`
}

var qpsDefaults = qpsParams{
	LargeNodes: 500, ManagerQPS: 20, SchedulerQPS: 50, HighQPS: 500, FewSeats: 600, WorkerFactor: 4,
	BusyPods: 50, ManyNodes: 1000, FastKubelet: 100, VeryFastKubelet: 500, FastEvents: 100, Named: 10,
}

func (p qpsParams) Validate() error {
	if p.WorkerFactor < 2 || p.Named < 1 || p.FastKubelet > p.VeryFastKubelet {
		return errors.New("workerFactor must be 2 or more, named 1 or more, and fastKubelet at most veryFastKubelet")
	}
	return nil
}

func runQPS(s *evidence.Snapshot, p qpsParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.ControllerManagerFlags.Seen() {
		vs = append(vs, managerQPS(s, o, p), managerWorkers(o, p))
	}
	for _, of := range subjects(s.SchedulerFlags, s.SchedulerConfig) {
		if s.Cluster.Files {
			vs = append(vs, schedulerInFiles(s, of, p))
		} else {
			vs = append(vs, schedulerQPS(s, of, p))
		}
	}
	if s.Cluster.Files {
		return append(vs, kubeletsInFiles(s, p)...)
	}
	return append(vs, kubeletQPS(s, p)...)
}

// subjects are those that flags or a configuration show, in a stable order.
func subjects(flags evidence.Instances[evidence.Flags], configs evidence.Instances[evidence.SchedulerConfig]) []string {
	seen := map[string]bool{}
	for o := range flags.Seen() {
		seen[o.Of] = true
	}
	for o := range configs.Seen() {
		seen[o.Of] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// rate is what a client allows itself, and how that is known.
type rate struct {
	qps   float64
	burst int64
	how   string
	fix   string
}

func managerQPS(s *evidence.Snapshot, o evidence.Observed[evidence.Flags], p qpsParams) checks.Verdict {
	subject := checks.On(o)
	r, src, ok := flagRate(*o.Value)
	if !ok {
		return subject.Untold(*o.Value, "does not tell its --kube-api-qps and --kube-api-burst", "kube-api-qps", "kube-api-burst")
	}
	r.fix = "--kube-api-qps=100 --kube-api-burst=200 on every kube-controller-manager"
	rs := judgeRate(s, r, p.ManagerQPS, s.ControllerManagerMetrics, p)
	v := decide(subject.With(src, "%s", r.how), r.how, fineRate(s, r, p.ManagerQPS), rs)
	if !s.Cluster.Files { // how much is right depends on the size, which no file tells
		return v
	}
	raised, _ := raisedWorkers(*o.Value, p)
	return change(v, flagMends(o.Of, *o.Value, r, p.ManagerQPS, starved(raised, r, p)))
}

func flagRate(f evidence.Flags) (rate, evidence.Source, bool) {
	q, b := f.Setting("kube-api-qps"), f.Setting("kube-api-burst")
	n, err := strconv.ParseFloat(q.Value, 64)
	m, err2 := strconv.ParseInt(b.Value, 10, 64)
	if !q.Known() || !b.Known() || err != nil || err2 != nil {
		return rate{}, q.Source, false
	}
	src := q.Source
	if q.Assumed() && !b.Assumed() {
		src = b.Source
	}
	return rate{qps: n, burst: m, how: fmt.Sprintf("QPS %s, burst %s", q, b)}, src, true
}

func fineRate(s *evidence.Snapshot, r rate, byDefault float64) string {
	switch {
	case r.qps < 0:
		return "sets itself no limit (negative QPS)"
	case s.Cluster.Files && r.qps == byDefault:
		return fmt.Sprintf("allows itself %g requests per second, %d in a burst, the default; no file tells whether the cluster is large enough to need more", r.qps, r.burst)
	}
	return fmt.Sprintf("allows itself %g requests per second, %d in a burst", r.qps, r.burst)
}

// judgeRate holds the rate of a control-plane client against the size of the cluster. More is only
// advised where somebody waits, or where nobody could look.
func judgeRate(s *evidence.Snapshot, r rate, byDefault float64, in evidence.Instances[evidence.Scrapes], p qpsParams) []remark {
	var rs []remark
	nodes := nodeCount(s)
	if r.qps < 0 {
		return nil
	}
	if r.burst > 0 && float64(r.burst) < r.qps {
		rs = append(rs, remark{checks.Info, fmt.Sprintf("has burst %d below its QPS of %g: it cannot use the rate it is given when work comes in bursts", r.burst, r.qps), "burst 1 to 2 times the QPS", r.fix})
	}
	switch large := nodes > p.LargeNodes; {
	case !large && r.qps > 0 && r.qps < byDefault:
		rs = append(rs, remark{checks.Info, fmt.Sprintf("allows each of its clients %g requests per second, under the default of %g: somebody throttled it", r.qps, byDefault), fmt.Sprintf("at least %g QPS, the default", byDefault), "remove the setting: up to 500 nodes the default is right"})
	case large && r.qps <= byDefault:
		switch over, enough, how := anyHeldBack(in); {
		case over:
			rs = append(rs, remark{checks.Warning, fmt.Sprintf("allows each of its clients %g requests per second for %d nodes, and is held back by that: %s", r.qps, nodes, how), "100 QPS, burst 200", r.fix})
		case !enough:
			rs = append(rs, remark{checks.Info, fmt.Sprintf("allows each of its clients %g requests per second, the default or less, for %d nodes; whether that holds it back was not measured", r.qps, nodes), "100 QPS, burst 200, if client-throttling shows that it waits", r.fix})
		}
	}
	if seats, ok := fewestSeats(s); ok && r.qps > p.HighQPS && seats <= p.FewSeats {
		rs = append(rs, remark{checks.Info, fmt.Sprintf("allows each of its clients %g requests per second, and a kube-apiserver runs %d requests at once: it can fill its priority level alone", r.qps, seats), fmt.Sprintf("at most %g QPS, or more seats", p.HighQPS), "lower its QPS, or see apiserver-apf"})
	}
	return rs
}

// anyHeldBack reports whether an instance was seen to wait in the window: the standby ones of a
// component send next to nothing, so the busiest counts for all.
func anyHeldBack(in evidence.Instances[evidence.Scrapes]) (over, enough bool, how string) {
	for o := range in.Seen() {
		h := heldBack(*o.Value, throttlingDefaults)
		if h.history || !h.enough {
			continue
		}
		enough = true
		if h.over {
			return true, true, h.said
		}
	}
	return false, enough, ""
}

// fewestSeats is the least that a kube-apiserver admits at once; false if none told.
func fewestSeats(s *evidence.Snapshot) (least int, ok bool) {
	for o := range s.APIServerFlags.Seen() {
		a, err := strconv.Atoi(o.Value.Setting("max-requests-inflight").Value)
		b, err2 := strconv.Atoi(o.Value.Setting("max-mutating-requests-inflight").Value)
		if err == nil && err2 == nil && (!ok || a+b < least) {
			least, ok = a+b, true
		}
	}
	return least, ok
}

// managerWorkers finds workers raised without the rate that they would need.
func managerWorkers(o evidence.Observed[evidence.Flags], p qpsParams) checks.Verdict {
	subject := checks.On(o).Aspect("workers")
	f := *o.Value
	r, src, ok := flagRate(f)
	if !ok {
		return subject.Untold(f, "does not tell its --kube-api-qps, so workers cannot be held against it", "kube-api-qps", "kube-api-burst")
	}
	raised, known := raisedWorkers(f, p)
	subject = subject.With(src, "%s", r.how)
	if !starved(raised, r, p) {
		return subject.Pass("has QPS %g for its workers, of which %d kinds are at %d times their default or more", r.qps, len(raised), p.WorkerFactor).Saw("%d worker flags known", known)
	}
	v := subject.Find(checks.Info, "has many workers (%s) on %g requests per second each client: they queue in its own limiter", strings.Join(raised, " "), r.qps).
		Saw("%s, %s", strings.Join(raised, " "), r.how).Want("QPS raised with the workers").
		WithFix("--kube-api-qps=100 --kube-api-burst=200 on every kube-controller-manager")
	if !f.InFile() {
		return v
	}
	return change(v, flagMends(o.Of, f, r, p.ManagerQPS, true))
}

// starved reports workers raised on a rate that was not.
func starved(raised []string, r rate, p qpsParams) bool {
	return len(raised) > 0 && r.qps >= 0 && r.qps <= p.ManagerQPS
}

// raisedWorkers are the flags of workers that are well over their default, and how many were known.
func raisedWorkers(f evidence.Flags, p qpsParams) (raised []string, known int) {
	for _, name := range slices.Sorted(maps.Keys(f.Values)) {
		byDefault, ok := evidence.Default("kube-controller-manager", name, f.Version)
		d, err := strconv.Atoi(byDefault)
		n, err2 := strconv.Atoi(f.Setting(name).Value)
		if !strings.HasSuffix(name, "-syncs") || !ok || err != nil || err2 != nil {
			continue
		}
		if known++; n >= p.WorkerFactor*d {
			raised = append(raised, fmt.Sprintf("--%s=%d", name, n))
		}
	}
	return raised, known
}
