package auditgen

import (
	"slices"
	"strings"
)

// A habit is one way in which a persona asks.
type habit struct {
	persona *persona // filled in by New
	share   float64
	verb    string
	uri     string // plain, with holes
	list    listing
	slow    float64 // median milliseconds
	body    string  // JSON of what is sent, with holes; "" is what the resource gives
	items   int     // of the answer of a LIST, about
	fails   []failure
	at      ref
	item    pattern             // one object of its resource
	lines   map[lineKey]pattern // of each stage and status
}

// A failure is a status that some of the requests get.
type failure struct {
	code  int
	share float64 // of its requests
}

// listing is what a LIST or WATCH asks for, as the person knows it who wrote the habit down.
type listing struct {
	rv        rv
	paged     bool
	continued bool
}

type rv int

const (
	unset rv = iota
	zero
	exact
)

// ref is what objectRef says, with holes.
type ref struct{ group, version, resource, subresource, namespace, name string }

// refOf reads a path with holes: the inverse of how the table of habits writes it.
func refOf(uri string) ref {
	path, _, _ := strings.Cut(uri, "?")
	w := strings.Split(strings.TrimPrefix(path, "/"), "/")
	var r ref
	switch {
	case w[0] == "api" && len(w) > 2:
		r.version, w = w[1], w[2:]
	case w[0] == "apis" && len(w) > 3:
		r.group, r.version, w = w[1], w[2], w[3:]
	default:
		return r
	}
	if w[0] == "namespaces" && len(w) > 2 {
		r.namespace, w = w[1], w[2:]
	} else if w[0] == "namespaces" && len(w) == 2 {
		r.namespace = w[1] // the server names a namespace as its own
	}
	r.resource = w[0]
	if len(w) > 1 {
		r.name = w[1]
	}
	if len(w) > 2 {
		r.subresource = w[2]
	}
	return r
}

func of(share float64, verb, uri string, slow float64) habit {
	h := habit{share: share, verb: verb, uri: uri, slow: slow, at: refOf(uri)}
	if _, name, ok := strings.Cut(uri, "fieldSelector=metadata.name%3D"); ok {
		h.at.name, _, _ = strings.Cut(name, "&") // the server takes it for a request of one object
	}
	return h
}

func get(share float64, uri string) habit    { return of(share, "get", uri, 1.2) }
func create(share float64, uri string) habit { return of(share, "create", uri, 6) }
func put(share float64, uri string) habit    { return of(share, "update", uri, 5).failing(409, 0.004) }
func patch(share float64, uri string) habit  { return of(share, "patch", uri, 6) }
func remove(share float64, uri string) habit { return of(share, "delete", uri, 8) }
func sweep(share float64, uri string) habit  { return of(share, "deletecollection", uri, 40) }

// list adds to the query what the class of the LIST needs; paging is in the query that is given.
func list(share float64, uri string, v rv) habit {
	h := of(share, "list", uri, 9)
	if h.at.namespace == "" {
		h.slow = 180
	}
	h.list = listing{rv: v, paged: strings.Contains(uri, "limit="), continued: strings.Contains(uri, "continue=")}
	switch v {
	case unset:
	case zero:
		h.uri = asked(uri, "resourceVersion=0")
	case exact:
		h.uri = asked(uri, "resourceVersion=«rv»")
	}
	h.items = 12
	if h.at.namespace == "" {
		h.items = 150
	}
	return h
}

func asked(uri, query string) string {
	if strings.Contains(uri, "?") {
		return uri + "&" + query
	}
	return uri + "?" + query
}

// Queries of a WATCH, in the order that client-go writes them.
const (
	resume    = "allowWatchBookmarks=true&resourceVersion=«rv»&timeout=«minutes»&timeoutSeconds=«seconds»&watch=true"
	watchList = "allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&timeout=«minutes»&timeoutSeconds=«seconds»&watch=true"
)

// informer is how an informer of that version resumes.
func informer(version string) string {
	if version == "1.30" {
		return resume
	}
	return watchList
}

func watch(share float64, uri, query string) habit {
	h := of(share, "watch", asked(uri, query), 0)
	if !strings.Contains(query, "watch=true") {
		h.uri += "&watch=true"
	}
	switch {
	case strings.Contains(query, "resourceVersion=0"):
		h.list.rv = zero
	case strings.Contains(query, "resourceVersion="):
		h.list.rv = exact
	}
	return h
}

// informing is how an informer of that version starts: with a LIST from the watch cache, or by WatchList.
func informing(share float64, path, selector, version string) habit {
	if selector != "" {
		selector += "&"
	}
	if version == "1.30" {
		h := list(share, path+"?"+selector+"limit=500&resourceVersion=0", unset)
		h.list.rv = zero
		return h
	}
	h := watch(share, path, watchList)
	if selector != "" {
		h.uri = path + "?allowWatchBookmarks=true&" + selector + strings.TrimPrefix(watchList, "allowWatchBookmarks=true&")
	}
	return h
}

func (h habit) failing(code int, share float64) habit {
	h.fails = append(slices.Clip(h.fails), failure{code, share})
	return h
}

// exactly tells that the query that was given holds a resourceVersion.
func (h habit) exactly() habit { h.list.rv = exact; return h }

func (h habit) sending(body string) habit { h.body = body; return h }

func (h habit) taking(ms float64, items int) habit { h.slow, h.items = ms, items; return h }

// fromEtcd is roughly who serves it, for the times that the server notes.
func (h *habit) fromEtcd(version string) bool {
	return h.verb == "get" && h.list.rv == unset || h.at.resource == "events" || h.list.continued || version == "1.30" && h.list.rv == unset
}
