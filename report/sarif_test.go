package report

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sarifSchema is what OASIS publishes under the name that our files give as their $schema (errata 01).
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSARIFIsValid(t *testing.T) {
	schema := sarifSchema(t)
	for name, a := range map[string]Audit{"live": sample(), "files": tree(), "quiet": quiet(), "nothing": {}} {
		text := write(t, formatNamed(t, "sarif"), a, Options{})
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s := doc.(map[string]any)["$schema"]; s != "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json" {
			t.Errorf("%s: got $schema %v, want the one that the file is held against here", name, s)
		}
	}
	if schema.Validate(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{}}}) == nil {
		t.Error("got a run without a tool past the schema, want it refused")
	}
}

// GitHub refuses a whole file for one result that breaks any of these.
func TestSARIFIsWhatGitHubTakes(t *testing.T) {
	for _, a := range []Audit{sample(), tree()} {
		log, err := sarif.FromString(write(t, formatNamed(t, "sarif"), a, Options{}))
		if err != nil {
			t.Fatal(err)
		}
		run := log.Runs[0]
		for _, r := range run.Results {
			if len(r.Locations) != 1 {
				t.Fatalf("%s: got %d locations, want one", *r.RuleID, len(r.Locations))
			}
			at := r.Locations[0].PhysicalLocation
			if at == nil || *at.ArtifactLocation.URI == "" || *at.Region.StartLine < 1 {
				t.Errorf("%s: got %+v, want a file and a line", *r.RuleID, at)
			}
			if rule := run.Tool.Driver.Rules[r.RuleIndex]; *rule.ID != *r.RuleID || *rule.Help.Text == "" {
				t.Errorf("%s: got rule %s at its index, want its own, with help", *r.RuleID, *rule.ID)
			}
			if len(r.PartialFingerprints["kaudit/v1"]) != 32 {
				t.Errorf("%s: got fingerprints %v, want ours", *r.RuleID, r.PartialFingerprints)
			}
		}
	}
}

func TestSARIFPlaces(t *testing.T) {
	for path, want := range map[string]struct {
		uri      string
		relative bool
	}{
		"clusters/a b/100%: x.yaml": {"clusters/a%20b/100%25:%20x.yaml", true},
		"./a.yaml":                  {"a.yaml", true},
		"c:d/a.yaml":                {"./c:d/a.yaml", true},
		"日本/?#[a].yaml":             {"%E6%97%A5%E6%9C%AC/%3F%23%5Ba%5D.yaml", true},
		"../a.yaml":                 {"../a.yaml", true},
		"/etc/a b.yaml":             {"file:///etc/a%20b.yaml", false},
		`C:\m\etcd.yaml`:            {"file:///C:/m/etcd.yaml", false},
	} {
		if got, relative := uri(cleanPath(path)); got != want.uri || relative != want.relative {
			t.Errorf("%s: got %s, %t, want %s, %t", path, got, relative, want.uri, want.relative)
		}
	}
}

func TestSARIFTellsWhereAWaiverStands(t *testing.T) {
	log, err := sarif.FromString(write(t, formatNamed(t, "sarif"), tree(), Options{}))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range log.Runs[0].Results {
		for _, s := range r.Suppressions {
			got[*r.RuleID] = *s.Kind + ": " + *s.Justification
		}
	}
	want := map[string]string{
		"client-qps":         "inSource: ten nodes, and no more (clusters/prod-eu/kubelet.yaml:4)",
		"apiserver-replicas": "external: a lab <b>, until 2027-01-01 (kaudit.yaml:12)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("suppressions (-want +got):\n%s", d)
	}
}

func TestSARIFOfNothingSaysSo(t *testing.T) {
	var log struct{ Runs []struct{ Results *[]any } }
	text := write(t, formatNamed(t, "sarif"), quiet(), Options{})
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	if log.Runs[0].Results == nil || len(*log.Runs[0].Results) != 0 {
		t.Errorf("got %s, want an empty list of results: without one, GitHub keeps old alerts", text)
	}
}
