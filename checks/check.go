package checks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

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
	// skipped only if none of them shows it. Kinds listed here must name their subjects alike.
	AnyOf []evidence.Kind
	// Uses refine the verdict where they were seen; their absence is the check's own business.
	Uses []evidence.Kind
	Doc  string // the page, in Markdown
}

// A Check is a judgement of one property. Make one with New.
type Check struct {
	Spec
	params any
	run    func(*evidence.Snapshot, any) []Verdict
	decode func(json.RawMessage) (any, error)
}

// validator is what parameters implement to refuse nonsense.
type validator interface{ Validate() error }

// New makes a check of a function and its parameters' defaults. Parameters are a struct whose
// fields carry a json name and a doc tag: what it is, and where the default comes from.
func New[P any](spec Spec, params P, run func(*evidence.Snapshot, P) []Verdict) Check {
	return Check{
		Spec:   spec,
		params: params,
		run:    func(s *evidence.Snapshot, p any) []Verdict { return run(s, p.(P)) },
		decode: func(raw json.RawMessage) (any, error) {
			p := params
			d := json.NewDecoder(bytes.NewReader(raw))
			d.DisallowUnknownFields()
			if err := d.Decode(&p); err != nil {
				return nil, err
			}
			if v, ok := any(p).(validator); ok {
				if err := v.Validate(); err != nil {
					return nil, err
				}
			}
			return p, nil
		},
	}
}

// With returns the check with other parameters. An unknown field is an error.
func (c Check) With(raw json.RawMessage) (Check, error) {
	p, err := c.decode(raw)
	if err != nil {
		return c, fmt.Errorf("parameters of %s: %w", c.ID, err)
	}
	c.params = p
	return c, nil
}

// Param is a parameter of a check as people see it.
type Param struct{ Name, Value, Doc string }

// Params lists the parameters in force.
func (c Check) Params() []Param {
	v := reflect.ValueOf(c.params)
	if v.Kind() != reflect.Struct {
		return nil
	}
	var ps []Param
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		ps = append(ps, Param{name, fmt.Sprint(v.Field(i).Interface()), f.Tag.Get("doc")})
	}
	return ps
}

// Kinds lists all the evidence that the check reads.
func (c Check) Kinds() []evidence.Kind {
	var ks []evidence.Kind
	for _, list := range [][]evidence.Kind{c.Needs, c.AnyOf, c.Uses} {
		ks = append(ks, list...)
	}
	return ks
}
