package apiserver

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func TestAPF(t *testing.T) {
	// sound has every flag that the check reads at its default, but for the given ones.
	sound := func(node string, other ...string) evidence.Observed[evidence.Flags] {
		m := map[string]string{
			"enable-priority-and-fairness": "true", "max-requests-inflight": "400", "max-mutating-requests-inflight": "200",
			"request-timeout": "1m0s", "min-request-timeout": "1800", "etcd-count-metric-poll-period": "1m0s",
		}
		for i := 0; i < len(other); i += 2 {
			m[other[i]] = other[i+1]
		}
		return apiserverFlags(node, m)
	}
	one := func(f evidence.Observed[evidence.Flags], edits ...func(*evidence.Snapshot)) *evidence.Snapshot {
		s := &evidence.Snapshot{APIServerFlags: evidence.Instances[evidence.Flags]{f}}
		for _, e := range edits {
			e(s)
		}
		return s
	}
	nodes := func(n int, cpus int64) func(*evidence.Snapshot) {
		return func(s *evidence.Snapshot) {
			items := make([]evidence.Node, n)
			items[0] = evidence.Node{Name: "cp-1", ControlPlane: true, CPUs: cpus}
			s.Nodes = evidence.See("cluster", evidence.Nodes{Items: items}, evidence.Source{})
		}
	}
	metrics := func(f apfFamilies) func(*evidence.Snapshot) {
		return func(s *evidence.Snapshot) {
			s.APIServerMetrics = append(s.APIServerMetrics, apfScrapes("cp-1", 10*time.Minute, time.Hour, apfFamilies{}, f))
		}
	}
	seats := gauge([]string{"priority_level"}, row{300.0, "workload-low"}, row{300.0, "system"})
	objects := func(n float64) apfFamilies {
		return apfFamilies{"apiserver_resource_objects": gauge([]string{"resource"}, row{n, "pods"}, row{-1.0, "events"})}
	}
	refused := apfFamilies{fcDispatched: served(900, 10), fcRejected: counts(ofReason, row{100.0, "workload-low", "s", "time-out"})}
	gateOff := apfFamilies{"kubernetes_feature_enabled": gauge([]string{"name"}, row{0.0, "APIPriorityAndFairness"})}
	old := sound("cp-1", "feature-gates", "APIPriorityAndFairness=false")
	old.Value.Version = "1.28.15"
	gap := func(why evidence.Why) func(*evidence.Snapshot) {
		return func(s *evidence.Snapshot) {
			s.APIServerFlags = evidence.Instances[evidence.Flags]{evidence.Miss[evidence.Flags]("kube-apiserver", evidence.Gap{Why: why, Note: "not shown"}, evidence.Source{})}
		}
	}
	const cp = "kube-apiserver/cp-1"
	// all lists the verdicts of one instance in order, with those that differ from a pass.
	all := func(other map[string]string, aspects ...string) []string {
		if aspects == nil {
			aspects = []string{"", " seats", " request-timeout", " min-request-timeout", " list-cost"}
		}
		var out []string
		for _, a := range aspects {
			outcome := "pass"
			if o, ok := other[a]; ok {
				outcome = o
			}
			out = append(out, outcome+" "+cp+a)
		}
		return out
	}
	is := func(aspect, outcome string) map[string]string { return map[string]string{aspect: outcome} }
	offAspects := []string{"", " request-timeout", " min-request-timeout"}

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"defaults":                      {one(sound("cp-1")), all(nil)},
		"off by flag":                   {one(sound("cp-1", "enable-priority-and-fairness", "false")), all(is("", "warning"), offAspects...)},
		"off by flag, seats say on":     {one(sound("cp-1", "enable-priority-and-fairness", "false"), metrics(apfFamilies{"apiserver_flowcontrol_nominal_limit_seats": seats})), all(nil)},
		"off by gate, 1.28":             {one(old), all(is("", "warning"), offAspects...)},
		"a gate that 1.29 locked":       {one(sound("cp-1", "feature-gates", "APIPriorityAndFairness=false")), all(nil)},
		"off by the gate's metric":      {one(sound("cp-1"), metrics(gateOff)), all(is("", "warning"), offAspects...)},
		"off, and no limit":             {one(sound("cp-1", "enable-priority-and-fairness", "false", "max-mutating-requests-inflight", "0")), all(map[string]string{"": "warning", " inflight": "critical"}, "", " inflight", " request-timeout", " min-request-timeout")},
		"on, a limit of 0 is a summand": {one(sound("cp-1", "max-requests-inflight", "640", "max-mutating-requests-inflight", "0")), all(nil)},

		"metrics alone, a provider's": {one(evidence.Observed[evidence.Flags]{}, gap(evidence.Absent), metrics(apfFamilies{"apiserver_flowcontrol_nominal_limit_seats": seats})), []string{"pass " + cp, "not-applicable " + cp + " limits"}},
		"metrics alone, forbidden":    {one(evidence.Observed[evidence.Flags]{}, gap(evidence.Forbidden), metrics(apfFamilies{"apiserver_flowcontrol_nominal_limit_seats": seats})), []string{"pass " + cp, "skipped " + cp + " limits"}},
		"metrics without seats":       {one(evidence.Observed[evidence.Flags]{}, gap(evidence.Absent), metrics(apfFamilies{})), []string{"skipped " + cp, "not-applicable " + cp + " limits"}},

		"500 nodes, 600 seats":                     {one(sound("cp-1"), nodes(500, 8)), all(nil)},
		"501 nodes, 600 seats, not measured":       {one(sound("cp-1"), nodes(501, 8)), all(is(" seats", "info"))},
		"501 nodes, 600 seats, none refused":       {one(sound("cp-1"), nodes(501, 8), metrics(apfFamilies{fcDispatched: served(900, 10)})), all(nil)},
		"501 nodes, 600 seats, many refused":       {one(sound("cp-1"), nodes(501, 8), metrics(refused)), all(is(" seats", "warning"))},
		"501 nodes, 601 seats":                     {one(sound("cp-1", "max-requests-inflight", "401"), nodes(501, 8)), all(nil)},
		"4000 seats":                               {one(sound("cp-1", "max-requests-inflight", "3800")), all(nil)},
		"4001 seats":                               {one(sound("cp-1", "max-requests-inflight", "3801")), all(is(" seats", "warning"))},
		"1000 seats on 8 CPUs":                     {one(sound("cp-1", "max-requests-inflight", "800"), nodes(3, 8)), all(nil)},
		"1001 seats on 8 CPUs":                     {one(sound("cp-1", "max-requests-inflight", "801"), nodes(3, 8)), all(is(" seats", "warning"))},
		"the default on 2 CPUs is nobody's choice": {one(sound("cp-1"), nodes(3, 2)), all(nil)},

		"request-timeout 61s":       {one(sound("cp-1", "request-timeout", "61s")), all(is(" request-timeout", "warning"))},
		"request-timeout 30s":       {one(sound("cp-1", "request-timeout", "30s")), all(nil)},
		"request-timeout 29s":       {one(sound("cp-1", "request-timeout", "29s")), all(is(" request-timeout", "warning"))},
		"request-timeout no number": {one(sound("cp-1", "request-timeout", "long")), all(is(" request-timeout", "skipped"))},
		"min-request-timeout 300":   {one(sound("cp-1", "min-request-timeout", "300")), all(nil)},
		"min-request-timeout 299":   {one(sound("cp-1", "min-request-timeout", "299")), all(is(" min-request-timeout", "warning"))},
		"min-request-timeout 3600":  {one(sound("cp-1", "min-request-timeout", "3600")), all(nil)},
		"min-request-timeout 3601":  {one(sound("cp-1", "min-request-timeout", "3601")), all(is(" min-request-timeout", "info"))},

		"not counting, size unknown":  {one(sound("cp-1", "etcd-count-metric-poll-period", "0s")), all(is(" list-cost", "warning"))},
		"not counting, 99 nodes":      {one(sound("cp-1", "etcd-count-metric-poll-period", "0s"), nodes(99, 8)), all(is(" list-cost", "info"))},
		"not counting, 100 nodes":     {one(sound("cp-1", "etcd-count-metric-poll-period", "0s"), nodes(100, 8)), all(is(" list-cost", "warning"))},
		"not counting, 10000 objects": {one(sound("cp-1", "etcd-count-metric-poll-period", "0s"), metrics(objects(10000))), all(is(" list-cost", "info"))},
		"not counting, 10001 objects": {one(sound("cp-1", "etcd-count-metric-poll-period", "0s"), metrics(objects(10001))), all(is(" list-cost", "warning"))},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, said(runAPF(tc.snapshot, apfDefaults))); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}

	for name, tc := range map[string]struct {
		second string
		third  bool // there is one more instance, whose flags could not be read
		want   string
	}{
		"the same total, split otherwise":   {"400", false, "pass kube-apiserver seats"},
		"another total":                     {"401", false, "info kube-apiserver seats"},
		"the same total of two of three":    {"400", true, "skipped kube-apiserver seats"},
		"another total of two of three":     {"401", true, "info kube-apiserver seats"},
		"a total that is no number, of two": {"many", false, "skipped kube-apiserver seats"},
	} {
		t.Run(name, func(t *testing.T) {
			s := one(sound("cp-1", "max-requests-inflight", "200", "max-mutating-requests-inflight", "400"))
			s.APIServerFlags = append(s.APIServerFlags, sound("cp-2", "max-requests-inflight", tc.second))
			if tc.third {
				s.APIServerFlags = append(s.APIServerFlags, evidence.Miss[evidence.Flags]("kube-apiserver/cp-3", evidence.Gap{Why: evidence.Unreachable, Note: "no answer"}, evidence.Source{}))
			}
			got := said(runAPF(s, apfDefaults))
			if last := got[len(got)-1]; last != tc.want {
				t.Errorf("got %q, want %q", last, tc.want)
			}
		})
	}
}
