package apiserver

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// apfObjectsInFiles judges the objects that files add to those that kube-apiserver makes by itself. Which others a
// cluster has is not known.
func apfObjectsInFiles(s *evidence.Snapshot, p apfObjectsParams) []checks.Verdict {
	w := apfWorld{apfObjectsParams: p, levels: map[string]evidence.Level{}}
	w.minor, w.unsure = oneMinor(s)
	minor := cmp.Or(w.minor, lastKnown) // what has gone by then is in no other minor's way either
	var own []evidence.FlowSchema
	if s.FlowSchemas.Seen() {
		own = *s.FlowSchemas.Value
	}
	var levels []evidence.Level
	if s.PriorityLevels.Seen() {
		for _, l := range *s.PriorityLevels.Value {
			levels = append(levels, asServed(l, minor))
		}
	}
	all := slices.Clone(own)
	for name, f := range builtinSchemas(minor) {
		if !slices.ContainsFunc(own, func(o evidence.FlowSchema) bool { return o.Name == name }) {
			all = append(all, f)
		}
	}
	w.schemas = inOrder(all)
	maps.Copy(w.levels, builtinLevels(minor))
	for _, l := range levels {
		w.levels[l.Name] = l
	}
	seen := *s
	seen.PriorityLevels = evidence.See(s.PriorityLevels.Of, levels, s.PriorityLevels.Source)
	w.Snapshot = &seen
	rs := slices.Concat(w.unserved(own, levels), w.dangling(), w.drift(), w.doomed(), w.shadows(), w.exempting(), w.partitions())
	vs := apfVerdicts(&seen, rs)
	whole := checks.About("priority and fairness objects", s.FlowSchemas.Source, s.PriorityLevels.Source)
	if len(vs) == 0 {
		vs = append(vs, whole.Pass("%s and %s in the files are in order beside the built-in ones", checks.Count(len(own), "FlowSchema"), checks.Count(len(levels), "PriorityLevelConfiguration")))
	}
	if w.minor == 0 {
		vs = append(vs, whole.Aspect("built in").Skip("were not compared with the ones built into kube-apiserver, nor with what it serves: %s", w.unsure).Unlocked("--kubernetes-version 1.31"))
	}
	return append(vs, w.exemptTraffic())
}

// asServed fills in what the server does for a level that leaves it out. The reader has filled in shares: 0 of
// them may be meant, from 1.29 on.
func asServed(l evidence.Level, minor int) evidence.Level {
	if l.Type != "Limited" {
		return l
	}
	if l.LendablePercent == nil && minor >= lendableSince {
		l.LendablePercent = new(int32)
	}
	if l.Response == "Queue" {
		l.Queues, l.HandSize, l.QueueLength = cmp.Or(l.Queues, 64), cmp.Or(l.HandSize, 8), cmp.Or(l.QueueLength, 50)
	}
	return l
}

// flowcontrolServed are the minors that serve a version of flowcontrol.apiserver.k8s.io.
// https://kubernetes.io/docs/reference/using-api/deprecation-guide/
var flowcontrolServed = map[string][2]int{
	"v1beta1": {20, 25}, "v1beta2": {23, 28}, "v1beta3": {26, 31}, "v1": {29, 0},
}

// unserved finds objects in a version of the API that this kube-apiserver does not have: they cannot be applied.
func (w apfWorld) unserved(schemas []evidence.FlowSchema, levels []evidence.Level) []remark {
	var rs []remark
	say := func(subject, apiVersion string) {
		version := strings.TrimPrefix(apiVersion, "flowcontrol.apiserver.k8s.io/")
		span, ok := flowcontrolServed[version]
		if !ok || w.minor == 0 || w.minor >= span[0] && (span[1] == 0 || w.minor <= span[1]) {
			return
		}
		why, want := fmt.Sprintf("which went with 1.%d", span[1]+1), "v1"
		if w.minor < span[0] {
			why = fmt.Sprintf("which came with 1.%d", span[0])
		}
		switch {
		case w.minor < 26:
			want = "v1beta2"
		case w.minor < 29:
			want = "v1beta3"
		}
		rs = append(rs, remark{
			subject, fmt.Sprintf("is in %s, %s: a kube-apiserver of 1.%d refuses it", apiVersion, why, w.minor),
			"flowcontrol.apiserver.k8s.io/" + want, "apiVersion: flowcontrol.apiserver.k8s.io/" + want + "   # up to v1beta2 nominalConcurrencyShares is called assuredConcurrencyShares", checks.Warning,
		})
	}
	for _, f := range schemas {
		say(schemaSubject(f.Name), f.APIVersion)
	}
	for _, l := range levels {
		say(levelSubject(l.Name), l.APIVersion)
	}
	return rs
}

// nowhere says that a level is not there, as far as that was seen.
func (w apfWorld) nowhere() string {
	if w.Cluster.Files {
		return "is neither built in nor in these files"
	}
	return "does not exist"
}

// patch is a change of an object: a command for a cluster, fields for its manifest.
func (w apfWorld) patch(kind, name, merge, note string) string {
	if note != "" {
		note = "   # " + note
	}
	var doc map[string]any
	if w.Cluster.Files && json.Unmarshal([]byte(merge), &doc) == nil {
		return strings.Join(flat("", doc), "\n") + note
	}
	return fmt.Sprintf("kubectl patch %s %s --type=merge -p '%s'%s", kind, name, merge, note)
}

// flat lists the fields of a merge patch, a line each.
func flat(path string, doc map[string]any) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(doc)) {
		at := strings.TrimPrefix(path+"."+k, ".")
		switch v := doc[k].(type) {
		case map[string]any:
			out = append(out, flat(at, v)...)
		case nil:
			out = append(out, "remove "+at)
		default:
			out = append(out, fmt.Sprintf("%s: %v", at, v))
		}
	}
	return out
}

func (w apfWorld) precedence(schema string, n int32, note string) string {
	return w.patch("flowschema", schema, fmt.Sprintf(`{"spec":{"matchingPrecedence":%d}}`, n), note)
}

const autoUpdate = "apf.kubernetes.io/autoupdate-spec"

// annotate decides whether kube-apiserver keeps a built-in object ("flowschema exempt") as it builds it.
func (w apfWorld) annotate(object, value, note string) string {
	if w.Cluster.Files {
		return fmt.Sprintf("metadata.annotations: {%s: %q}   # %s", autoUpdate, value, note)
	}
	return fmt.Sprintf("kubectl annotate %s %s=%s --overwrite   # %s", object, autoUpdate, value, note)
}

func (w apfWorld) unannotate(kind, name string) string {
	if w.Cluster.Files {
		return "remove the annotation " + autoUpdate
	}
	return fmt.Sprintf("kubectl annotate %s %s %s-   # and remove it from the manifest it is applied from", kind, name, autoUpdate)
}
