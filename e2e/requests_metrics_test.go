//go:build e2e

package e2e

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kaudit/kaudit/e2e/build"
	"github.com/kaudit/kaudit/e2e/loopback"
)

// metricsAlone lets clients of known habit list between two scrapes of the second API server, and holds what
// kaudit says of it, with no log, against what each version does: the older one asks etcd where no
// resourceVersion is given. All the while a client of another name has LISTs under way.
func metricsAlone(t *testing.T, c *loopback.Cluster, version string) {
	t.Helper()
	hoard(t, c)
	cfg := accountConfig(t, c, habitNamespace, "counted", nil)
	cfg.Host, cfg.UserAgent, cfg.QPS = "https://"+c.APIServerAddr(1), "counted/v1", -1
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r, between, window := betweenScrapes(t, c, 1, func() {
		for _, do := range []doing{
			lists(60, podList("", metav1.ListOptions{})),
			lists(20, podList("", metav1.ListOptions{ResourceVersion: "0"})),
			lists(40, podList("", metav1.ListOptions{FieldSelector: "spec.nodeName=" + workerName(0)})), // a fifth of them
			lists(100, configMapList(podNamespace(0), metav1.ListOptions{})),
		} {
			if err := do(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
	}, "--only", "list-resource-version,apiserver-apf-saturation", "--window", "20s")
	wantUnderWay(t, r)
	got := map[string]verdict{}
	for _, v := range r.Results {
		if v.Check == "list-resource-version" {
			got[v.Subject] = v
		}
	}
	if version != build.Older {
		v := got["cluster"]
		if len(got) != 1 || v.Status != "pass" || !strings.Contains(v.Message, "pods under 1 object/s (0% of LISTs and 0% of objects from etcd") {
			t.Errorf("got %+v, want a pass of the cluster, with no pods from etcd", got)
		}
		return
	}
	pods, configMaps := got["resource/pods"], got["resource/configmaps"]
	if len(got) != 2 || pods.Status != "finding" || configMaps.Status != "finding" {
		t.Errorf("got %+v, want findings of pods and of configmaps", got)
	}
	wantShares(t, pods, window, share(between), 100*podCount, float64(100*podCount)/(60*podCount+40*podCount/nodeCount))
	wantShares(t, configMaps, window, 100, 100*configMapCount, 1)
	if strings.Contains(pods.Message, "hoarder") || !strings.Contains(configMaps.Message, "LISTs of system:serviceaccount:habits:hoarder") {
		t.Errorf("who is under way is named wrongly, want it for configmaps alone:\n%s\n%s", pods.Message, configMaps.Message)
	}
}

// share is the part of LISTs of pods, in percent, that no cache could answer: kaudit's own are among them.
func share(events []auditEvent) float64 {
	var all, etcd float64
	for _, e := range events {
		if u, err := url.ParseRequestURI(e.RequestURI); err == nil && e.Verb == "list" && e.ObjectRef.Resource == "pods" {
			all++
			if u.Query().Get("resourceVersion") == "" {
				etcd++
			}
		}
	}
	return 100 * etcd / all
}

// wantShares holds the figures of a finding against 100 LISTs from etcd in the time between two scrapes.
func wantShares(t *testing.T, v verdict, window time.Duration, share float64, objects int, perReturned float64) {
	t.Helper()
	var gotObjects, gotLists, gotShare, gotObjectShare, gotPer float64
	_, err := fmt.Sscanf(v.Observed, "%f objects/s from etcd, %f LISTs/s: %f%% of LISTs and %f%% of objects from etcd, %f read for each returned",
		&gotObjects, &gotLists, &gotShare, &gotObjectShare, &gotPer)
	if err != nil {
		t.Errorf("%s: observed %q: %v", v.Subject, v.Observed, err)
		return
	}
	near := func(what string, got, want, within float64) {
		if got < want-within || got > want+within {
			t.Errorf("%s in %s: got %s %g, want %.2f: %s", v.Subject, window, what, got, want, v.Observed)
		}
	}
	perSecond := float64(objects) / window.Seconds()
	near("objects a second", gotObjects, perSecond, perSecond/50) // the clocks of kaudit and of the audit log differ a little
	near("LISTs a second", gotLists, 100/window.Seconds(), 0.15)
	near("% of LISTs", gotShare, share, 0.5)
	near("read for each returned", gotPer, perReturned, 0.01)
}

// wantUnderWay wants the one client that has requests under way to be named, and how many.
func wantUnderWay(t *testing.T, r report) {
	t.Helper()
	want := fmt.Sprintf("system:serviceaccount:habits:hoarder %d× list configmaps of a namespace (workload-low", held)
	if !slices.ContainsFunc(r.Results, func(v verdict) bool {
		return v.Check == "apiserver-apf-saturation" && strings.HasSuffix(v.Subject, " under way") && strings.Contains(v.Message, want)
	}) {
		t.Errorf("got %+v, want one with %q", r.Results, want)
	}
}

// betweenScrapes has kaudit scrape one API server twice, and in between what do does; all that was asked
// of the server in between is returned, too, and how long that was.
func betweenScrapes(t *testing.T, c *loopback.Cluster, i int, do func(), args ...string) (report, []auditEvent, time.Duration) {
	t.Helper()
	log := c.AuditLogs()[i]
	marked := markAudit(t, []string{log})
	answered := make(chan report)
	go func() {
		defer close(answered)
		answered <- scan(t, append([]string{"--kubeconfig", c.Kubeconfig(), "--server", "https://" + c.APIServerAddr(i)}, args...)...)
	}()
	for len(scrapes(marked.all(t))) < 1 {
		select {
		case r := <-answered:
			t.Fatalf("kaudit is done before it has scraped twice: %+v", r.Results)
		case <-time.After(20 * time.Millisecond):
		}
	}
	do()
	if n := len(scrapes(marked.all(t))); n != 1 {
		t.Fatalf("%d scrapes are over before the clients are, want one", n)
	}
	r, ok := <-answered
	if !ok {
		t.FailNow()
	}
	events := marked.all(t)
	at := scrapes(events)
	if len(at) != 2 {
		t.Fatalf("got %d scrapes, want two", len(at))
	}
	window := events[at[1]].StageTimestamp.Sub(events[at[0]].StageTimestamp)
	return r, slices.DeleteFunc(events[at[0]:at[1]], func(e auditEvent) bool { return e.Stage != "ResponseComplete" }), window
}

// scrapes are where kaudit's scrapes have been answered.
func scrapes(events []auditEvent) []int {
	var at []int
	for i, e := range events {
		if strings.HasPrefix(e.UserAgent, "kaudit/") && e.RequestURI == "/metrics" && e.Stage == "ResponseComplete" {
			at = append(at, i)
		}
	}
	return at
}
