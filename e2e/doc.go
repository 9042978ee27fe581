// Package e2e holds kaudit against genuine control planes; its tests need the build tag e2e, root and Linux.
package e2e
