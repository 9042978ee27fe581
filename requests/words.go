package requests

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// asks says how a client asks: the shape of most of its requests, and the share of the rest.
func asks(c *evidence.Client) string {
	if len(c.Shapes) == 0 {
		return ""
	}
	most := slices.MaxFunc(c.Shapes, func(a, b evidence.ShapeCount) int { return int(a.Count - b.Count) })
	out := Ask(most.Shape, c.Verb)
	if rest := c.Count - most.Count; rest > 0 {
		out += fmt.Sprintf(" (%s otherwise)", percent(rest, c.Count))
	}
	return out
}

// Ask says in words how one shape asks.
func Ask(s evidence.Shape, verb string) string {
	parts := []string{map[string]string{
		evidence.RVUnset: "no resourceVersion", evidence.RVZero: "resourceVersion=0", evidence.RVExact: "a resourceVersion", evidence.RVInvalid: "an invalid resourceVersion",
	}[s.RV]}
	switch {
	case s.Initial:
		parts = append(parts, "sendInitialEvents")
	case s.Match != "":
		parts = append(parts, "match "+s.Match)
	}
	if s.Continue != "" {
		if s.RV == evidence.RVUnset {
			parts = nil
		}
		parts = append(parts, map[string]string{
			evidence.ContinueAt: "next page", evidence.ContinueLatest: "next page of a newer state", evidence.ContinueUnknown: "an unreadable continue token",
		}[s.Continue])
	} else if s.Limit && verb == "list" {
		parts = append(parts, "limit")
	}
	if w := map[string]string{
		evidence.SelectName: "by name", evidence.SelectNameAnywhere: "by name in any namespace", evidence.SelectNode: "by node", evidence.SelectField: "field selector", evidence.SelectLabel: "label selector",
	}[s.Selector]; w != "" {
		parts = append(parts, w)
	}
	if s.Many {
		parts = append(parts, "in many ways")
	}
	return strings.Join(parts, ", ")
}

// words says who serves: one word, or shares.
func words(served []ServedCount, total int64) string {
	type named struct {
		word string
		n    int64
	}
	var by []named
	for _, s := range served {
		w := string(s.By)
		if s.LimitIgnored {
			w += ", limit ignored"
		}
		if i := slices.IndexFunc(by, func(have named) bool { return have.word == w }); i >= 0 {
			by[i].n += s.Count
		} else {
			by = append(by, named{w, s.Count})
		}
	}
	slices.SortStableFunc(by, func(a, b named) int { return int(b.n - a.n) })
	if len(by) == 1 {
		return by[0].word
	}
	parts := make([]string, len(by))
	for i, b := range by {
		parts[i] = b.word + " " + percent(b.n, total)
	}
	return strings.Join(parts, "; ")
}

func percent(n, of int64) string {
	p := 100 * float64(n) / float64(max(of, 1))
	switch {
	case p > 0 && p < 1:
		return "under 1%"
	case p < 100 && p > 99:
		return "over 99%"
	}
	return fmt.Sprintf("%.0f%%", p)
}
