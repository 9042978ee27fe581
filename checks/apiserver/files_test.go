package apiserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// onlyLive is the gap of what no file tells.
var onlyLive = evidence.Gap{Why: evidence.NotLive, Note: "needs a live cluster", Unlock: "a live cluster"}

// inFiles is a cluster of which only the manifests of kube-apiservers were read: their flags as on a command line,
// each on a line of its own from line 20 on. A value of ? is one that a template fills in.
func inFiles(version string, lines ...string) *evidence.Snapshot {
	s := &evidence.Snapshot{Taken: taken, Cluster: evidence.Cluster{Files: true}}
	for i, line := range lines {
		path := fmt.Sprintf("%s/kube-apiserver.yaml", cp(i))
		list := evidence.Source{Via: evidence.ViaFile, From: path, Line: 12, Column: 5}
		f := evidence.Flags{
			Component: "kube-apiserver", Version: version, Values: map[string][]evidence.FlagValue{}, UnknownAt: map[string]evidence.Source{},
			Read: []evidence.Source{list}, From: []evidence.Provenance{evidence.FromCommandLine},
		}
		for j, word := range strings.Fields(line) {
			name, value, _ := strings.Cut(word, "=")
			at := evidence.Source{Via: evidence.ViaFile, From: path, Line: 20 + j, Column: 7}
			if value == "?" {
				f.Unknown, f.UnknownAt[name] = append(f.Unknown, name), at
				continue
			}
			f.Values[name] = []evidence.FlagValue{{Value: value, From: evidence.FromCommandLine, Source: at}}
		}
		s.APIServerFlags = append(s.APIServerFlags, evidence.See("kube-apiserver/"+cp(i), f, list))
	}
	if v, ok := evidence.ParseSemver(version); ok {
		s.Version = evidence.See("kube-apiserver", evidence.Version{Git: "v" + version, Major: v.Major, Minor: v.Minor}, evidence.Source{})
	}
	s.MissRest(onlyLive)
	return s
}

// told is what a person reads of verdicts in files: outcome, subject, the line to edit and the settings that mend it.
func told(vs []checks.Verdict) []string {
	var out []string
	for i, line := range said(vs) {
		if src, ok := vs[i].Place(); ok {
			line += fmt.Sprintf(" at %d", src.Line)
		}
		for _, c := range vs[i].Changes {
			line += " " + strings.TrimPrefix(c.Subject, "kube-apiserver/") + " " + c.Name
			if c.Remove {
				line += " gone"
			} else {
				line += "=" + c.Value
			}
		}
		out = append(out, line)
	}
	return out
}

// mended is the snapshot after the settings of all findings were changed.
func mended(s *evidence.Snapshot, vs []checks.Verdict) {
	for _, v := range vs {
		for _, c := range v.Changes {
			f := s.APIServerFlags.Of(c.Subject).Value
			if c.Remove {
				delete(f.Values, c.Name)
			} else {
				f.Values[c.Name] = []evidence.FlagValue{{Value: c.Value, From: evidence.FromCommandLine, Source: evidence.Source{Via: evidence.ViaFile, From: "new", Line: 1}}}
			}
		}
	}
}

// stillFound are the findings that have a mend, after it was applied.
func stillFound(t *testing.T, s *evidence.Snapshot, c checks.Check) {
	t.Helper()
	judge := func() []checks.Verdict { return checks.Run(s, []checks.Check{c})[0].Verdicts }
	before := judge()
	mended(s, before)
	after := map[string]checks.Verdict{}
	for _, v := range judge() {
		after[v.Subject] = v
	}
	for _, v := range before {
		if now := after[v.Subject]; len(v.Changes) > 0 && now.Outcome == checks.Finding {
			t.Errorf("%s: after its settings were changed (%v) it is still found: %s", v.Subject, v.Changes, now.Message)
		}
	}
}

// dead reports whether a verdict only says that nobody asked a cluster.
func dead(v checks.Verdict) bool {
	return v.Outcome == checks.Skipped && strings.Contains(v.Message, onlyLive.Note)
}

// judgedInFiles runs a check, without what only a live cluster tells.
func judgedInFiles(s *evidence.Snapshot, c checks.Check) []checks.Verdict {
	var out []checks.Verdict
	for _, v := range checks.Run(s, []checks.Check{c})[0].Verdicts {
		if !dead(v) {
			out = append(out, v)
		}
	}
	return out
}

func TestGoawayInFiles(t *testing.T) {
	balanced := func(endpoint string, lines ...string) *evidence.Snapshot {
		s := inFiles("1.34.2", lines...)
		s.KubeadmConfig = evidence.See("kubeadm-config", evidence.KubeadmConfig{ControlPlaneEndpoint: endpoint}, evidence.Source{Via: evidence.ViaFile, From: "kubeadm.yaml", Line: 4})
		return s
	}
	for name, tc := range map[string]struct {
		s    *evidence.Snapshot
		want []string
	}{
		"one manifest may stand for all":    {inFiles("1.34.2", "v=2"), []string{"skipped kube-apiserver/cp-1 at 12"}},
		"one manifest, set":                 {inFiles("1.34.2", "goaway-chance=0.001"), []string{"pass kube-apiserver/cp-1 at 20"}},
		"more than it takes is no pass":     {inFiles("1.34.2", "goaway-chance=0.05"), []string{"not-applicable kube-apiserver/cp-1 at 20"}},
		"a template":                        {inFiles("1.34.2", "v=2 goaway-chance=?"), []string{"skipped kube-apiserver/cp-1 at 21"}},
		"no version, the same in every one": {inFiles("", "goaway-chance=0.001", "v=2"), []string{"pass kube-apiserver/cp-1 at 20", "skipped kube-apiserver/cp-2 at 12"}},
		"nobody tells of a balancer":        {inFiles("1.34.2", "v=2", "v=2"), []string{"skipped kube-apiserver/cp-1 at 12", "skipped kube-apiserver/cp-2 at 12"}},
		"behind a name": {balanced("api.example.org:6443", "v=2", "v=2"), []string{
			"info kube-apiserver/cp-1 at 12 cp-1 goaway-chance=0.001", "info kube-apiserver/cp-2 at 12 cp-2 goaway-chance=0.001",
		}},
		"behind one of them": {balanced("10.0.0.1:6443", "advertise-address=10.0.0.1 secure-port=6443", "advertise-address=10.0.0.2 secure-port=6443"), []string{
			"not-applicable kube-apiserver/cp-1 at 12", "not-applicable kube-apiserver/cp-2 at 12",
		}},
		"as the others have it": {balanced("10.9.9.9", "advertise-address=10.0.0.1", "goaway-chance=0.003 advertise-address=10.0.0.2"), []string{
			"info kube-apiserver/cp-1 at 12 cp-1 goaway-chance=0.003", "pass kube-apiserver/cp-2 at 20",
		}},
		"differently": {inFiles("1.34.2", "goaway-chance=0.001", "goaway-chance=0.003", "goaway-chance=0.003"), []string{
			"info kube-apiserver/cp-1 at 20 cp-1 goaway-chance=0.003", "pass kube-apiserver/cp-2 at 20", "pass kube-apiserver/cp-3 at 20",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, told(judgedInFiles(tc.s, goaway))); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			stillFound(t, tc.s, goaway)
		})
	}
}

func TestATemplateIsNamed(t *testing.T) {
	v := checks.Run(inFiles("1.34.2", "goaway-chance=?"), []checks.Check{goaway})[0].Verdicts[0]
	if want := "cannot be told from the file: --goaway-chance is filled in later, by a template or a variable"; v.Message != want {
		t.Errorf("got %q, want %q", v.Message, want)
	}
}

func TestChecksInFiles(t *testing.T) {
	kubeadm := func(s *evidence.Snapshot, endpoint string) *evidence.Snapshot {
		s.KubeadmConfig = evidence.See("kubeadm-config", evidence.KubeadmConfig{ControlPlaneEndpoint: endpoint}, evidence.Source{Via: evidence.ViaFile, From: "kubeadm.yaml", Line: 4})
		return s
	}
	etcd := func(s *evidence.Snapshot, versions ...string) *evidence.Snapshot {
		s.EtcdFlags = nil
		for i, v := range versions {
			s.EtcdFlags = append(s.EtcdFlags, evidence.See("etcd/"+cp(i), evidence.Flags{Component: "etcd", Version: v}, evidence.Source{Via: evidence.ViaFile, From: "etcd.yaml", Line: 7}))
		}
		return s
	}
	const one = " kube-apiserver/cp-1"
	for name, tc := range map[string]struct {
		check checks.Check
		s     *evidence.Snapshot
		want  []string // but for passes
	}{
		"apf, nothing set":          {apf, inFiles("1.34.2", "v=2"), nil},
		"apf, no version":           {apf, inFiles("", "v=2"), nil},
		"apf, off":                  {apf, inFiles("1.34.2", "v=2 enable-priority-and-fairness=false"), []string{"warning" + one + " at 21 cp-1 enable-priority-and-fairness gone"}},
		"apf, off by an old gate":   {apf, inFiles("1.28.2", "v=2 feature-gates=A=true,APIPriorityAndFairness=false"), []string{"warning" + one + " at 21 cp-1 feature-gates=A=true"}},
		"apf, off by that alone":    {apf, inFiles("1.28.2", "feature-gates=APIPriorityAndFairness=false"), []string{"warning" + one + " at 20 cp-1 feature-gates gone"}},
		"apf, no limit at all":      {apf, inFiles("1.34.2", "max-requests-inflight=0 enable-priority-and-fairness=false"), []string{"warning" + one + " at 21 cp-1 enable-priority-and-fairness gone", "critical" + one + " inflight at 20 cp-1 max-requests-inflight gone"}},
		"apf, too many seats":       {apf, inFiles("1.34.2", "max-requests-inflight=3000 max-mutating-requests-inflight=5000"), []string{"warning" + one + " seats at 21"}},
		"apf, timeouts":             {apf, inFiles("1.34.2", "request-timeout=10m min-request-timeout=60"), []string{"warning" + one + " request-timeout at 20 cp-1 request-timeout=1m0s", "warning" + one + " min-request-timeout at 21 cp-1 min-request-timeout=1800"}},
		"apf, objects not counted":  {apf, inFiles("1.34.2", "v=2 etcd-count-metric-poll-period=0"), []string{"warning" + one + " list-cost at 21 cp-1 etcd-count-metric-poll-period gone"}},
		"apf, seats of a template":  {apf, inFiles("1.34.2", "v=2 max-requests-inflight=?"), []string{"skipped" + one + " seats at 21"}},
		"apf, instances differ":     {apf, inFiles("1.34.2", "max-requests-inflight=800", "v=2"), []string{"info kube-apiserver seats at 20"}},
		"apf, one of two is hidden": {apf, inFiles("1.34.2", "max-requests-inflight=?", "v=2"), []string{"skipped" + one + " seats at 20"}},

		"lists, an etcd that can":     {consistentList, etcd(inFiles("1.34.2", "v=2"), "3.6.5"), nil},
		"lists, an etcd that cannot":  {consistentList, etcd(inFiles("1.34.2", "v=2"), "3.6.5", "3.5.12"), []string{"warning kube-apiserver at 7"}},
		"lists, nobody tells of etcd": {consistentList, inFiles("1.34.2", "v=2"), []string{"skipped kube-apiserver"}},
		"lists, before 1.31":          {consistentList, inFiles("1.30.2", "v=2"), []string{"not-applicable kube-apiserver"}},
		"lists, the gate is off":      {consistentList, etcd(inFiles("1.32.2", "v=2 feature-gates=ConsistentListFromCache=false,B=true"), "3.6.5"), []string{"warning kube-apiserver at 21 cp-1 feature-gates=B=true"}},
		"lists, no cache":             {consistentList, etcd(inFiles("1.34.2", "v=2 watch-cache=false"), "3.6.5"), []string{"warning" + one + " watch-cache at 21 cp-1 watch-cache gone"}},
		"lists, one without a cache":  {consistentList, etcd(inFiles("1.34.2", "v=2 watch-cache-sizes=pods#0,events#0,nodes#100"), "3.6.5"), []string{"warning" + one + " watch-cache at 21 cp-1 watch-cache-sizes=events#0,nodes#100"}},
		"lists, no version":           {consistentList, inFiles("", "v=2 watch-cache=false"), []string{"warning" + one + " watch-cache at 21 cp-1 watch-cache gone"}},
		"lists, a template":           {consistentList, etcd(inFiles("1.34.2", "watch-cache=?"), "3.6.5"), []string{"skipped" + one + " watch-cache at 20"}},

		"replicas, one manifest":        {replicas, inFiles("1.34.2", "v=2"), nil},
		"replicas, stopping at once":    {replicas, inFiles("1.34.2", "v=2", "v=2"), []string{"skipped kube-apiserver shutdown at 12"}},
		"replicas, behind a balancer":   {replicas, kubeadm(inFiles("1.34.2", "v=2", "v=2"), "api.example.org"), []string{"warning kube-apiserver shutdown at 12"}},
		"replicas, a template's delay":  {replicas, inFiles("1.34.2", "shutdown-delay-duration=?", "shutdown-delay-duration=?"), []string{"skipped kube-apiserver shutdown at 20"}},
		"replicas, no common address":   {replicas, kubeadm(inFiles("1.34.2", "shutdown-delay-duration=15s", "shutdown-delay-duration=15s"), ""), []string{"warning kube-apiserver address at 4"}},
		"replicas, an old reconciler":   {replicas, inFiles("1.34.2", "endpoint-reconciler-type=master-count apiserver-count=3"), []string{"warning" + one + " endpoints at 20 cp-1 endpoint-reconciler-type gone cp-1 apiserver-count gone"}},
		"replicas, somebody else's job": {replicas, inFiles("1.34.2", "endpoint-reconciler-type=none"), []string{"info" + one + " endpoints at 20"}},

		"balance needs a cluster":    {balance, inFiles("1.34.2", "v=2", "v=2"), nil},
		"saturation needs a cluster": {apfSaturation, inFiles("1.34.2", "v=2"), nil},
		"lists need a cluster":       {listRV, inFiles("1.34.2", "v=2"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var vs []checks.Verdict
			for _, v := range judgedInFiles(tc.s, tc.check) {
				if v.Outcome != checks.Pass {
					vs = append(vs, v)
				}
			}
			if d := cmp.Diff(tc.want, told(vs)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			for _, v := range vs {
				if strings.Contains(v.Message+v.Unlock, "permission") || strings.Contains(v.Message, "metrics") {
					t.Errorf("%s: got %q, unlocked by %q: no words for files", v.Subject, v.Message, v.Unlock)
				}
			}
			stillFound(t, tc.s, tc.check)
		})
	}
}
