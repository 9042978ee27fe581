package clients

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

const (
	manager = "kube-controller-manager/cp-1"
	sched   = "kube-scheduler/cp-1"
)

// flagsOf are the flags of a process, all read from its command line.
func flagsOf(component, node string, values map[string]string) evidence.Observed[evidence.Flags] {
	src := evidence.Source{Via: "apiserver", From: "pod kube-system/" + component + "-" + node}
	f := evidence.Flags{
		Component: component, Version: "1.37.2", Values: map[string][]evidence.FlagValue{},
		Read: []evidence.Source{src}, From: []evidence.Provenance{evidence.FromCommandLine},
	}
	for k, v := range values {
		f.Values[k] = []evidence.FlagValue{{Value: v, From: evidence.FromCommandLine, Source: src}}
	}
	return evidence.See(component+"/"+node, f, src)
}

func withNodes(s *evidence.Snapshot, n int) *evidence.Snapshot {
	s.Nodes = evidence.See("cluster", evidence.Nodes{Items: make([]evidence.Node, n)}, evidence.Source{})
	return s
}

func TestManagerQPS(t *testing.T) {
	of := func(qps, burst string, nodes int, load ...client) *evidence.Snapshot {
		s := &evidence.Snapshot{ControllerManagerFlags: evidence.Instances[evidence.Flags]{flagsOf("kube-controller-manager", "cp-1", map[string]string{"kube-api-qps": qps, "kube-api-burst": burst})}}
		for _, c := range load {
			s.ControllerManagerMetrics = append(s.ControllerManagerMetrics, scraped(manager, &client{}, c))
		}
		return withNodes(s, nodes)
	}
	seats := func(s *evidence.Snapshot, reads string) *evidence.Snapshot {
		s.APIServerFlags = evidence.Instances[evidence.Flags]{flagsOf("kube-apiserver", "cp-1", map[string]string{"max-requests-inflight": reads, "max-mutating-requests-inflight": "200"})}
		return s
	}
	workers := func(qps, name string, n int) *evidence.Snapshot {
		s := of(qps, "1000", 3)
		s.ControllerManagerFlags[0].Value.Values[name] = []evidence.FlagValue{{Value: strconv.Itoa(n), From: evidence.FromCommandLine}}
		return s
	}
	waiting, fine, idle := client{requests: 1000, over250ms: 500}, client{requests: 1000}, client{requests: 10}
	for name, tc := range map[string]struct {
		snapshot      *evidence.Snapshot
		rate, workers string
	}{
		"500 nodes, default":                      {of("20", "30", 500), "pass", "pass"},
		"3 nodes, under the default":              {of("19", "30", 3), "info", "pass"},
		"501 nodes, default, not measured":        {of("20", "30", 501), "info", "pass"},
		"501 nodes, default, held back":           {of("20", "30", 501, waiting), "warning", "pass"},
		"501 nodes, default, the standby is idle": {of("20", "30", 501, idle, waiting), "warning", "pass"},
		"501 nodes, default, not held back":       {of("20", "30", 501, fine), "pass", "pass"},
		"501 nodes, default, too quiet to tell":   {of("20", "30", 501, idle), "info", "pass"},
		"501 nodes, 21":                           {of("21", "30", 501, waiting), "pass", "pass"},
		"burst below":                             {of("100", "99", 3), "info", "pass"},
		"burst equal":                             {of("100", "100", 3), "pass", "pass"},
		"burst 0 is no burst":                     {of("100", "0", 3), "pass", "pass"},
		"no limit":                                {of("-1", "30", 5000), "pass", "pass"},
		"501 on 600 seats":                        {seats(of("501", "1000", 3), "400"), "info", "pass"},
		"500 on 600 seats":                        {seats(of("500", "1000", 3), "400"), "pass", "pass"},
		"501 on 601 seats":                        {seats(of("501", "1000", 3), "401"), "pass", "pass"},
		"no number":                               {of("many", "30", 3), "skipped", "skipped"},
		"workers at 4 times, QPS default":         {workers("20", "concurrent-deployment-syncs", 20), "pass", "info"},
		"workers at less, QPS default":            {workers("20", "concurrent-deployment-syncs", 19), "pass", "pass"},
		"workers at 4 times, QPS raised":          {workers("21", "concurrent-deployment-syncs", 20), "pass", "pass"},
		"workers of a default of 20":              {workers("20", "concurrent-gc-syncs", 20), "pass", "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			want := []string{tc.rate + " " + manager, tc.workers + " " + manager + " workers"}
			if d := cmp.Diff(want, said(runQPS(tc.snapshot, qpsDefaults))); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}

func TestSchedulerQPS(t *testing.T) {
	of := func(nodes int, flags map[string]string, inForce ...float64) *evidence.Snapshot {
		s := &evidence.Snapshot{}
		if flags != nil {
			s.SchedulerFlags = evidence.Instances[evidence.Flags]{flagsOf("kube-scheduler", "cp-1", flags)}
		}
		if inForce != nil {
			burst := int64(inForce[1])
			s.SchedulerConfig = evidence.Instances[evidence.SchedulerConfig]{evidence.See(sched, evidence.SchedulerConfig{QPS: &inForce[0], Burst: &burst}, evidence.Source{})}
		}
		return withNodes(s, nodes)
	}
	flagz := func(s *evidence.Snapshot) *evidence.Snapshot {
		for _, vs := range s.SchedulerFlags[0].Value.Values {
			vs[0].From = evidence.FromFlagz
		}
		return s
	}
	file := func(other ...string) map[string]string {
		m := map[string]string{"config": "/etc/kubernetes/scheduler.yaml"}
		for i := 0; i < len(other); i += 2 {
			m[other[i]] = other[i+1]
		}
		return m
	}
	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     string
	}{
		"defaults, by flags":               {of(500, map[string]string{}), "pass"},
		"defaults, 501 nodes":              {of(501, map[string]string{}), "info"},
		"raised by flags, 501 nodes":       {of(501, map[string]string{"kube-api-qps": "100", "kube-api-burst": "200"}), "pass"},
		"in force, 501 nodes":              {of(501, nil, 51, 100), "pass"},
		"in force, 501 nodes, default":     {of(501, nil, 50, 100), "info"},
		"in force, no limit":               {of(5000, nil, -1, 100), "pass"},
		"in force, burst below":            {of(3, nil, 50, 49), "info"},
		"a file, and nobody knows it":      {of(3, file()), "skipped"},
		"a file, and /configz":             {of(3, file(), 50, 100), "pass"},
		"a flag beside a file":             {of(3, file("kube-api-qps", "100"), 50, 100), "warning"},
		"a flag beside a file, unknown":    {of(3, file("kube-api-burst", "200")), "warning"},
		"flags beside a file that agrees":  {of(3, file("kube-api-qps", "100", "kube-api-burst", "200"), 100, 200), "info"},
		"/flagz lists defaults too":        {flagz(of(3, file("kube-api-qps", "50", "kube-api-burst", "100"), 50, 100)), "pass"},
		"/flagz lists what is no default":  {flagz(of(3, file("kube-api-qps", "80", "kube-api-burst", "100"), 50, 100)), "warning"},
		"an empty --config is no file":     {of(3, map[string]string{"config": "", "kube-api-qps": "80"}), "pass"},
		"a rate that is no number is none": {of(3, map[string]string{"kube-api-qps": "fast"}), "skipped"},
	} {
		t.Run(name, func(t *testing.T) {
			vs := runQPS(tc.snapshot, qpsDefaults)
			if d := cmp.Diff([]string{tc.want + " " + sched}, said(vs)); d != "" {
				t.Errorf("verdicts (-want +got):\n%s%s", d, vs[0].Message)
			}
		})
	}
}

// kubelet is what is set on some nodes of one version.
type kubelet struct {
	n                          int
	version                    string
	qps, burst, events, eburst int64
	pods                       float64 // running; 0: not read
	load                       *client
}

func kubelets(nodes int, ks ...kubelet) *evidence.Snapshot {
	s := &evidence.Snapshot{}
	items := make([]evidence.Node, nodes)
	at := 0
	for _, k := range ks {
		for range k.n {
			name := fmt.Sprintf("n%02d", at)
			items[at] = evidence.Node{Name: name, KubeletVersion: k.version}
			s.KubeletConfigs = append(s.KubeletConfigs, evidence.See("kubelet/"+name, evidence.KubeletConfig{
				KubeAPIQPS: &k.qps, KubeAPIBurst: &k.burst, EventRecordQPS: &k.events, EventBurst: &k.eburst,
			}, evidence.Source{Via: "kubelet", From: name}))
			if k.pods > 0 || k.load != nil {
				c := client{}
				if k.load != nil {
					c = *k.load
				}
				o := scraped("kubelet/"+name, &client{}, c)
				o.Value.Second.Families["kubelet_running_pods"] = &evidence.Family{Type: "gauge", Series: []evidence.Series{{Value: k.pods}}}
				s.KubeletMetrics = append(s.KubeletMetrics, o)
			}
			at++
		}
	}
	s.Nodes = evidence.See("cluster", evidence.Nodes{Items: items}, evidence.Source{})
	return s
}

func TestKubeletQPS(t *testing.T) {
	const v26, v27, v36, v37 = "v1.26.15", "v1.27.0", "v1.36.3", "v1.37.2"
	waiting := &client{requests: 1000, over250ms: 500}
	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"defaults are one verdict":            {kubelets(60, kubelet{n: 50, version: v37, qps: 50, burst: 100, events: 50, eburst: 100}), []string{"pass kubelets"}},
		"none read":                           {kubelets(3), nil},
		"default of 1.26, pods not seen":      {kubelets(3, kubelet{n: 3, version: v26, qps: 5, burst: 10, events: 5, eburst: 10}), []string{"info kubelets"}},
		"default of 1.26, 50 pods":            {kubelets(3, kubelet{n: 3, version: v26, qps: 5, burst: 10, events: 5, eburst: 10, pods: 50}), []string{"pass kubelets"}},
		"default of 1.26, 51 pods":            {kubelets(3, kubelet{n: 3, version: v26, qps: 5, burst: 10, events: 5, eburst: 10, pods: 51}), []string{"warning kubelets"}},
		"default of 1.26, held back":          {kubelets(3, kubelet{n: 3, version: v26, qps: 5, burst: 10, events: 5, eburst: 10, pods: 3, load: waiting}), []string{"warning kubelets"}},
		"5 on 1.27 is somebody's choice":      {kubelets(3, kubelet{n: 3, version: v27, qps: 5, burst: 10, events: 50, eburst: 100}), []string{"info kubelets"}},
		"5 on 1.27, held back":                {kubelets(3, kubelet{n: 3, version: v27, qps: 5, burst: 10, events: 50, eburst: 100, load: waiting}), []string{"warning kubelets"}},
		"49 on 1.27":                          {kubelets(3, kubelet{n: 3, version: v27, qps: 49, burst: 100, events: 50, eburst: 100}), []string{"info kubelets"}},
		"0 is five, not no limit":             {kubelets(3, kubelet{n: 3, version: v37, qps: 0, burst: 100, events: 50, eburst: 100}), []string{"info kubelets"}},
		"no version, no judgement of 5":       {kubelets(3, kubelet{n: 3, qps: 5, burst: 10, events: 5, eburst: 10}), []string{"pass kubelets"}},
		"events 0 on 1.36":                    {kubelets(3, kubelet{n: 3, version: v36, qps: 50, burst: 100, events: 0, eburst: 100}), []string{"info kubelets"}},
		"events 0 on 1.37":                    {kubelets(3, kubelet{n: 3, version: v37, qps: 50, burst: 100, events: 0, eburst: 100}), []string{"warning kubelets"}},
		"events 101, 500 nodes":               {kubelets(500, kubelet{n: 3, version: v37, qps: 50, burst: 100, events: 101, eburst: 200}), []string{"pass kubelets"}},
		"events 101, 501 nodes":               {kubelets(501, kubelet{n: 3, version: v37, qps: 50, burst: 100, events: 101, eburst: 200}), []string{"info kubelets"}},
		"events 100, 501 nodes":               {kubelets(501, kubelet{n: 3, version: v37, qps: 50, burst: 100, events: 100, eburst: 200}), []string{"pass kubelets"}},
		"101, 1000 nodes":                     {kubelets(1000, kubelet{n: 3, version: v37, qps: 101, burst: 200, events: 50, eburst: 100}), []string{"pass kubelets"}},
		"101, 1001 nodes":                     {kubelets(1001, kubelet{n: 3, version: v37, qps: 101, burst: 200, events: 50, eburst: 100}), []string{"info kubelets"}},
		"501, 1001 nodes":                     {kubelets(1001, kubelet{n: 3, version: v37, qps: 501, burst: 900, events: 50, eburst: 100}), []string{"warning kubelets"}},
		"burst below":                         {kubelets(3, kubelet{n: 3, version: v37, qps: 50, burst: 49, events: 50, eburst: 100}), []string{"info kubelets"}},
		"event burst below":                   {kubelets(3, kubelet{n: 3, version: v37, qps: 50, burst: 100, events: 50, eburst: 49}), []string{"info kubelets"}},
		"one that deviates is named":          {kubelets(60, kubelet{n: 49, version: v37, qps: 50, burst: 100, events: 50, eburst: 100}, kubelet{n: 1, version: v37, qps: 60, burst: 100, events: 50, eburst: 100}), []string{"pass kubelets", "info kubelet/n49"}},
		"a version's own default is no drift": {kubelets(60, kubelet{n: 9, version: v37, qps: 50, burst: 100, events: 50, eburst: 100}, kubelet{n: 1, version: v26, qps: 5, burst: 10, events: 5, eburst: 10, pods: 20}), []string{"pass kubelets"}},
		"too many that deviate are counted":   {kubelets(60, kubelet{n: 20, version: v37, qps: 50, burst: 100, events: 50, eburst: 100}, kubelet{n: 5, version: v37, qps: 60, burst: 100, events: 50, eburst: 100}), []string{"pass kubelets", "info kubelet/n20", "info kubelet/n21", "info kubelets more"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := qpsDefaults
			p.Named = 2
			vs := runQPS(tc.snapshot, p)
			if d := cmp.Diff(tc.want, said(vs)); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
				for _, v := range vs {
					t.Log(v.Message)
				}
			}
		})
	}
}
