package apiserver

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func apfLine(line int) evidence.Source {
	return evidence.Source{Via: evidence.ViaFile, From: "apf.yaml", Line: line}
}

// schemaInFile takes everything that a group sends.
func schemaInFile(line int, name, level string, precedence int32, groups ...string) evidence.FlowSchema {
	return evidence.FlowSchema{
		Name: name, Level: level, Precedence: precedence, Distinguisher: "ByUser", Rules: toEverything(nil, groups, nil),
		At: apfLine(line), APIVersion: "flowcontrol.apiserver.k8s.io/v1",
	}
}

func levelInFile(line int, name string) evidence.Level {
	return evidence.Level{Name: name, Type: "Limited", Shares: 20, Response: "Queue", At: apfLine(line), APIVersion: "flowcontrol.apiserver.k8s.io/v1"}
}

func TestAPFObjectsInFiles(t *testing.T) {
	files := func(version string, levels []evidence.Level, schemas ...evidence.FlowSchema) *evidence.Snapshot {
		s := inFiles(version)
		if len(schemas) > 0 {
			s.FlowSchemas = evidence.See("cluster", schemas, apfLine(1))
		}
		if len(levels) > 0 {
			s.PriorityLevels = evidence.See("cluster", levels, apfLine(1))
		}
		return s
	}
	old := schemaInFile(9, "batch", "batch", 8000, "batch")
	old.APIVersion = "flowcontrol.apiserver.k8s.io/v1beta2"
	mine := schemaInFile(9, "batch", "batch", 8000, "batch")
	mine.AutoUpdate = "true"
	capped := levelInFile(3, "batch")
	capped.BorrowingPercent = new(int32)
	builtin := builtinSchemas(34)["system-nodes"]
	builtin.At, builtin.Precedence = apfLine(5), 600
	kept := builtin
	kept.AutoUpdate = "false"
	batch := []evidence.Level{levelInFile(3, "batch")}
	for name, tc := range map[string]struct {
		s    *evidence.Snapshot
		want []string
		fix  string
	}{
		"a level and its schema":       {files("1.34.2", batch, schemaInFile(9, "batch", "batch", 8000, "batch")), []string{"pass priority and fairness objects at 1"}, ""},
		"levels alone":                 {files("1.34.2", batch), []string{"pass priority and fairness objects at 1"}, ""},
		"a schema of a built-in level": {files("1.34.2", nil, schemaInFile(9, "batch", "workload-low", 8000, "batch")), []string{"pass priority and fairness objects at 1"}, ""},
		"a level that is nowhere":      {files("1.34.2", nil, schemaInFile(9, "batch", "lost", 8000, "batch")), []string{"warning flowschema/batch at 9"}, "spec.priorityLevelConfiguration.name: LEVEL   # or create the PriorityLevelConfiguration lost"},
		"takes what others are for":    {files("1.34.2", batch, schemaInFile(9, "batch", "batch", 300, "system:authenticated")), []string{"warning flowschema/batch at 9"}, "spec.matchingPrecedence: 8000   # or narrow its rules"},
		"never matches":                {files("1.34.2", batch, schemaInFile(9, "batch", "batch", 9950, "batch")), []string{"warning flowschema/batch at 9"}, "spec.matchingPrecedence: 8000"},
		"exempts a group":              {files("1.34.2", nil, schemaInFile(9, "vip", "exempt", 8000, "system:serviceaccounts")), []string{"warning flowschema/vip at 9"}, "spec.matchingPrecedence: 8000   # or narrow its rules\nspec.priorityLevelConfiguration.name: workload-high   # or a level of its own"},
		"an annotation of the server":  {files("1.34.2", batch, mine), []string{"warning flowschema/batch at 9"}, "remove the annotation apf.kubernetes.io/autoupdate-spec"},
		"neither lends nor borrows":    {files("1.34.2", []evidence.Level{capped}, schemaInFile(9, "batch", "batch", 8000, "batch")), []string{"info prioritylevelconfiguration/batch at 3"}, "remove spec.limited.borrowingLimitPercent\nspec.limited.lendablePercent: 50"},
		"a built-in one, changed":      {files("1.34.2", nil, builtin), []string{"info flowschema/system-nodes at 5"}, `metadata.annotations: {apf.kubernetes.io/autoupdate-spec: "false"}   # to keep the change`},
		"a built-in one, kept":         {files("1.34.2", nil, kept), []string{"info flowschema/system-nodes at 5"}, `metadata.annotations: {apf.kubernetes.io/autoupdate-spec: "true"}   # back to the built-in spec within a minute`},
		"a version that went":          {files("1.29.1", batch, old), []string{"warning flowschema/batch at 9"}, "apiVersion: flowcontrol.apiserver.k8s.io/v1   # up to v1beta2 nominalConcurrencyShares is called assuredConcurrencyShares"},
		"a version that is served":     {files("1.28.1", nil, func() evidence.FlowSchema { f := old; f.Level = "workload-low"; return f }()), []string{"pass priority and fairness objects at 1"}, ""},
		"no version of Kubernetes":     {files("", batch, old), []string{"pass priority and fairness objects at 1", "skipped priority and fairness objects built in at 1"}, ""},
		"nothing":                      {files("1.34.2", nil), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			vs := judgedInFiles(tc.s, apfObjects)
			if d := cmp.Diff(tc.want, told(vs)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			fix := ""
			for _, v := range vs {
				fix += v.Fix
			}
			if d := cmp.Diff(tc.fix, fix); d != "" || strings.Contains(fix, "kubectl") {
				t.Errorf("fix (-want +got)\n%s", d)
			}
		})
	}
}

func TestAPIServicesInFiles(t *testing.T) {
	for name, tc := range map[string]struct {
		a    evidence.APIService
		want []string
	}{
		"verified":              {evidence.APIService{Name: "v1beta1.custom.metrics.k8s.io", Service: "m/adapter", At: apfLine(3)}, []string{"pass apiservice/v1beta1.custom.metrics.k8s.io at 3"}},
		"unverified":            {evidence.APIService{Name: "v1beta1.metrics.k8s.io", Service: "m/server", InsecureSkipTLSVerify: true, At: apfLine(3)}, []string{"info apiservice/v1beta1.metrics.k8s.io at 3"}},
		"in a group of its own": {evidence.APIService{Name: "v1.apps", Service: "m/other", At: apfLine(3)}, []string{"pass apiservice/v1.apps at 3", "warning apiservice/v1.apps shadowing at 3"}},
		"before the core group": {evidence.APIService{Name: "v1.example.org", Service: "m/other", GroupPriority: 20000, At: apfLine(3)}, []string{"pass apiservice/v1.example.org at 3", "info apiservice/v1.example.org shadowing at 3"}},
		"served by the server":  {evidence.APIService{Name: "v1.apps"}, []string{"not-applicable cluster aggregated APIs at 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := inFiles("1.34.2")
			s.APIServices = evidence.See("cluster", []evidence.APIService{tc.a}, apfLine(1))
			vs := judgedInFiles(s, extensions)
			if d := cmp.Diff(tc.want, told(vs)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			for _, v := range vs {
				if strings.Contains(v.Fix, "kubectl") {
					t.Errorf("got fix %q, want one of a file", v.Fix)
				}
			}
		})
	}
}
