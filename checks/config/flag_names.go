package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// gateNames are the gates of a value of --feature-gates; those of another component's than Kubernetes' own are left out.
func (s settings) gateNames(v evidence.FlagValue) []string {
	var out []string
	for _, item := range (evidence.Setting{Name: "feature-gates", Value: v.Value, All: v.All}).List() {
		name, _, _ := strings.Cut(item, "=")
		name = strings.TrimSpace(name)
		if owner, rest, prefixed := strings.Cut(name, ":"); prefixed {
			if owner != "kube" && owner != "" {
				continue
			}
			name = rest
		}
		if name != "" {
			out = append(out, name)
		}
	}
	return out
}

// unknownGates: a gate that the program does not know keeps it from starting ("unrecognized feature gate",
// component-base/featuregate of 1.24 to 1.37 and etcd's copy of it). One verdict for each.
func (s settings) unknownGates(names []string, at evidence.FlagValue) []checks.Verdict {
	var vs []checks.Verdict
	var bad []string
	for _, name := range names {
		on := checks.About(s.of).Aspect("gate "+name).With(at.Source, "%s", name)
		span, ever := components.GateHistory(s.component, name)
		g, has := components.LookupGate(s.component, s.version, name)
		known := has && (len(g.Components) == 0 || slices.Contains(g.Components, s.component))
		if known || ever && s.version == "" {
			continue
		}
		bad = append(bad, name)
		said := ""
		switch v := minorNumber(s.version); {
		case has:
			said = "only " + strings.Join(g.Components, ", ") + " know it"
		case ever && v < minorNumber(span.First):
			said = "it " + comes(s.component, span)
		case ever && v > minorNumber(span.Last):
			said = "it " + went(span)
		case ever:
			said = "other versions do"
		default:
			said = "no version from " + covered(s.component) + " does"
			if meant := mistyped(name, components.GateNames(s.component, s.version)); meant != "" {
				said += "; " + meant + " is probably meant"
			}
		}
		vs = append(vs, on.Find(0, "keeps %s from starting: %s does not know this feature gate; %s", s.program(), s.called(), said).
			Saw("%s", name).Want("gates that %s knows", s.called()).WithFix("remove "+name+" from the feature gates"))
	}
	for i := range vs {
		vs[i] = s.withoutGates(vs[i], bad, at)
	}
	return vs
}

// withoutGates makes it the fix that all unknown gates go, and the others stay.
func (s settings) withoutGates(v checks.Verdict, bad []string, at evidence.FlagValue) checks.Verdict {
	switch {
	case s.document:
		return v.Unsetting(s.of, "featureGates."+bad[0])
	case len(at.All) > 1:
		return v
	}
	var keep []string
	for _, item := range (evidence.Setting{Name: "feature-gates", Value: at.Value}).List() {
		name, _, _ := strings.Cut(item, "=")
		if name = strings.TrimPrefix(strings.TrimSpace(name), "kube:"); !slices.Contains(bad, name) {
			keep = append(keep, item)
		}
	}
	if len(keep) == 0 {
		return v.Unsetting(s.of, "feature-gates")
	}
	return v.Setting(s.of, "feature-gates", strings.Join(keep, ","))
}

// unknownFields judges the keys of a configuration file: etcd and the kubelet ignore one that they do not know, and kube-scheduler
// does not start (components.KnownKey tells where that was read).
func (s settings) unknownFields() (vs []checks.Verdict, looked int) {
	kind := s.kind
	if s.component == "etcd" {
		kind = "etcd"
	}
	if !slices.Contains(components.FileKinds(s.component, anyVersion(s)), kind) {
		return nil, 0
	}
	said, known := map[string]bool{}, map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(s.values)) {
		keys := keysOf(path)
		if keys[0] == "metadata" || s.component == "etcd" && strings.HasPrefix(keys[0], "x-") {
			continue
		}
		looked++
		if gate, ok := strings.CutPrefix(path, "featureGates."); ok && s.component == "kubelet" {
			vs = append(vs, s.unknownGates([]string{gate}, s.values[path][0])...)
			continue
		}
		n := s.firstUnknown(kind, keys, known)
		if len(said) == mostFields {
			break // it is some other file, or none that a person wrote
		}
		if n < 0 || said[strings.Join(keys[:n+1], ".")] {
			continue
		}
		said[strings.Join(keys[:n+1], ".")] = true
		vs = append(vs, s.unknownField(kind, path, keys, n))
	}
	return vs, looked
}

// keysOf is a path without places in lists. Keys of a map may have dots; what is below a map is anybody's.
func keysOf(path string) []string {
	var out []string
	for key := range strings.SplitSeq(path, ".") {
		name, _, _ := strings.Cut(key, "[")
		out = append(out, name)
	}
	return out
}

// firstUnknown is which key of a path is the first that the version does not have; -1 if it has all. Of an unknown version
// only what no version has counts. Known remembers the answers.
func (s settings) firstUnknown(kind string, keys []string, known map[string]bool) int {
	versions := []string{s.version}
	if s.version == "" {
		versions = components.Releases(s.component)
	}
	for n := range keys {
		at := strings.Join(keys[:n+1], ".")
		has, asked := known[at]
		if !asked {
			has = s.hasField(versions, kind, keys[:n+1])
			known[at] = has
		}
		if !has {
			return n
		}
	}
	return -1
}

// mostFields bounds what is told of one file.
const mostFields = 50

func (s settings) hasField(versions []string, kind string, keys []string) bool {
	return slices.ContainsFunc(versions, func(v string) bool { return components.KnownKey(s.component, v, kind, keys...) })
}

func (s settings) unknownField(kind, path string, keys []string, n int) checks.Verdict {
	at := s.values[path][0]
	name := strings.Join(keys[:n+1], ".")
	on := checks.About(s.of).Aspect(name).With(at.Source, "%s", path)
	does, sev := "ignores it and says nothing", checks.Warning
	switch s.component {
	case "kubelet":
		does = "ignores it, with a line in its log"
	case "kube-scheduler":
		does, sev = "does not start with it", checks.Critical
	}
	why := ""
	if span, ever := components.KeyHistory(s.component, kind, name); ever && s.version != "" {
		why = "; it " + whenOf(s, span)
	} else if meant := mistyped(keys[n], s.siblings(kind, keys[:n])); meant != "" {
		why = fmt.Sprintf("; %s is probably meant", meant)
	}
	return on.Find(sev, "is no field of this file: %s %s%s", s.program(), does, why).
		Saw("%s", path).Want("a field that %s has", s.called()).WithFix("remove " + name + ", or write the field that is meant")
}

// siblings are the keys that the version has at a place.
func (s settings) siblings(kind string, parent []string) []string {
	prefix := strings.Join(append(slices.Clone(parent), ""), ".")
	var out []string
	for _, key := range components.Keys(s.component, anyVersion(s), kind) {
		if rest, ok := strings.CutPrefix(key, prefix); ok && !strings.Contains(rest, ".") {
			out = append(out, rest)
		}
	}
	return out
}
