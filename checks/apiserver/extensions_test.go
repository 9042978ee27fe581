package apiserver

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

var extensionsDefaults = extensionsParams{CRDs: 500, ManyCRDs: 2000, CustomObjects: 100_000, ConversionSeconds: 0.512, MinConversions: 100}

func TestAPIServices(t *testing.T) {
	down := func(name, reason string, lasts time.Duration) evidence.APIService {
		return evidence.APIService{Name: name, Service: "ns/svc", Available: "False", Reason: reason, Message: "no", Since: taken.Add(-lasts)}
	}
	up := evidence.APIService{Name: "v1beta1.metrics.k8s.io", Service: "kube-system/metrics-server", Available: "True", Since: taken.Add(-time.Hour), InsecureSkipTLSVerify: true, GroupPriority: 100}
	claims := up
	claims.Name, claims.GroupPriority = "v1.apps", 17800
	high, highest := up, up
	high.GroupPriority, highest.GroupPriority = 18_000, 18_001
	quiet := up
	quiet.Available, quiet.Since = "", time.Time{}

	for name, tc := range map[string]struct {
		services []evidence.APIService
		want     []string
	}{
		"none":                      {nil, []string{"not-applicable cluster aggregated APIs"}},
		"available":                 {[]evidence.APIService{up}, []string{"pass apiservice/v1beta1.metrics.k8s.io"}},
		"no condition yet":          {[]evidence.APIService{quiet}, []string{"skipped apiservice/v1beta1.metrics.k8s.io"}},
		"away for a moment":         {[]evidence.APIService{down("v1.example.org", "MissingEndpoints", 59*time.Second)}, []string{"skipped apiservice/v1.example.org"}},
		"away for a minute":         {[]evidence.APIService{down("v1.example.org", "MissingEndpoints", time.Minute)}, []string{"warning apiservice/v1.example.org"}},
		"metrics only":              {[]evidence.APIService{down("v1beta1.metrics.k8s.io", "FailedDiscoveryCheck", time.Hour)}, []string{"warning apiservice/v1beta1.metrics.k8s.io"}},
		"left over":                 {[]evidence.APIService{down("v1.example.org", "ServiceNotFound", time.Hour)}, []string{"warning apiservice/v1.example.org"}},
		"a built-in group":          {[]evidence.APIService{claims}, []string{"pass apiservice/v1.apps", "warning apiservice/v1.apps shadowing"}},
		"as high as the core group": {[]evidence.APIService{high}, []string{"pass apiservice/v1beta1.metrics.k8s.io"}},
		"over the core group":       {[]evidence.APIService{highest}, []string{"pass apiservice/v1beta1.metrics.k8s.io", "info apiservice/v1beta1.metrics.k8s.io shadowing"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{Taken: taken, APIServices: evidence.See("kube-apiserver", tc.services, evidence.Source{At: taken})}
			if d := cmp.Diff(tc.want, said(runExtensions(s, extensionsDefaults))); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}

// Metrics, which the check can do with as well, say nothing of APIServices.
func TestAPIServicesUnread(t *testing.T) {
	s := listing(37, time.Hour, 10*time.Second, counters{}, counters{"apiserver_resource_objects": {"resource=customresourcedefinitions,group=apiextensions.k8s.io": 1}})
	s.APIServices = evidence.Miss[[]evidence.APIService]("kube-apiserver", evidence.Gap{Why: evidence.Forbidden, Note: "may not list apiservices"}, evidence.Source{})
	want := []string{"skipped cluster aggregated APIs", "pass cluster CRDs"}
	if d := cmp.Diff(want, said(checks.Run(s, []checks.Check{extensions})[0].Verdicts)); d != "" {
		t.Errorf("verdicts (-want +got):\n%s", d)
	}
}

func TestCustomResources(t *testing.T) {
	const crds = "resource=customresourcedefinitions,group=apiextensions.k8s.io"
	objects := func(values map[string]float64) *evidence.Snapshot {
		return listing(37, time.Hour, 10*time.Second, counters{}, counters{"apiserver_resource_objects": values})
	}
	called := func(succeeded string, quick, slow float64) *evidence.Snapshot {
		s := objects(map[string]float64{crds: 1})
		h := func(n float64) *evidence.Family {
			return &evidence.Family{Type: "histogram", Series: []evidence.Series{{Labels: parseLabels("crd_name=foos.example.org,succeeded=" + succeeded), Histogram: &evidence.Histogram{
				Buckets: []evidence.Bucket{{LE: 0.512, Count: n * quick}, {LE: 1.024, Count: n * (quick + slow)}}, Count: n * (quick + slow),
			}}}}
		}
		x := s.APIServerMetrics[0].Value
		x.First.Families["apiserver_crd_conversion_webhook_duration_seconds"], x.Second.Families["apiserver_crd_conversion_webhook_duration_seconds"] = h(0), h(1)
		return s
	}
	const few, hook = "pass cluster CRDs", "crd/foos.example.org conversion on cp-1"

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"500 CRDs":                    {objects(map[string]float64{crds: 500}), []string{few}},
		"501 CRDs":                    {objects(map[string]float64{crds: 501}), []string{"info cluster CRDs"}},
		"2001 CRDs":                   {objects(map[string]float64{crds: 2001}), []string{"warning cluster CRDs"}},
		"1.30 counts them, too":       {listing(30, time.Hour, time.Second, counters{}, counters{"apiserver_storage_objects": {"resource=customresourcedefinitions.apiextensions.k8s.io": 501}}), []string{"info cluster CRDs"}},
		"the count failed":            {objects(map[string]float64{crds: -1}), []string{"skipped cluster CRDs"}},
		"100 000 custom objects":      {objects(map[string]float64{crds: 1, "resource=foos,group=example.org": 100_000}), []string{few}},
		"100 001 custom objects":      {objects(map[string]float64{crds: 1, "resource=foos,group=example.org": 100_001}), []string{few, "info resource/foos.example.org"}},
		"many pods are another thing": {objects(map[string]float64{crds: 1, "resource=pods": 150_000}), []string{few}},
		"quick conversion":            {called("true", 990, 10), []string{few, "pass " + hook}},
		"slow conversion":             {called("true", 980, 20), []string{few, "warning " + hook}},
		"too few to call it slow":     {called("true", 0, 99), []string{few}},
		"failing conversion":          {called("false", 1, 0), []string{few, "warning " + hook}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, said(runExtensions(tc.snapshot, extensionsDefaults))); d != "" {
				t.Errorf("verdicts (-want +got):\n%s", d)
			}
		})
	}
}
