package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

func TestSettingsInFiles(t *testing.T) {
	const of, flag, field = "kube-scheduler/a", "pod-max-in-unschedulable-pods-duration", "podMaxBackoffSeconds"
	at := func(line int) evidence.Source {
		return evidence.Source{Via: evidence.ViaFile, From: "scheduler.yaml", Line: line}
	}
	flags := func(value string) *evidence.Snapshot {
		f := evidence.Flags{Component: "kube-scheduler", Version: "1.34.2", Values: map[string][]evidence.FlagValue{}, Read: []evidence.Source{at(12)}, From: []evidence.Provenance{evidence.FromCommandLine}}
		switch value {
		case "":
		case "?":
			f.Unknown, f.UnknownAt = []string{flag}, map[string]evidence.Source{flag: at(20)}
		default:
			f.Values[flag] = []evidence.FlagValue{{Value: value, From: evidence.FromCommandLine, Source: at(20)}}
		}
		return &evidence.Snapshot{SchedulerFlags: evidence.Instances[evidence.Flags]{evidence.See(of, f, at(12))}}
	}
	config := func(seconds string) *evidence.Snapshot {
		d := evidence.Document{Component: "kube-scheduler", Fields: map[string]evidence.FlagValue{}}
		var c evidence.SchedulerConfig
		switch b, err := time.ParseDuration(seconds + "s"); {
		case err == nil:
			c.PodMaxBackoff = &b
			d.Fields[field] = evidence.FlagValue{Value: seconds, Source: at(7)}
		case seconds == "?":
			d.Unknown = []string{field}
		}
		return &evidence.Snapshot{
			SchedulerConfig: evidence.Instances[evidence.SchedulerConfig]{evidence.See(of, c, at(1))},
			Documents:       evidence.Instances[evidence.Document]{evidence.See(of, d, at(1))},
		}
	}
	for name, tc := range map[string]struct {
		s    *evidence.Snapshot
		want []string
	}{
		"the flag's default":  {flags(""), []string{"pass " + of + " flush at 12"}},
		"a long time":         {flags("30m"), []string{"warning " + of + " flush at 20 " + flag + " gone"}},
		"a template's time":   {flags("?"), []string{"skipped " + of + " flush at 20"}},
		"the field's default": {config(""), []string{"pass " + of + " backoff at 1"}},
		"a short backoff":     {config("60"), []string{"pass " + of + " backoff at 7"}},
		"a long backoff":      {config("61"), []string{"info " + of + " backoff at 7 " + field + "=10"}},
		"a template's":        {config("?"), []string{"skipped " + of + " backoff at 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.s.Cluster.Files = true
			tc.s.MissRest(evidence.Gap{Why: evidence.NotLive, Note: "needs a live cluster", Unlock: "a live cluster"})
			var got []string
			for _, v := range checks.Run(tc.s, []checks.Check{queue})[0].Verdicts {
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
					line += " " + c.Name + map[bool]string{true: " gone", false: "=" + c.Value}[c.Remove]
				}
				got = append(got, line)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
