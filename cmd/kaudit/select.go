package main

import (
	"path"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
)

// selectChecks keeps what --only names and drops what --skip names: ids, globs of ids, components.
func selectChecks(e env, all []checks.Check, only, skip []string) ([]checks.Check, error) {
	keep, err := named(e, all, only)
	if err != nil {
		return nil, err
	}
	drop, err := named(e, all, skip)
	if err != nil {
		return nil, err
	}
	var out []checks.Check
	for _, c := range all {
		if (len(only) == 0 || keep[c.ID]) && !drop[c.ID] {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, noAudit("nothing to check: --only and --skip leave no check; %s checks lists them all", e.name)
	}
	return out, nil
}

// named resolves names to ids. A name that stands for nothing is a mistake: a check that silently
// does not run would look like one that passed.
func named(e env, all []checks.Check, names []string) (map[string]bool, error) {
	ids := map[string]bool{}
	for _, name := range names {
		found := false
		for _, c := range all {
			if c.ID == name || c.Component == name {
				ids[c.ID], found = true, true
				continue
			}
			match, err := path.Match(name, c.ID)
			if err != nil {
				return nil, usage("%q is no pattern: %w; use * and ? as in a shell", name, err)
			}
			if match {
				ids[c.ID], found = true, true
			}
		}
		if found {
			continue
		}
		if strings.ContainsAny(name, "*?[") {
			return nil, usage("no check matches %q; %s checks lists them all", name, e.name)
		}
		return nil, noCheck(e, name, append(idsOf(all), components(all)...))
	}
	return ids, nil
}

func idsOf(cs []checks.Check) []string {
	ids := make([]string, len(cs))
	for i, c := range cs {
		ids[i] = c.ID
	}
	return ids
}

func components(cs []checks.Check) []string {
	var out []string
	for _, c := range cs {
		if !slices.Contains(out, c.Component) {
			out = append(out, c.Component)
		}
	}
	return out
}
