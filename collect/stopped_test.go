package collect

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/evidence"
)

// stalling is a server that tells its version, shows a control plane and never answers anything else.
func stalling(t *testing.T, asked chan<- string) (*authority, *fakeAPIServer) {
	t.Helper()
	ca := newAuthority(t)
	f := ca.serve(t, 50, "kubernetes")
	release := make(chan struct{})
	f.handler = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/version" {
			return false
		}
		select {
		case asked <- r.URL.Path:
		default:
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	}
	t.Cleanup(func() { close(release) })
	return ca, f
}

func TestAnAuditThatIsStoppedEndsAndLeavesNothingRunning(t *testing.T) {
	asked := make(chan string, 1)
	ca, f := stalling(t, asked)
	before := runtime.NumGoroutine()
	ctx, stop := context.WithCancelCause(t.Context())
	why := errors.New("interrupted")
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, Options{
			Config:     &rest.Config{Host: f.URL, BearerToken: "hunter2", TLSClientConfig: rest.TLSClientConfig{CAData: ca.pem, ServerName: "kubernetes"}},
			NodeSample: 3, Window: time.Hour, Timeout: time.Hour, Log: slog.New(slog.DiscardHandler),
		})
		done <- err
	}()
	<-asked
	stop(why)
	if err := <-done; !errors.Is(err, why) || !strings.HasPrefix(err.Error(), "collect: stopped before the end") {
		t.Errorf("got %v, want it to say that it was stopped", err)
	}
	f.CloseClientConnections()
	left := 0
	for range 200 {
		if left = runtime.NumGoroutine() - before; left <= 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("got %d goroutines more than before:\n%s", left, stacks[:runtime.Stack(stacks, true)])
}

// Whatever hangs costs no more than its own time, and is a gap.
func TestWhatHangsIsAGap(t *testing.T) {
	ca, f := stalling(t, nil)
	s, err := Run(t.Context(), Options{
		Config:     &rest.Config{Host: f.URL, TLSClientConfig: rest.TLSClientConfig{CAData: ca.pem, ServerName: "kubernetes"}},
		NodeSample: 3, Timeout: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if gap := s.Nodes.Gap; gap == nil || gap.Why != evidence.Unreachable || gap.Note != "GET /api/v1/nodes: no answer within 20ms" {
		t.Errorf("got %+v, want how long was waited", gap)
	}
}
