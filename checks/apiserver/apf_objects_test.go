package apiserver

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

// recordedAPF are the objects of an untouched kube-apiserver 1.37.2, as its API returned them.
func recordedAPF(t *testing.T) ([]evidence.FlowSchema, []evidence.Level) {
	t.Helper()
	b, err := os.ReadFile("testdata/apf-1.37.2.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		FlowSchemas []evidence.FlowSchema `json:"flowSchemas"`
		Levels      []evidence.Level      `json:"levels"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v.FlowSchemas, v.Levels
}

var apfTaken = time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC)

// apfCluster is that cluster with so many nodes, changed by each edit.
func apfCluster(t *testing.T, nodes int, edits ...func(*evidence.Snapshot)) *evidence.Snapshot {
	t.Helper()
	schemas, levels := recordedAPF(t)
	s := &evidence.Snapshot{
		Taken:          apfTaken,
		Version:        evidence.See("cluster", evidence.Version{Git: "v1.37.2", Major: 1, Minor: 37}, evidence.Source{}),
		Nodes:          evidence.See("cluster", evidence.Nodes{Items: make([]evidence.Node, nodes)}, evidence.Source{}),
		FlowSchemas:    evidence.See("FlowSchemas", schemas, evidence.Source{Via: "apiserver"}),
		PriorityLevels: evidence.See("PriorityLevelConfigurations", levels, evidence.Source{Via: "apiserver"}),
	}
	for _, edit := range edits {
		edit(s)
	}
	return s
}

func addSchema(f evidence.FlowSchema) func(*evidence.Snapshot) {
	return func(s *evidence.Snapshot) { *s.FlowSchemas.Value = append(*s.FlowSchemas.Value, f) }
}

func addLevel(l evidence.Level) func(*evidence.Snapshot) {
	return func(s *evidence.Snapshot) { *s.PriorityLevels.Value = append(*s.PriorityLevels.Value, l) }
}

func editSchema(name string, edit func(*evidence.FlowSchema)) func(*evidence.Snapshot) {
	return func(s *evidence.Snapshot) {
		fs := *s.FlowSchemas.Value
		edit(&fs[slices.IndexFunc(fs, func(f evidence.FlowSchema) bool { return f.Name == name })])
	}
}

func editLevel(name string, edit func(*evidence.Level)) func(*evidence.Snapshot) {
	return func(s *evidence.Snapshot) {
		ls := *s.PriorityLevels.Value
		edit(&ls[slices.IndexFunc(ls, func(l evidence.Level) bool { return l.Name == name })])
	}
}

func dropSchema(name string) func(*evidence.Snapshot) {
	return func(s *evidence.Snapshot) {
		*s.FlowSchemas.Value = slices.DeleteFunc(*s.FlowSchemas.Value, func(f evidence.FlowSchema) bool { return f.Name == name })
	}
}

func dropLevel(name string) func(*evidence.Snapshot) {
	return func(s *evidence.Snapshot) {
		*s.PriorityLevels.Value = slices.DeleteFunc(*s.PriorityLevels.Value, func(l evidence.Level) bool { return l.Name == name })
	}
}

// custom is a schema of somebody's own that sends everything of its subjects to a level.
func custom(name, level string, precedence int32, r evidence.FlowRule) evidence.FlowSchema {
	if r.Resources == nil && r.NonResources == nil {
		r.Resources, r.NonResources = allOf, allURLs
	}
	return evidence.FlowSchema{Name: name, Level: level, Precedence: precedence, Generation: 1, Rules: []evidence.FlowRule{r}}
}

func TestAPFObjects(t *testing.T) {
	accounts := func(names ...string) evidence.FlowRule { return evidence.FlowRule{ServiceAccounts: names} }
	groups := func(names ...string) evidence.FlowRule { return evidence.FlowRule{Groups: names} }
	users := func(names ...string) evidence.FlowRule { return evidence.FlowRule{Users: names} }
	leases := func(r evidence.FlowRule) evidence.FlowRule {
		r.Resources = []evidence.ResourceRule{lease}
		return r
	}
	zero, half := int32(0), int32(50)
	tenant := evidence.Level{Name: "tenant", Type: "Limited", Shares: 10, LendablePercent: &half, Response: "Queue", Queues: 64, HandSize: 6, QueueLength: 50}
	hard := tenant
	hard.LendablePercent, hard.BorrowingPercent = &zero, &zero
	old := tenant
	old.LendablePercent = nil
	ok := []string{"pass priority and fairness objects"}
	version := func(minor int) func(*evidence.Snapshot) {
		return func(s *evidence.Snapshot) { s.Version.Value.Minor = minor }
	}
	managed := func(s *evidence.Snapshot) { s.Cluster.Managed = true }
	since := func(age time.Duration) func(*evidence.FlowSchema) {
		return func(f *evidence.FlowSchema) {
			f.Level, f.Dangling, f.DanglingSince = "gone", "True", apfTaken.Add(-age)
		}
	}

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"as installed":           {apfCluster(t, 50), ok},
		"as installed, emulated": {apfCluster(t, 50, func(s *evidence.Snapshot) { s.Version.Value.Emulated = 33 }), ok},
		"order means nothing": {apfCluster(t, 50, editSchema("probes", func(f *evidence.FlowSchema) {
			slices.Reverse(f.Rules[0].Groups)
			slices.Reverse(f.Rules[0].NonResources[0].URLs)
		})), ok},
		"1.33 has two schemas more, which nobody needs": {apfCluster(t, 50, version(33)), ok},
		"schemas retired in 1.34 that are on their way out": {apfCluster(t, 50, addSchema(evidence.FlowSchema{
			Name: "endpoint-controller", Level: "workload-high", Precedence: 150, AutoUpdate: "true", Rules: bootstrapSchemas[3].Rules,
		})), ok},
		"a version nobody knows": {apfCluster(t, 50, version(38)), append(ok, "skipped priority and fairness objects built in")},
		"in the middle of an upgrade": {apfCluster(t, 50, func(s *evidence.Snapshot) {
			f := apiserverFlags("cp-2", nil)
			f.Value.Version = "1.36.3"
			s.APIServerFlags = evidence.Instances[evidence.Flags]{f}
		}), append(ok, "skipped priority and fairness objects built in")},

		"mandatory schema missing":                {apfCluster(t, 50, dropSchema("exempt")), []string{"warning flowschema/exempt"}},
		"mandatory level missing, schema dangles": {apfCluster(t, 50, dropLevel("catch-all")), []string{"warning prioritylevelconfiguration/catch-all", "warning flowschema/catch-all"}},
		"leader election missing, 99 nodes":       {apfCluster(t, 99, dropSchema("system-leader-election")), []string{"info flowschema/system-leader-election"}},
		"leader election missing, 100 nodes":      {apfCluster(t, 100, dropSchema("system-leader-election")), []string{"warning flowschema/system-leader-election"}},

		"dangling for a minute": {apfCluster(t, 50, addSchema(custom("a", "gone", 1000, users("ci")))), []string{"warning flowschema/a"}},
		"dangling, just created": {apfCluster(t, 50, addSchema(func() evidence.FlowSchema {
			f := custom("a", "gone", 1000, users("ci"))
			f.Created = apfTaken.Add(-59 * time.Second)
			return f
		}())), ok},
		"dangling since 59 s":           {apfCluster(t, 50, editSchema("probes", since(59*time.Second)), version(38)), append(ok, "skipped priority and fairness objects built in")},
		"dangling since 60 s":           {apfCluster(t, 50, editSchema("probes", since(time.Minute)), version(38)), []string{"warning flowschema/probes", "skipped priority and fairness objects built in"}},
		"condition lags behind a level": {apfCluster(t, 50, editSchema("probes", func(f *evidence.FlowSchema) { f.Dangling = "True" })), ok},

		"drift, deliberate":                   {apfCluster(t, 50, editLevel("workload-low", func(l *evidence.Level) { l.Shares, l.AutoUpdate = 90, "false" })), []string{"info prioritylevelconfiguration/workload-low"}},
		"drift, protected level lowered":      {apfCluster(t, 50, editLevel("node-high", func(l *evidence.Level) { l.Shares, l.AutoUpdate = 39, "false" })), []string{"warning prioritylevelconfiguration/node-high"}},
		"drift, protected level raised":       {apfCluster(t, 50, editLevel("node-high", func(l *evidence.Level) { l.Shares, l.AutoUpdate = 41, "false" })), []string{"info prioritylevelconfiguration/node-high"}},
		"drift, rejects now":                  {apfCluster(t, 50, editLevel("workload-low", func(l *evidence.Level) { l.Response, l.AutoUpdate = "Reject", "false" })), []string{"warning prioritylevelconfiguration/workload-low"}},
		"drift that does not last":            {apfCluster(t, 50, editLevel("node-high", func(l *evidence.Level) { l.Shares = 5 })), []string{"info prioritylevelconfiguration/node-high"}},
		"drift that does not last, provider":  {apfCluster(t, 50, managed, editLevel("node-high", func(l *evidence.Level) { l.Shares = 5 })), ok},
		"exempt's numbers are free":           {apfCluster(t, 50, editLevel("exempt", func(l *evidence.Level) { l.Shares = 10 })), ok},
		"no annotation, never edited":         {apfCluster(t, 50, editSchema("probes", func(f *evidence.FlowSchema) { f.AutoUpdate = "" })), ok},
		"leader election sent elsewhere, 100": {apfCluster(t, 100, editSchema("system-leader-election", func(f *evidence.FlowSchema) { f.Level, f.AutoUpdate = "workload-low", "false" })), []string{"warning flowschema/system-leader-election"}},

		"a copy of a built-in one": {apfCluster(t, 50, addSchema(func() evidence.FlowSchema {
			f := custom("mine", "workload-low", 1000, users("ci"))
			f.AutoUpdate = "true"
			return f
		}())), []string{"warning flowschema/mine"}},
		"a copy that has lived for ten minutes": {apfCluster(t, 50, addSchema(func() evidence.FlowSchema {
			f := custom("mine", "workload-low", 1000, users("ci"))
			f.AutoUpdate, f.Created = "true", apfTaken.Add(-10*time.Minute)
			return f
		}())), []string{"warning flowschema/mine"}},
		"a copy that nobody deletes": {apfCluster(t, 50, addSchema(func() evidence.FlowSchema {
			f := custom("mine", "workload-low", 1000, users("ci"))
			f.AutoUpdate, f.Created = "true", apfTaken.Add(-10*time.Minute-time.Second)
			return f
		}())), ok},
		"a custom schema, well-formed":        {apfCluster(t, 50, addSchema(custom("mine", "workload-low", 8000, accounts("ci/*")))), ok},
		"own leader election, well-formed":    {apfCluster(t, 50, addSchema(custom("op-leader-election", "leader-election", 150, leases(accounts("op/manager"))))), ok},
		"a broad leader election, same level": {apfCluster(t, 50, addSchema(custom("all-leader-election", "leader-election", 50, leases(groups("system:serviceaccounts"))))), ok},

		"never matches: service accounts at 9001":        {apfCluster(t, 50, addSchema(custom("late", "workload-high", 9001, accounts("ci/bot")))), []string{"warning flowschema/late"}},
		"matches: service accounts at 8999":              {apfCluster(t, 50, addSchema(custom("early", "workload-high", 8999, accounts("ci/bot")))), ok},
		"never matches: over 9900":                       {apfCluster(t, 50, addSchema(custom("last", "workload-high", 9901, users("ci")))), []string{"warning flowschema/last"}},
		"dead by name alone":                             {apfCluster(t, 50, addSchema(custom("zz", "workload-high", 9000, groups("system:serviceaccounts:ci")))), []string{"warning flowschema/zz"}},
		"a service account named as a user":              {apfCluster(t, 50, addSchema(custom("late", "workload-high", 9001, users("system:serviceaccount:ci:bot")))), []string{"warning flowschema/late"}},
		"broad and first":                                {apfCluster(t, 50, addSchema(custom("all", "workload-low", 90, groups("system:authenticated")))), []string{"warning flowschema/all"}},
		"broad leases only, before heartbeats":           {apfCluster(t, 50, addSchema(custom("l", "workload-low", 300, leases(groups("system:authenticated"))))), []string{"warning flowschema/l"}},
		"broad leases only, after heartbeats":            {apfCluster(t, 50, addSchema(custom("l", "workload-low", 401, leases(groups("system:authenticated"))))), ok},
		"a default of one's own is a choice":             {apfCluster(t, 50, addSchema(custom("d", "workload-low", 9500, groups("system:authenticated", "system:unauthenticated")))), []string{"info flowschema/d"}},
		"equal precedence, overlapping":                  {apfCluster(t, 50, addSchema(custom("k", "workload-low", 900, accounts("kube-system/x", "ci/y")))), []string{"info flowschema/k"}},
		"equal precedence, disjoint":                     {apfCluster(t, 50, addSchema(custom("k", "workload-low", 900, accounts("ci/y")))), ok},
		"equal precedence, groups nobody can tell apart": {apfCluster(t, 50, addSchema(custom("k", "workload-low", 400, groups("node-admins")))), ok},

		"exempts everybody":           {apfCluster(t, 50, addSchema(custom("x", "exempt", 8000, accounts("ci/*")))), []string{"warning flowschema/x"}},
		"exempts one user":            {apfCluster(t, 50, addSchema(custom("x", "exempt", 8000, users("break-glass")))), []string{"info flowschema/x"}},
		"exempts health paths":        {apfCluster(t, 50, addSchema(custom("x", "exempt", 8000, evidence.FlowRule{Groups: []string{"*"}, NonResources: []evidence.URLRule{{Verbs: []string{"get"}, URLs: []string{"/readyz/*"}}}}))), ok},
		"exempts one client's leases": {apfCluster(t, 50, addSchema(custom("x", "exempt", 8000, leases(accounts("op/manager"))))), ok},
		"exempts everybody's leases":  {apfCluster(t, 50, addSchema(custom("x", "exempt", 8000, leases(groups("system:serviceaccounts"))))), []string{"warning flowschema/x"}},
		"a distribution's own":        {apfCluster(t, 50, addSchema(custom("eks-exempt", "exempt", 8000, accounts("ci/*")))), ok},
		"exempts, by the provider":    {apfCluster(t, 50, managed, addSchema(custom("x", "exempt", 8000, accounts("ci/*")))), []string{"info flowschema/x"}},

		"a level of one's own":      {apfCluster(t, 50, addLevel(tenant)), ok},
		"neither lends nor borrows": {apfCluster(t, 50, addLevel(hard)), []string{"info prioritylevelconfiguration/tenant"}},
		"before lending existed":    {apfCluster(t, 50, addLevel(old)), ok},
	} {
		t.Run(name, func(t *testing.T) {
			got := said(runAPFObjects(tc.snapshot, apfObjectsDefaults))
			want := append(slices.Clone(tc.want), "skipped prioritylevelconfiguration/exempt traffic")
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}

func TestAPFObjectsNone(t *testing.T) {
	s := apfCluster(t, 50)
	*s.FlowSchemas.Value, *s.PriorityLevels.Value = nil, nil
	want := []string{"skipped priority and fairness objects"}
	if d := cmp.Diff(want, said(runAPFObjects(s, apfObjectsDefaults))); d != "" {
		t.Errorf("verdicts (-want +got):\n%s", d)
	}
}

// The table in the code must be what the server really creates.
func TestBootstrapTable(t *testing.T) {
	schemas, levels := recordedAPF(t)
	wantSchemas, wantLevels := builtinSchemas(37), builtinLevels(37)
	if got, want := len(schemas), len(wantSchemas); got != want {
		t.Errorf("recorded FlowSchemas: got %d, want %d", got, want)
	}
	if got, want := len(levels), len(wantLevels); got != want {
		t.Errorf("recorded levels: got %d, want %d", got, want)
	}
	for _, f := range schemas {
		if diff := schemaDiff(f, wantSchemas[f.Name]); len(diff) > 0 {
			t.Errorf("FlowSchema %s: got %v, want no difference", f.Name, diff)
		}
	}
	var shares int32
	for _, l := range levels {
		if diff := levelDiff(l, wantLevels[l.Name]); len(diff) > 0 {
			t.Errorf("level %s: got %v, want no difference", l.Name, diff)
		}
		shares += l.Shares
	}
	if shares != 245 {
		t.Errorf("shares in all: got %d, want 245", shares)
	}
	if got := len(builtinSchemas(33)) - len(builtinSchemas(34)); got != 2 {
		t.Errorf("schemas retired in 1.34: got %d, want 2", got)
	}
	if builtinLevels(25)["system"].LendablePercent != nil {
		t.Error("lendablePercent of 1.25: got a value, want none")
	}
}

func TestExemptTraffic(t *testing.T) {
	// In 10 s: the requests of each schema, and what the server sent itself.
	over10s := func(exempt, probes, own, others float64) func(*evidence.Snapshot) {
		return func(s *evidence.Snapshot) {
			s.APIServerMetrics = evidence.Instances[evidence.Scrapes]{apfScrapes("cp-1", 10*time.Second, time.Hour, nil, apfFamilies{
				fcDispatched:                  counts([]string{"priority_level", "flow_schema"}, row{exempt, "exempt", "exempt"}, row{probes, "exempt", "probes"}, row{others, "workload-low", "service-accounts"}),
				"apiserver_selfrequest_total": counts(nil, row{own}),
			})}
		}
	}
	kaudit := func(n int) func(*evidence.Snapshot) { return func(s *evidence.Snapshot) { s.Cost.APIRequests = n } }
	managed := func(s *evidence.Snapshot) { s.Cluster.Managed = true }
	for name, tc := range map[string]struct {
		edits []func(*evidence.Snapshot)
		want  string
	}{
		"a tenth":                       {[]func(*evidence.Snapshot){over10s(10, 0, 0, 90)}, "pass"},
		"just over a tenth":             {[]func(*evidence.Snapshot){over10s(11, 0, 0, 90)}, "info"},
		"three tenths":                  {[]func(*evidence.Snapshot){over10s(600, 0, 0, 1400)}, "info"},
		"just over three tenths":        {[]func(*evidence.Snapshot){over10s(601, 0, 0, 1399)}, "warning"},
		"all, 50 a second":              {[]func(*evidence.Snapshot){over10s(500, 0, 0, 0)}, "warning"},
		"all, 49.9 a second":            {[]func(*evidence.Snapshot){over10s(499, 0, 0, 0)}, "info"},
		"the provider's":                {[]func(*evidence.Snapshot){over10s(600, 0, 0, 400), managed}, "info"},
		"probes do not count":           {[]func(*evidence.Snapshot){over10s(0, 500, 0, 90)}, "pass"},
		"its own do not count":          {[]func(*evidence.Snapshot){over10s(60, 0, 60, 90)}, "pass"},
		"kaudit's own do not count":     {[]func(*evidence.Snapshot){over10s(60, 0, 0, 90), kaudit(60)}, "pass"},
		"exactly five a second":         {[]func(*evidence.Snapshot){over10s(50, 0, 0, 0)}, "info"},
		"fewer than five a second":      {[]func(*evidence.Snapshot){over10s(49, 0, 0, 0)}, "not-applicable"},
		"nothing at all":                {[]func(*evidence.Snapshot){over10s(0, 0, 0, 0)}, "not-applicable"},
		"more of its own than exempted": {[]func(*evidence.Snapshot){over10s(5, 0, 50, 90)}, "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			vs := runAPFObjects(apfCluster(t, 50, tc.edits...), apfObjectsDefaults)
			got := said(vs)[len(vs)-1]
			if want := tc.want + " prioritylevelconfiguration/exempt traffic"; got != want {
				t.Errorf("got %q, want %q: %s", got, want, vs[len(vs)-1].Message)
			}
		})
	}
}

func TestAPFLevelsBySeats(t *testing.T) {
	zero := int32(0)
	level := evidence.Level{Name: "own", Type: "Limited", Shares: 1, LendablePercent: &zero, BorrowingPercent: &zero, Response: "Reject"}
	lists := custom("own", "own", 1000, evidence.FlowRule{Users: []string{"ci"}})
	reads := custom("own", "own", 1000, evidence.FlowRule{Users: []string{"ci"}, Resources: []evidence.ResourceRule{{Verbs: []string{"get"}, APIGroups: []string{"*"}, Resources: []string{"*"}, Namespaces: []string{"*"}}}})
	for name, tc := range map[string]struct {
		schema evidence.FlowSchema
		minor  int
		seats  float64
		want   []string // of rejecting
	}{
		"99 seats, 1.34":         {lists, 34, 99, []string{"prioritylevelconfiguration/own"}},
		"100 seats, 1.34":        {lists, 34, 100, nil},
		"99 seats, 1.33":         {lists, 33, 99, nil},
		"99 seats, nobody lists": {reads, 34, 99, nil},
		"seats that nobody told": {lists, 34, -1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := apfCluster(t, 50, addLevel(level), addSchema(tc.schema))
			s.Version.Value.Minor = tc.minor
			if tc.seats >= 0 {
				s.APIServerMetrics = evidence.Instances[evidence.Scrapes]{apfScrapes("cp-1", 0, time.Hour, nil, apfFamilies{
					"apiserver_flowcontrol_nominal_limit_seats": gauge([]string{"priority_level"}, row{tc.seats, "own"}),
				})}
			}
			w := apfWorld{Snapshot: s, apfObjectsParams: apfObjectsDefaults, schemas: *s.FlowSchemas.Value}
			var got []string
			for _, r := range w.rejecting() {
				got = append(got, r.subject)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("subjects (-want +got):\n%s", d)
			}
		})
	}
}

// A schema of people's own is never advised to go before what keeps the cluster's own components apart.
func TestNeverMatchesLeavesTheProtectedAlone(t *testing.T) {
	mine := evidence.FlowSchema{Name: "mine", Precedence: 9500}
	for name, tc := range map[string]struct {
		before evidence.FlowSchema
		want   string
	}{
		"an own one":       {evidence.FlowSchema{Name: "other", Precedence: 3000}, `"matchingPrecedence":2999}`},
		"service-accounts": {evidence.FlowSchema{Name: "service-accounts", Precedence: 9000}, `"matchingPrecedence":8000}`},
		"system-nodes":     {evidence.FlowSchema{Name: "system-nodes", Precedence: 500}, "kubectl delete flowschema mine "},
		"exempt":           {evidence.FlowSchema{Name: "exempt", Precedence: 1}, "kubectl delete flowschema mine "},
	} {
		w := apfWorld{Snapshot: &evidence.Snapshot{}}
		if got := w.neverMatches(tc.before, mine).fix; !strings.Contains(got, tc.want) {
			t.Errorf("after %s: got %q, want %q in it", name, got, tc.want)
		}
	}
}
