package evidence

import (
	"fmt"
	"slices"
	"strings"
)

// InFile reports whether the flags were read in files, and not of a process or its pod.
func (f Flags) InFile() bool {
	inFile := func(v FlagValue) bool { return v.Source.InFile() }
	if slices.ContainsFunc(f.Read, Source.InFile) {
		return true
	}
	for _, vs := range f.Values {
		if slices.ContainsFunc(vs, inFile) {
			return true
		}
	}
	return len(f.UnknownAt) > 0
}

// OnlyLive is what would tell a setting that no file has.
const OnlyLive = "a live cluster, or these settings in the file"

// Untold says why files do not tell a flag, to be put behind "is", where it is set, and what would tell it; why is ""
// if they do. What stands in no file at all has the unlock OnlyLive.
func (f Flags) Untold(name string) (at Source, why, unlock string) {
	template := strings.Contains(f.Opaque, "template")
	s := f.Setting(name)
	_, versioned := ParseSemver(f.Version)
	switch {
	case s.Known():
		return s.Source, "", ""
	case slices.Contains(f.Unknown, name) && s.Source.InFile():
		return s.Source, "filled in later, by a template or a variable", "a value of --" + name + " in the file"
	case f.Opaque != "" && template:
		return s.Source, "not in the file, and the process " + f.Opaque, "a value of --" + name + " in the file"
	case slices.Contains(f.Unknown, name):
		return s.Source, "set to what stands in no file", OnlyLive
	case f.Opaque != "":
		return s.Source, "not in the file, and the process " + f.Opaque, OnlyLive
	case len(f.From) == 0:
		return s.Source, "not in the file, which does not tell all flags of the process", OnlyLive
	case !versioned && (f.Component == "etcd" || f.Component == "etcd-events"):
		return s.Source, "not set, and the default depends on the version of etcd, which no file tells", "a version in the tag of the image"
	case !versioned:
		return s.Source, "not set, and the default depends on the version of Kubernetes, which no file tells", "--kubernetes-version 1.31"
	}
	return s.Source, fmt.Sprintf("not set, and the default in %s is not known", f.Version), OnlyLive
}
