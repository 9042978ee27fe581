package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// A conflict is a flag of which two places say different things: a is nearer to what runs.
type conflict struct {
	flag string
	a, b evidence.FlagValue
}

// comparison is what the sources of one process say of the same flags.
type comparison struct {
	between  []string   // the sources; none: there are not two
	agreed   int        // flags that two sources name, all alike
	running  []conflict // what runs, and how its pod is started
	intended []conflict // what runs, and kubeadm-config
}

func compare(f evidence.Flags) comparison {
	var c comparison
	// What a wrapper or an unread file may overrule says nothing of what should run.
	startKnown := slices.ContainsFunc(f.From, startsProcess) && f.Opaque == ""
	flagz := slices.Contains(f.From, evidence.FromFlagz)
	for _, name := range slices.Sorted(maps.Keys(f.Values)) {
		running, started, intended := bySource(f.Values[name])
		compared, differs := 0, false
		if running != nil && started != nil && startKnown {
			compared++
			if !same(name, *running, *started) {
				differs = true
				c.running = append(c.running, conflict{flag: name, a: *running, b: *started})
			}
		}
		if intended != nil {
			if now, ok := inForce(f, name, running, started, startKnown && !flagz); ok {
				compared++
				if !same(name, now, *intended) {
					differs = true
					c.intended = append(c.intended, conflict{flag: name, a: now, b: *intended})
				}
			}
		}
		if compared > 0 && !differs {
			c.agreed++
		}
	}
	c.between = between(f, flagz, startKnown)
	return c
}

// bySource picks what /flagz, the pod and kubeadm-config say; of the pod the strongest.
func bySource(vs []evidence.FlagValue) (running, started, intended *evidence.FlagValue) {
	for i := range vs {
		switch v := &vs[i]; {
		case v.From == evidence.FromFlagz:
			running = v
		case startsProcess(v.From) && started == nil:
			started = v
		case v.From == evidence.FromKubeadm:
			intended = v
		}
	}
	return running, started, intended
}

func startsProcess(from evidence.Provenance) bool {
	return from == evidence.FromCommandLine || from == evidence.FromEnvironment || from == evidence.FromArguments || from == evidence.FromConfigFile
}

// inForce is the value that kubeadm-config is held against; nothing if it is not certain. A flag that a pod
// read whole does not name has its default, if that is known: a flag without one is left alone.
func inForce(f evidence.Flags, name string, running, started *evidence.FlagValue, whole bool) (evidence.FlagValue, bool) {
	switch {
	case running != nil:
		return *running, true
	case slices.Contains(f.Unknown, name):
		return evidence.FlagValue{}, false
	case started != nil && whole:
		return *started, true
	case started == nil && whole:
		if d, ok := evidence.Default(f.Component, name, f.Version); ok {
			return evidence.FlagValue{Value: d, From: evidence.FromDefault}, true
		}
	}
	return evidence.FlagValue{}, false
}

// between names the places that could be held against each other.
func between(f evidence.Flags, flagz, startKnown bool) []string {
	var out []string
	if flagz {
		out = append(out, "what runs (/flagz)")
	}
	if startKnown {
		out = append(out, "what its pod is started with")
	}
	for _, vs := range f.Values {
		if _, _, intended := bySource(vs); intended != nil {
			out = append(out, "kubeadm-config")
			break
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// normalized are flags whose values the process prints in another notation than it takes them in: sizes
// (1024Ki is 1Mi), port ranges, versions with the component that they are of.
var normalized = []string{
	"log-json-info-buffer-size", "log-text-info-buffer-size", "service-node-port-range", "emulated-version", "min-compatibility-version", "vmodule",
}

// same reports whether two sources agree. A map is printed in the order of its names, whatever the order
// it is written in; a list in another order is a matter of taste in most flags, and no drift in any.
func same(name string, a, b evidence.FlagValue) bool {
	return slices.Contains(normalized, name) || a.Agrees(name, b) || slices.Equal(sorted(name, a), sorted(name, b))
}

func sorted(name string, v evidence.FlagValue) []string {
	items := evidence.Setting{Name: name, Value: v.Value, All: v.All}.List()
	for i, it := range items {
		items[i] = strings.TrimSpace(it)
	}
	slices.Sort(items)
	return items
}

// list names the first conflicts and counts the others.
func list(cs []conflict, named int) string {
	var parts []string
	for _, c := range cs[:min(named, len(cs))] {
		a := value(c.a)
		if c.a.From == evidence.FromDefault {
			a = "not set (default " + a + ")"
		}
		parts = append(parts, fmt.Sprintf("--%s: %s is %s, %s is %s", c.flag, short(c.a.From), a, short(c.b.From), value(c.b)))
	}
	out := strings.Join(parts, "; ")
	if more := len(cs) - named; more > 0 {
		out += fmt.Sprintf("; and %d more", more)
	}
	return out
}

func short(from evidence.Provenance) string {
	switch from {
	case evidence.FromFlagz:
		return "/flagz"
	case evidence.FromDefault:
		return "running"
	case evidence.FromCommandLine, evidence.FromEnvironment, evidence.FromArguments, evidence.FromConfigFile, evidence.FromKubeadm, evidence.FromNowhere:
	}
	return string(from)
}

// longest is what a line has room for of one value, in runes.
const longest = 60

// value prints what one source says, on one line. Secrets have been dropped where flags are read.
func value(v evidence.FlagValue) string {
	text := v.Value
	if len(v.All) > 1 {
		text = strings.Join(v.All, ",")
	}
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return `""`
	}
	if r := []rune(text); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return text
}
