package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// gatesRule judges the values of feature gates: component-base/featuregate takes what strconv.ParseBool takes, and of a
// gate that is locked its default only (1.24 to 1.37, and etcd's copy of it). Whether a gate exists is flag-unknown's.
func gatesRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	for _, item := range (evidence.Setting{Name: name, Value: v.Value, All: v.All}).List() {
		if item == "" {
			continue
		}
		gate, value, ok := strings.Cut(item, "=")
		if !ok {
			return refused("NAME=true or NAME=false", "keeps %s from starting: %s has no value", s.program(), quoted(item)), true
		}
		if f := s.gate(strings.TrimSpace(gate), strings.TrimSpace(value)); f.message != "" {
			return f, true
		}
	}
	return fine, true
}

// gateFieldRule judges a gate in the configuration file of a kubelet.
func gateFieldRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	return s.gate(strings.TrimPrefix(name, "featureGates."), v.Value), true
}

func (s settings) gate(gate, value string) fault {
	on, err := strconv.ParseBool(value)
	if err != nil {
		return refused("true or false for each gate", "keeps %s from starting: the gate %s is set to %s, which is neither true nor false", s.program(), gate, quoted(value))
	}
	if s.emulates() {
		return fine // it locks what that version locked
	}
	g, ok := components.LookupGate(s.component, s.version, gate)
	if !ok || !g.Locked || g.Default == on || !slices.Contains(g.Components, s.component) {
		return fine
	}
	return refused("the gate left out", "keeps %s from starting: the gate %s is locked to %t in %s", s.program(), gate, g.Default, minorOf(s.version)).
		doing("remove " + gate + " from the feature gates: it can be set no more")
}

// emulates reports whether the process shows, or may show, the behaviour of another minor version than its own.
func (s settings) emulates() bool {
	said, set := s.get("emulated-version")
	if !set {
		return slices.Contains(s.unknown, "emulated-version")
	}
	return strings.TrimPrefix(said, "kube=") != minorOf(s.version)
}

// minorOf is major and minor of a version.
func minorOf(version string) string {
	v, ok := evidence.ParseSemver(version)
	if !ok {
		return version
	}
	return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor)
}
