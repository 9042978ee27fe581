package clients

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// inFile is a place in a file.
func inFile(path string, line int) evidence.Source {
	return evidence.Source{Via: evidence.ViaFile, From: path, Line: line}
}

// processInFile is a component's manifest, each flag on a line of its own from line 20 on; ? is what a template fills in.
func processInFile(component, version, words string) evidence.Instances[evidence.Flags] {
	list := inFile(component+".yaml", 12)
	f := evidence.Flags{
		Component: component, Version: version, Values: map[string][]evidence.FlagValue{}, UnknownAt: map[string]evidence.Source{},
		Read: []evidence.Source{list}, From: []evidence.Provenance{evidence.FromCommandLine},
	}
	for i, word := range strings.Fields(words) {
		name, value, _ := strings.Cut(word, "=")
		if at := inFile(component+".yaml", 20+i); value == "?" {
			f.Unknown, f.UnknownAt[name] = append(f.Unknown, name), at
		} else {
			f.Values[name] = []evidence.FlagValue{{Value: value, From: evidence.FromCommandLine, Source: at}}
		}
	}
	return evidence.Instances[evidence.Flags]{evidence.See(component+"/a", f, list)}
}

// documentInFile is a configuration file, each field on a line of its own from line 3 on.
func documentInFile(component, version, of, fields string) evidence.Observed[evidence.Document] {
	d := evidence.Document{Component: component, Version: version, Fields: map[string]evidence.FlagValue{}}
	for i, field := range strings.Fields(fields) {
		name, value, _ := strings.Cut(field, "=")
		if value == "?" {
			d.Unknown = append(d.Unknown, name)
			continue
		}
		d.Fields[name] = evidence.FlagValue{Value: value, Source: inFile(of+".yaml", 3+i)}
	}
	return evidence.See(of, d, inFile(of+".yaml", 1))
}

// number is the value of a field; nil if the document does not have it.
func number(d evidence.Document, name string) *int64 {
	n, err := strconv.ParseInt(d.Fields[name].Value, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

func kubeletOf(d evidence.Document) evidence.KubeletConfig {
	return evidence.KubeletConfig{
		KubeAPIQPS: number(d, "kubeAPIQPS"), KubeAPIBurst: number(d, "kubeAPIBurst"),
		EventRecordQPS: number(d, "eventRecordQPS"), EventBurst: number(d, "eventBurst"),
	}
}

func schedulerOf(d evidence.Document) evidence.SchedulerConfig {
	c := evidence.SchedulerConfig{Burst: number(d, fieldBurst)}
	if q := number(d, fieldQPS); q != nil {
		f := float64(*q)
		c.QPS = &f
	}
	return c
}

func kubeletFiles(version string, fields ...string) *evidence.Snapshot {
	s := &evidence.Snapshot{}
	for i, f := range fields {
		o := documentInFile("kubelet", version, fmt.Sprintf("kubelet/%d", i), f)
		s.Documents = append(s.Documents, o)
		s.KubeletConfigs = append(s.KubeletConfigs, evidence.See(o.Of, kubeletOf(*o.Value), o.Source))
	}
	return s
}

func scheduler(flags, fields string) *evidence.Snapshot {
	s := &evidence.Snapshot{}
	if flags != "" {
		s.SchedulerFlags = processInFile("kube-scheduler", "1.34.2", flags)
	}
	if fields != "" {
		o := documentInFile("kube-scheduler", "1.34.2", "kube-scheduler/a", fields)
		s.Documents = append(s.Documents, o)
		s.SchedulerConfig = append(s.SchedulerConfig, evidence.See(o.Of, schedulerOf(*o.Value), o.Source))
	}
	return s
}

// mended is what is left when the settings of all findings were changed.
func mended(s *evidence.Snapshot, vs []checks.Verdict) {
	for _, v := range vs {
		for _, c := range v.Changes {
			at := evidence.FlagValue{Value: c.Value, From: evidence.FromCommandLine, Source: inFile("new", 1)}
			values := map[string]evidence.FlagValue{}
			for _, in := range []evidence.Instances[evidence.Flags]{s.ControllerManagerFlags, s.SchedulerFlags} {
				if o := in.Of(c.Subject); o.Seen() && !strings.Contains(c.Name, ".") {
					delete(o.Value.Values, c.Name)
					if !c.Remove {
						o.Value.Values[c.Name] = []evidence.FlagValue{at}
					}
				}
			}
			if o := s.Documents.Of(c.Subject); o.Seen() {
				values = o.Value.Fields
			}
			delete(values, c.Name)
			if !c.Remove {
				values[c.Name] = at
			}
		}
	}
	for o := range s.KubeletConfigs.Seen() {
		*o.Value = kubeletOf(*s.Documents.Of(o.Of).Value)
	}
	for o := range s.SchedulerConfig.Seen() {
		*o.Value = schedulerOf(*s.Documents.Of(o.Of).Value)
	}
}

func TestQPSInFiles(t *testing.T) {
	manager := func(words string) *evidence.Snapshot {
		return &evidence.Snapshot{ControllerManagerFlags: processInFile("kube-controller-manager", "1.34.2", words)}
	}
	const kcm, workers = " kube-controller-manager/a", " kube-controller-manager/a workers"
	more := " kube-controller-manager/a kube-api-qps=100 kube-controller-manager/a kube-api-burst=200"
	for name, tc := range map[string]struct {
		s    *evidence.Snapshot
		want []string
	}{
		"manager, default":           {manager("v=2"), []string{"pass" + kcm + " at 12", "pass" + workers + " at 12"}},
		"manager, raised":            {manager("kube-api-qps=100 kube-api-burst=200"), []string{"pass" + kcm + " at 20", "pass" + workers + " at 20"}},
		"manager, a template":        {manager("kube-api-burst=30 kube-api-qps=?"), []string{"skipped" + kcm + " at 21", "skipped" + workers + " at 21"}},
		"manager, throttled":         {manager("kube-api-qps=10"), []string{"info" + kcm + " at 20" + kcm + " kube-api-qps gone", "pass" + workers + " at 20"}},
		"manager, burst below":       {manager("v=2 kube-api-burst=10"), []string{"info" + kcm + " at 21" + kcm + " kube-api-burst=40", "pass" + workers + " at 21"}},
		"manager, both":              {manager("kube-api-qps=10 kube-api-burst=5"), []string{"info" + kcm + " at 20" + kcm + " kube-api-qps gone" + kcm + " kube-api-burst gone", "pass" + workers + " at 20"}},
		"manager, workers raised":    {manager("concurrent-deployment-syncs=50"), []string{"pass" + kcm + " at 12", "info" + workers + " at 12" + more}},
		"manager, throttled workers": {manager("kube-api-qps=10 concurrent-deployment-syncs=50"), []string{"info" + kcm + " at 20" + more, "info" + workers + " at 20" + more}},

		"scheduler, default":                {scheduler("v=2", ""), []string{"pass kube-scheduler/a at 12"}},
		"scheduler, throttled":              {scheduler("v=2 kube-api-qps=5", ""), []string{"info kube-scheduler/a at 21 kube-scheduler/a kube-api-qps gone"}},
		"scheduler, a file nobody read":     {scheduler("config=/etc/s.yaml", ""), []string{"skipped kube-scheduler/a at 20"}},
		"scheduler, flags beside a file":    {scheduler("config=/etc/s.yaml kube-api-qps=100", ""), []string{"warning kube-scheduler/a at 21 kube-scheduler/a kube-api-qps gone"}},
		"scheduler, its file":               {scheduler("", "parallelism=16"), []string{"pass kube-scheduler/a at 1"}},
		"scheduler, 0 is the default":       {scheduler("", "clientConnection.qps=0"), []string{"pass kube-scheduler/a at 1"}},
		"scheduler, throttled in its file":  {scheduler("", "clientConnection.qps=10 clientConnection.burst=20"), []string{"info kube-scheduler/a at 3 kube-scheduler/a clientConnection.qps gone kube-scheduler/a clientConnection.burst gone"}},
		"scheduler, burst below, in a file": {scheduler("", "clientConnection.qps=200"), []string{"info kube-scheduler/a at 3 kube-scheduler/a clientConnection.burst=400"}},
		"scheduler, a template's file":      {scheduler("", "clientConnection.qps=?"), []string{"skipped kube-scheduler/a at 1"}},
		"scheduler, its file and flags":     {scheduler("config=/etc/s.yaml kube-api-qps=100", "parallelism=16"), []string{"warning kube-scheduler/a at 21 kube-scheduler/a kube-api-qps gone"}},

		"kubelet, nothing set":          {kubeletFiles("1.34.2", "maxPods=110"), []string{"pass kubelet/0 at 1"}},
		"kubelet, no version":           {kubeletFiles("", "maxPods=110"), []string{"pass kubelet/0 at 1"}},
		"kubelet, 0":                    {kubeletFiles("1.34.2", "maxPods=110 kubeAPIQPS=0"), []string{"info kubelet/0 at 4 kubelet/0 kubeAPIQPS=50"}},
		"kubelet, below the default":    {kubeletFiles("1.34.2", "kubeAPIQPS=10 kubeAPIBurst=5"), []string{"info kubelet/0 at 3 kubelet/0 kubeAPIQPS=50 kubelet/0 kubeAPIBurst=100"}},
		"kubelet, below some default":   {kubeletFiles("", "kubeAPIQPS=10"), []string{"pass kubelet/0 at 1"}},
		"kubelet, over the burst":       {kubeletFiles("1.34.2", "kubeAPIQPS=200"), []string{"info kubelet/0 at 3 kubelet/0 kubeAPIBurst=400"}},
		"kubelet, no limit of events":   {kubeletFiles("1.37.0", "eventRecordQPS=0"), []string{"warning kubelet/0 at 3 kubelet/0 eventRecordQPS=50"}},
		"kubelet, old, nothing set":     {kubeletFiles("1.26.1", "maxPods=110"), []string{"pass kubelet/0 at 1"}},
		"kubelet, a template's":         {kubeletFiles("1.34.2", "kubeAPIQPS=?"), []string{"skipped kubelet/0 at 1"}},
		"kubelets of pools that differ": {kubeletFiles("1.34.2", "kubeAPIQPS=60", "kubeAPIQPS=80"), []string{"pass kubelet/0 at 1", "pass kubelet/1 at 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.s.Cluster.Files = true
			tc.s.MissRest(evidence.Gap{Why: evidence.NotLive, Note: "needs a live cluster", Unlock: "a live cluster"})
			before := checks.Run(tc.s, []checks.Check{qps})[0].Verdicts
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
					line += " " + c.Subject + " " + c.Name
					if c.Remove {
						line += " gone"
					} else {
						line += "=" + c.Value
					}
				}
				got = append(got, line)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			mended(tc.s, before)
			for _, v := range checks.Run(tc.s, []checks.Check{qps})[0].Verdicts {
				if v.Outcome == checks.Finding {
					t.Errorf("%s: after all settings were changed it is still found: %s", v.Subject, v.Message)
				}
			}
		})
	}
}
