package apiserver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// Which FlowSchema a request meets first, and whether one leaves anything for another. Group
// membership of users is not known here, so two different users or groups overlap only where
// Kubernetes itself says so; what cannot be told counts as no overlap.

// inOrder sorts as kube-apiserver matches: by precedence, then by name.
func inOrder(schemas []evidence.FlowSchema) []evidence.FlowSchema {
	out := slices.Clone(schemas)
	slices.SortFunc(out, func(a, b evidence.FlowSchema) int {
		return cmp.Or(cmp.Compare(a.Precedence, b.Precedence), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// who is one subject of a rule: a user, a group or a service account.
type who struct{ kind, name string }

const (
	aUser    = "user"
	aGroup   = "group"
	anSA     = "serviceaccount"
	saPrefix = "system:serviceaccount:"
)

func subjects(r evidence.FlowRule) []who {
	var out []who
	for _, u := range r.Users {
		if sa, ok := strings.CutPrefix(u, saPrefix); ok {
			out = append(out, who{anSA, strings.Replace(sa, ":", "/", 1)})
			continue
		}
		out = append(out, who{aUser, u})
	}
	for _, g := range r.Groups {
		if ns, ok := strings.CutPrefix(g, systemServiceAccounts+":"); ok {
			out = append(out, who{anSA, ns + "/*"})
			continue
		}
		out = append(out, who{aGroup, g})
	}
	for _, sa := range r.ServiceAccounts {
		out = append(out, who{anSA, sa})
	}
	return out
}

func (w who) everybody() bool { return w.name == "*" && w.kind != anSA }

func (w who) anonymous() bool {
	return w == who{aGroup, systemUnauthenticated} || w == who{aUser, systemAnonymous}
}

// includes reports whether everyone that b speaks of is surely one of a.
func (w who) includes(b who) bool {
	switch {
	case w == b, w.everybody():
		return true
	case b.everybody():
		return false
	case w == who{aGroup, systemAuthenticated}:
		return !b.anonymous()
	case w == who{aGroup, systemUnauthenticated}:
		return b.anonymous()
	case w == who{aGroup, systemServiceAccounts}:
		return b.kind == anSA
	case w.kind == anSA && b.kind == anSA:
		ns, all := strings.CutSuffix(w.name, "/*")
		return all && strings.HasPrefix(b.name, ns+"/")
	}
	return false
}

// covers reports whether schema a, met first, takes every request that b would match.
func covers(a, b evidence.FlowSchema) bool {
	for _, rb := range b.Rules {
		if !slices.ContainsFunc(a.Rules, func(ra evidence.FlowRule) bool { return ruleCovers(ra, rb) }) {
			return false
		}
	}
	return len(b.Rules) > 0
}

func ruleCovers(a, b evidence.FlowRule) bool {
	for _, sb := range subjects(b) {
		if !slices.ContainsFunc(subjects(a), func(sa who) bool { return sa.includes(sb) }) {
			return false
		}
	}
	for _, rb := range b.Resources {
		if !slices.ContainsFunc(a.Resources, func(ra evidence.ResourceRule) bool { return resourceCovers(ra, rb) }) {
			return false
		}
	}
	for _, ub := range b.NonResources {
		if !slices.ContainsFunc(a.NonResources, func(ua evidence.URLRule) bool {
			return listCovers(ua.Verbs, ub.Verbs) && urlsCover(ua.URLs, ub.URLs)
		}) {
			return false
		}
	}
	return true
}

func resourceCovers(a, b evidence.ResourceRule) bool {
	return listCovers(a.Verbs, b.Verbs) && listCovers(a.APIGroups, b.APIGroups) && listCovers(a.Resources, b.Resources) &&
		(a.ClusterScope || !b.ClusterScope) && listCovers(a.Namespaces, b.Namespaces)
}

func listCovers(a, b []string) bool {
	if slices.Contains(a, "*") {
		return true
	}
	for _, v := range b {
		if !slices.Contains(a, v) {
			return false
		}
	}
	return true
}

func urlsCover(a, b []string) bool {
	for _, u := range b {
		if !slices.ContainsFunc(a, func(p string) bool { return urlCovers(p, u) }) {
			return false
		}
	}
	return true
}

func urlCovers(pattern, url string) bool {
	prefix, wild := strings.CutSuffix(pattern, "*")
	if !wild {
		return pattern == url
	}
	return strings.HasPrefix(strings.TrimSuffix(url, "*"), prefix)
}

// overlaps reports whether some request surely exists that both would match.
func overlaps(a, b evidence.FlowSchema) bool {
	for _, ra := range a.Rules {
		for _, rb := range b.Rules {
			if subjectsOverlap(ra, rb) && requestsOverlap(ra, rb) {
				return true
			}
		}
	}
	return false
}

func subjectsOverlap(a, b evidence.FlowRule) bool {
	for _, sa := range subjects(a) {
		for _, sb := range subjects(b) {
			if sa.includes(sb) || sb.includes(sa) {
				return true
			}
		}
	}
	return false
}

func requestsOverlap(a, b evidence.FlowRule) bool {
	for _, ra := range a.Resources {
		for _, rb := range b.Resources {
			if listOverlaps(ra.Verbs, rb.Verbs) && listOverlaps(ra.APIGroups, rb.APIGroups) && listOverlaps(ra.Resources, rb.Resources) &&
				(ra.ClusterScope && rb.ClusterScope || listOverlaps(ra.Namespaces, rb.Namespaces)) {
				return true
			}
		}
	}
	for _, ua := range a.NonResources {
		for _, ub := range b.NonResources {
			if listOverlaps(ua.Verbs, ub.Verbs) && (urlsOverlap(ua.URLs, ub.URLs) || urlsOverlap(ub.URLs, ua.URLs)) {
				return true
			}
		}
	}
	return false
}

func urlsOverlap(a, b []string) bool {
	return slices.ContainsFunc(b, func(u string) bool {
		return slices.ContainsFunc(a, func(p string) bool { return urlCovers(p, u) })
	})
}

func listOverlaps(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	return slices.Contains(a, "*") || slices.Contains(b, "*") || slices.ContainsFunc(a, func(v string) bool { return slices.Contains(b, v) })
}
