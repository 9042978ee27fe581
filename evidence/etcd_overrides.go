package evidence

import (
	"encoding/csv"
	"errors"
	"slices"
	"strings"
)

// An EtcdOverride routes one kind of object to servers of its own.
type EtcdOverride struct {
	Group, Resource string
	Servers         []string
}

// errOverrides is what kube-apiserver says before it exits.
var errOverrides = errors.New("--etcd-servers-overrides invalid, must be of format: group/resource#servers, where servers are URLs, semicolon separated")

// OverrideItems splits the values of --etcd-servers-overrides as pflag does: each value is a line of CSV, and
// a repeated flag appends. /flagz prints the list it ended up with in brackets.
func OverrideItems(set Setting) ([]string, error) {
	values := set.All
	if len(values) == 0 {
		values = []string{set.Value}
	}
	var out []string
	for _, v := range values {
		if v = unbracket(v); v == "" {
			continue
		}
		line, err := csv.NewReader(strings.NewReader(v)).Read()
		if err != nil {
			return nil, errors.New("the value is no list: " + err.Error())
		}
		out = append(out, line...)
	}
	return out, nil
}

// ParseOverrides reads items as kube-apiserver does. Before 1.34 it let an empty server pass; that
// one could never be reached, so it is refused here for every version.
func ParseOverrides(items []string) ([]EtcdOverride, error) {
	var out []EtcdOverride
	for _, item := range items {
		what, where, ok := strings.Cut(item, "#")
		group, resource, okResource := strings.Cut(what, "/")
		if !ok || !okResource || strings.Contains(where, "#") || strings.Contains(resource, "/") {
			return nil, errOverrides
		}
		servers := strings.Split(where, ";")
		if slices.Contains(servers, "") {
			return nil, errOverrides
		}
		out = append(out, EtcdOverride{group, resource, servers})
	}
	return out, nil
}

// CorrectedOverrides guesses what was meant: items with no # are servers of the item before them, whose
// separator is the semicolon, and empty servers are nothing. "" if that does not make it valid.
func CorrectedOverrides(items []string) string {
	var fixed []string
	for _, item := range items {
		item = strings.TrimSpace(item)
		switch {
		case item == "":
		case strings.Contains(item, "#") || len(fixed) == 0:
			fixed = append(fixed, item)
		default:
			fixed[len(fixed)-1] += ";" + item
		}
	}
	for i, item := range fixed {
		what, where, ok := strings.Cut(item, "#")
		if ok && !strings.Contains(what, "/") {
			what = "/" + what // the core group is empty, its slash is not
		}
		if !ok {
			return ""
		}
		fixed[i] = what + "#" + strings.Join(nonEmpty(strings.Split(where, ";")), ";")
	}
	if _, err := ParseOverrides(fixed); err != nil || len(fixed) == 0 {
		return ""
	}
	return strings.Join(fixed, ",")
}

func nonEmpty(xs []string) []string {
	var out []string
	for _, x := range xs {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

func unbracket(v string) string {
	if len(v) >= 2 && v[0] == '[' && v[len(v)-1] == ']' {
		return v[1 : len(v)-1]
	}
	return v
}
