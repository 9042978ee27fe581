package collect

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

func configzPath(node string) string { return "/api/v1/nodes/" + node + "/proxy/configz" }
func kubeletPath(node string) string { return "/api/v1/nodes/" + node + "/proxy/metrics" }
func text(body string) answer {
	return answer{contentType: "text/plain; version=0.0.4", body: []byte(body)}
}

func readyNodes(names ...string) evidence.Nodes {
	var ns evidence.Nodes
	for _, n := range names {
		ns.Items = append(ns.Items, evidence.Node{Name: n, Ready: "True"})
	}
	return ns
}

const kubeletMetrics = "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1700000000\n"

func TestReadKubelets(t *testing.T) {
	f := &fakeServer{answers: map[string]answer{
		configzPath("n1"): {contentType: "application/json", body: []byte(`{"kubeletconfig":{"kubeAPIQPS":50,"staticPodURLHeader":{"Authorization":["secret"]}}}`)},
		kubeletPath("n1"): text(kubeletMetrics),
		configzPath("n2"): noAnswer,
		kubeletPath("n3"): text(kubeletMetrics), // with its debugging handlers off, a kubelet has no configz
		configzPath("n4"): {contentType: "application/json", body: []byte(`{}`)},
		kubeletPath("n4"): text("<html>"),
	}}
	got := readKubelets(t.Context(), f, readyNodes("n1", "n2", "n3", "n4"), []string{"n1", "n2", "n3", "n4"})
	if c := got.configs.Of("kubelet/n1"); !c.Seen() || *c.Value.KubeAPIQPS != 50 || c.Source.Via != "kubelet" {
		t.Errorf("got %+v, want the configuration of n1", c)
	}
	if s := got.scrapes.Of("kubelet/n1"); !s.Seen() || s.Value.First.Start != 1.7e9 || !s.Value.First.At.Equal(noon) {
		t.Errorf("got %+v, want a scrape of n1", s)
	}
	wantGap(t, got.configs.Of("kubelet/n2"), evidence.Unreachable, "no answer within 1s")
	wantGap(t, got.scrapes.Of("kubelet/n2"), evidence.Unreachable, "no answer within 1s")
	wantGap(t, got.configs.Of("kubelet/n3"), evidence.Unserved, "configz is not served here")
	if !got.scrapes.Of("kubelet/n3").Seen() {
		t.Errorf("got %+v, want a scrape of n3", got.scrapes.Of("kubelet/n3").Gap)
	}
	wantGap(t, got.configs.Of("kubelet/n4"), evidence.Malformed, "no kubeletconfig in it")
	wantGap(t, got.scrapes.Of("kubelet/n4"), evidence.Malformed, "metrics")
	for _, r := range f.asked {
		if r.Path == kubeletPath("n2") || !r.Kubelet {
			t.Errorf("got request %+v, want none for the metrics of a dead node, and each counted as a kubelet's", r)
		}
	}

	f.answers[kubeletPath("n3")] = noAnswer
	rescrapeKubelets(t.Context(), f, got.scrapes)
	if s := got.scrapes.Of("kubelet/n1").Value; s.Second == nil || s.Second.Start != 1.7e9 {
		t.Errorf("got %+v, want a second scrape of n1", s)
	}
	if s := got.scrapes.Of("kubelet/n3").Value; s.Second != nil || !strings.Contains(s.NoSecond, "no answer within 1s") {
		t.Errorf("got %+v, want the reason why there is no second scrape of n3", s)
	}
}

// A missing permission is told once, and found out with one request.
func TestReadKubeletsForbidden(t *testing.T) {
	f := &fakeServer{answers: map[string]answer{}}
	var names []string
	for _, n := range []string{"n1", "n2", "n3", "n4"} {
		names = append(names, n)
		f.answers[configzPath(n)] = forbidden
	}
	got := readKubelets(t.Context(), f, readyNodes(names...), names)
	if len(got.configs) != 1 || len(got.scrapes) != 1 || got.configs[0].Of != "kubelet" || got.scrapes[0].Of != "kubelet" {
		t.Fatalf("got %+v, want one gap of kubelet each", got)
	}
	wantGap(t, got.configs[0], evidence.Forbidden, "may not get nodes/proxy")
	same(t, []string{configzPath("n1")}, f.paths())
}

func TestReadKubeletsOfNone(t *testing.T) {
	got := readKubelets(t.Context(), &fakeServer{}, readyNodes("n1"), nil)
	if len(got.configs) != 0 || len(got.scrapes) != 0 {
		t.Errorf("got %+v, want nothing: nobody asked", got)
	}
}

// silent never answers.
type silent struct{ *fakeServer }

func (silent) get(ctx context.Context, _ request) (io.ReadCloser, http.Header, error) {
	<-ctx.Done()
	return nil, nil, &cutError{context.Cause(ctx)}
}

// A node that is known to be down has time of its own, and little of it.
func TestReadKubeletDown(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	down, ok := deadline(ctx, false)
	if left := time.Until(down); !ok || left > deadNodeTimeout {
		t.Errorf("got %v, %v, want a deadline within %v", left, ok, deadNodeTimeout)
	}
	if _, ok := deadline(ctx, true); ok {
		t.Error("got a deadline for a node that is ready, want the client's alone")
	}
	cancel(errors.New("stopped"))
	got, _ := readKubelet(ctx, silent{&fakeServer{}}, "n1", false)
	wantGap(t, got, evidence.Unreachable, "stopped")
}

// deadline is the one under which a kubelet is asked.
func deadline(ctx context.Context, ready bool) (at time.Time, ok bool) {
	g := seer{&fakeServer{}, func(ctx context.Context) { at, ok = ctx.Deadline() }}
	readKubelet(ctx, g, "n1", ready)
	return at, ok
}

type seer struct {
	*fakeServer
	see func(context.Context)
}

func (s seer) get(ctx context.Context, _ request) (io.ReadCloser, http.Header, error) {
	s.see(ctx)
	return nil, nil, noAnswer.err
}
