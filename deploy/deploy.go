// Package deploy holds what a cluster is given so that kaudit may read it.
package deploy

import _ "embed"

// RBAC is the manifest of the permissions that kaudit uses.
//
//go:embed rbac.yaml
var RBAC string
