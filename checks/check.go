package checks

import (
	"encoding/json"
	"slices"

	"github.com/kaudit/kaudit/evidence"
)

// Spec is what is fixed about a check.
type Spec struct {
	ID        string
	Component string // etcd, kube-apiserver, clients, kube-scheduler, kubelet, pods
	Severity  Severity
	// Needs must each be seen at least once for the check to run; what is missing of them is
	// reported as skipped (or not applicable, if absent), subject by subject.
	Needs []evidence.Kind
	// AnyOf are alternatives: the check runs if one of them was seen, and a subject is reported as
	// skipped only if none of them shows it. Kinds listed here name their subjects alike, or each one's gaps are told.
	AnyOf []evidence.Kind
	// Uses refine the verdict where they were seen; their absence is the check's own business.
	Uses []evidence.Kind
	// InFiles are what decides in place of Needs and AnyOf where configuration files were read, as alternatives.
	InFiles []evidence.Kind
	Doc     string // the page, in Markdown
}

// A Check is a judgement of one property. Make one with New.
type Check struct {
	Spec
	params any
	run    func(*evidence.Snapshot, any) []Verdict
	decode func(any, json.RawMessage) (any, error)
}

// New makes a check of a function and its parameters' defaults. Parameters are a struct whose
// fields carry a json name and a doc tag: what it is, and where the default comes from.
func New[P any](spec Spec, params P, run func(*evidence.Snapshot, P) []Verdict) Check {
	return Check{
		Spec:   spec,
		params: params,
		run:    func(s *evidence.Snapshot, p any) []Verdict { return run(s, p.(P)) },
		decode: func(p any, raw json.RawMessage) (any, error) { return decodeParams(p.(P), raw) },
	}
}

// Kinds lists all the evidence that the check reads.
func (c Check) Kinds() []evidence.Kind {
	var ks []evidence.Kind
	for _, list := range [][]evidence.Kind{c.Needs, c.AnyOf, c.Uses} {
		ks = append(ks, list...)
	}
	for _, k := range c.InFiles {
		if !slices.Contains(ks, k) {
			ks = append(ks, k)
		}
	}
	return ks
}
