package main

import (
	"fmt"

	"github.com/kaudit/kaudit/checks"
)

// noSuch says that a name is none, which one was probably meant, and where all of them stand.
func noSuch(what, name string, known []string, list string) error {
	if near := checks.Nearest(name, known); near != "" {
		return usage("no %s %q; did you mean %s? %s", what, name, near, list)
	}
	return usage("no %s %q; %s", what, name, list)
}

// noCheck is noSuch for the id of a check.
func noCheck(e env, name string, known []string) error {
	return noSuch("check", name, known, fmt.Sprintf("%s checks lists them all", e.name))
}
