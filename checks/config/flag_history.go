package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// unknownFlag judges one flag. False: the version has it, and keeps it.
func (s settings) unknownFlag(f fork, name string, at evidence.FlagValue) (checks.Verdict, bool) {
	// Whether the value of a flag that nobody knows is a secret nobody knows either: it is not told.
	on := checks.About(s.of).Aspect("--"+name).With(at.Source, "--%s", name)
	span, ever := components.FlagHistory(s.component, name)
	flag, has := components.LookupFlag(s.component, s.version, name)
	switch {
	case has:
		return s.leaving(on, name, flag, span)
	case ever && s.version == "", name == "":
		return checks.Verdict{}, false // in some version it is right
	case len(name) == 1:
		if _, short := components.LookupFlag(s.component, anyVersion(s), name); short {
			return checks.Verdict{}, false
		}
	}
	if at.From == evidence.FromEnvironment {
		return s.unknownVariable(on, name, span, ever)
	}
	if at.From == evidence.FromConfigFile {
		return checks.Verdict{}, false // its file is a document as well
	}
	switch {
	case ever:
		return s.notIn(on, name, at, span), true
	case f == embedded && s.meant(name) == "":
		return checks.Verdict{}, false
	}
	return s.never(on, name, at), true
}

func anyVersion(s settings) string {
	if s.version != "" {
		return s.version
	}
	all := components.Releases(s.component)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// leaving tells of a flag that is on its way out: gone in the next minor version, or deprecated. What kube-scheduler and the
// kubelet call deprecated because a configuration file may say it too has been so for years, and stays.
func (s settings) leaving(on checks.Subject, name string, flag components.Flag, span components.Span) (checks.Verdict, bool) {
	v, ok := evidence.ParseSemver(s.version)
	next := fmt.Sprintf("%d.%d", v.Major, v.Minor+1)
	switch {
	case ok && span.Removed == next:
		sev := checks.Info
		if s.component == "etcd" { // whose whole family of flags went at once
			sev = checks.Warning
		}
		out := on.Find(sev, "is gone in %s, which does not start with it: replace it before the upgrade", next).
			Saw("--%s", name).Want("a setting that %s has as well", next)
		return s.replaced(out, name, flag, s.version), true
	case flag.Deprecated == "", strings.Contains(flag.Deprecated, "config file"), strings.HasPrefix(flag.Deprecated, "DEPRECATED:"):
		return checks.Verdict{}, false
	}
	when := ""
	if span.Removed != "" {
		when = ", and " + went(span)
	}
	return on.Find(checks.Info, "is deprecated%s: %s", when, strings.TrimSuffix(flag.Deprecated, ".")).
		Saw("--%s", name).Want("a setting that stays").WithFix("see what its help says: " + flag.Deprecated), true
}

// notIn is about a flag that other versions have.
func (s settings) notIn(on checks.Subject, name string, at evidence.FlagValue, span components.Span) checks.Verdict {
	said := "has gone"
	switch v := minorNumber(s.version); {
	case v < minorNumber(span.First):
		said = comes(s.component, span) + " only"
	case v > minorNumber(span.Last):
		said = went(span)
	}
	last, _ := components.LookupFlag(s.component, span.Last, name)
	v := on.Find(0, "keeps %s from starting: %s does not have it; it %s", s.program(), s.called(), said).
		Saw("--%s", name).Want("a flag that %s has", s.called())
	if minorNumber(s.version) < minorNumber(span.First) {
		return v.WithFix("remove --"+name+" until "+s.component+" is of "+span.First).Unsetting(s.of, name)
	}
	if at.From == evidence.FromNowhere {
		return v.WithFix("remove --" + name)
	}
	return s.replaced(v, name, last, s.version)
}

// comes says when something was added, as precisely as the catalogue's versions allow.
func comes(component string, span components.Span) string {
	before := ""
	for _, release := range components.Releases(component) {
		if minorNumber(release) < minorNumber(span.First) {
			before = minorOf(release)
		}
	}
	if before != "" && minorNumber(before) < minorNumber(span.First)-1 {
		return "comes between " + before + " and " + span.First
	}
	return "comes in " + span.First
}

// went says when something was removed, as precisely as the catalogue's versions allow.
func went(span components.Span) string {
	if minorNumber(span.Removed) == minorNumber(span.Last)+1 {
		return "went in " + span.Removed
	}
	return "went between " + span.Last + " and " + span.Removed
}

func minorNumber(version string) int {
	v, _ := evidence.ParseSemver(version)
	return v.Minor
}

// replaced says what takes the place of a flag, where that is certain: the same name without "experimental-", or a feature gate.
func (s settings) replaced(v checks.Verdict, name string, flag components.Flag, version string) checks.Verdict {
	hint := ""
	if flag.Deprecated != "" {
		hint = "   # its help said: " + flag.Deprecated
	}
	rest, experimental := strings.CutPrefix(name, "experimental-")
	if experimental {
		if _, ok := components.LookupFlag(s.component, version, rest); ok {
			v = v.WithFix("--"+rest+" in place of --"+name+hint).Unsetting(s.of, name)
			if now, set := s.get(name); set {
				v = v.Setting(s.of, rest, now)
			}
			return v
		}
		if gate := camel(strings.TrimSuffix(strings.TrimPrefix(rest, "enable-"), "-enabled")); gateOf(s.component, version, gate) {
			now, _ := s.get(name)
			return v.WithFix("--feature-gates=" + gate + "=" + now + " in place of --" + name + ", together with the gates that are set already")
		}
	}
	return v.WithFix("remove --"+name+hint).Unsetting(s.of, name)
}

func gateOf(component, version, gate string) bool {
	_, ok := components.LookupGate(component, version, gate)
	return ok
}

// camel writes a flag as the name of a gate: initial-corrupt-check is InitialCorruptCheck.
func camel(flag string) string {
	var b strings.Builder
	up := true
	for _, r := range flag {
		switch {
		case r == '-':
			up = true
		case up:
			b.WriteRune(unicode.ToUpper(r))
			up = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// never is about a flag that no version of the catalogue has.
func (s settings) never(on checks.Subject, name string, at evidence.FlagValue) checks.Verdict {
	meant := s.meant(name)
	said := "no version of it from " + covered(s.component) + " does"
	if meant != "" {
		said += "; --" + meant + " is probably meant"
	}
	v := on.Find(0, "keeps %s from starting: it does not know this flag, and %s", s.program(), said).
		Saw("--%s", name).Want("a flag that %s has", s.called())
	if meant == "" {
		return v.WithFix("remove --"+name).Unsetting(s.of, name)
	}
	v = v.WithFix("--" + meant + " in place of --" + name)
	if s.sets(meant) {
		return v // which of the two values is meant is not for a program to say
	}
	if at.From != evidence.FromNowhere {
		v = v.Unsetting(s.of, name).Setting(s.of, meant, at.Value)
	}
	return v
}

// sets reports whether a flag is set, to whatever.
func (s settings) sets(name string) bool {
	_, set := s.values[name]
	return set || slices.Contains(s.unknown, name)
}

// meant is the flag that a typing mistake stands for: two letters may be wrong, and "" if none is as near. A flag of
// long ago may look like one of today, so more is not guessed.
func (s settings) meant(name string) string {
	return mistyped(name, components.FlagNames(s.component, s.version))
}

func mistyped(name string, known []string) string {
	near := checks.Nearest(name, known)
	longer := len(name) - len(near)
	if near == "" || checks.Distance(strings.ToLower(name), strings.ToLower(near)) > 2 || longer > 1 || longer < -1 {
		return ""
	}
	return near
}

// unknownVariable: etcd only warns of a variable that it does not know ("unrecognized environment variable"), and an image has
// some for its own script. One is told only if a flag of that name was there, or a name is nearly right.
func (s settings) unknownVariable(on checks.Subject, name string, span components.Span, ever bool) (checks.Verdict, bool) {
	variable := "ETCD_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	if ever {
		return on.Find(checks.Warning, "is set by %s, which %s ignores: it has no such setting (it %s)", variable, s.called(), whenOf(s, span)).
			Saw("%s", variable).Want("a setting that %s has", s.called()).WithFix("remove the variable "+variable).Unsetting(s.of, name), true
	}
	meant := s.meant(name)
	if meant == "" {
		return checks.Verdict{}, false
	}
	right := "ETCD_" + strings.ToUpper(strings.ReplaceAll(meant, "-", "_"))
	return on.Find(checks.Warning, "is set by %s, which etcd ignores: it knows no such setting; %s is probably meant", variable, right).
		Saw("%s", variable).Want("%s", right).WithFix(right + " in place of " + variable), true
}

func whenOf(s settings, span components.Span) string {
	if minorNumber(s.version) < minorNumber(span.First) {
		return comes(s.component, span)
	}
	return went(span)
}
