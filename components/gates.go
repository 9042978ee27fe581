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

// LookupGate finds a feature gate that any component of this version's product knows: Kubernetes, or etcd.
// Whether this very component takes it is in the gate's Components. AllAlpha and AllBeta are gates too.
// A name may carry the prefix "kube:" where the component's --feature-gates takes one.
func LookupGate(component, version, name string) (Gate, bool) {
	if PrefixedGates(component, version) {
		name = strings.TrimPrefix(name, "kube:")
	}
	return gatesOf(component).lookup(version, name)
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

var gateTables = map[string]func() *table[Gate]{"kubernetes": gateTable("kubernetes"), "etcd": gateTable("etcd")}

func gateTable(product string) func() *table[Gate] {
	return sync.OnceValue(func() *table[Gate] {
		t := read("gates-"+product, func(f []string) Gate {
			return Gate{Stage: f[0], Default: f[1] == "true", Locked: f[2] == "locked", Components: strings.Fields(f[3])}
		})
		if t == nil {
			return nil
		}
		for name, stretches := range t.names {
			for i := range stretches {
				stretches[i].value.Name = name
			}
		}
		return t
	})
}

func gatesOf(component string) *table[Gate] {
	switch component = canonical(component); {
	case component == "etcd":
		return gateTables["etcd"]()
	case slices.Contains(Components(), component):
		return gateTables["kubernetes"]()
	default:
		return nil
	}
}
