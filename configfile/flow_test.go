package configfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

const (
	batchSchema = `apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata:
  name: batch
spec:
  priorityLevelConfiguration:
    name: batch
  distinguisherMethod:
    type: ByUser
  rules:
  - subjects:
    - {kind: Group, group: {name: batch}}
    - {kind: ServiceAccount, serviceAccount: {namespace: jobs, name: runner}}
    - {kind: User, user: {name: alice}}
    resourceRules:
    - {verbs: [list], apiGroups: [batch], resources: [jobs], namespaces: ["*"], clusterScope: true}
    nonResourceRules:
    - {verbs: [get], nonResourceURLs: [/healthz]}
`
	batchLevel = `apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata:
  name: batch
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 20
    lendablePercent: 50
    limitResponse:
      type: Queue
      queuing:
        queues: 16
`
	metricsAPI = `apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  service: {name: metrics-server, namespace: kube-system}
  insecureSkipTLSVerify: true
  groupPriorityMinimum: 100
`
)

// oneCluster reads a file of that text, which must be of one cluster.
func oneCluster(t *testing.T, text string) *evidence.Snapshot {
	t.Helper()
	got := read(t, tree(t, map[string]string{"flow.yaml": text}))
	if len(got.Clusters) != 1 {
		t.Fatalf("got %d clusters, want 1; %v", len(got.Clusters), got.Problems)
	}
	return got.Clusters[0].Snapshot
}

func TestFlowSchema(t *testing.T) {
	s := oneCluster(t, "# ours\n"+batchSchema)
	if s.PriorityLevels.Seen() || s.APIServices.Seen() || !s.FlowSchemas.Seen() {
		t.Fatalf("got levels %v, APIServices %v, FlowSchemas %v; want the last ones only", s.PriorityLevels.Seen(), s.APIServices.Seen(), s.FlowSchemas.Seen())
	}
	got := (*s.FlowSchemas.Value)[0]
	if got.At.Line != 2 || got.At.From == "" {
		t.Errorf("got %+v, want line 2", got.At)
	}
	got.At = evidence.Source{}
	want := evidence.FlowSchema{
		Name: "batch", Level: "batch", Precedence: 1000, Distinguisher: "ByUser", APIVersion: "flowcontrol.apiserver.k8s.io/v1",
		Rules: []evidence.FlowRule{{
			Users: []string{"alice"}, Groups: []string{"batch"}, ServiceAccounts: []string{"jobs/runner"},
			Resources:    []evidence.ResourceRule{{Verbs: []string{"list"}, APIGroups: []string{"batch"}, Resources: []string{"jobs"}, ClusterScope: true, Namespaces: []string{"*"}}},
			NonResources: []evidence.URLRule{{Verbs: []string{"get"}, URLs: []string{"/healthz"}}},
		}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestPriorityLevels(t *testing.T) {
	half := int32(50)
	queue := evidence.Level{Name: "batch", Type: "Limited", Shares: 20, LendablePercent: &half, Response: "Queue", Queues: 16, HandSize: 8, QueueLength: 50}
	none, old := queue, queue
	none.Shares = 30
	old.Shares = 7
	for name, tt := range map[string]struct {
		version, from, to string
		want              evidence.Level
	}{
		"as it is":               {"v1", "", "", queue},
		"without shares":         {"v1beta3", "    nominalConcurrencyShares: 20\n", "", none},
		"the old name of shares": {"v1beta2", "nominalConcurrencyShares: 20", "assuredConcurrencyShares: 7", old},
		"exempt":                 {"v1", batchLevel[strings.Index(batchLevel, "  type: Limited"):], "  type: Exempt\n  exempt: {lendablePercent: 50}\n", evidence.Level{Name: "batch", Type: "Exempt", LendablePercent: &half}},
	} {
		t.Run(name, func(t *testing.T) {
			s := oneCluster(t, strings.Replace(strings.Replace(batchLevel, "io/v1", "io/"+tt.version, 1), tt.from, tt.to, 1))
			got := (*s.PriorityLevels.Value)[0]
			tt.want.APIVersion = "flowcontrol.apiserver.k8s.io/" + tt.version
			tt.want.At = got.At
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestAPIServices(t *testing.T) {
	local := "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.apps}\nspec: {group: apps, version: v1}\n"
	s := oneCluster(t, local+"---\n"+metricsAPI)
	got := *s.APIServices.Value
	want := []evidence.APIService{{Name: "v1beta1.metrics.k8s.io", Service: "kube-system/metrics-server", InsecureSkipTLSVerify: true, GroupPriority: 100, At: got[0].At}}
	if d := cmp.Diff(want, got); d != "" || got[0].At.Line != 6 {
		t.Errorf("at line %d (-want +got)\n%s", got[0].At.Line, d)
	}
}

// What a template or a patch leaves open is not zero, and makes nothing else look wrong.
func TestObjectsThatAreNotKnownWhole(t *testing.T) {
	change := func(text, from, to string) string { return strings.Replace(text, from, to, 1) }
	for name, tt := range map[string]struct{ text, want string }{
		"both":                     {batchSchema + "---\n" + batchLevel, "schema batch, level batch"},
		"a level with a hole":      {batchSchema + "---\n" + change(batchLevel, "20", "{{ .Shares }}"), ""},
		"a level of unknown name":  {batchSchema + "---\n" + change(batchLevel, "name: batch", "name: {{ .Name }}"), ""},
		"a level that may be":      {batchSchema + "---\n{{ if .X }}\n" + batchLevel + "{{ end }}\n", ""},
		"a schema with a hole":     {change(batchSchema, "name: batch\n  dist", "name: {{ .Level }}\n  dist") + "---\n" + batchLevel, "level batch"},
		"a group that is a hole":   {change(batchSchema, "group: {name: batch}", `group: {name: "{{ .Group }}"}`) + "---\n" + batchLevel, "level batch"},
		"rules of a template":      {batchSchema + "  {{- toYaml .Values.rules | nindent 2 }}\n---\n" + batchLevel, "level batch"},
		"labels of a template":     {change(batchLevel, "  name: batch\n", "  name: batch\n  labels:\n    app: {{ .App }}\n"), "level batch"},
		"a patch of a schema":      {"apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: FlowSchema\nmetadata: {name: batch}\nspec: {matchingPrecedence: 5}\n---\n" + batchLevel, "level batch"},
		"a patch of a level":       {batchSchema + "---\napiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: PriorityLevelConfiguration\nmetadata: {name: batch}\nspec: {limited: {nominalConcurrencyShares: 9}}\n", ""},
		"no number":                {change(batchLevel, "20", "many") + "---\n" + metricsAPI, "service v1beta1.metrics.k8s.io"},
		"the same twice":           {batchLevel + "---\n" + batchLevel, "level batch"},
		"two of a name":            {batchLevel + "---\n" + change(batchLevel, "20", "40") + "---\n" + batchSchema, ""},
		"in a list":                {"apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(batchLevel), "\n", "\n  ") + "\n", "level batch"},
		"an APIService with holes": {change(metricsAPI, "name: metrics-server", "name: {{ .Name }}") + "---\n" + batchLevel, "level batch"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range read(t, tree(t, map[string]string{"flow.yaml": tt.text})).Clusters {
				got = append(got, objectsOf(c.Snapshot)...)
			}
			if g := strings.Join(got, ", "); g != tt.want {
				t.Errorf("got %q, want %q", g, tt.want)
			}
		})
	}
}

func objectsOf(s *evidence.Snapshot) []string {
	var out []string
	if s.FlowSchemas.Seen() {
		for _, f := range *s.FlowSchemas.Value {
			out = append(out, "schema "+f.Name)
		}
	}
	if s.PriorityLevels.Seen() {
		for _, l := range *s.PriorityLevels.Value {
			out = append(out, "level "+l.Name)
		}
	}
	if s.APIServices.Seen() {
		for _, a := range *s.APIServices.Value {
			out = append(out, "service "+a.Name)
		}
	}
	return out
}

// Objects belong to the cluster at or above their directory, and a level in another one is a level all the same.
func TestObjectsInATree(t *testing.T) {
	got := read(t, tree(t, map[string]string{
		"eu/etcd.yaml": podNamed("a"), "eu/apps/batch/flow.yaml": batchSchema, "eu/addons/levels.yaml": batchLevel,
		"apps/flow.yaml": batchSchema, "apps/api.yaml": metricsAPI,
	}))
	var clusters []string
	for _, c := range got.Clusters {
		clusters = append(clusters, fmt.Sprint(c.Name, ": ", strings.Join(objectsOf(c.Snapshot), ", ")))
	}
	want := []string{"apps: service v1beta1.metrics.k8s.io", "eu: schema batch, level batch"}
	if !slices.Equal(clusters, want) {
		t.Errorf("got %q, want %q", clusters, want)
	}
}
