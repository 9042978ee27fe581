package apiserver

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// drift finds built-in objects that are not as this version builds them.
func (w apfWorld) drift() []remark {
	if w.minor == 0 {
		return nil
	}
	var rs []remark
	schemas, levels := builtinSchemas(w.minor), builtinLevels(w.minor)
	for _, got := range w.schemas {
		want, ok := schemas[got.Name]
		if !ok {
			continue
		}
		if diff := schemaDiff(got, want); len(diff) > 0 {
			sev := checks.Info
			if slices.Contains(guards, got.Name) && got.Level != want.Level {
				sev = w.isolationSeverity()
			}
			rs = w.differs(rs, schemaSubject(got.Name), "flowschema "+got.Name, kept(got.Name, got.AutoUpdate, got.Generation), diff, sev)
		}
	}
	for _, got := range *w.PriorityLevels.Value {
		want, ok := levels[got.Name]
		if !ok {
			continue
		}
		if diff := levelDiff(got, want); len(diff) > 0 {
			sev := checks.Info
			if slices.Contains(protectedLevels, got.Name) && got.Shares < want.Shares || got.Response == "Reject" && want.Response == "Queue" {
				sev = checks.Warning
			}
			rs = w.differs(rs, levelSubject(got.Name), "prioritylevelconfiguration "+got.Name, kept(got.Name, got.AutoUpdate, got.Generation), diff, sev)
		}
	}
	return rs
}

// kept reports whether kube-apiserver leaves a change to a built-in object alone. Without a readable
// annotation it goes by the generation, and the mandatory ones it always resets.
func kept(name, autoUpdate string, generation int64) bool {
	switch {
	case slices.Contains(mandatory, name), autoUpdate == "true":
		return false
	case autoUpdate == "false":
		return true
	}
	return generation > 1
}

func (w apfWorld) differs(rs []remark, subject, object string, kept bool, diff []string, sev checks.Severity) []remark {
	list := strings.Join(diff, ", ")
	if kept {
		return append(rs, remark{
			subject, fmt.Sprintf("was changed on purpose (it does not update itself) from what 1.%d builds in: %s", w.minor, list),
			"the built-in spec, unless this was measured and meant",
			w.annotate(object, "true", "back to the built-in spec within a minute"),
			sev,
		})
	}
	if w.Cluster.Managed { // its own server may build in something else
		return rs
	}
	keep := fmt.Sprintf("kubectl get %s -o yaml --show-managed-fields   # who writes it; to keep a change: kubectl annotate %s apf.kubernetes.io/autoupdate-spec=false --overwrite", object, object)
	if w.Cluster.Files {
		keep = w.annotate(object, "false", "to keep the change")
	}
	return append(rs, remark{
		subject, fmt.Sprintf("differs from what 1.%d builds in, although it updates itself: %s; kube-apiserver resets it within a minute", w.minor, list),
		"the built-in spec",
		keep,
		checks.Info, // a change that does not last does no lasting harm
	})
}

func schemaDiff(got, want evidence.FlowSchema) []string {
	var diff []string
	if got.Level != want.Level {
		diff = append(diff, fmt.Sprintf("priority level %s instead of %s", got.Level, want.Level))
	}
	if got.Precedence != want.Precedence {
		diff = append(diff, fmt.Sprintf("precedence %d instead of %d", got.Precedence, want.Precedence))
	}
	if got.Distinguisher != want.Distinguisher {
		diff = append(diff, fmt.Sprintf("distinguisher %s instead of %s", orNone(got.Distinguisher), orNone(want.Distinguisher)))
	}
	if canonical(got.Rules) != canonical(want.Rules) {
		diff = append(diff, "other subjects or rules")
	}
	return diff
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// canonical writes rules so that those that mean the same read the same: the order of rules, and
// of names within them, means nothing.
func canonical(rules []evidence.FlowRule) string {
	sorted := func(xs []string) []string { return slices.Sorted(slices.Values(xs)) }
	var out []string
	for _, r := range rules {
		var parts []string
		for _, x := range r.Resources {
			parts = append(parts, toJSON("resource", sorted(x.Verbs), sorted(x.APIGroups), sorted(x.Resources), x.ClusterScope, sorted(x.Namespaces)))
		}
		for _, x := range r.NonResources {
			parts = append(parts, toJSON("url", sorted(x.Verbs), sorted(x.URLs)))
		}
		slices.Sort(parts)
		out = append(out, toJSON(sorted(r.Users), sorted(r.Groups), sorted(r.ServiceAccounts), parts))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func toJSON(parts ...any) string {
	b, err := json.Marshal(parts)
	if err != nil {
		return err.Error() // strings and lists of them always marshal
	}
	return string(b)
}

// levelDiff compares after defaulting, which the server has done in what it returns. The numbers of
// the level exempt are the operator's to choose.
func levelDiff(got, want evidence.Level) []string {
	var diff []string
	if got.Type != want.Type {
		return []string{fmt.Sprintf("type %s instead of %s", got.Type, want.Type)}
	}
	if got.Name == levelExempt {
		return nil
	}
	number := func(what string, g, w int32) {
		if g != w {
			diff = append(diff, fmt.Sprintf("%s %d instead of %d", what, g, w))
		}
	}
	number("shares", got.Shares, want.Shares)
	if got.LendablePercent != nil && want.LendablePercent != nil {
		number("lendablePercent", *got.LendablePercent, *want.LendablePercent)
	}
	if got.BorrowingPercent != nil {
		diff = append(diff, fmt.Sprintf("borrowingLimitPercent %d instead of no limit", *got.BorrowingPercent))
	}
	if got.Response != want.Response {
		return append(diff, fmt.Sprintf("response %s instead of %s", got.Response, want.Response))
	}
	number("queues", got.Queues, want.Queues)
	number("handSize", got.HandSize, want.HandSize)
	number("queueLengthLimit", got.QueueLength, want.QueueLength)
	return diff
}
