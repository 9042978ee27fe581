package components

import (
	"slices"
	"strings"
)

// Components are the programs of the catalogue.
func Components() []string {
	return []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "etcd"}
}

// Releases are the versions that the catalogue of a component was read from, one of each minor, oldest first.
func Releases(component string) []string {
	t := flagsOf(component)
	if t == nil {
		return nil
	}
	return slices.Clone(t.releases)
}

// Known tells whether the catalogue covers this version of a component: "1.31.4", "v1.31", "v1.31.4+k3s1".
func Known(component, version string) bool {
	t := flagsOf(component)
	return t != nil && t.at(version) >= 0
}

// canonical is the component that an instance's name stands for.
func canonical(component string) string {
	if component == "etcd-events" {
		return "etcd"
	}
	return component
}

// normal is a flag's name as the component reads it: those of Kubernetes take _ for -.
func normal(component, name string) string {
	if canonical(component) == "etcd" {
		return name
	}
	return strings.ReplaceAll(name, "_", "-")
}

// minorOf is "1.31" of "v1.31.4+k3s1"; "" if that is no version.
func minorOf(version string) string {
	rest := strings.TrimPrefix(strings.TrimSpace(version), "v")
	major := digits(rest)
	rest, dot := strings.CutPrefix(rest[len(major):], ".")
	minor := digits(rest)
	if major == "" || !dot || minor == "" {
		return ""
	}
	if rest = rest[len(minor):]; rest != "" && !strings.ContainsAny(rest[:1], ".+-") {
		return ""
	}
	return major + "." + minor
}

func digits(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}
