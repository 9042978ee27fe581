package components

import (
	"slices"
	"strings"
	"sync"
)

// A Gate is one feature gate as a minor version has it.
type Gate struct {
	Name    string
	Stage   string // ALPHA, BETA, GA or DEPRECATED
	Default bool
	Locked  bool // it takes no other value than its default
	// Components are the programs that know it: most gates are known to all of Kubernetes', some to one.
	Components []string
}

// gate is what the components of a product say of a gate: nearly always the same.
type gate struct {
	Gate
	differ map[string]Gate
}

// LookupGate finds a feature gate that any component of this version's product knows: Kubernetes, or etcd.
// Whether this very component takes it is in the gate's Components; if it does, stage and default are its own.
// AllAlpha and AllBeta are gates too.
// A name may carry the prefix "kube:" where the component's --feature-gates takes one.
func LookupGate(component, version, name string) (Gate, bool) {
	if PrefixedGates(component, version) {
		name = strings.TrimPrefix(name, "kube:")
	}
	g, ok := gatesOf(component).lookup(version, name)
	if own, differs := g.differ[canonical(component)]; differs {
		return own, ok
	}
	return g.Gate, ok
}

// PrefixedGates tells whether --feature-gates of this version may name a component before each gate
// ("kube:NAME=true"). A gate in a configuration file never has a prefix.
func PrefixedGates(component, version string) bool {
	f, ok := LookupFlag(component, version, "feature-gates")
	return ok && strings.HasPrefix(f.Type, "colonSeparated")
}

// GateHistory is where in the catalogue a gate exists; false if nowhere.
func GateHistory(component, name string) (Span, bool) { return gatesOf(component).history(name) }

// GateNames lists the gates of a version of the component's product, sorted; of all versions, if version is "".
func GateNames(component, version string) []string { return gatesOf(component).namesAt(version) }

var gateTables = map[string]func() *table[gate]{"kubernetes": gateTable("kubernetes"), "etcd": gateTable("etcd")}

func gateTable(product string) func() *table[gate] {
	return sync.OnceValue(func() *table[gate] {
		return read("gates-"+product, func(name string, f []string) gate {
			known := strings.Fields(f[3])
			g := gate{Gate: newGate(name, f[:3], known)}
			for other := range strings.FieldsSeq(f[4]) {
				component, fields, _ := strings.Cut(other, "=")
				if g.differ == nil {
					g.differ = map[string]Gate{}
				}
				g.differ[component] = newGate(name, strings.Split(fields, ","), known)
			}
			return g
		})
	})
}

func newGate(name string, f, known []string) Gate {
	return Gate{Name: name, Stage: f[0], Default: f[1] == "true", Locked: f[2] == "locked", Components: known}
}

func gatesOf(component string) *table[gate] {
	switch component = canonical(component); {
	case component == "etcd":
		return gateTables["etcd"]()
	case slices.Contains(Components(), component):
		return gateTables["kubernetes"]()
	default:
		return nil
	}
}
