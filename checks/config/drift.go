package config

import (
	_ "embed"
	"fmt"
	"iter"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed drift.md
var driftDoc string

var drift = checks.New(checks.Spec{
	ID:        "config-drift",
	Component: "control plane",
	Severity:  checks.Warning,
	AnyOf: []evidence.Kind{
		evidence.KindAPIServerFlags, evidence.KindControllerManagerFlags, evidence.KindSchedulerFlags, evidence.KindEtcdFlags,
	},
	Uses: []evidence.Kind{evidence.KindKubeadmConfig, evidence.KindAPIServerMetrics, evidence.KindControllerManagerMetrics, evidence.KindSchedulerMetrics},
	Doc:  driftDoc,
}, driftParams{Named: 5, Flags: 10}, runDrift)

type driftParams struct {
	Named int `json:"named" doc:"how many flags one message names, the others are counted; five fit a line or two of a terminal"`
	Flags int `json:"flags" doc:"how many flags that differ between instances have a line of their own, the others share one; ten fit a screen"`
}

func (p driftParams) Validate() error {
	if p.Named < 1 {
		return fmt.Errorf("named is %d, and at least one flag must be", p.Named)
	}
	if p.Flags < 1 {
		return fmt.Errorf("flags is %d, and at least one must have a line", p.Flags)
	}
	return nil
}

func runDrift(s *evidence.Snapshot, p driftParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range processes(s) {
		v := driftOf(checks.On(o), *o.Value, p)
		if s.Cluster.Files && v.Outcome != checks.Finding && v.Outcome != checks.Pass {
			continue // a file is one place, and nothing lacks
		}
		if v.Outcome == checks.Skipped || v.Outcome == checks.NotApplicable {
			v = blame(checks.On(o), v, s, o.Of)
		}
		vs = append(vs, v)
	}
	vs = append(vs, betweenInstances(s, p)...)
	if len(vs) == 0 {
		vs = append(vs, checks.About("instances").NotApplicable("are not two of any component, and each tells its flags in one place"))
	}
	return vs
}

// blame says what kept a second source from being read, where something did.
func blame(subject checks.Subject, v checks.Verdict, s *evidence.Snapshot, of string) checks.Verdict {
	gap := unreached(s, of)
	if gap == nil && v.Outcome == checks.NotApplicable {
		gap = s.KubeadmConfig.Gap // it may set the flags of a process that tells them in one place
	}
	if gap == nil || gap.Why == evidence.Absent {
		return v
	}
	return subject.Skip("has nothing to compare with: %s", gap.Note).Unlocked(gap.Unlock)
}

// unreached is why a process could not be asked for its metrics, which is also why it could not be
// asked for its flags: both go the same way.
func unreached(s *evidence.Snapshot, subject string) *evidence.Gap {
	for _, in := range []evidence.Instances[evidence.Scrapes]{s.APIServerMetrics, s.ControllerManagerMetrics, s.SchedulerMetrics} {
		if o := in.Of(subject); o.Gap != nil {
			return o.Gap
		}
	}
	return nil
}

// processes are all whose flags were read.
func processes(s *evidence.Snapshot) iter.Seq[evidence.Observed[evidence.Flags]] {
	return func(yield func(evidence.Observed[evidence.Flags]) bool) {
		for _, of := range []evidence.Instances[evidence.Flags]{s.APIServerFlags, s.ControllerManagerFlags, s.SchedulerFlags, s.EtcdFlags} {
			for o := range of.Seen() {
				if !yield(o) {
					return
				}
			}
		}
	}
}

func driftOf(subject checks.Subject, f evidence.Flags, p driftParams) checks.Verdict {
	c := compare(f)
	if len(c.between) == 0 {
		return oneSource(subject, f)
	}
	for i, src := range f.Read {
		subject = subject.With(src, "flags by the %s", f.From[i])
	}
	if len(c.intended) > 0 {
		subject = subject.With(c.intended[0].b.Source, "flags by kubeadm-config: %s", list(c.intended, p.Named))
	}
	switch {
	case len(c.running) > 0:
		v := subject.Find(0, "runs with another value of %s than its pod is started with: %s", flags(len(c.running)), list(c.running, p.Named))
		if n := len(c.intended); n > 0 {
			v.Message += fmt.Sprintf("; kubeadm-config too says otherwise of %s", flags(n))
		}
		return v.Saw("%s", list(c.running, p.Named)).Want("the process and its pod agree").
			WithFix("restart the static pod on that node: move its manifest out of /etc/kubernetes/manifests until the process is gone, then back")
	case len(c.intended) > 0:
		return subject.Find(checks.Info, "runs with another value of %s than kubeadm-config gives, so the next kubeadm upgrade changes it: %s",
			flags(len(c.intended)), list(c.intended, p.Named)).
			Saw("%s", list(c.intended, p.Named)).Want("kubeadm-config says what runs").
			WithFix("# if what runs is meant, write it there: kubectl -n kube-system edit configmap kubeadm-config\n" +
				"# if kubeadm-config is, write that node's manifest anew: kubeadm init phase control-plane NAME --config FILE")
	case c.agreed == 0:
		return subject.Skip("has no flag that two of its sources name")
	}
	return subject.Pass("%s agree on %s", both(c.between), flags(c.agreed))
}

// oneSource says which single place told the flags, and what others there may be.
func oneSource(subject checks.Subject, f evidence.Flags) checks.Verdict {
	only := "kubeadm-config"
	if len(f.From) > 0 {
		only = place(f.From[0])
	}
	if f.Opaque != "" && len(f.From) > 0 {
		return subject.Skip("has nothing to compare: what its command line says may not be in force: %s", f.Opaque)
	}
	if strings.HasPrefix(f.Component, "etcd") {
		return subject.NotApplicable("tells its flags in one place, %s: etcd has no /flagz, and kubeadm-config gives it no extraArgs", only)
	}
	if v, ok := evidence.ParseSemver(f.Version); ok && v.Minor < flagzOnByDefault {
		return subject.NotApplicable("tells its flags in one place, %s: /flagz is off by default before 1.%d, and kubeadm-config gives it no extraArgs", only, flagzOnByDefault)
	}
	return subject.Skip("tells its flags in one place, %s; a second one to compare with could not be read", only).
		Unlocked("permission to get /flagz, and a way to the process")
}

// flagzOnByDefault is the minor version whose feature gate ComponentFlagz is on unless it is switched off.
const flagzOnByDefault = 36

func place(from evidence.Provenance) string {
	switch from {
	case evidence.FromFlagz:
		return "/flagz"
	case evidence.FromKubeadm:
		return "kubeadm-config"
	case evidence.FromCommandLine:
		return "the command line of its pod"
	case evidence.FromEnvironment, evidence.FromArguments, evidence.FromConfigFile, evidence.FromDefault, evidence.FromNowhere:
	}
	return "its " + string(from)
}

func flags(n int) string {
	if n == 1 {
		return "1 flag"
	}
	return fmt.Sprintf("%d flags", n)
}

// both joins two or three places.
func both(places []string) string {
	last := len(places) - 1
	return strings.Join(places[:last], ", ") + " and " + places[last]
}
