package configfile

import (
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// maxFields bounds the fields that are kept of one document.
const maxFields = 20_000

// documentOf is a component's own configuration file as it is written.
func documentOf(c cursor, component string) evidence.Document {
	d := evidence.Document{
		Component: component, APIVersion: c.get("apiVersion").known(), Kind: c.get("kind").known(), Fields: map[string]evidence.FlagValue{},
	}
	flatten(&d, c, "")
	slices.Sort(d.Unknown)
	return d
}

// flatten adds the scalars below a place. What a template fills in or decides on is unknown, and a secret is dropped.
func flatten(d *evidence.Document, c cursor, at string) {
	if len(d.Fields) >= maxFields {
		return
	}
	entries, items := c.entries(), c.items()
	for _, e := range entries {
		key := e.key
		if at != "" {
			key = at + "." + key
		}
		if !secretField(e.key) {
			flatten(d, e.value, key)
		}
	}
	for i, item := range items {
		flatten(d, item, at+"["+itoa(i)+"]")
	}
	if at == "" || len(entries)+len(items) > 0 {
		return
	}
	value, scalar := c.str()
	switch {
	case isHole(at):
		return
	case c.isLoose(), scalar && isHole(value):
		d.Unknown = append(d.Unknown, at)
		return
	case !scalar:
		value = emptyOf(c)
	}
	if last := at[strings.LastIndexByte(at, '.')+1:]; strings.HasSuffix(strings.ToLower(last), "url") {
		value, _, _ = strings.Cut(value, "?") // a query may hold a token
	}
	d.Fields[at] = evidence.FlagValue{Value: evidence.WithoutUserinfo(value), From: evidence.FromConfigFile, Source: c.src()}
}

// emptyOf is how a map or list with nothing in it is written, and null.
func emptyOf(c cursor) string {
	switch n := c.real(); {
	case n == nil, n.Tag == "!!null":
		return "null"
	case n.Tag == "!!seq":
		return "[]"
	}
	return "{}"
}

// secretField reports whether a field holds a secret, written in camel case or as a flag.
func secretField(key string) bool {
	return evidence.SecretFlag(kebab(key)) || strings.Contains(strings.ToLower(key), "urlheader")
}

// kebab writes a name of camel case as a flag: enableDebuggingHandlers is enable-debugging-handlers, and
// kubeAPIQPS is kube-api-qps.
func kebab(name string) string {
	rs := []rune(name)
	var b strings.Builder
	for i, r := range rs {
		upper := r >= 'A' && r <= 'Z'
		if upper && i > 0 && rs[i-1] != '-' && (!isUpper(rs[i-1]) || i+1 < len(rs) && !isUpper(rs[i+1]) && rs[i+1] != 's') {
			b.WriteByte('-')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}

func isUpper(r rune) bool { return r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }
