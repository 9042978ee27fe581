package apiserver

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// troubled is a cluster of three instances on which many checks have something to say.
func troubled() *evidence.Snapshot {
	s := tended(3)
	s.KubeadmConfig.Value.ControlPlaneEndpoint = "10.0.0.2"
	src := evidence.Source{Via: "apiserver", At: taken}
	s.EtcdStatus = evidence.Instances[evidence.EtcdStatus]{evidence.See("etcd/cp-1", evidence.EtcdStatus{Version: "3.5.24"}, src)}
	s.FlowSchemas = evidence.See("cluster", inOrder(bootstrapSchemas), src)
	s.PriorityLevels = evidence.See("cluster", bootstrapLevels, src)
	s.APIServices = evidence.See("kube-apiserver", []evidence.APIService{{Name: "v1.example.org", Service: "ns/svc", Available: "False", Reason: "MissingEndpoints", Since: taken.Add(-time.Hour)}}, src)
	for i := range 3 {
		for name, v := range map[string]string{"shutdown-delay-duration": "0s", "goaway-chance": "0", "watch-cache": "true", "watch-cache-sizes": "[]"} {
			setFlag(s, i, name, v)
		}
		first, second := &s.APIServerMetrics[i].Value.First, s.APIServerMetrics[i].Value.Second
		for name, f := range map[string]map[string]float64{
			fcDispatched: {"priority_level=system,flow_schema=system-nodes": 1000}, fcRejected: {"priority_level=system,flow_schema=system-nodes,reason=time-out": 50},
			"apiserver_request_total":                     {"verb=GET,code=200,resource=other": 5000},
			"apiserver_watch_cache_consistent_read_total": {"resource=pods,success=true,fallback=false": 200, "resource=pods,success=true,fallback=true": 20},
			"apiserver_storage_consistency_checks_total":  {"resource=pods,status=success": 9},
		} {
			first.Families[name] = metricOf("counter", map[string]float64{})
			second.Families[name] = metricOf("counter", f)
		}
		n := 3000.0
		if i > 0 {
			n = 300
		}
		second.Families["apiserver_longrunning_requests"] = metricOf("gauge", map[string]float64{"verb=WATCH": n})
		second.Families["apiserver_resource_objects"] = metricOf("gauge", map[string]float64{"resource=customresourcedefinitions,group=apiextensions.k8s.io": 3000})
	}
	return s
}

// each observation of a snapshot, by name.
func observations(s *evidence.Snapshot) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	for f, v := range reflect.ValueOf(s).Elem().Fields() {
		switch {
		case strings.HasPrefix(f.Type.Name(), "Observed["):
			out[f.Name] = v
		case strings.HasPrefix(f.Type.Name(), "Instances["):
			for i := range v.Len() {
				out[f.Name+" "+v.Index(i).FieldByName("Of").String()] = v.Index(i)
			}
		}
	}
	return out
}

type spoken struct{ check, subject string }

func verdictsOf(s *evidence.Snapshot) map[spoken]checks.Verdict {
	out := map[spoken]checks.Verdict{}
	for _, r := range checks.Run(s, Checks()) {
		for _, v := range r.Verdicts {
			out[spoken{r.Check.ID, v.Subject}] = v
		}
	}
	return out
}

// Losing one observation may cost a verdict, but then a skipped one says why; none may turn into a
// pass, into a finding, or into silence.
func TestLosingEvidenceIsSaid(t *testing.T) {
	before := verdictsOf(troubled())
	for name := range observations(troubled()) {
		t.Run(name, func(t *testing.T) {
			s := troubled()
			o := observations(s)[name]
			if o.FieldByName("Value").IsNil() {
				return // nothing to lose
			}
			o.FieldByName("Value").SetZero()
			o.FieldByName("Gap").Set(reflect.ValueOf(&evidence.Gap{Why: evidence.Forbidden, Note: "the reason"}))
			after := verdictsOf(s)
			for k, b := range before {
				a, ok := after[k]
				switch {
				case !ok && !saidInstead(k, before, after):
					t.Errorf("%s: %s, %q: got silence", k.check, k.subject, b.Message)
				case ok && a.Outcome != b.Outcome && a.Outcome != checks.Skipped && a.Outcome != checks.NotApplicable:
					t.Errorf("%s: %s: got %s %q, want skipped or what it was: %s %q", k.check, k.subject, a.Outcome, a.Message, b.Outcome, b.Message)
				case ok && a.Outcome == checks.Finding && a.Severity > b.Severity:
					t.Errorf("%s: %s: got %s %q, want at most %s", k.check, k.subject, a.Severity, a.Message, b.Severity)
				}
			}
			for k, a := range after {
				if _, was := before[k]; !was && a.Outcome != checks.Skipped && a.Outcome != checks.NotApplicable {
					t.Errorf("%s: %s: got a new %s %q", k.check, k.subject, a.Outcome, a.Message)
				}
			}
		})
	}
}

// saidInstead reports whether a new skipped verdict of the same check stands for a lost one: of the
// same instance, or of all.
func saidInstead(lost spoken, before, after map[spoken]checks.Verdict) bool {
	of, _, _ := strings.Cut(lost.subject, " ")
	for k, v := range after {
		if k.check != lost.check || v.Outcome != checks.Skipped || before[k].Outcome == checks.Skipped {
			continue
		}
		if on, _, _ := strings.Cut(k.subject, " "); on == of || !strings.Contains(on, "/") || !strings.Contains(of, "/") {
			return true
		}
	}
	return false
}
