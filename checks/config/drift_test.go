package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// process is what several sources say of one process: "flagz goaway-chance=0".
func process(component, version string, said ...string) evidence.Flags {
	froms := map[string]evidence.Provenance{"flagz": evidence.FromFlagz, "pod": evidence.FromCommandLine, "kubeadm": evidence.FromKubeadm}
	f := evidence.Flags{Component: component, Version: version}
	for _, line := range said {
		where, args, _ := strings.Cut(line, " ")
		from := froms[where]
		one := evidence.Flags{Values: map[string][]evidence.FlagValue{}}
		if from != evidence.FromKubeadm {
			one.Read, one.From = []evidence.Source{{From: where}}, []evidence.Provenance{from}
		}
		for arg := range strings.FieldsSeq(args) {
			name, v, _ := strings.Cut(arg, "=")
			fv := evidence.FlagValue{Value: v, From: from, Source: evidence.Source{From: where}}
			one.Values[name] = []evidence.FlagValue{fv}
		}
		f.Merge(one)
	}
	return f
}

func TestDrift(t *testing.T) {
	apiserver := func(said ...string) evidence.Flags { return process("kube-apiserver", "1.37.2", said...) }
	opaque := apiserver("flagz v=2", "pod v=4")
	opaque.Opaque = "is started by a script"
	unknown := apiserver("pod v=4", "kubeadm goaway-chance=0.001")
	unknown.Unknown = []string{"goaway-chance"}
	var wide []string
	for i := range 7 {
		wide = append(wide, fmt.Sprintf("f%d=%d", i, i))
	}
	for name, tc := range map[string]struct {
		flags evidence.Flags
		want  string
	}{
		"agree": {
			apiserver("flagz v=2 event-ttl=1h0m0s authorization-mode=[Node,RBAC] profiling=true", "pod v=2 event-ttl=60m authorization-mode=Node,RBAC", "kubeadm v=2"),
			"pass: what runs (/flagz), what its pod is started with and kubeadm-config agree on 3 flags",
		},
		"a map in another order": {
			apiserver("flagz runtime-config=api/alpha=true,api/beta=true", "pod runtime-config=api/beta=true,api/alpha=true"),
			"pass: what runs (/flagz) and what its pod is started with agree on 1 flag",
		},
		"a notation of the process's own": {
			apiserver("flagz service-node-port-range=30000-30100 v=1", "pod service-node-port-range=30000+100 v=1"),
			"pass: what runs (/flagz) and what its pod is started with agree on 2 flags",
		},
		"the pod was edited": {
			apiserver("flagz goaway-chance=0 v=2", "pod goaway-chance=0.001 v=2"),
			"warning: runs with another value of 1 flag than its pod is started with: --goaway-chance: /flagz is 0, command line is 0.001",
		},
		"the pod was edited, and kubeadm-config too": {
			apiserver("flagz goaway-chance=0", "pod goaway-chance=0.001", "kubeadm goaway-chance=0.001"),
			"warning: runs with another value of 1 flag than its pod is started with: --goaway-chance: /flagz is 0, command line is 0.001; kubeadm-config too says otherwise of 1 flag",
		},
		"only kubeadm-config differs": {
			apiserver("flagz goaway-chance=0.001", "pod goaway-chance=0.001", "kubeadm goaway-chance=0.01"),
			"info: runs with another value of 1 flag than kubeadm-config gives, so the next kubeadm upgrade changes it: --goaway-chance: /flagz is 0.001, kubeadm-config is 0.01",
		},
		"kubeadm-config names what the pod does not": {
			apiserver("pod v=2", "kubeadm goaway-chance=0.001"),
			"info: runs with another value of 1 flag than kubeadm-config gives, so the next kubeadm upgrade changes it: --goaway-chance: running is not set (default 0), kubeadm-config is 0.001",
		},
		"kubeadm-config names a default":           {apiserver("pod v=2", "kubeadm goaway-chance=0"), "pass: what its pod is started with and kubeadm-config agree on 1 flag"},
		"kubeadm-config names what has no default": {apiserver("pod v=2", "kubeadm no-such-flag=1"), "skipped: has no flag that two of its sources name"},
		"a shell variable":                         {unknown, "skipped: has no flag that two of its sources name"},
		"only /flagz lists it":                     {apiserver("flagz v=2 profiling=false", "pod v=2"), "pass: what runs (/flagz) and what its pod is started with agree on 1 flag"},
		"a wrapper":                                {opaque, "skipped: has nothing to compare: what its command line says may not be in force: is started by a script"},
		"only the pod":                             {apiserver("pod v=2"), "skipped: tells its flags in one place, the command line of its pod; a second one to compare with could not be read"},
		"only /flagz":                              {apiserver("flagz v=2"), "skipped: tells its flags in one place, /flagz; a second one to compare with could not be read"},
		"only kubeadm-config":                      {apiserver("kubeadm v=2"), "skipped: tells its flags in one place, kubeadm-config; a second one to compare with could not be read"},
		"etcd":                                     {process("etcd", "3.7.3", "pod name=a"), "not-applicable: tells its flags in one place, the command line of its pod: etcd has no /flagz, and kubeadm-config gives it no extraArgs"},
		"etcd of kubeadm, with another quota":      {process("etcd", "3.7.3", "pod quota-backend-bytes=1", "kubeadm quota-backend-bytes=2"), "info: runs with another value of 1 flag than kubeadm-config gives, so the next kubeadm upgrade changes it: --quota-backend-bytes: command line is 1, kubeadm-config is 2"},
		"a version that serves no /flagz":          {process("kube-scheduler", "1.34.1", "pod v=2"), "not-applicable: tells its flags in one place, the command line of its pod: /flagz is off by default before 1.36, and kubeadm-config gives it no extraArgs"},
		"a long value, on one line":                {apiserver("flagz etcd-prefix=a", "pod etcd-prefix="+strings.Repeat("x", 100)), "warning: runs with another value of 1 flag than its pod is started with: --etcd-prefix: /flagz is a, command line is " + strings.Repeat("x", 60) + "…"},
		"more than a message names":                {apiserver("flagz "+strings.Join(wide, "1 ")+"1", "pod "+strings.Join(wide, " ")), "warning: runs with another value of 7 flags than its pod is started with: --f0: /flagz is 01, command line is 0; --f1: /flagz is 11, command line is 1; --f2: /flagz is 21, command line is 2; --f3: /flagz is 31, command line is 3; --f4: /flagz is 41, command line is 4; and 2 more"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{APIServerFlags: evidence.Instances[evidence.Flags]{evidence.See("kube-apiserver/cp-1", tc.flags, evidence.Source{})}}
			v := checks.Run(s, []checks.Check{drift})[0].Verdicts
			if len(v) != 1 || v[0].Subject != "kube-apiserver/cp-1" {
				t.Fatalf("got %v, want one verdict of kube-apiserver/cp-1", v)
			}
			said := v[0].Outcome.String()
			if v[0].Outcome == checks.Finding {
				said = v[0].Severity.String()
			}
			if d := cmp.Diff(tc.want, said+": "+v[0].Message); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestDriftTellsWhatIsMissing(t *testing.T) {
	s := &evidence.Snapshot{
		APIServerFlags: evidence.Instances[evidence.Flags]{evidence.See("kube-apiserver/cp-1", process("kube-apiserver", "1.37.2", "flagz v=2", "pod v=2"), evidence.Source{})},
		EtcdFlags:      evidence.Instances[evidence.Flags]{evidence.Miss[evidence.Flags]("etcd", evidence.Gap{Why: evidence.Forbidden, Note: "may not list pods"}, evidence.Source{})},
	}
	var got []string
	for _, v := range checks.Run(s, []checks.Check{drift})[0].Verdicts {
		got = append(got, v.Outcome.String()+" "+v.Subject)
	}
	if d := cmp.Diff([]string{"pass kube-apiserver/cp-1", "skipped etcd"}, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestDriftParameters(t *testing.T) {
	if _, err := drift.With([]byte(`{"named":0}`)); err == nil {
		t.Error("got no error of 0 flags to name, want one")
	}
}

func TestDriftNamesThePermissionThatIsMissing(t *testing.T) {
	const of = "kube-scheduler/cp-1"
	s := &evidence.Snapshot{
		SchedulerFlags:   evidence.Instances[evidence.Flags]{evidence.See(of, process("kube-scheduler", "1.37.2", "pod v=2"), evidence.Source{})},
		SchedulerMetrics: evidence.Instances[evidence.Scrapes]{evidence.Miss[evidence.Scrapes](of, evidence.Gap{Why: evidence.Forbidden, Note: "403", Unlock: "create pods/portforward"}, evidence.Source{})},
	}
	for _, v := range checks.Run(s, []checks.Check{drift})[0].Verdicts {
		if v.Subject == of && (v.Outcome != checks.Skipped || v.Unlock != "create pods/portforward") {
			t.Errorf("got %s, unlocked by %q, want it skipped and unlocked by the permission", v.Outcome, v.Unlock)
		}
	}
}

func TestDriftConcludesNothingFromAKubeadmConfigNobodyRead(t *testing.T) {
	const of = "etcd/cp-1"
	s := &evidence.Snapshot{
		EtcdFlags:     evidence.Instances[evidence.Flags]{evidence.See(of, process("etcd", "3.7.3", "pod name=cp-1"), evidence.Source{})},
		KubeadmConfig: evidence.Miss[evidence.KubeadmConfig]("kubeadm-config", evidence.Gap{Why: evidence.Forbidden, Note: "403", Unlock: "get configmaps"}, evidence.Source{}),
	}
	for _, why := range []evidence.Why{evidence.Forbidden, evidence.Absent} {
		s.KubeadmConfig.Gap.Why = why
		want := map[evidence.Why]checks.Outcome{evidence.Forbidden: checks.Skipped, evidence.Absent: checks.NotApplicable}[why]
		if v := checks.Run(s, []checks.Check{drift})[0].Verdicts[0]; v.Outcome != want {
			t.Errorf("%s: got %s, want %s", why, v.Outcome, want)
		}
	}
}
