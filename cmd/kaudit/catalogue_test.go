package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// contractIDs are the ids that users may rely on.
var contractIDs = strings.Fields(`
	etcd-members etcd-disk-latency etcd-disk-type etcd-io-priority etcd-quota etcd-space etcd-events-separation etcd-peer-latency
	etcd-network-priority client-qps client-throttling apiserver-apf apiserver-apf-objects apiserver-apf-saturation
	apiserver-replicas apiserver-goaway-chance apiserver-balance list-resource-version apiserver-consistent-list
	apiserver-extensions scheduler-queue scheduler-config kubelet-pod-sources kubelet-pleg pod-termination pod-sandbox-image
	flag-unknown flag-value config-drift version-skew config-files`)

// beyondIDs are those of the contract that the source document says nothing of.
var beyondIDs = strings.Fields("flag-unknown flag-value config-drift version-skew config-files")

func TestCatalogueIDs(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range catalogue() {
		if seen[c.ID] {
			t.Errorf("%s: got it twice, want every id once", c.ID)
		}
		seen[c.ID] = true
		if !slices.Contains(contractIDs, c.ID) {
			t.Errorf("%s: got an id that the contract does not have", c.ID)
		}
		if c.Component == "" || c.Severity < checks.Info || c.Severity > checks.Critical {
			t.Errorf("%s: got component %q, severity %s, want both", c.ID, c.Component, c.Severity)
		}
		if len(c.Needs)+len(c.AnyOf) == 0 {
			t.Errorf("%s: needs no evidence, so it would pass on nothing", c.ID)
		}
	}
}

// pinned is a place in the source document that cannot move.
var pinned = regexp.MustCompile(`^https://github\.com/cr7258/cr7258\.github\.io/blob/[0-9a-f]{40}/docs/\S+\.md\?plain=1#L\d+(-L\d+)?$`)

func TestCataloguePages(t *testing.T) {
	want := []string{"What it looks at", "Why it matters", "When it does not apply", "What to do", "References"}
	heading := regexp.MustCompile(`(?m)^## (.+)$`)
	for _, c := range catalogue() {
		t.Run(c.ID, func(t *testing.T) {
			if !strings.HasPrefix(c.Doc, "# ") || len(c.Title()) < 10 {
				t.Errorf("got the title %q, want the fault in plain words", c.Title())
			}
			var got []string
			for _, m := range heading.FindAllStringSubmatch(c.Doc, -1) {
				got = append(got, m[1])
				if c.Section(m[1]) == "" {
					t.Errorf("section %q: got nothing below it", m[1])
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("sections (-want +got):\n%s", d)
			}
			if !strings.Contains(c.Section("What to do"), "\n### Roll back\n") {
				t.Error("got no roll-back below What to do")
			}
			refs := c.References()
			if slices.Contains(beyondIDs, c.ID) {
				if len(refs) < 2 || !strings.HasPrefix(refs[0].URL, "https://kubernetes.io/docs/") {
					t.Errorf("got the references %v, want first the documentation, then others", refs)
				}
				return
			}
			if len(refs) < 2 || !strings.HasPrefix(refs[0].Title, "Source document") || !pinned.MatchString(refs[0].URL) {
				t.Errorf("got the references %v, want first the pinned lines of the source document, then others", refs)
			}
		})
	}
}

func TestCatalogueParameters(t *testing.T) {
	for _, c := range catalogue() {
		for _, p := range c.Params() {
			if p.Name == "" || len(p.Doc) < 10 {
				t.Errorf("%s: got parameter %q with the doc %q, want both", c.ID, p.Name, p.Doc)
			}
		}
		if _, err := c.With([]byte(`{}`)); err != nil {
			t.Errorf("%s: got %v, want its own defaults to be valid", c.ID, err)
		}
		if _, err := c.With([]byte(`{"noSuchParameter": 1}`)); err == nil {
			t.Errorf("%s: got no error of an unknown parameter, want one", c.ID)
		}
	}
}

func TestCatalogueSaysNothingOfNothing(t *testing.T) {
	for _, r := range checks.Run(&evidence.Snapshot{}, catalogue()) {
		for _, v := range r.Verdicts {
			if v.Outcome != checks.Skipped && v.Outcome != checks.NotApplicable {
				t.Errorf("%s: got %s %q of an empty snapshot, want it skipped", r.Check.ID, v.Outcome, v.Message)
			}
		}
	}
}

func TestCatalogueOnRecordings(t *testing.T) {
	recordings := snapshots(t)
	for name, s := range recordings {
		t.Run(name, func(t *testing.T) {
			for _, r := range checks.Run(s, catalogue()) {
				seen := map[string]bool{}
				for _, v := range r.Verdicts {
					if seen[v.Subject] {
						t.Errorf("%s: got two verdicts of %q, want one", r.Check.ID, v.Subject)
					}
					seen[v.Subject] = true
					if v.Outcome == checks.Broken {
						t.Errorf("%s: got broken: %s", r.Check.ID, v.Message)
					}
				}
				// Its needs are honest: without all other evidence it says the same.
				alone := checks.Run(onlyKinds(s, r.Check.Kinds()), []checks.Check{r.Check})
				if d := cmp.Diff(r.Verdicts, alone[0].Verdicts); d != "" {
					t.Errorf("%s reads evidence that it does not name (-with +without):\n%s", r.Check.ID, d)
				}
			}
		})
	}
}

// snapshots are all that the repository has of real clusters.
func snapshots(t *testing.T) map[string]*evidence.Snapshot {
	t.Helper()
	found := map[string]*evidence.Snapshot{}
	for _, root := range []string{"demo", "../../testdata/snapshots"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.Contains(d.Name(), ".json") {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close() //nolint:errcheck // only read
			found[path], err = evidence.Load(f)
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if len(found) == 0 {
		t.Fatal("got no recorded snapshot, want at least the demo")
	}
	return found
}

// onlyKinds is a snapshot without all other evidence.
func onlyKinds(s *evidence.Snapshot, keep []evidence.Kind) *evidence.Snapshot {
	out := *s
	v := reflect.ValueOf(&out).Elem()
	for i := range v.NumField() {
		kind, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if slices.Contains(evidence.Kinds(), evidence.Kind(kind)) && !slices.Contains(keep, evidence.Kind(kind)) {
			v.Field(i).SetZero()
		}
	}
	return &out
}

func TestEveryKindHasWords(t *testing.T) {
	for _, k := range evidence.Kinds() {
		if kindWords[k] == "" {
			t.Errorf("%s: got no words for people, want some", k)
		}
	}
	if len(kindWords) != len(evidence.Kinds()) {
		t.Errorf("got words for %d kinds, want %d", len(kindWords), len(evidence.Kinds()))
	}
}
