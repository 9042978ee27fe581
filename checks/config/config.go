// Package config has the checks that hold what is configured in one place against what another says.
package config

import "github.com/kaudit/kaudit/checks"

// Checks lists the checks of this area in the order people should read them.
func Checks() []checks.Check {
	return []checks.Check{files, flagUnknown, flagValue, drift, versionSkew}
}
