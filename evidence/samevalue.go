package evidence

import (
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rewritten are flags that a process changes before /flagz prints them (kube-apiserver 1.37 adds events to
// the sizes of its watch caches, and prints certificate pairs in a notation of its own): what
// the command line says of them differs, and is no conflict.
var rewritten = []string{"watch-cache-sizes", "tls-sni-cert-key"}

// Agrees reports whether two sources say the same of a flag, each in its own notation.
func (v FlagValue) Agrees(name string, other FlagValue) bool { return agree(name, v, other) }

// agree reports whether two sources say the same of a flag. Of a repeated flag a list has every
// value and a scalar the last; which of them it is, its values do not tell.
func agree(name string, a, b FlagValue) bool {
	if slices.Contains(rewritten, name) || sameValue(a.Value, b.Value) || name == "auto-compaction-retention" && sameHours(a.Value, b.Value) {
		return true
	}
	return (len(a.All) > 1 || len(b.All) > 1) && sameValue(joined(a), joined(b))
}

// sameHours: a retention without a unit is hours beside one that has a unit. Where it counts revisions, none has.
func sameHours(a, b string) bool {
	n, err := strconv.Atoi(a)
	if err != nil {
		a, b = b, a
		n, err = strconv.Atoi(a)
	}
	d, wrong := time.ParseDuration(b)
	return err == nil && wrong == nil && d == time.Duration(n)*time.Hour
}

func joined(v FlagValue) string {
	if len(v.All) < 2 {
		return v.Value
	}
	items := make([]string, len(v.All))
	for i, one := range v.All {
		items[i] = strings.Join(listItems(one), ",")
	}
	return strings.Join(items, ",")
}

// sameValue compares two values of a flag as the program would understand them.
func sameValue(a, b string) bool {
	if a == b {
		return true
	}
	if x, err := strconv.ParseBool(strings.ToLower(a)); err == nil {
		if y, err := strconv.ParseBool(strings.ToLower(b)); err == nil {
			return x == y
		}
	}
	if x, err := time.ParseDuration(a); err == nil {
		if y, err := time.ParseDuration(b); err == nil {
			return x == y
		}
	}
	if x, err := strconv.ParseFloat(a, 64); err == nil {
		if y, err := strconv.ParseFloat(b, 64); err == nil {
			return x == y
		}
	}
	return slices.Equal(canonical(a), canonical(b))
}

// canonical is a list of items; those of a map, name=value, in the order of their names and with
// the component that a feature gate of kube may be prefixed with ("kube:", or ":" in /flagz) taken off.
func canonical(v string) []string {
	items := listItems(v)
	for i, it := range items {
		name, value, ok := strings.Cut(it, "=")
		if !ok || strings.ContainsAny(name, "/#") {
			return items
		}
		if b, err := strconv.ParseBool(strings.ToLower(value)); err == nil {
			value = strconv.FormatBool(b)
		}
		items[i] = withoutKube(strings.TrimSpace(name)) + "=" + strings.TrimSpace(value)
	}
	slices.Sort(items)
	return items
}

func withoutKube(gate string) string {
	if rest, ok := strings.CutPrefix(gate, "kube:"); ok {
		return rest
	}
	return strings.TrimPrefix(gate, ":")
}

// listItems splits a list as the command line writes it, a,b, or as /flagz prints it, [a,b]; both are CSV.
func listItems(v string) []string {
	if strings.HasPrefix(v, "[") && strings.HasSuffix(v, "]") {
		v = v[1 : len(v)-1]
	}
	if v == "" || v == `""` {
		return nil
	}
	r := csv.NewReader(strings.NewReader(v))
	if items, err := r.Read(); err == nil && !strings.Contains(v, "\n") {
		return items
	}
	return strings.Split(v, ",")
}

// List returns the items of a list flag, those of a repeated one joined.
func (s Setting) List() []string {
	if len(s.All) < 2 {
		return listItems(s.Value)
	}
	var items []string
	for _, v := range s.All {
		items = append(items, listItems(v)...)
	}
	return items
}
