package apiserver

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed apf.md
var apfDoc string

var apf = checks.New(checks.Spec{
	ID:        "apiserver-apf",
	Component: "kube-apiserver",
	Severity:  checks.Warning,
	AnyOf:     []evidence.Kind{evidence.KindAPIServerFlags, evidence.KindAPIServerMetrics},
	Uses:      []evidence.Kind{evidence.KindVersion, evidence.KindNodes},
	Doc:       apfDoc,
}, apfDefaults, runAPF)

type apfParams struct {
	LargeNodes        int     `json:"largeNodes" doc:"nodes over which the default number of seats is questioned; kube-up gives more from there on"`
	DefaultSeats      int     `json:"defaultSeats" doc:"seats of one kube-apiserver by default: --max-requests-inflight 400 and --max-mutating-requests-inflight 200"`
	MaxSeats          int     `json:"maxSeats" doc:"seats over which overload protection is doubted; the most that kube-up ever gave"`
	SeatsPerCPU       int     `json:"seatsPerCPU" doc:"raised seats for each CPU of the node over which overload protection is doubted; kube-up gives 4000 seats to 32 CPUs"`
	MinRequestTimeout int     `json:"minRequestTimeout" doc:"--request-timeout in seconds below which large LISTs and slow webhooks fail; kaudit's own heuristic"`
	MaxRequestTimeout int     `json:"maxRequestTimeout" doc:"--request-timeout in seconds over which requests hold seats for too long; the default of the flag"`
	MinWatchTimeout   float64 `json:"minWatchTimeout" doc:"--min-request-timeout in seconds below which watches churn; the least that client-go asks for itself"`
	MaxWatchTimeout   float64 `json:"maxWatchTimeout" doc:"--min-request-timeout in seconds over which watches hardly move after a roll-out; twice the default"`
	ManyObjects       float64 `json:"manyObjects" doc:"objects of one resource from which a LIST of unknown cost is dangerous; kaudit's own heuristic"`
	SmallNodes        int     `json:"smallNodes" doc:"nodes below which it is advice only, where objects are not counted; kaudit's own heuristic"`
}

var apfDefaults = apfParams{
	LargeNodes: 500, DefaultSeats: 600, MaxSeats: 4000, SeatsPerCPU: 125,
	MinRequestTimeout: 30, MaxRequestTimeout: 60, MinWatchTimeout: 300, MaxWatchTimeout: 3600,
	ManyObjects: 10000, SmallNodes: 100,
}

func (p apfParams) Validate() error {
	if p.SeatsPerCPU <= 0 || p.MinRequestTimeout > p.MaxRequestTimeout || p.MinWatchTimeout > p.MaxWatchTimeout {
		return errors.New("seatsPerCPU must be over 0, and no minimum over its maximum")
	}
	return nil
}

func runAPF(s *evidence.Snapshot, p apfParams) []checks.Verdict {
	var vs []checks.Verdict
	totals := map[string]int{}
	for _, of := range apfInstances(s) {
		flags, metrics := s.APIServerFlags.Of(of), s.APIServerMetrics.Of(of)
		on := apfRuns(flags, metrics)
		vs = append(vs, apfOn(of, on, flags, metrics))
		if !flags.Seen() {
			vs = append(vs, apfFlagless(s, of, flags.Gap))
			continue
		}
		subject := checks.On(flags)
		if on.known && !on.on {
			if v, ok := apfUnlimited(of, subject.Aspect("inflight"), *flags.Value); ok {
				vs = append(vs, v)
			}
		} else if total, ok := apfSeats(*flags.Value); ok && on.known {
			totals[of] = total
			vs = append(vs, apfSizing(s, subject.Aspect("seats"), of, total, p))
		} else {
			vs = append(vs, subject.Aspect("seats").Untold(*flags.Value, "does not tell its --max-requests-inflight and --max-mutating-requests-inflight, or whether API Priority and Fairness runs, which decides what they mean",
				"max-requests-inflight", "max-mutating-requests-inflight", "enable-priority-and-fairness"))
		}
		vs = append(vs, requestTimeout(of, subject.Aspect("request-timeout"), *flags.Value, p), minRequestTimeout(of, subject.Aspect("min-request-timeout"), *flags.Value, p))
		if on.on || !on.known {
			vs = append(vs, apfListCost(s, of, subject.Aspect("list-cost"), *flags.Value, p))
		}
	}
	if known := apfKnown(s); known > 1 && !s.Cluster.Managed && (!s.Cluster.Files || len(totals) > 1) {
		vs = append(vs, apfAgree(s, totals, known))
	}
	return vs
}

// apfInstances are the subjects that flags or metrics show, in a stable order.
func apfInstances(s *evidence.Snapshot) []string {
	var out []string
	for o := range s.APIServerFlags.Seen() {
		out = append(out, o.Of)
	}
	for o := range s.APIServerMetrics.Seen() {
		out = append(out, o.Of)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// apfKnown counts the instances of which flags or metrics were asked for: more may run than told.
func apfKnown(s *evidence.Snapshot) int {
	of := map[string]bool{}
	for _, k := range []evidence.Kind{evidence.KindAPIServerFlags, evidence.KindAPIServerMetrics} {
		for _, r := range s.Records(k) {
			if strings.Contains(r.Of, "/") { // else nobody knows the instances
				of[r.Of] = true
			}
		}
	}
	return len(of)
}

// apfState is whether APF runs in a process, and how that is known.
type apfState struct {
	on, known bool
	how       string
	src       evidence.Source
	mend      *checks.Change // the flag that switches it off, with what it should be
}

// apfRuns decides by the strongest sign: the process's own seats, then the gate's metric, then flags.
func apfRuns(flags evidence.Observed[evidence.Flags], metrics evidence.Observed[evidence.Scrapes]) apfState {
	if metrics.Seen() {
		m := metrics.Value.Latest()
		if levels, seats := apfNominal(m); levels > 0 {
			return apfState{on: true, known: true, how: fmt.Sprintf("%.0f seats in %d priority levels", seats, levels), src: metrics.Source}
		}
		if m.Has("apiserver_flowcontrol_dispatched_requests_total") {
			return apfState{on: true, known: true, how: "requests dispatched by priority level", src: metrics.Source}
		}
		if v, ok := m.Max("kubernetes_feature_enabled", evidence.Is("name", "APIPriorityAndFairness")); ok && v == 0 {
			return apfState{known: true, how: "feature gate APIPriorityAndFairness is off", src: metrics.Source}
		}
	}
	if !flags.Seen() {
		return apfState{}
	}
	f := *flags.Value
	// Locked on from 1.29: an older version is the only one that heeds the gate.
	if g := f.Setting("feature-gates"); g.Known() && strings.Contains(strings.Join(append([]string{g.Value}, g.All...), ","), "APIPriorityAndFairness=false") {
		if v, ok := evidence.ParseSemver(f.Version); ok && v.Less(evidence.Semver{Major: 1, Minor: 29}) {
			mend := without(flags.Of, g, "APIPriorityAndFairness")
			return apfState{known: true, how: "--feature-gates=APIPriorityAndFairness=false", src: g.Source, mend: &mend}
		}
	}
	set := f.Setting("enable-priority-and-fairness")
	on, err := strconv.ParseBool(set.Value)
	return apfState{
		on: on, known: set.Known() && err == nil, how: "--enable-priority-and-fairness: " + set.String(), src: set.Source,
		mend: &checks.Change{Subject: flags.Of, Name: set.Name, Remove: true},
	}
}

// apfNominal sums the seats that priority levels own. It exceeds the configured total by at most
// one for each level, as each share is rounded up.
func apfNominal(m *evidence.Scrape) (levels int, seats float64) {
	for _, family := range []string{"apiserver_flowcontrol_nominal_limit_seats", "apiserver_flowcontrol_request_concurrency_limit"} {
		if by := m.By(family, "priority_level"); len(by) > 0 {
			for _, v := range by {
				seats += v
			}
			return len(by), seats
		}
	}
	return 0, 0
}

func apfOn(of string, on apfState, flags evidence.Observed[evidence.Flags], metrics evidence.Observed[evidence.Scrapes]) checks.Verdict {
	if !on.known {
		subject, live := checks.About(of, flags.Source, metrics.Source), "does not tell whether it runs API Priority and Fairness: neither its flags nor seats in its metrics could be read"
		if flags.Seen() {
			return subject.Untold(*flags.Value, live, "enable-priority-and-fairness")
		}
		return subject.Skip("%s", live)
	}
	subject := checks.About(of).With(on.src, "%s", on.how)
	if on.on {
		return subject.Pass("runs API Priority and Fairness").Saw("%s", on.how)
	}
	v := subject.Find(checks.Warning, "runs without API Priority and Fairness: one busy client can take every slot, those of kubelets and leader election included").
		Saw("%s", on.how).Want("true, the default").
		WithFix("remove --enable-priority-and-fairness=false (and APIPriorityAndFairness=false of --feature-gates) from every kube-apiserver")
	if on.mend != nil {
		v = changed(v, *on.mend)
	}
	return v
}

// apfFlagless says once of an instance that what only flags tell was not judged.
func apfFlagless(s *evidence.Snapshot, of string, gap *evidence.Gap) checks.Verdict {
	for _, o := range s.APIServerFlags {
		if gap == nil && o.Gap != nil && !strings.Contains(o.Of, "/") {
			gap = o.Gap
		}
	}
	subject := checks.About(of).Aspect("limits")
	switch {
	case gap == nil:
		return subject.Skip("its flags were not read: limits and timeouts are not judged")
	case gap.Why == evidence.Absent:
		return subject.NotApplicable("limits and timeouts are the provider's: %s", gap.Note)
	}
	return subject.Skip("limits and timeouts are not judged: %s", gap.Note).Unlocked(gap.Unlock)
}

// apfSeats is the total of both limits: with APF on only their sum matters.
func apfSeats(f evidence.Flags) (int, bool) {
	total := 0
	for _, name := range []string{"max-requests-inflight", "max-mutating-requests-inflight"} {
		n, err := strconv.Atoi(f.Setting(name).Value)
		if err != nil || n < 0 {
			return 0, false
		}
		total += n
	}
	return total, true
}

// fewerSeats goes back to what every kube-apiserver starts with.
const fewerSeats = "--max-requests-inflight=400 --max-mutating-requests-inflight=200   # the defaults; raise them while CPU stays under 60% and memory has headroom"

func apfSizing(s *evidence.Snapshot, subject checks.Subject, of string, total int, p apfParams) checks.Verdict {
	subject = subject.With(seatsSource(s.APIServerFlags.Of(of)), "--max-requests-inflight and --max-mutating-requests-inflight: %d together", total)
	if total > p.MaxSeats {
		return subject.Find(checks.Warning, "admits %d requests at once: over %d it is likely to run out of CPU or memory before it refuses anybody", total, p.MaxSeats).
			Saw("%d seats", total).Want("at most %d, raised only while CPU and memory have headroom", p.MaxSeats).WithFix(fewerSeats)
	}
	if cpus := apfCPUs(s, of); cpus > 0 && total > p.DefaultSeats && total > p.SeatsPerCPU*cpus {
		return subject.Find(checks.Warning, "admits %d requests at once on %d CPUs: over %d for each CPU it is likely to run out of CPU or memory before it refuses anybody", total, cpus, p.SeatsPerCPU).
			Saw("%d seats, %d CPUs", total, cpus).Want("at most %d", max(p.SeatsPerCPU*cpus, p.DefaultSeats)).WithFix(fewerSeats)
	}
	if !s.Nodes.Seen() || len(s.Nodes.Value.Items) <= p.LargeNodes || total > p.DefaultSeats {
		more := ""
		if s.Cluster.Files && total <= p.DefaultSeats {
			more = "; no file tells whether the cluster is large enough to need more"
		}
		return subject.Pass("admits %d requests at once%s", total, more).Saw("%d seats", total)
	}
	nodes := len(s.Nodes.Value.Items)
	pressed, measured := apfPressed(s)
	fix := "--max-requests-inflight=1500 --max-mutating-requests-inflight=500 on every kube-apiserver, if its CPU stays under 60% and memory has headroom"
	switch {
	case pressed != "":
		return subject.Find(checks.Warning, "admits %d requests at once for %d nodes, and that is too little now: %s", total, nodes, pressed).
			Saw("%d seats, %d nodes", total, nodes).Want("more than %d over %d nodes", p.DefaultSeats, p.LargeNodes).WithFix(fix)
	case measured:
		return subject.Pass("admits %d requests at once for %d nodes, and none was refused while it was watched", total, nodes).Saw("%d seats, %d nodes", total, nodes)
	}
	return subject.Find(checks.Info, "admits %d requests at once for %d nodes; whether that suffices was not measured", total, nodes).
		Saw("%d seats, %d nodes", total, nodes).Want("no rejections and no waiting (apiserver-apf-saturation tells)").WithFix(fix)
}

// seatsSource is where the number of seats stands: in a file the line of the larger limit that is set.
func seatsSource(o evidence.Observed[evidence.Flags]) evidence.Source {
	src, most := o.Source, -1
	for _, name := range []string{"max-requests-inflight", "max-mutating-requests-inflight"} {
		set := o.Value.Setting(name)
		if n, err := strconv.Atoi(set.Value); err == nil && n > most && !set.Assumed() && set.Source.InFile() {
			src, most = set.Source, n
		}
	}
	return src
}

// without is the change that takes one gate out of --feature-gates.
func without(of string, gates evidence.Setting, gate string) checks.Change {
	rest := slices.DeleteFunc(allItems(gates), func(item string) bool {
		name, _, _ := strings.Cut(item, "=")
		return name == gate
	})
	return checks.Change{Subject: of, Name: gates.Name, Value: strings.Join(rest, ","), Remove: len(rest) == 0}
}

// apfCPUs are those of the node that the instance is named after; 0 if that is not known.
func apfCPUs(s *evidence.Snapshot, of string) int {
	if s.Nodes.Seen() {
		for _, n := range s.Nodes.Value.Items {
			if "kube-apiserver/"+n.Name == of {
				return int(n.CPUs)
			}
		}
	}
	return 0
}

// apfUnlimited finds a limit of 0 where APF is off: then it means no limit at all.
func apfUnlimited(of string, subject checks.Subject, f evidence.Flags) (checks.Verdict, bool) {
	for _, name := range []string{"max-requests-inflight", "max-mutating-requests-inflight"} {
		if set := f.Setting(name); set.Known() && set.Value == "0" {
			return subject.With(set.Source, "--%s: %s", name, set).
				Find(checks.Critical, "has no overload protection at all: API Priority and Fairness is off and --%s=0 means no limit", name).
				Saw("%s", set).Want("400 and 200, the defaults, or API Priority and Fairness on").
				WithFix("remove --"+name+"=0 from every kube-apiserver").Unsetting(of, name), true
		}
	}
	return checks.Verdict{}, false
}

// apfAgree compares the sums of those that tell; that they agree is said only if all do.
func apfAgree(s *evidence.Snapshot, totals map[string]int, known int) checks.Verdict {
	var all []string
	low, high := -1, 0
	for of, n := range totals {
		all = append(all, fmt.Sprintf("%s %d", of, n))
		high = max(high, n)
		if low < 0 || n < low {
			low = n
		}
	}
	slices.Sort(all)
	subject := checks.About("kube-apiserver").Aspect("seats")
	if s.Cluster.Files {
		for o := range s.APIServerFlags.Seen() {
			if n, ok := totals[o.Of]; ok {
				subject = subject.With(seatsSource(o), "%s %d", o.Of, n)
			}
		}
	}
	if len(totals) < 2 || low == high && len(totals) < known {
		return subject.Skip("whether all instances admit as many requests is not known: %d of %d tell", len(totals), known)
	}
	if low == high {
		return subject.Pass("all %d instances admit %d requests at once", len(totals), high).Saw("%d seats each", high)
	}
	return subject.Find(checks.Info, "instances admit between %d and %d requests at once: clients are refused or not by the instance they happen to meet", low, high).
		Saw("%s", strings.Join(all, ", ")).Want("the same on every instance").
		WithFix("set --max-requests-inflight and --max-mutating-requests-inflight alike on every kube-apiserver")
}
