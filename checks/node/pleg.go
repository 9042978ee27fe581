package node

import (
	_ "embed"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed pleg.md
var plegDoc string

var pleg = checks.New(checks.Spec{
	ID:        "kubelet-pleg",
	Component: "kubelet",
	Severity:  checks.Warning,
	Needs:     []evidence.Kind{evidence.KindNodes},
	Uses:      []evidence.Kind{evidence.KindKubeletMetrics, evidence.KindKubeletConfigs, evidence.KindVersion, evidence.KindDocuments},
	InFiles:   []evidence.Kind{evidence.KindKubeletConfigs, evidence.KindKubeletMetrics},
	Doc:       plegDoc,
}, plegParams{Slow: 10 * time.Second, Lagging: time.Second, Samples: 200, Booting: 5 * time.Minute}, runPLEG)

type plegParams struct {
	Slow    time.Duration `json:"slow" doc:"p99 of a relist from which it is a warning: kubernetes-mixin's KubeletPlegDurationHigh"`
	Lagging time.Duration `json:"lagging" doc:"p99 of a relist over which it is mentioned: it is meant to run every second"`
	Samples float64       `json:"samples" doc:"relists wanted for a p99; kaudit's own floor"`
	Booting time.Duration `json:"booting" doc:"age of a node, or time since its kubelet started anew, below which an unhealthy PLEG is start-up"`
}

func runPLEG(s *evidence.Snapshot, p plegParams) []checks.Verdict {
	var vs []checks.Verdict
	if s.Nodes.Seen() {
		vs = unhealthy(s, p)
	}
	if gone := unsampled(s); gone != nil {
		return append(vs, gone...)
	}
	for o := range s.KubeletMetrics.Seen() {
		vs = append(vs, relist(o, p), discarded(o))
	}
	vs = append(vs, checks.Missing(s.KubeletMetrics, "relist")...)
	if s.Cluster.Files {
		return append(vs, eventedInFiles(s)...)
	}
	return append(vs, evented(s)...)
}

// unhealthy reads what the kubelets themselves say in their nodes' Ready condition: the one
// judgement of PLEG that is never a guess, and covers every node.
func unhealthy(s *evidence.Snapshot, p plegParams) []checks.Verdict {
	o := s.Nodes
	var vs []checks.Verdict
	silent := 0
	for _, n := range o.Value.Items {
		if n.Ready != "True" && n.Ready != "False" {
			silent++
		}
		if n.Ready == "True" || !strings.Contains(n.ReadyMessage, "PLEG is not healthy") || s.Taken.Sub(n.Created) < p.Booting {
			continue
		}
		// Every start of a kubelet says for a moment that PLEG has yet to be successful.
		if strings.Contains(n.ReadyMessage, "yet to be successful") && s.Taken.Sub(n.ReadySince) < p.Booting {
			continue
		}
		vs = append(vs, checks.About("kubelet/"+n.Name, o.Source).With(o.Source, "condition Ready of node %s: %s", n.Name, n.ReadyMessage).
			Find(checks.Critical, "has not listed its containers for over 3 min and is not ready since %s: PLEG is not healthy", evidence.Ago(s.Taken.Sub(n.ReadySince))).
			Saw("%s", n.ReadyMessage).Want("a relist every second").
			WithFix("on "+n.Name+": crictl ps -a | wc -l; crictl info; journalctl -u containerd -u kubelet --since -15m; look at disk and CPU pressure"))
	}
	if len(vs) > 0 {
		return vs
	}
	whole, all := checks.About("nodes", o.Source), len(o.Value.Items)
	switch {
	case silent == all:
		return []checks.Verdict{whole.Skip("say nothing of PLEG: the kubelets of all %d do not report", all)}
	case silent > 0:
		return []checks.Verdict{whole.Pass("none of the %d that report has an unhealthy PLEG; the kubelets of %d do not report at all", all-silent, silent)}
	case all == 1:
		return []checks.Verdict{whole.Pass("are one, which reports no unhealthy PLEG")}
	}
	return []checks.Verdict{whole.Pass("none of %d nodes reports an unhealthy PLEG", all)}
}

// relist judges how long listing all containers takes, since the kubelet started: at one a second
// a window of seconds holds too few.
func relist(o evidence.Observed[evidence.Scrapes], p plegParams) checks.Verdict {
	subject := checks.On(o).Aspect("relist")
	h, ok := o.Value.Latest().Hist("kubelet_pleg_relist_duration_seconds")
	if !ok {
		return subject.Skip("does not show kubelet_pleg_relist_duration_seconds")
	}
	b, ok := h.Quantile(0.99)
	if !ok || h.Count < p.Samples {
		return subject.Skip("listed its containers %s so far; %.0f are wanted for a p99", checks.Count(h.Count, "time"), p.Samples)
	}
	since := "since it started"
	if age := o.Value.Latest().Age(); age > 0 {
		since += " " + evidence.Ago(age) + " ago"
	}
	sev := checks.Severity(0)
	switch {
	case h.Against(0.99, p.Slow.Seconds()) == evidence.Over:
		sev = checks.Warning
	case h.Against(0.99, p.Lagging.Seconds()) == evidence.Over:
		sev = checks.Info
	default:
		return subject.Pass("lists its containers in %s (99th percentile), %s (at most %s is wanted)", b, since, evidence.Seconds(p.Lagging.Seconds()))
	}
	return subject.Find(sev, "lists its containers in %s (99th percentile of %.0f times), %s (over %s): pods are seen to start and end late", b, h.Count, since, evidence.Seconds(p.Lagging.Seconds())).
		Saw("p99 %s", b).Want("under %s", evidence.Seconds(p.Lagging.Seconds())).
		WithFix("compare kubelet_runtime_operations_duration_seconds by operation_type on that node; remove dead containers; look at disk and CPU pressure")
}

// discarded judges events thrown away because their channel of 1,000 was full.
func discarded(o evidence.Observed[evidence.Scrapes]) checks.Verdict {
	subject := checks.On(o).Aspect("events")
	n, ok := o.Value.Latest().Sum("kubelet_pleg_discard_events")
	if !ok {
		return subject.Skip("does not show kubelet_pleg_discard_events")
	}
	if n == 0 {
		return subject.Pass("threw away no container event since it started")
	}
	return subject.Find(0, "threw away %s since it started, because nothing took them in time", checks.Count(n, "container event")).
		Saw("%.0f discarded", n).Want("0").
		WithFix("look for what blocks the kubelet's sync loop: a slow runtime, hanging volume mounts, exec probes by the thousand")
}

// evented judges the gate EventedPLEG: alpha and troublesome up to 1.36, harmless since.
func evented(s *evidence.Snapshot) []checks.Verdict {
	version := map[string]string{}
	for _, n := range s.Nodes.Value.Items {
		version[n.Name] = n.KubeletVersion
	}
	var vs []checks.Verdict
	for o := range s.KubeletConfigs.Seen() {
		subject := checks.On(o).Aspect("evented-pleg")
		if !o.Value.FeatureGates["EventedPLEG"] {
			vs = append(vs, subject.Pass("does not use Evented PLEG, as is right"))
			continue
		}
		v, ok := evidence.ParseSemver(version[strings.TrimPrefix(o.Of, "kubelet/")])
		switch {
		case !ok:
			vs = append(vs, subject.Skip("uses Evented PLEG, which is harmful up to 1.36, but its version is not known"))
		case v.Minor >= 37:
			vs = append(vs, subject.Pass("uses Evented PLEG, which from 1.37 on only supplements the relist each second"))
		default:
			vs = append(vs, subject.Find(checks.Warning, "uses Evented PLEG, which is alpha in %d.%d: duplicate containers and stuck static pods are known", v.Major, v.Minor).
				Saw("featureGates: EventedPLEG: true").Want("off").
				WithFix("featureGates:\n  EventedPLEG: false   # KubeletConfiguration, then restart the kubelet"))
		}
	}
	return append(vs, checks.Missing(s.KubeletConfigs, "evented-pleg")...)
}
