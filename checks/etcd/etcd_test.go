package etcd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// noon is when everything in these tests was seen.
var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// said is what a person learns from verdicts: outcome or severity, and subject of each.
func said(vs []checks.Verdict) []string {
	var out []string
	for _, v := range vs {
		line := v.Outcome.String() + " " + v.Subject
		if v.Outcome == checks.Finding {
			line = v.Severity.String() + " " + v.Subject
		}
		out = append(out, line)
	}
	return out
}

func wantSaid(t *testing.T, want []string, got []checks.Verdict) {
	t.Helper()
	if d := cmp.Diff(want, said(got)); d != "" {
		t.Errorf("verdicts (-want +got):\n%s", d)
		for _, v := range got {
			t.Logf("%s %s", v.Subject, v.Message)
		}
	}
}

// values are gauges and counters without labels.
type values map[string]float64

// labelled is a series with one or two labels.
type labelled struct {
	family string
	labels map[string]string
	value  float64
}

// scrape is one reading of a process of that age. Absent families stay absent.
func scrape(age time.Duration, vs values, more ...labelled) evidence.Scrape {
	sc := evidence.Scrape{At: noon, Start: float64(noon.Add(-age).Unix()), Families: map[string]*evidence.Family{}}
	for name, v := range vs {
		sc.Families[name] = &evidence.Family{Type: "gauge", Series: []evidence.Series{{Value: v}}}
	}
	for _, l := range more {
		if sc.Families[l.family] == nil {
			sc.Families[l.family] = &evidence.Family{Type: "gauge"}
		}
		sc.Families[l.family].Series = append(sc.Families[l.family].Series, evidence.Series{Labels: l.labels, Value: l.value})
	}
	return sc
}

// metrics are those of instances with one scrape each.
func metrics(of map[string]evidence.Scrape) evidence.Instances[evidence.Scrapes] {
	var in evidence.Instances[evidence.Scrapes]
	for _, name := range slices.Sorted(maps.Keys(of)) {
		in = append(in, evidence.See(name, evidence.Scrapes{First: of[name]}, evidence.Source{Via: "test", From: name}))
	}
	return in
}

// commandLine are flags that were read whole from the command line of a pod.
func commandLine(component, version string, set map[string]string) evidence.Flags {
	src := evidence.Source{Via: "apiserver", From: "pod"}
	f := evidence.Flags{
		Component: component, Version: version, Values: map[string][]evidence.FlagValue{},
		Read: []evidence.Source{src}, From: []evidence.Provenance{evidence.FromCommandLine},
	}
	for k, v := range set {
		f.Values[k] = []evidence.FlagValue{{Value: v, From: evidence.FromCommandLine, Source: src}}
	}
	return f
}

// etcdFlags are the flags of members by name.
func etcdFlags(of map[string]map[string]string) evidence.Instances[evidence.Flags] {
	var in evidence.Instances[evidence.Flags]
	for _, name := range slices.Sorted(maps.Keys(of)) {
		in = append(in, evidence.See(name, commandLine("etcd", "3.7.3", of[name]), evidence.Source{}))
	}
	return in
}

// nodes are that many, the first three of them control plane, one in each of the zones in turn.
func nodes(n int, zones ...string) evidence.Observed[evidence.Nodes] {
	var out evidence.Nodes
	for i := range n {
		node := evidence.Node{Name: fmt.Sprintf("cp-%d", i+1), ControlPlane: i < 3, Addresses: []string{fmt.Sprintf("10.0.0.%d", i+1)}}
		if len(zones) > 0 {
			node.Zone = zones[i%len(zones)]
		}
		out.Items = append(out.Items, node)
	}
	return evidence.See("cluster", out, evidence.Source{Via: "apiserver", Ask: "list nodes"})
}

// pods are running, ready pods of a component on cp-1, cp-2, ….
func pods(component string, n int) evidence.Observed[[]evidence.ControlPod] {
	var out []evidence.ControlPod
	for i := range n {
		node := fmt.Sprintf("cp-%d", i+1)
		out = append(out, evidence.ControlPod{Component: component, Subject: component + "/" + node, Name: component + "-" + node, Node: node, Phase: "Running", Ready: true})
	}
	return evidence.See("cluster", out, evidence.Source{Via: "apiserver", Ask: "list pods"})
}

// TestPages wants of every page what the engine and explain read from it.
func TestPages(t *testing.T) {
	for _, c := range Checks() {
		t.Run(c.ID, func(t *testing.T) {
			if c.Title() == "" {
				t.Error("got no title")
			}
			at := -1
			for _, name := range []string{"What it looks at", "Why it matters", "When it does not apply", "What to do", "References"} {
				i := slices.Index(headings(c.Doc), name)
				if i <= at {
					t.Errorf("got section %q at %d, want it after %d", name, i, at)
				}
				at = i
			}
			if len(c.References()) < 3 {
				t.Errorf("got %d references, want 3 or more", len(c.References()))
			}
			for _, p := range c.Params() {
				if p.Name == "" || p.Doc == "" {
					t.Errorf("got parameter %+v, want a name and a doc", p)
				}
			}
			if _, err := c.With([]byte("{}")); err != nil {
				t.Errorf("defaults: got %v, want them valid", err)
			}
		})
	}
}

// TestEmpty wants only skips of a snapshot that holds nothing, and not-applicable where the cluster
// shows no etcd.
func TestEmpty(t *testing.T) {
	gone := evidence.Gap{Why: evidence.Absent, Note: "the provider runs it"}
	managed := &evidence.Snapshot{
		Cluster:          evidence.Cluster{Managed: true, Distribution: "eks"},
		EtcdMetrics:      evidence.Instances[evidence.Scrapes]{evidence.Miss[evidence.Scrapes]("etcd", gone, evidence.Source{})},
		EtcdFlags:        evidence.Instances[evidence.Flags]{evidence.Miss[evidence.Flags]("etcd", gone, evidence.Source{})},
		EtcdStatus:       evidence.Instances[evidence.EtcdStatus]{evidence.Miss[evidence.EtcdStatus]("etcd", gone, evidence.Source{})},
		ControlPods:      evidence.See("cluster", []evidence.ControlPod{}, evidence.Source{}),
		APIServerMetrics: metrics(map[string]evidence.Scrape{"kube-apiserver/a": scrape(time.Hour, values{"apiserver_storage_size_bytes": 0})}),
	}
	for _, r := range checks.Run(&evidence.Snapshot{}, Checks()) {
		for _, v := range r.Verdicts {
			if v.Outcome != checks.Skipped {
				t.Errorf("empty snapshot: %s: got %s %q, want skipped", r.Check.ID, v.Outcome, v.Message)
			}
		}
	}
	for _, r := range checks.Run(managed, Checks()) {
		for _, v := range r.Verdicts {
			if v.Outcome != checks.NotApplicable {
				t.Errorf("managed: %s: got %s %s %q, want not-applicable", r.Check.ID, v.Outcome, v.Subject, v.Message)
			}
		}
	}
}

func headings(doc string) []string {
	var out []string
	for line := range strings.Lines(doc) {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			out = append(out, strings.TrimSpace(name))
		}
	}
	return out
}
