package vet

import (
	"fmt"
	"slices"
	"strings"
)

// Category is one kind of finding.
type Category struct {
	Name string
	Doc  string // what it finds, in a sentence
	Off  bool   // only if asked for
}

// The names of the categories.
const (
	Unbounded = "list-unbounded"
	Namespace = "list-namespaced"
	Small     = "list-small"
	Raw       = "list-raw"
	PerNode   = "list-per-node"
	InLoop    = "list-in-loop"
	Poll      = "list-poll"
	RV0Limit  = "list-rv0-limit"
	Ignore    = "ignore"
)

// Categories lists them all, the gravest of LISTs first.
var Categories = []Category{
	{Name: Poll, Doc: "a LIST that is repeated on a timer, where a watch or an informer would be told"},
	{Name: PerNode, Doc: "a LIST of one node's pods by spec.nodeName, resourceVersion unset: up to 1.30 each reads the pods of all nodes from etcd"},
	{Name: InLoop, Doc: "a LIST for each item of a loop, where one LIST or an informer would do"},
	{Name: RV0Limit, Doc: "resourceVersion=0 beside a limit, which the server then ignores"},
	{Name: Raw, Doc: "a raw REST request for a collection, with neither resourceVersion nor limit"},
	{Name: Unbounded, Doc: "a LIST of all namespaces, or of a kind that has none, with neither resourceVersion nor limit"},
	{Name: Namespace, Doc: "a LIST of one namespace with neither resourceVersion nor limit"},
	{Name: Small, Doc: "a LIST as list-unbounded finds it, of a kind of which clusters have few and small objects (namespaces, storage classes, ...)", Off: true},
	{Name: Ignore, Doc: "a //kaudit:ignore that has no reason, names no category, or matches nothing"},
}

// Names lists the names of the categories.
func Names() []string {
	var names []string
	for _, c := range Categories {
		names = append(names, c.Name)
	}
	return names
}

// categories is a set of categories as a flag: comma-separated, repeatable.
type categories map[string]bool

func (cs *categories) String() string {
	if cs == nil {
		return ""
	}
	var names []string
	for name := range *cs {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

func (cs *categories) Set(s string) error {
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		if name != "all" && !slices.Contains(Names(), name) {
			return fmt.Errorf("no category %q; there are all, %s", name, strings.Join(Names(), ", "))
		}
		if *cs == nil {
			*cs = categories{}
		}
		(*cs)[name] = true
	}
	return nil
}
