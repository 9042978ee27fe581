package components

import (
	"strings"
	"sync"
)

// A Flag is one flag as a minor version has it.
type Flag struct {
	Name  string
	Short string // one letter, or ""
	// Type is the flag package's word: bool, int32, float32, duration, string, stringSlice, mapStringBool …
	Type string
	// Default is written as /flagz and --help write it.
	Default string
	// Deprecated is what the program says of a flag that is on its way out; "" of one that stays.
	Deprecated string
	Hidden     bool // not in --help
	Bare       bool // may stand without a value, and takes one only after =
	Windows    bool // only in a build for Windows
}

// LookupFlag finds a flag, by its name without dashes or by its letter. Of a version that is not Known
// it finds nothing.
func LookupFlag(component, version, name string) (Flag, bool) {
	t := flagsOf(component)
	if f, ok := t.lookup(version, normal(component, name)); ok {
		return f, true
	}
	if len(name) != 1 {
		return Flag{}, false
	}
	for _, long := range t.namesAt(version) {
		if f, _ := t.lookup(version, long); f.Short == name {
			return f, true
		}
	}
	return Flag{}, false
}

// FlagHistory is where in the catalogue a flag exists; false if nowhere.
func FlagHistory(component, name string) (Span, bool) {
	return flagsOf(component).history(normal(component, name))
}

// FlagNames lists the flags of a version, sorted; of all versions together, if version is "".
func FlagNames(component, version string) []string { return flagsOf(component).namesAt(version) }

// Each file is read when it is first asked for.
var flagTables = map[string]func() *table[Flag]{
	"kube-apiserver":          flagTable("kube-apiserver"),
	"kube-controller-manager": flagTable("kube-controller-manager"),
	"kube-scheduler":          flagTable("kube-scheduler"),
	"kubelet":                 flagTable("kubelet"),
	"etcd":                    flagTable("etcd"),
}

func flagTable(component string) func() *table[Flag] {
	return sync.OnceValue(func() *table[Flag] {
		return read("flags-"+component, func(name string, f []string) Flag {
			return Flag{
				Name: name, Type: f[0], Short: f[1],
				Hidden: strings.Contains(f[2], "h"), Bare: strings.Contains(f[2], "b"), Windows: strings.Contains(f[2], "w"),
				Default: f[3], Deprecated: f[4],
			}
		})
	})
}

func flagsOf(component string) *table[Flag] {
	if load, ok := flagTables[canonical(component)]; ok {
		return load()
	}
	return nil
}
