package evidence

import (
	"fmt"
	"slices"
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

// Untold says why files do not tell a flag, where, and what would tell it; why is "" if they do.
func (f Flags) Untold(name string) (at Source, why, unlock string) {
	s := f.Setting(name)
	_, versioned := ParseSemver(f.Version)
	switch {
	case s.Known():
		return s.Source, "", ""
	case slices.Contains(f.Unknown, name) && s.Source.InFile():
		return s.Source, fmt.Sprintf("--%s is filled in later, by a template or a variable", name), fmt.Sprintf("a value of --%s in the file", name)
	case slices.Contains(f.Unknown, name):
		return s.Source, fmt.Sprintf("what --%s is set to stands in no file", name), fmt.Sprintf("--%s in the file", name)
	case f.Opaque != "":
		return s.Source, fmt.Sprintf("--%s is not in the file, and the process %s", name, f.Opaque), fmt.Sprintf("--%s in the file", name)
	case len(f.From) == 0:
		return s.Source, fmt.Sprintf("--%s is not in the file, which does not tell all flags of the process", name), fmt.Sprintf("--%s in the file", name)
	case !versioned && f.Component == "etcd":
		return s.Source, fmt.Sprintf("--%s is not set, and its default depends on the version of etcd, which no file tells", name), "a version in the tag of the image"
	case !versioned:
		return s.Source, fmt.Sprintf("--%s is not set, and its default depends on the version of Kubernetes, which no file tells", name), "--kubernetes-version 1.31"
	}
	return s.Source, fmt.Sprintf("--%s is not set, and its default in %s is not known", name, f.Version), fmt.Sprintf("--%s in the file", name)
}
