package apiserver

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed extensions.md
var extensionsDoc string

var extensions = checks.New(checks.Spec{
	ID:        "apiserver-extensions",
	Component: "kube-apiserver",
	Severity:  checks.Warning,
	AnyOf:     []evidence.Kind{evidence.KindAPIServices, evidence.KindAPIServerMetrics},
	InFiles:   []evidence.Kind{evidence.KindAPIServices, evidence.KindAPIServerMetrics},
	Doc:       extensionsDoc,
}, extensionsParams{CRDs: 500, ManyCRDs: 2000, CustomObjects: 100_000, ConversionSeconds: 0.512, MinConversions: 100}, runExtensions)

type extensionsParams struct {
	CRDs              float64 `json:"crds" doc:"CustomResourceDefinitions from which their number is a remark; kaudit's own heuristic, no limit is documented"`
	ManyCRDs          float64 `json:"manyCRDs" doc:"CustomResourceDefinitions from which their number is a warning; kaudit's own heuristic"`
	CustomObjects     float64 `json:"customObjects" doc:"objects of one custom resource from which their number is a remark; kaudit's own heuristic, no limit is documented"`
	ConversionSeconds float64 `json:"conversionSeconds" doc:"99th percentile of a call to a conversion webhook; the bound of the metric's buckets next to half a second"`
	MinConversions    float64 `json:"minConversions" doc:"calls of a conversion webhook below which nothing is concluded; kaudit's own heuristic"`
}

// corePriority is the groupPriorityMinimum of the core group, the highest of the built-in ones.
const corePriority = 18000

// unavailableFor is how long an aggregated API may be away while its pod is replaced.
const unavailableFor = time.Minute

func runExtensions(s *evidence.Snapshot, p extensionsParams) []checks.Verdict {
	var vs []checks.Verdict
	if o := s.APIServices; o.Seen() {
		for _, a := range *o.Value {
			if a.Service != "" {
				vs = append(vs, aggregated(s, a)...)
			}
		}
		switch none := len(vs) == 0; {
		case none && s.Cluster.Files:
			vs = one(checks.About("cluster", o.Source).Aspect("aggregated APIs").NotApplicable("the files add none"))
		case none:
			vs = append(vs, checks.About("cluster", o.Source).Aspect("aggregated APIs").NotApplicable("there are none: kube-apiserver serves every API itself"))
		}
	} else if o.Gap != nil { // the engine takes metrics for a substitute, which they are not for this
		vs = append(vs, checks.About("cluster", o.Source).Aspect("aggregated APIs").Skip("whether they are available is not known: %s", o.Gap.Note).Unlocked(o.Gap.Unlock))
	}
	if v, ok := crdCount(s, p); ok {
		vs = append(vs, v)
	}
	return append(append(vs, customObjects(s, p)...), conversions(s, p)...)
}

// metricsAPIs are read by autoscalers and kubectl top; nothing else waits for them.
var metricsAPIs = []string{"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"}

// aggregated judges one API that a Service serves.
func aggregated(s *evidence.Snapshot, a evidence.APIService) []checks.Verdict {
	subject := checks.About("apiservice/"+a.Name).With(s.APIServices.Source, "Available=%s, reason %s, since %s", a.Available, a.Reason, a.Since.UTC().Format(time.RFC3339))
	now := s.APIServices.Source.At
	if now.IsZero() {
		now = s.Taken
	}
	var vs []checks.Verdict
	if s.Cluster.Files {
		subject = checks.About("apiservice/"+a.Name, s.APIServices.Source)
		if a.At.InFile() {
			subject = checks.About("apiservice/"+a.Name).With(a.At, "Service %s", a.Service)
		}
		vs = one(unverified(subject, a))
	} else {
		vs = one(available(subject, a, now.Sub(a.Since)))
	}
	_, group, _ := strings.Cut(a.Name, ".")
	if builtin("x."+group) && group != "" && !slices.Contains(metricsAPIs, group) {
		vs = append(vs, subject.Aspect("shadowing").Find(checks.Warning, "is in %s, a group of kube-apiserver's own, but served by Service %s", group, a.Service).
			Saw("Service %s", a.Service).Want("a group that is not built in").WithFix(fixIn(s, "remove it, unless this is meant", "kubectl delete apiservice "+a.Name+" (kube-apiserver makes its own again), unless this is meant")))
	} else if a.GroupPriority > corePriority {
		vs = append(vs, subject.Aspect("shadowing").Find(checks.Info, "has groupPriorityMinimum %d, over the %d of the core group: where both have a resource of one name, kubectl means this one", a.GroupPriority, corePriority).
			Saw("%d", a.GroupPriority).Want("at most %d", corePriority).WithFix(fixIn(s, "groupPriorityMinimum: 1000", `kubectl patch apiservice `+a.Name+` --type=merge -p '{"spec":{"groupPriorityMinimum":1000}}'`)))
	}
	return vs
}

// fixIn picks the fix that can be made where something was read.
func fixIn(s *evidence.Snapshot, file, live string) string {
	if s.Cluster.Files {
		return file
	}
	return live
}

// unverified is what a file tells of an aggregated API: whether kube-apiserver knows whom it talks to. That it is
// there only a cluster tells.
func unverified(subject checks.Subject, a evidence.APIService) checks.Verdict {
	if !a.InsecureSkipTLSVerify {
		return subject.Pass("has its certificate verified; whether Service %s answers no file tells", a.Service)
	}
	return subject.Find(checks.Info, "does not have its certificate verified (insecureSkipTLSVerify): whoever answers as Service %s is believed, and sees what is sent to it", a.Service).
		Saw("insecureSkipTLSVerify: true").Want("a caBundle").WithFix("spec.caBundle with the CA of the Service's certificate (cert-manager can inject it), and no insecureSkipTLSVerify")
}

func available(subject checks.Subject, a evidence.APIService, lasts time.Duration) checks.Verdict {
	switch {
	case a.Available == "True":
		said := ""
		if a.InsecureSkipTLSVerify {
			said = "; its certificate is not verified (insecureSkipTLSVerify)"
		}
		return subject.Pass("is available, by Service %s%s", a.Service, said)
	case a.Available == "" || a.Since.IsZero():
		return subject.Skip("does not say yet whether it is available")
	case lasts < unavailableFor:
		return subject.Skip("has been unavailable for %s only, which the replacement of a pod may take: %s", evidence.Ago(lasts), a.Reason)
	}
	_, group, _ := strings.Cut(a.Name, ".")
	look := "kubectl get apiservice " + a.Name + " -o yaml; kubectl -n " + namespaceOf(a.Service) + " get service,endpointslices,pods"
	verdict := func(what, fix string) checks.Verdict {
		return subject.Find(checks.Warning, "has been unavailable for %s (%s: %s): %s", evidence.Ago(lasts), a.Reason, trim(a.Message), what).
			Saw("Available=%s, %s", a.Available, a.Reason).Want("Available=True").WithFix(fix)
	}
	const harm = "discovery has holes, so namespaces that are deleted stay in Terminating and kubectl prints errors"
	switch {
	case a.Reason == "ServiceNotFound":
		return verdict("its Service "+a.Service+" does not exist; "+harm, "if what served it was removed: kubectl delete apiservice "+a.Name+"; else bring the Service back")
	case slices.Contains(metricsAPIs, group):
		return verdict("autoscaling by it and kubectl top do not work, and namespaces may stay in Terminating", look)
	}
	return verdict(harm, look)
}

func namespaceOf(service string) string {
	ns, _, _ := strings.Cut(service, "/")
	return ns
}

// trim bounds what a server wrote, so that a message stays one line.
func trim(message string) string {
	const most = 160
	if r := []rune(message); len(r) > most {
		return string(r[:most]) + "…"
	}
	return message
}

// objectsBy gives the objects of each resource, the largest count of any instance: each counts all of them.
func objectsBy(s *evidence.Snapshot) (map[string]float64, []evidence.Source) {
	out := map[string]float64{}
	var srcs []evidence.Source
	for o := range s.APIServerMetrics.Seen() {
		srcs = append(srcs, o.Source)
		for name, n := range objectCounts(o.Value.Latest()) {
			out[name] = max(out[name], n)
		}
	}
	return out, srcs
}

func crdCount(s *evidence.Snapshot, p extensionsParams) (checks.Verdict, bool) {
	by, srcs := objectsBy(s)
	if len(srcs) == 0 {
		return checks.Verdict{}, false // the engine reports the gap
	}
	subject := checks.About("cluster", srcs...).Aspect("CRDs")
	n, ok := by["customresourcedefinitions.apiextensions.k8s.io"]
	if !ok {
		return subject.Skip("CRDs are not counted: kube-apiserver shows no number of objects"), true
	}
	const fix = "kubectl get crd -o custom-columns=NAME:.metadata.name,MADE:.metadata.creationTimestamp, then delete those of operators that are gone; deleting a CRD deletes its objects"
	switch {
	case n > p.ManyCRDs:
		return subject.Find(checks.Warning, "there are %.0f CRDs, over %g: each costs kube-apiserver memory and CPU for its schema, its cache and the OpenAPI document", n, p.ManyCRDs).Saw("%.0f", n).Want("at most %g", p.ManyCRDs).WithFix(fix), true
	case n > p.CRDs:
		return subject.Find(checks.Info, "there are %.0f CRDs, over %g: each costs kube-apiserver memory and CPU for its schema, its cache and the OpenAPI document", n, p.CRDs).Saw("%.0f", n).Want("at most %g", p.CRDs).WithFix(fix), true
	}
	return subject.Pass("there are %.0f CRDs (at most %g)", n, p.CRDs).Saw("%.0f", n), true
}

// customObjects names custom resources of which there are very many. Those that are built in are not
// this check's matter.
func customObjects(s *evidence.Snapshot, p extensionsParams) []checks.Verdict {
	var vs []checks.Verdict
	by, srcs := objectsBy(s)
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if n := by[name]; n > p.CustomObjects && !builtin(name) {
			vs = append(vs, checks.About("resource/"+name, srcs...).Find(checks.Info, "has %.0f objects, over %g: custom resources are stored as JSON, so each list and each restart of kube-apiserver reads and decodes them all", n, p.CustomObjects).
				Saw("%.0f objects", n).Want("at most %g", p.CustomObjects).WithFix("let the controller that makes them delete what is done (a time to live, owner references), or keep such records outside the API"))
		}
	}
	return vs
}

// conversions judges the webhooks that convert custom resources between versions.
func conversions(s *evidence.Snapshot, p extensionsParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.APIServerMetrics.Seen() {
		d, over, why := o.Value.Delta()
		if why != "" {
			continue
		}
		for _, family := range []string{"apiserver_crd_conversion_webhook_duration_seconds", "apiserver_crd_webhook_conversion_duration_seconds"} {
			by := d.HistBy(family, "crd_name")
			failed := d.HistBy(family, "crd_name", evidence.Is("succeeded", "false"))
			for _, crd := range slices.Sorted(maps.Keys(by)) {
				subject := checks.About("crd/"+crd).Aspect("conversion on "+short(o.Of)).With(o.Source, "%s of %s", family, crd)
				if v, ok := conversion(subject, by[crd], failed[crd].Count, "in the last "+evidence.Ago(over), p); ok {
					vs = append(vs, v)
				}
			}
		}
	}
	return vs
}

func conversion(subject checks.Subject, h evidence.Histogram, failed float64, during string, p extensionsParams) (checks.Verdict, bool) {
	const fix = "look at the webhook's pods and its Service; to need it no more: migrate stored objects to one version (StorageVersionMigration), drop the old one from the CRD, and set spec.conversion.strategy to None"
	said := fmt.Sprintf("%.0f of %.0f calls to its webhook failed %s", failed, h.Count, during)
	switch {
	case h.Count == 0:
		return checks.Verdict{}, false
	case failed > 0:
		return subject.Find(checks.Warning, "conversion fails: %s, and with each the request that needed it", said).Saw("%.0f of %.0f failed", failed, h.Count).Want("0 failed").WithFix(fix), true
	case h.Count < p.MinConversions:
		return checks.Verdict{}, false
	}
	q, ok := h.Quantile(0.99)
	if ok && h.Against(0.99, p.ConversionSeconds) == evidence.Over {
		return subject.Find(checks.Warning, "conversion is slow: 1 in 100 calls to its webhook took %s %s (at most %s wanted), and each list of these objects waits for one", q, during, evidence.Seconds(p.ConversionSeconds)).
			Saw("p99 %s", q).Want("p99 at most %s", evidence.Seconds(p.ConversionSeconds)).WithFix(fix), true
	}
	return subject.Pass("conversion is quick: %s; 99 in 100 took %s", said, q), true
}
