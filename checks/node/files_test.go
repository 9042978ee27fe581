package node

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// kubeletInFile is a KubeletConfiguration, each field on a line of its own from line 3 on; ? is what a template fills in.
func kubeletInFile(version string, fields ...string) *evidence.Snapshot {
	const of = "kubelet/workers"
	src := evidence.Source{Via: evidence.ViaFile, From: "kubelet.yaml", Line: 1}
	d := evidence.Document{Component: "kubelet", Version: version, Fields: map[string]evidence.FlagValue{}}
	for i, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		if value == "?" {
			d.Unknown = append(d.Unknown, name)
			continue
		}
		d.Fields[name] = evidence.FlagValue{Value: value, Source: evidence.Source{Via: evidence.ViaFile, From: "kubelet.yaml", Line: 3 + i}}
	}
	s := &evidence.Snapshot{
		Cluster: evidence.Cluster{Files: true}, Documents: evidence.Instances[evidence.Document]{evidence.See(of, d, src)},
		KubeletConfigs: evidence.Instances[evidence.KubeletConfig]{evidence.See(of, configOf(d), src)},
	}
	s.MissRest(evidence.Gap{Why: evidence.NotLive, Note: "needs a live cluster", Unlock: "a live cluster"})
	return s
}

func configOf(d evidence.Document) evidence.KubeletConfig {
	c := evidence.KubeletConfig{FeatureGates: map[string]bool{}}
	if v, ok := d.Fields["staticPodURL"]; ok {
		c.StaticPodURL = &v.Value
	}
	if v, err := time.ParseDuration(d.Fields["fileCheckFrequency"].Value); err == nil {
		c.FileCheckFrequency = &v
	}
	if v, ok := d.Fields["featureGates.EventedPLEG"]; ok {
		c.FeatureGates["EventedPLEG"] = v.Value == "true"
	}
	return c
}

func TestKubeletsInFiles(t *testing.T) {
	flags := kubeletInFile("1.34.2", "maxPods=110")
	at := evidence.Source{Via: evidence.ViaFile, From: "kubelet.env", Line: 4}
	flags.KubeletFlags = evidence.Instances[evidence.Flags]{evidence.See("kubelet/a", evidence.Flags{
		Component: "kubelet", Values: map[string][]evidence.FlagValue{"manifest-url": {{Value: "http://10.0.0.9/pods", From: evidence.FromCommandLine, Source: at}}},
	}, at)}
	const sources, check, gate = " kubelet/workers", " kubelet/workers file-check", " kubelet/workers evented-pleg"
	for name, tc := range map[string]struct {
		check checks.Check
		s     *evidence.Snapshot
		want  []string
	}{
		"nothing set":              {podSources, kubeletInFile("1.34.2", "maxPods=110"), []string{"pass" + sources + " at 1", "pass" + check + " at 1"}},
		"pods from a URL":          {podSources, kubeletInFile("1.34.2", "maxPods=110", "staticPodURL=http://10.0.0.9/pods"), []string{"critical" + sources + " at 4", "pass" + check + " at 1"}},
		"pods from a URL by flag":  {podSources, flags, []string{"pass" + sources + " at 1", "pass" + check + " at 1", "critical kubelet/a manifest-url at 4"}},
		"a slow look at files":     {podSources, kubeletInFile("1.34.2", "maxPods=110", "fileCheckFrequency=5m"), []string{"pass" + sources + " at 1", "info" + check + " at 4 fileCheckFrequency=20s"}},
		"a template's URL":         {podSources, kubeletInFile("1.34.2", "staticPodURL=?", "fileCheckFrequency=?"), []string{"skipped" + sources + " at 1", "skipped" + check + " at 1"}},
		"no evented PLEG":          {pleg, kubeletInFile("1.34.2", "maxPods=110"), []string{"pass" + gate + " at 1"}},
		"evented PLEG":             {pleg, kubeletInFile("1.34.2", "featureGates.EventedPLEG=true"), []string{"warning" + gate + " at 3 featureGates.EventedPLEG=false"}},
		"evented PLEG, later":      {pleg, kubeletInFile("1.37.0", "featureGates.EventedPLEG=true"), []string{"pass" + gate + " at 3"}},
		"evented PLEG, no version": {pleg, kubeletInFile("", "featureGates.EventedPLEG=true"), []string{"skipped" + gate + " at 3"}},
		"a template's gate":        {pleg, kubeletInFile("1.34.2", "featureGates.EventedPLEG=?"), []string{"skipped" + gate + " at 1"}},
		"pods need a cluster":      {termination, kubeletInFile("1.34.2", "maxPods=110"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			before := checks.Run(tc.s, []checks.Check{tc.check})[0].Verdicts
			var got []string
			for _, v := range before {
				if v.Outcome == checks.Skipped && strings.Contains(v.Message, "needs a live cluster") {
					continue
				}
				line := v.Outcome.String()
				if v.Outcome == checks.Finding {
					line = v.Severity.String()
				}
				src, _ := v.Place()
				line += fmt.Sprintf(" %s at %d", v.Subject, src.Line)
				for _, c := range v.Changes {
					line += " " + c.Name + "=" + c.Value
					o := tc.s.Documents.Of(c.Subject)
					o.Value.Fields[c.Name] = evidence.FlagValue{Value: c.Value}
					*tc.s.KubeletConfigs.Of(c.Subject).Value = configOf(*o.Value)
				}
				got = append(got, line)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			after := checks.Run(tc.s, []checks.Check{tc.check})[0].Verdicts
			for i, v := range before {
				if len(v.Changes) > 0 && after[i].Outcome == checks.Finding {
					t.Errorf("%s: after its settings were changed it is still found: %s", v.Subject, after[i].Message)
				}
			}
		})
	}
}
