package config

import (
	_ "embed"
	"maps"
	"slices"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed flag_value.md
var flagValueDoc string

var flagValue = checks.New(checks.Spec{
	ID:        "flag-value",
	Component: "control plane",
	Severity:  checks.Critical,
	AnyOf: []evidence.Kind{
		evidence.KindAPIServerFlags, evidence.KindControllerManagerFlags, evidence.KindSchedulerFlags, evidence.KindEtcdFlags,
	},
	InFiles: []evidence.Kind{
		evidence.KindAPIServerFlags, evidence.KindControllerManagerFlags, evidence.KindSchedulerFlags, evidence.KindEtcdFlags,
		evidence.KindKubeletFlags, evidence.KindDocuments,
	},
	Doc: flagValueDoc,
}, struct{}{}, runFlagValue)

func runFlagValue(s *evidence.Snapshot, _ struct{}) []checks.Verdict {
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
		vs = append(vs, judgeSettings(of[name])...)
	}
	return vs
}

// judgeSettings has a verdict for each setting of a subject that is wrong, or one that says that none is.
func judgeSettings(sets []settings) []checks.Verdict {
	var vs []checks.Verdict
	looked, said := 0, map[string]bool{}
	for _, s := range sets {
		for _, name := range slices.Sorted(maps.Keys(s.values)) {
			worst, at, judged := s.judge(name)
			if judged {
				looked++
			}
			if worst.message == "" {
				continue
			}
			if v := s.verdict(name, at, worst); !said[v.Subject] {
				said[v.Subject] = true
				vs = append(vs, v)
			}
		}
	}
	on := checks.About(sets[0].of, sets[0].source)
	switch {
	case len(vs) > 0:
		return vs
	case looked == 0 && len(sets[0].setNames()) == 0 && len(sets[0].values) > 0:
		return []checks.Verdict{on.NotApplicable("tells its flags by /flagz alone, which lists what it has taken")}
	case looked == 0:
		return []checks.Verdict{on.NotApplicable("sets nothing that there is a rule for")}
	}
	return []checks.Verdict{on.Pass("has %s with a value that it takes, of those that there are rules for", checks.Count(looked, "setting"))}
}

// judge holds every value that somebody set against every rule for it. The worst fault counts. What the process
// itself reports it has taken, so it cannot be one that it refuses.
func (s settings) judge(name string) (worst fault, at evidence.FlagValue, judged bool) {
	rules := s.rulesFor(name)
	for _, v := range setBySomebody(s.values[name]) {
		for _, r := range rules {
			f, ok := r(s, name, v)
			judged = judged || ok && v.From != evidence.FromFlagz
			if f.message == "" || f.severity <= worst.severity || f.refused && v.From == evidence.FromFlagz {
				continue
			}
			worst, at = f, v
		}
	}
	return worst, at, judged
}

// setBySomebody leaves out what /flagz says where another source says it too: it lists defaults as well.
func setBySomebody(vs []evidence.FlagValue) []evidence.FlagValue {
	others := slices.DeleteFunc(slices.Clone(vs), func(v evidence.FlagValue) bool { return v.From == evidence.FromFlagz })
	if len(others) == 0 {
		return vs
	}
	return others
}

func (s settings) verdict(name string, v evidence.FlagValue, f fault) checks.Verdict {
	said := s.write(name, value(v))
	on := checks.About(s.of).Aspect(s.label(name)).With(v.Source, "%s", said)
	if v.Source == (evidence.Source{}) {
		on = checks.About(s.of, s.source).Aspect(s.label(name))
	}
	out := on.Find(f.severity, "%s", f.message).Saw("%s", said).Want("%s", f.want)
	if f.to != "" {
		return out.WithFix(s.write(name, f.to)).Setting(s.of, name, f.to)
	}
	return out.WithFix(f.fix)
}
