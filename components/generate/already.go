package main

import (
	"slices"

	"github.com/kaudit/kaudit/components"
)

// already is what the catalogue that this generator was compiled with says of a minor, and the release that
// it was read from; nothing if that minor is new.
func already(r release) (string, map[string]record) {
	out := map[string]record{}
	version := ""
	for _, component := range components.Components() {
		if (component == "etcd") != (r.product == "etcd") {
			continue
		}
		known := components.Releases(component)
		at := slices.IndexFunc(known, func(k string) bool { return minor(k) == r.minor() })
		if at < 0 {
			return "", nil
		}
		version = known[at]
		out[component] = record{Flags: flagsAlready(component, version), Gates: gatesAlready(component, version), Files: filesAlready(component, version)}
	}
	return version, out
}

func flagsAlready(component, version string) []flagRecord {
	var out []flagRecord
	for _, name := range components.FlagNames(component, version) {
		f, _ := components.LookupFlag(component, version, name)
		out = append(out, flagRecord(f))
	}
	return out
}

func gatesAlready(component, version string) []gateRecord {
	var out []gateRecord
	for _, name := range components.GateNames(component, version) {
		if g, _ := components.LookupGate(component, version, name); slices.Contains(g.Components, component) {
			out = append(out, gateRecord{Name: g.Name, Stage: g.Stage, Default: g.Default, Locked: g.Locked})
		}
	}
	return out
}

func filesAlready(component, version string) map[string][]string {
	out := map[string][]string{}
	for _, kind := range components.FileKinds(component, version) {
		out[kind] = components.Keys(component, version, kind)
	}
	return out
}
