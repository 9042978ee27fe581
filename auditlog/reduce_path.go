package auditlog

import "bytes"

// fromPath reads what a request is of from its path, where an event has no objectRef.
func fromPath(e *event) {
	path, _, _ := bytes.Cut(e.requestURI, []byte("?"))
	parts := bytes.Split(bytes.Trim(path, "/"), []byte("/"))
	switch {
	case len(parts) > 2 && string(parts[0]) == "api":
		parts = parts[2:]
	case len(parts) > 3 && string(parts[0]) == "apis":
		e.apiGroup, parts = parts[1], parts[3:]
	default:
		return
	}
	if len(parts) > 1 && string(parts[0]) == "watch" {
		parts = parts[1:]
	}
	if len(parts) > 2 && string(parts[0]) == "namespaces" {
		e.namespace, parts = parts[1], parts[2:]
	}
	e.resource = parts[0]
	if len(parts) > 1 {
		e.name = parts[1]
	}
}
