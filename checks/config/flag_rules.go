package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// A fault is what is wrong with a value; one without a message is none.
type fault struct {
	severity checks.Severity
	refused  bool // the program does not start
	message  string
	want     string
	to       string // the value that mends it
	fix      string // or what to do, in words
}

// A rule judges one value of a setting. It reports false if it cannot tell.
type rule func(s settings, name string, v evidence.FlagValue) (fault, bool)

var fine = fault{}

// refused is a fault that keeps the program from starting.
func refused(want, format string, args ...any) fault {
	return fault{severity: checks.Critical, refused: true, message: fmt.Sprintf(format, args...), want: want, fix: "set it to " + want}
}

// misread is a fault that nobody is told of: the program takes the value, as something else.
func misread(sev checks.Severity, want, format string, args ...any) fault {
	return fault{severity: sev, message: fmt.Sprintf(format, args...), want: want, fix: "set it to " + want}
}

// becoming makes another value the fix.
func (f fault) becoming(value string) fault {
	f.to = value
	return f
}

func (f fault) doing(fix string) fault {
	f.fix = fix
	return f
}

// rulesFor are those of one setting.
func (s settings) rulesFor(name string) []rule {
	if s.document {
		return s.documentRules(name)
	}
	rules := []rule{typeRule}
	if s.component == "etcd" {
		rules = append(rules, shadowedRule)
	}
	if name == "feature-gates" {
		rules = append(rules, gatesRule)
	}
	return append(rules, flagRules[s.component][name]...)
}

// flagRules are by component and flag. Where each was read stands beside its function.
var flagRules = map[string]map[string][]rule{
	"kube-apiserver":          apiserverRules,
	"kube-controller-manager": managerRules,
	"kube-scheduler":          schedulerRules,
	"kubelet":                 kubeletFlagRules,
	"etcd":                    etcdRules,
}

func (s settings) documentRules(name string) []rule {
	switch s.component {
	case "kubelet":
		if strings.HasPrefix(name, "featureGates.") {
			return []rule{gateFieldRule}
		}
		return kubeletFieldRules[unindexed(name)]
	case "kube-scheduler":
		if strings.HasPrefix(name, "featureGates.") {
			return nil
		}
		return schedulerFieldRules[unindexed(name)]
	case "etcd":
		return []rule{nanosecondsRule}
	}
	return nil
}

// unindexed is the path of a field without places in lists, and with one signal for all of a map's.
func unindexed(path string) string {
	if strings.HasPrefix(path, "evictionHard.") {
		return "evictionHard"
	}
	var b strings.Builder
	inside := false
	for _, r := range path {
		switch r {
		case '[':
			inside = true
		case ']':
			inside = false
			b.WriteString("[]")
		default:
			if !inside {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}

// within refuses numbers outside of a range.
func within(low, high float64, want string) rule {
	return func(s settings, _ string, v evidence.FlagValue) (fault, bool) {
		n, ok := number(v.Value)
		if !ok {
			return fine, false
		}
		if n < low || n > high {
			return refused(want, "keeps %s from starting: it takes %s", s.program(), want), true
		}
		return fine, true
	}
}

// notNegative refuses negative numbers and durations.
func notNegative(s settings, _ string, v evidence.FlagValue) (fault, bool) {
	if strings.HasPrefix(strings.TrimSpace(v.Value), "-") {
		return refused("0 or more", "keeps %s from starting: it takes no negative value", s.program()), true
	}
	return fine, true
}

// oneOf refuses all but a few words.
func oneOf(words ...string) rule {
	return func(s settings, _ string, v evidence.FlagValue) (fault, bool) {
		if slices.Contains(words, v.Value) {
			return fine, true
		}
		want := strings.Join(words, " or ")
		return refused(want, "keeps %s from starting: it takes %s", s.program(), want), true
	}
}
