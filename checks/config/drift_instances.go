package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// A held value is what one instance has of a flag.
type held struct {
	of     string
	value  evidence.FlagValue
	source evidence.Source
	unset  bool
}

// betweenInstances compares the instances of each component, flag by flag: one verdict for each flag that differs.
func betweenInstances(s *evidence.Snapshot, p driftParams) []checks.Verdict {
	var vs []checks.Verdict
	for _, in := range []evidence.Instances[evidence.Flags]{s.APIServerFlags, s.ControllerManagerFlags, s.SchedulerFlags, s.EtcdFlags} {
		for _, group := range together(in) {
			vs = append(vs, groupDrift(s, group, p)...)
		}
	}
	return vs
}

// together are the instances that should agree: of one component, and of schedulers those that elect one leader. etcd
// for events is a component of its own.
func together(in evidence.Instances[evidence.Flags]) []evidence.Instances[evidence.Flags] {
	var order []string
	groups := map[string]evidence.Instances[evidence.Flags]{}
	for o := range in.Seen() {
		key := o.Value.Component
		if lease, ok := ofProcess(o).orDefault("leader-elect-resource-name"); ok {
			key += " " + lease
		}
		if len(groups[key]) == 0 {
			order = append(order, key)
		}
		groups[key] = append(groups[key], o)
	}
	var out []evidence.Instances[evidence.Flags]
	for _, key := range order {
		if len(groups[key]) > 1 {
			out = append(out, groups[key])
		}
	}
	return out
}

func groupDrift(s *evidence.Snapshot, group evidence.Instances[evidence.Flags], p driftParams) []checks.Verdict {
	component := group[0].Value.Component
	on := checks.About(component + " instances")
	if lease, ok := ofProcess(group[0]).get("leader-elect-resource-name"); ok && lease != component {
		on = on.Aspect(lease)
	}
	var differing []checks.Verdict
	compared := 0
	for _, name := range namesIn(group) {
		if ofOneNode(canonical(component), name) {
			continue
		}
		parts, n := partsOf(s, group, name)
		if n > 1 {
			compared++
		}
		if len(parts) > 1 {
			differing = append(differing, differs(on, component, name, parts))
		}
	}
	slices.SortStableFunc(differing, func(a, b checks.Verdict) int { return cmp.Compare(b.Severity, a.Severity) })
	switch more := len(differing) - p.Flags; {
	case more > 0:
		rest := on.Aspect("other flags").Find(differing[p.Flags].Severity, "differ as well: %s", namesOf(differing[p.Flags:], p.Named)).
			Saw("%s", flags(more)).Want("the same on every instance").WithFix("set each of them the same on every instance")
		rest.Seen = differing[p.Flags].Seen
		return append(differing[:p.Flags:p.Flags], rest)
	case len(differing) > 0:
		return differing
	case compared == 0:
		return []checks.Verdict{on.Skip("have no flag that two of them tell")}
	}
	for o := range group.Seen() {
		on = on.With(o.Source, "%s", o.Of)
	}
	return []checks.Verdict{on.Pass("agree on %s", flags(compared)).Saw("%d instances", len(group))}
}

// namesIn are the flags that an instance sets.
func namesIn(group evidence.Instances[evidence.Flags]) []string {
	names := map[string]bool{}
	for o := range group.Seen() {
		for name := range o.Value.Values {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// partsOf puts the instances together that have the same value, the largest part first, and says how many tell theirs.
func partsOf(s *evidence.Snapshot, group evidence.Instances[evidence.Flags], name string) (parts [][]held, known int) {
	mixed := mixedVersions(group)
	defaults := 0
	for o := range group.Seen() {
		if mixed && !has(o.Value, name) {
			return nil, 0
		}
		h, ok := holds(s, o, name)
		if !ok {
			continue
		}
		known++
		if isDefault(o, name, h.value) {
			defaults++
		}
		i := slices.IndexFunc(parts, func(part []held) bool { return alike(name, part[0], h) })
		if i < 0 {
			parts = append(parts, nil)
			i = len(parts) - 1
		}
		parts[i] = append(parts[i], h)
	}
	if defaults == known { // which another version may have changed
		return parts[:min(1, len(parts))], known
	}
	slices.SortStableFunc(parts, func(a, b []held) int { return cmp.Compare(len(b), len(a)) })
	return parts, known
}

// mixedVersions reports instances of two minor versions; one that is not known is taken for the others'.
func mixedVersions(group evidence.Instances[evidence.Flags]) bool {
	first := ""
	for o := range group.Seen() {
		minor := minorOf(o.Value.Version)
		if minor != "" && first != "" && minor != first {
			return true
		}
		first = cmp.Or(first, minor)
	}
	return false
}

func has(f *evidence.Flags, name string) bool {
	if f.Version == "" {
		return true
	}
	_, ok := components.LookupFlag(f.Component, f.Version, name)
	return ok
}

// holds is the value in force, as far as it is certain. What kubeadm-config wants is no value of an instance, where a
// cluster runs.
func holds(s *evidence.Snapshot, o evidence.Observed[evidence.Flags], name string) (held, bool) {
	set := o.Value.Setting(name)
	switch {
	case slices.Contains(o.Value.Unknown, name):
		return held{}, false
	case set.Known() && !set.Assumed():
		if set.From == evidence.FromKubeadm && !s.Cluster.Files {
			return held{}, false
		}
		return held{of: o.Of, value: evidence.FlagValue{Value: set.Value, All: set.All, From: set.From}, source: set.Source}, true
	}
	byDefault, ok := ofProcess(o).orDefault(name)
	return held{of: o.Of, value: evidence.FlagValue{Value: byDefault, From: evidence.FromDefault}, source: o.Source, unset: true}, ok
}

func isDefault(o evidence.Observed[evidence.Flags], name string, v evidence.FlagValue) bool {
	f, ok := ofProcess(o).flag(name)
	return ok && same(name, v, evidence.FlagValue{Value: f.Default})
}

// alike compares two values, each without the name of its own node: paths of certificates have it.
func alike(name string, a, b held) bool {
	return same(name, a.value, b.value) || same(name, anonymous(a), anonymous(b))
}

func anonymous(h held) evidence.FlagValue {
	_, node, _ := strings.Cut(h.of, "/")
	if len(node) < 2 {
		return h.value
	}
	v := evidence.FlagValue{Value: strings.ReplaceAll(h.value.Value, node, "NODE")}
	for _, one := range h.value.All {
		v.All = append(v.All, strings.ReplaceAll(one, node, "NODE"))
	}
	return v
}

func differs(on checks.Subject, component, name string, parts [][]held) checks.Verdict {
	var each []string
	on = on.Aspect("--" + name)
	for _, part := range parts {
		text := value(part[0].value)
		if part[0].unset {
			text = "not set (" + text + ")"
		}
		var who []string
		for _, h := range part {
			who = append(who, strings.TrimPrefix(h.of, component+"/"))
		}
		each = append(each, text+" on "+strings.Join(who, ", "))
	}
	for _, part := range slices.Backward(parts) { // the odd one out is where somebody will want to look
		for _, set := range []bool{true, false} {
			for _, h := range part {
				if h.unset != set {
					on = on.With(h.source, "%s: --%s", h.of, name)
				}
			}
		}
	}
	said := strings.Join(each, "; ")
	sev := checks.Info
	if mustAgree(canonical(component), name) {
		sev = checks.Warning
	}
	return on.Find(sev, "differs between instances: %s", said).Saw("%s", said).Want("the same on every instance").
		WithFix("set --" + name + " the same on every instance, and restart one after the other")
}

// namesOf lists the flags that verdicts speak of.
func namesOf(vs []checks.Verdict, named int) string {
	var names []string
	for _, v := range vs[:min(named, len(vs))] {
		names = append(names, v.Subject[strings.LastIndexByte(v.Subject, ' ')+1:])
	}
	out := strings.Join(names, ", ")
	if more := len(vs) - named; more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}
