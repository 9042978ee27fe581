package config

import (
	_ "embed"
	"maps"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed flag_unknown.md
var flagUnknownDoc string

var flagUnknown = checks.New(checks.Spec{
	ID:        "flag-unknown",
	Component: "control plane",
	Severity:  checks.Critical,
	AnyOf: []evidence.Kind{
		evidence.KindAPIServerFlags, evidence.KindControllerManagerFlags, evidence.KindSchedulerFlags, evidence.KindEtcdFlags,
	},
	InFiles: []evidence.Kind{
		evidence.KindAPIServerFlags, evidence.KindControllerManagerFlags, evidence.KindSchedulerFlags, evidence.KindEtcdFlags,
		evidence.KindKubeletFlags, evidence.KindDocuments,
	},
	Doc: flagUnknownDoc,
}, struct{}{}, runFlagUnknown)

func runFlagUnknown(s *evidence.Snapshot, _ struct{}) []checks.Verdict {
	var vs []checks.Verdict
	var order []string
	of := map[string][]settings{} // a process and the file it reads are one subject
	for _, set := range allSettings(s) {
		if len(of[set.of]) == 0 {
			order = append(order, set.of)
		}
		of[set.of] = append(of[set.of], set)
	}
	for _, name := range order {
		vs = append(vs, unknownOf(s, of[name])...)
	}
	return vs
}

// unknownOf has a verdict for each name of a subject that its version does not have, or one for all of them.
func unknownOf(s *evidence.Snapshot, sets []settings) []checks.Verdict {
	var vs []checks.Verdict
	looked, why, foreign := 0, "", ""
	said := map[string]bool{}
	for _, set := range sets {
		fork := forkOf(s, set)
		switch {
		case fork == patched:
			foreign = "is of a vendor's build, which has flags of its own"
			continue
		case set.version != "" && !components.Known(set.component, set.version):
			why = "is of version " + set.version + ", and which flags that has is not known to this build of kaudit (" + covered(set.component) + ")"
			continue
		}
		found, n := set.unknownNames(fork)
		looked += n
		for _, v := range found {
			if !said[v.Subject] {
				said[v.Subject] = true
				vs = append(vs, v)
			}
		}
	}
	on := checks.About(sets[0].of, sets[0].source)
	switch {
	case len(vs) > 0:
		return vs
	case looked > 0:
		return []checks.Verdict{on.Pass("has %s, and %s knows each", checks.Count(looked, "setting"), sets[0].called())}
	case why != "":
		return []checks.Verdict{on.Skip("%s", why).Unlocked("a newer kaudit")}
	case foreign != "":
		return []checks.Verdict{on.NotApplicable("%s", foreign)}
	}
	return []checks.Verdict{on.NotApplicable("sets no flag that the process itself does not report")}
}

// covered is the range of the catalogue; two of them where it lacks a minor.
func covered(component string) string {
	all := components.Releases(component)
	if len(all) == 0 {
		return "it has no " + component
	}
	first, out := all[0], ""
	for i, release := range all {
		if i+1 < len(all) && minorNumber(all[i+1]) == minorNumber(release)+1 {
			continue
		}
		out += ", " + minorOf(first)
		if first != release {
			out += " to " + minorOf(release)
		}
		if i+1 < len(all) {
			first = all[i+1]
		}
	}
	return strings.TrimPrefix(out, ", ")
}

// called names the version of a component, as far as it is known.
func (s settings) called() string {
	if s.version == "" {
		return "a version of " + s.component
	}
	return s.component + " " + minorOf(s.version)
}

// A fork tells how far the program may be another one than the catalogue's.
type fork int

const (
	none     fork = iota
	embedded      // the project's own code inside a distribution's program: k3s, RKE2
	patched       // with flags of the vendor's
)

func forkOf(s *evidence.Snapshot, set settings) fork {
	_, openshift := set.values["openshift-config"]
	switch d := strings.ToLower(s.Cluster.Distribution); {
	case s.Cluster.Managed, openshift, d == "openshift", strings.Contains(set.opaque, "hyperkube"), strings.HasPrefix(set.opaque, "is started by"):
		return patched
	case d == "k3s", d == "rke2", strings.Contains(set.opaque, "runs inside"):
		return embedded
	}
	return none
}

// unknownNames judges each name that somebody set: of flags, of gates, and of fields of a configuration file.
func (s settings) unknownNames(f fork) (vs []checks.Verdict, looked int) {
	if s.document {
		return s.unknownFields()
	}
	for _, name := range s.setNames() {
		looked++
		at := s.at(name)
		if v, ok := s.unknownFlag(f, name, at); ok {
			vs = append(vs, v)
			continue
		}
		if name == "feature-gates" {
			vs = append(vs, s.unknownGates(s.gateNames(at), at)...)
		}
	}
	return vs, looked
}

// setNames are the flags that another source than /flagz sets, those included that a template fills in.
func (s settings) setNames() []string {
	names := map[string]bool{}
	for name, vs := range s.values {
		if slices.ContainsFunc(vs, func(v evidence.FlagValue) bool { return v.From != evidence.FromFlagz }) {
			names[name] = true
		}
	}
	for name := range s.unknownAt {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// at is the strongest value that is not what the process itself reports, with its place.
func (s settings) at(name string) evidence.FlagValue {
	for _, v := range s.values[name] {
		if v.From != evidence.FromFlagz {
			return v
		}
	}
	return evidence.FlagValue{Source: s.unknownAt[name]}
}
