package apiserver

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed apf_objects.md
var apfObjectsDoc string

var apfObjects = checks.New(checks.Spec{
	ID:        "apiserver-apf-objects",
	Component: "kube-apiserver",
	Severity:  checks.Warning,
	Needs:     []evidence.Kind{evidence.KindFlowSchemas, evidence.KindPriorityLevels},
	Uses:      []evidence.Kind{evidence.KindVersion, evidence.KindNodes, evidence.KindAPIServerFlags, evidence.KindAPIServerMetrics},
	InFiles:   []evidence.Kind{evidence.KindFlowSchemas, evidence.KindPriorityLevels},
	Doc:       apfObjectsDoc,
}, apfObjectsDefaults, runAPFObjects)

type apfObjectsParams struct {
	GraceSeconds  int     `json:"graceSeconds" doc:"age in seconds below which a dangling FlowSchema is left alone: its level may come a moment later"`
	LargeNodes    int     `json:"largeNodes" doc:"nodes from which unprotected leader election and heartbeats are a warning; kaudit's own heuristic"`
	MinRate       float64 `json:"minRate" doc:"requests per second below which the share of exempt traffic is not judged; kaudit's own heuristic"`
	ExemptShare   float64 `json:"exemptShare" doc:"share of exempt traffic that is worth knowing; kaudit's own heuristic"`
	SevereShare   float64 `json:"severeShare" doc:"share of exempt traffic that is a warning; kaudit's own heuristic"`
	WarnRate      float64 `json:"warnRate" doc:"exempt requests per second from which severeShare is a warning; fewer do no harm; kaudit's own heuristic"`
	WideListSeats float64 `json:"wideListSeats" doc:"seats that the widest LIST costs, from 1.34 on; the server's own limit"`
}

var apfObjectsDefaults = apfObjectsParams{GraceSeconds: 60, LargeNodes: 100, MinRate: 5, ExemptShare: 0.1, SevereShare: 0.3, WarnRate: 50, WideListSeats: 100}

func (p apfObjectsParams) Validate() error {
	if p.ExemptShare <= 0 || p.ExemptShare > p.SevereShare || p.SevereShare > 1 {
		return errors.New("exemptShare must be over 0 and at most severeShare, and that at most 1")
	}
	return nil
}

// remark is one thing to say of one object. An object has one verdict, with all its remarks.
type remark struct {
	subject, said, want, fix string
	severity                 checks.Severity
}

// apfWorld is what the questions below are asked of.
type apfWorld struct {
	*evidence.Snapshot
	apfObjectsParams
	schemas []evidence.FlowSchema // as kube-apiserver matches them
	levels  map[string]evidence.Level
	minor   int    // of every kube-apiserver; 0: not known, or not the same
	unsure  string // why minor is 0
}

func runAPFObjects(s *evidence.Snapshot, p apfObjectsParams) []checks.Verdict {
	if s.Cluster.Files {
		return apfObjectsInFiles(s, p)
	}
	w := apfWorld{Snapshot: s, apfObjectsParams: p, schemas: inOrder(*s.FlowSchemas.Value), levels: map[string]evidence.Level{}}
	for _, l := range *s.PriorityLevels.Value {
		w.levels[l.Name] = l
	}
	w.minor, w.unsure = oneMinor(s)
	whole := checks.About("priority and fairness objects", s.FlowSchemas.Source, s.PriorityLevels.Source)
	if len(w.schemas)+len(w.levels) == 0 {
		return []checks.Verdict{whole.Skip("are none, not even the mandatory ones: no kube-apiserver has run API Priority and Fairness here, or the list is filtered")}
	}
	rs := slices.Concat(w.missing(), w.dangling(), w.drift(), w.doomed(), w.shadows(), w.exempting(), w.partitions(), w.rejecting())
	vs := apfVerdicts(s, rs)
	if len(vs) == 0 {
		vs = append(vs, whole.Pass("%d FlowSchemas and %d PriorityLevelConfigurations are in order", len(w.schemas), len(w.levels)))
	}
	if w.minor == 0 && !s.Cluster.Managed {
		vs = append(vs, whole.Aspect("built in").Skip("were not compared with the ones built into kube-apiserver: %s", w.unsure))
	}
	return append(vs, w.exemptTraffic())
}

// apfVerdicts merges remarks by object: the worst severity, and everything that was said.
func apfVerdicts(s *evidence.Snapshot, rs []remark) []checks.Verdict {
	var vs []checks.Verdict
	at := map[string]int{}
	for _, r := range rs {
		src := sourceOf(s, r.subject)
		v := checks.About(r.subject).With(src, "%s", r.said).Find(r.severity, "%s", r.said).Saw("%s", r.said).Want("%s", r.want).WithFix(r.fix)
		i, ok := at[r.subject]
		if !ok {
			at[r.subject] = len(vs)
			vs = append(vs, v)
			continue
		}
		o := &vs[i]
		o.Severity = max(o.Severity, v.Severity)
		o.Message += "; " + v.Message
		o.Observed += "; " + v.Observed
		o.Recommended += "; " + v.Recommended
		o.Fix += "\n" + v.Fix
		o.Seen = append(o.Seen, v.Seen...)
	}
	return vs
}

// sourceOf is where an object was seen: the list, or its own place in a file.
func sourceOf(s *evidence.Snapshot, subject string) evidence.Source {
	if name, ok := strings.CutPrefix(subject, schemaSubject("")); ok {
		if s.FlowSchemas.Seen() {
			for _, f := range *s.FlowSchemas.Value {
				if f.Name == name && f.At.InFile() {
					return f.At
				}
			}
		}
		return s.FlowSchemas.Source
	}
	if s.PriorityLevels.Seen() {
		for _, l := range *s.PriorityLevels.Value {
			if levelSubject(l.Name) == subject && l.At.InFile() {
				return l.At
			}
		}
	}
	return s.PriorityLevels.Source
}

// oneMinor is the minor of every kube-apiserver that tells one: in the middle of an upgrade each
// rewrites the built-in objects its own way.
func oneMinor(s *evidence.Snapshot) (int, string) {
	seen := map[int]bool{}
	if s.Version.Seen() {
		seen[s.Version.Value.Minor] = true
	}
	for o := range s.APIServerFlags.Seen() {
		if v, ok := evidence.ParseSemver(o.Value.Version); ok {
			seen[v.Minor] = true
		}
	}
	if len(seen) == 0 {
		return 0, "the version of the cluster is not known"
	}
	if len(seen) > 1 {
		return 0, "kube-apiservers of several minors are running"
	}
	for m := range seen {
		if m < firstKnown || m > lastKnown {
			return 0, fmt.Sprintf("kaudit knows those of 1.%d to 1.%d, not of 1.%d", firstKnown, lastKnown, m)
		}
		return m, ""
	}
	return 0, ""
}

func (w apfWorld) nodes() int {
	if !w.Nodes.Seen() {
		return 0
	}
	return len(w.Nodes.Value.Items)
}

func (w apfWorld) hasSchema(name string) bool {
	return slices.ContainsFunc(w.schemas, func(f evidence.FlowSchema) bool { return f.Name == name })
}

func schemaSubject(name string) string { return "flowschema/" + name }
func levelSubject(name string) string  { return "prioritylevelconfiguration/" + name }

// guards are the schemas that keep leader election and kubelets apart from everything else.
var guards = []string{"system-leader-election", "system-node-high", "system-nodes"}

// isolationSeverity: an idle small cluster survives without isolation.
func (w apfWorld) isolationSeverity() checks.Severity {
	if w.nodes() >= w.LargeNodes {
		return checks.Warning
	}
	return checks.Info
}

// missing finds objects that kube-apiserver creates by itself, within a minute, and that are not there.
func (w apfWorld) missing() []remark {
	var rs []remark
	const fix = "kubectl get flowschemas,prioritylevelconfigurations   # kube-apiserver creates it within a minute; if it does not come back, look for admission webhooks and for --enable-priority-and-fairness=false"
	say := func(subject, what string, sev checks.Severity) {
		rs = append(rs, remark{subject, "is missing, " + what, "present", fix, sev})
	}
	for _, name := range mandatory {
		if !w.hasSchema(name) {
			say(schemaSubject(name), "though it is mandatory", checks.Warning)
		}
		if _, ok := w.levels[name]; !ok {
			say(levelSubject(name), "though it is mandatory", checks.Warning)
		}
	}
	for _, name := range guards {
		if !w.hasSchema(name) {
			say(schemaSubject(name), "so that what it protects competes with everything else", w.isolationSeverity())
		}
	}
	for _, name := range protectedLevels {
		if _, ok := w.levels[name]; !ok {
			say(levelSubject(name), "so that what it protects competes with everything else", w.isolationSeverity())
		}
	}
	return rs
}

// isDangling: the level is not there now. The condition may lag behind, so the list decides, but
// not for objects that are only just being made.
func (w apfWorld) isDangling(f evidence.FlowSchema) bool {
	_, ok := w.levels[f.Level]
	return !ok
}

func (w apfWorld) dangling() []remark {
	var rs []remark
	for _, f := range w.schemas {
		if !w.isDangling(f) || w.Taken.Sub(f.Created) < w.grace() || f.Dangling == "True" && w.Taken.Sub(f.DanglingSince) < w.grace() {
			continue
		}
		rs = append(rs, remark{
			schemaSubject(f.Name),
			fmt.Sprintf("names the priority level %q, which %s: the schema is skipped, and its requests go to whichever matches next", f.Level, w.nowhere()),
			"an existing PriorityLevelConfiguration",
			w.patch("flowschema", f.Name, `{"spec":{"priorityLevelConfiguration":{"name":"LEVEL"}}}`, "or create the PriorityLevelConfiguration "+f.Level),
			checks.Warning,
		})
	}
	return rs
}

func (w apfWorld) grace() time.Duration { return time.Duration(w.GraceSeconds) * time.Second }

// doomed finds objects of people's own that carry the annotation of built-in ones: kube-apiserver
// takes them for retired ones of its own and deletes them.
func (w apfWorld) doomed() []remark {
	var rs []remark
	say := func(kind, subject, name string, created time.Time) {
		// One that has lived for long is not about to be deleted: a provider's server may know objects that we
		// do not, and where priority and fairness is off nobody deletes any.
		if !created.IsZero() && w.Taken.Sub(created) > 10*time.Minute {
			return
		}
		rs = append(rs, remark{
			subject,
			"is not built in but has apf.kubernetes.io/autoupdate-spec=true: kube-apiserver deletes it within a minute, as a retired object of its own",
			"no such annotation on an object of your own",
			w.unannotate(kind, name),
			checks.Warning,
		})
	}
	for _, f := range w.schemas {
		if f.AutoUpdate == "true" && !isBuiltinSchema(f.Name) {
			say("flowschema", schemaSubject(f.Name), f.Name, f.Created)
		}
	}
	for _, l := range *w.PriorityLevels.Value {
		if l.AutoUpdate == "true" && !isBuiltinLevel(l.Name) {
			say("prioritylevelconfiguration", levelSubject(l.Name), l.Name, l.Created)
		}
	}
	return rs
}
