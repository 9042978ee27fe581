// Package schema has the shapes that the tests need.
package schema

type GroupVersionResource struct{ Group, Version, Resource string }
