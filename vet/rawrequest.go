package vet

import (
	"strings"

	"golang.org/x/tools/go/ssa"
)

// rawSite describes a GET of a collection that is put together by hand: restClient.Get().Resource("pods").Do(ctx). Every
// call of the chain must be one that adds no query and names no object.
func (c *checker) rawSite(request ssa.Value) (site, bool) {
	s := site{Raw: true, Options: uniform(value{Kind: Zero}), Scope: allNamespaces, What: ""}
	for request != nil {
		call, ok := request.(*ssa.Call)
		if !ok || chainUses(call) != 1 {
			return site{}, false
		}
		fn, recv, args := method(call.Common())
		if fn == nil || recv == nil {
			return site{}, false
		}
		switch fn.Name() {
		case "Get":
			return s, s.What != "" && len(args) == 0
		case "Timeout", "SetHeader", "MaxRetries", "BackOff", "Throttle", "WarningHandler", "UseProtobufAsDefault":
		case "Resource":
			if s.What != "" || !s.rawResource(c.value(args[0])) {
				return site{}, false
			}
		case "Namespace":
			s.Scope = scopeOf(c.value(args[0]))
		case "NamespaceIfScoped":
			s.Scope = someNamespace
		case "AbsPath":
			if s.What != "" || !c.absPath(&s, args[0]) {
				return site{}, false
			}
		case "RequestURI":
			if s.What != "" || !s.path(c.value(args[0])) {
				return site{}, false
			}
		default:
			return site{}, false
		}
		request = recv
	}
	return site{}, false
}

// chainUses counts the uses of a request: where there are several, others may add to it.
func chainUses(call *ssa.Call) int { return len(*call.Referrers()) }

func (s *site) rawResource(v value) bool {
	switch v.Kind {
	case Known:
		s.What, s.Events, s.Small = v.Text, v.Text == "events", fewPlural[v.Text]
		return v.Text != "componentstatuses"
	case Zero:
		return false
	default:
		s.What, s.Any = "objects", true
		return true
	}
}

// absPath reads AbsPath("/api/v1/pods"), or its segments.
func (c *checker) absPath(s *site, variadic ssa.Value) bool {
	elems, ok := elements(variadic)
	if !ok || len(elems) == 0 {
		return false
	}
	var parts []string
	for _, e := range elems {
		parts = append(parts, strings.Trim(c.value(e).text(), "/"))
	}
	return s.path(textual(strings.Join(parts, "/")))
}

// path reads the path of a collection: /api/v1/pods, /apis/apps/v1/namespaces/x/deployments.
func (s *site) path(v value) bool {
	if !v.set() || strings.ContainsAny(v.Text, "?#") {
		return false
	}
	parts := strings.Split(strings.Trim(v.Text, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis" && !strings.HasSuffix(parts[1], "metrics.k8s.io"):
		parts = parts[3:]
	default:
		return false
	}
	switch {
	case len(parts) == 1:
		s.Scope = allNamespaces
	case len(parts) == 3 && parts[0] == "namespaces":
		s.Scope = scopeOf(textual(parts[1]))
		parts = parts[2:]
	default:
		return false
	}
	if strings.Contains(parts[0], hole) {
		return false
	}
	return s.rawResource(textual(parts[0]))
}
