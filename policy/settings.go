package policy

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kaudit/kaudit/checks"
)

// setting is what the file says of one check, or of all that a pattern matches.
type setting struct {
	check    glob
	severity checks.Severity // zero: not said
	enabled  *bool           // nil: not said
	params   json.RawMessage // nil: not said
}

var (
	settingKeys = []string{"enabled", "severity", "params"}
	severities  = []string{"info", "warning", "critical"}
)

func (r *reader) setting(known []checks.Check, id string, k, v *yaml.Node) setting {
	s := setting{check: globOf(id)}
	all := append(slices.Clip(known), Check())
	if !r.knows(k, id, all) {
		all = nil
	}
	if v.Kind == yaml.ScalarNode {
		r.wrong(v, "%s is %s, where a map is wanted; {enabled: false} turns a check off", id, kind(v))
		return s
	}
	r.fields(v, id, settingKeys, func(key string, _, v *yaml.Node) {
		switch key {
		case "enabled":
			on := v.Value == "true"
			if s.enabled = &on; v.Kind != yaml.ScalarNode || v.Tag != "!!bool" {
				r.wrong(v, "enabled is %s; it takes true or false", kind(v))
			}
		case "severity":
			s.severity = r.severity(v)
		case "params":
			s.params = r.params(all, id, v)
		}
	})
	return s
}

func (r *reader) severity(v *yaml.Node) checks.Severity {
	name := r.text(v, "severity")
	if i := slices.Index(severities, name); i >= 0 {
		return checks.Info + checks.Severity(i)
	}
	switch name {
	case "":
	case "off", "none", "never", "ignore", "disabled":
		r.wrong(v, "severity is %s; it takes critical, warning or info, and enabled: false turns a check off", quote(name))
	default:
		r.wrong(v, "severity is %s%sit takes critical, warning or info", quote(name), meant(name, severities))
	}
	return 0
}

// params reads the parameters of a check, and holds each against the check before all of them together.
func (r *reader) params(known []checks.Check, id string, v *yaml.Node) json.RawMessage {
	i := slices.IndexFunc(known, func(c checks.Check) bool { return c.ID == id })
	if i < 0 {
		if isPattern(id) {
			r.wrong(v, "params are of one check, and %s is a pattern", quote(id))
		}
		return nil
	}
	before := len(r.mistakes)
	given := map[string]any{}
	r.fields(v, "params of "+id, nil, func(name string, k, v *yaml.Node) {
		var value any
		if err := v.Decode(&value); err != nil {
			r.wrong(v, "%s is %s, which cannot be read", name, kind(v))
			return
		}
		one, err := json.Marshal(map[string]any{name: value})
		if err != nil { // infinity, a map with other keys than texts
			r.wrong(v, "%s is %s, which no parameter can be", name, kind(v))
			return
		}
		given[name] = value
		if wrong := (*checks.ParamError)(nil); errors.As(with(known[i], one), &wrong) {
			if wrong.Want == "" {
				r.wrong(k, "%s has no parameter %s%s%s", id, quote(name), meant(name, paramNames(known[i])), parameters(known[i]))
			} else {
				r.wrong(v, "%s is %s; it wants %s", name, kind(v), wrong.Want)
			}
		}
	})
	if len(r.mistakes) > before {
		return nil
	}
	raw, err := json.Marshal(given)
	if err == nil {
		err = with(known[i], raw)
	}
	if err != nil {
		r.wrong(v, "%v", err)
	}
	return raw
}

func with(c checks.Check, raw json.RawMessage) error {
	_, err := c.With(raw)
	return err
}

func paramNames(c checks.Check) []string {
	var names []string
	for _, p := range c.Params() {
		names = append(names, p.Name)
	}
	return names
}

func parameters(c checks.Check) string {
	names := paramNames(c)
	if len(names) == 0 {
		return "it has none"
	}
	return "there " + list(names)
}

// of are the settings that concern a check: those of patterns in the order of the file, then its own.
func (p Policy) of(id string) []setting {
	var patterns, own []setting
	for _, s := range p.settings {
		switch {
		case s.check.text == id:
			own = append(own, s)
		case s.check.match(id):
			patterns = append(patterns, s)
		}
	}
	return append(patterns, own...)
}

// set is a check as the policy wants it; false if it is turned off.
func (p Policy) set(c checks.Check) (checks.Check, bool) {
	on := true
	for _, s := range p.of(c.ID) {
		if s.enabled != nil {
			on = *s.enabled
		}
		if s.severity != 0 {
			c.Severity = s.severity
		}
		if s.params != nil {
			c, _ = c.With(s.params) // Parse has tried them
		}
	}
	return c, on
}

// Select is the checks to run: without those that are off, with the parameters and severities that are set.
func (p Policy) Select(cs []checks.Check) []checks.Check {
	var out []checks.Check
	for _, c := range cs {
		if set, on := p.set(c); on {
			out = append(out, set)
		}
	}
	return out
}

// Off are the ids of checks that are turned off.
func (p Policy) Off(cs []checks.Check) []string {
	var ids []string
	for _, c := range cs {
		if _, on := p.set(c); !on {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// graded gives the findings of a check the severity that is set for it, whatever their own.
func (p Policy) graded(id string, vs []checks.Verdict) []checks.Verdict {
	out := slices.Clone(vs)
	for _, s := range p.of(id) {
		for i := range out {
			if s.severity != 0 && out[i].Outcome == checks.Finding {
				out[i].Severity = s.severity
			}
		}
	}
	return out
}

// Told is what the policy does, in a few words: "2 checks set, 1 waiver".
func (p Policy) Told() string {
	var parts []string
	if n := len(p.settings); n > 0 {
		parts = append(parts, checks.Count(n, "setting")+" of checks")
	}
	if n := len(p.Waivers); n > 0 {
		parts = append(parts, checks.Count(n, "waiver"))
	}
	if p.FailOn != "" {
		parts = append(parts, "failOn "+p.FailOn)
	}
	if p.KubernetesVersion != "" {
		parts = append(parts, "Kubernetes "+p.KubernetesVersion)
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
