// Package controllerruntime has the aliases of controller-runtime.
package controllerruntime

import "sigs.k8s.io/controller-runtime/pkg/manager"

type (
	Manager = manager.Manager
	Options = manager.Options
)

var NewManager = manager.New
