package main

import (
	"slices"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/checks/apiserver"
	"github.com/kaudit/kaudit/checks/clients"
	"github.com/kaudit/kaudit/checks/config"
	"github.com/kaudit/kaudit/checks/etcd"
	"github.com/kaudit/kaudit/checks/node"
	"github.com/kaudit/kaudit/checks/scheduler"
)

// catalogue lists every check, by area, in the order people should read them.
func catalogue() []checks.Check {
	return slices.Concat(etcd.Checks(), apiserver.Checks(), clients.Checks(), scheduler.Checks(), node.Checks(), config.Checks())
}
