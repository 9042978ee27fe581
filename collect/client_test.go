package collect

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/evidence"
)

// newTestClient is a client of a server of the test's own.
func newTestClient(t *testing.T, h http.Handler) *client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := newClient(Options{
		Config: &rest.Config{Host: srv.URL}, Kaudit: "v0.0.0-test", Timeout: 10 * time.Second,
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGuardRefusesWhateverWrites(t *testing.T) {
	var reached int
	c := newTestClient(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	for _, tc := range []struct {
		method, target, upgrade string
		sent                    bool
	}{
		{http.MethodGet, "/version", "", true},
		{http.MethodHead, "/version", "", true},
		{http.MethodGet, "/api/v1/nodes?limit=500", "", true},
		{http.MethodGet, "/api/v1/nodes/n-1/proxy/configz", "", true},
		{http.MethodGet, "/api/v1/nodes/n-1/proxy/metrics", "", true},
		{http.MethodGet, "/k8s/clusters/c-1/api/v1/nodes/n-1/proxy/metrics", "", true},
		{http.MethodGet, "/api/v1/namespaces/kube-system/pods/etcd-a/portforward", "websocket", true},
		{http.MethodPost, "/api/v1/namespaces/kube-system/pods/etcd-a/portforward", "SPDY/3.1", true},

		{http.MethodPost, "/api/v1/namespaces/kube-system/pods/etcd-a/portforward", "", false},
		{http.MethodPut, "/api/v1/namespaces/kube-system/pods/etcd-a/portforward", "SPDY/3.1", false},
		{http.MethodPost, "/api/v1/namespaces/kube-system/pods", "", false},
		{http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "", false},
		{http.MethodPatch, "/api/v1/nodes/n-1", "", false},
		{http.MethodDelete, "/api/v1/nodes/n-1", "", false},
		{http.MethodOptions, "/version", "", false},
		{http.MethodGet, "/api/v1/nodes?watch=true", "", false},
		{http.MethodGet, "/api/v1/nodes?watch=1", "", false},
		{http.MethodGet, "/api/v1/watch/nodes", "", false},
		{http.MethodGet, "/apis/apps/v1/watch/deployments", "", false},
		{http.MethodGet, "/k8s/clusters/c-1/apis/apps/v1/watch/namespaces/a/deployments/b", "", false},
		{http.MethodGet, "/api/v1/secrets", "", false},
		{http.MethodGet, "/api/v1/namespaces/kube-system/secrets/a", "", false},
		{http.MethodGet, "/api/v1/namespaces/a/pods/b/exec?command=sh", "", false},
		{http.MethodGet, "/api/v1/namespaces/a/pods/b/exec?command=sh", "websocket", false},
		{http.MethodGet, "/api/v1/namespaces/a/pods/b/attach", "websocket", false},
		{http.MethodGet, "/api/v1/namespaces/a/pods/b/proxy/shutdown", "", false},
		{http.MethodGet, "/api/v1/namespaces/a/services/b/proxy", "", false},
		{http.MethodGet, "/api/v1/nodes/n-1/proxy/run/a/b/c", "", false},
		{http.MethodGet, "/api/v1/nodes/n-1/proxy/exec/a/b/c?command=sh", "", false},
		{http.MethodGet, "/api/v1/nodes/n-1/proxy/metrics/../exec/a/b/c", "", false},
		{http.MethodGet, "/api/v1/nodes/n-1/proxy/metrics%2f..%2fexec", "", false},
		{http.MethodGet, "/api/v1/namespaces/a/pods/b/portforward/../exec", "websocket", false},
		{http.MethodGet, "/version", "websocket", false},
	} {
		reached = 0
		before := c.cost.api.Load()
		req, err := http.NewRequestWithContext(t.Context(), tc.method, c.home.url.String()+tc.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tc.upgrade != "" {
			req.Header.Set("Upgrade", tc.upgrade)
		}
		resp, err := c.home.http.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		var no *refusalError
		if tc.sent && (err != nil || reached != 1 || c.cost.api.Load() != before+1) {
			t.Errorf("%s %s: got %v, want it sent and counted once", tc.method, tc.target, err)
		}
		if !tc.sent && (!errors.As(err, &no) || reached != 0 || c.cost.api.Load() != before) {
			t.Errorf("%s %s: got %v, reached the server %d times, want it refused and not counted", tc.method, tc.target, err, reached)
		}
	}
}

func TestGapsSayWhy(t *testing.T) {
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, tc := range map[string]struct {
		serve http.HandlerFunc
		want  evidence.Gap
	}{
		"401": {status(401, "x"), evidence.Gap{
			Why: evidence.Forbidden, Note: "GET /metrics: the credentials were not accepted (401)", Unlock: "credentials that the server accepts",
		}},
		"403": {status(403, `{"kind":"Status","message":"no"}`), evidence.Gap{
			Why: evidence.Forbidden, Note: "may not get nonResourceURL /metrics (403)",
			Unlock: "permission to get nonResourceURL /metrics; grant it: kaudit rbac | kubectl apply -f -",
		}},
		"404": {status(404, "404 page not found"), evidence.Gap{Why: evidence.Unserved, Note: "GET /metrics is not served here (404)"}},
		"406": {status(406, ""), evidence.Gap{Why: evidence.Unserved, Note: "GET /metrics is not served here (406)"}},
		"429": {status(429, `{"kind":"Status","message":"too many requests"}`), evidence.Gap{
			Why: evidence.Unreachable, Note: "GET /metrics: 429 Too Many Requests: too many requests",
		}},
		"a proxy's page": {status(502, "<html>nginx</html>"), evidence.Gap{Why: evidence.Unreachable, Note: "GET /metrics: 502 Bad Gateway"}},
		"a redirect is not followed": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/login", http.StatusFound)
		}, evidence.Gap{Why: evidence.Unreachable, Note: "GET /metrics: 302 Found"}},
		"no JSON": {status(200, "hello"), evidence.Gap{
			Why: evidence.Malformed, Note: "GET /metrics answered something that could not be read: invalid character 'h' looking for beginning of value",
		}},
		"too much": {status(200, `"`+strings.Repeat("x", 100)+`"`), evidence.Gap{
			Why: evidence.Malformed, Note: "GET /metrics answered something that could not be read: the answer is larger than 64 bytes",
		}},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "20")
			_, _ = io.WriteString(w, `{"a":`)
		}, evidence.Gap{Why: evidence.Unreachable, Note: "GET /metrics: the connection ended early"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, tc.serve)
			r := request{Path: "/metrics", Permission: "get nonResourceURL /metrics", Limit: 64}
			if got := gapOf(ask(t.Context(), c, r), r); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

// ask reads a whole answer as JSON.
func ask(ctx context.Context, c *client, r request) error {
	body, _, err := c.get(ctx, r)
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // a test
	var v any
	return json.NewDecoder(body).Decode(&v)
}

func TestDeadServerIsUnreachable(t *testing.T) {
	c := newTestClient(t, http.NotFoundHandler())
	c.home.url = &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	r := request{Path: "/version"}
	g := gapOf(ask(t.Context(), c, r), r)
	if g.Why != evidence.Unreachable || !strings.Contains(g.Note, "connection refused") {
		t.Errorf("got %+v, want it unreachable with the reason", g)
	}
}

// Of a connection that a server turned into something else, unasked, nothing is read: nothing would end it.
func TestAnAnswerThatSwitchesProtocolsIsNone(t *testing.T) {
	release := make(chan struct{})
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close() //nolint:errcheck // a test
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: endless\r\n\r\n")
		<-release
	}))
	t.Cleanup(func() { close(release) })
	r := request{Path: "/version"}
	want := evidence.Gap{Why: evidence.Unreachable, Note: "GET /version: the server switched to another protocol, unasked"}
	if got := gapOf(ask(t.Context(), c, r), r); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(c.slots) != 0 {
		t.Errorf("got %d slots taken, want none", len(c.slots))
	}
}

func TestSlowServerIsUnreachableAndFreesItsSlot(t *testing.T) {
	release := make(chan struct{})
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
		}
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(func() { close(release) })
	c.home.http = c.guarded(http.DefaultTransport, &c.cost.api, make(chan struct{}, 1), 20*time.Millisecond)
	r := request{Path: "/slow"}
	want := evidence.Gap{Why: evidence.Unreachable, Note: "GET /slow: no answer within 20ms"}
	if got := gapOf(ask(t.Context(), c, r), r); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	c.home.http.Transport.(*guard).timeout = time.Minute
	if err := ask(t.Context(), c, request{Path: "/quick"}); err != nil {
		t.Errorf("after it: got %v, want an answer", err)
	}
}

func TestEveryRequestSaysWhoSendsItAndIsCounted(t *testing.T) {
	var agent string
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		_, _ = io.WriteString(w, "{}")
	}))
	for _, r := range []request{{Path: "/version"}, {Path: "/api/v1/nodes/a/proxy/configz", Kubelet: true}} {
		if err := ask(t.Context(), c, r); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(agent, "kaudit/v0.0.0-test (") {
			t.Errorf("user agent of %s: got %q, want kaudit's", r.Path, agent)
		}
	}
	if got := c.cost.total(); got.APIRequests != 1 || got.KubeletRequests != 1 || got.APIBytes < 100 {
		t.Errorf("got cost %+v, want one request of each sort and the bytes of both", got)
	}
}

func TestSourcesHoldNoCredentials(t *testing.T) {
	c, err := newClient(Options{
		Config: &rest.Config{Host: "https://user:hunter2@example.com/prefix", BearerToken: "hunter2"},
		Log:    slog.New(slog.DiscardHandler), Now: time.Now, Timeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	src := c.source(request{Path: "/api/v1/nodes", Query: url.Values{"limit": {"500"}}})
	src.At = time.Time{}
	want := evidence.Source{Via: "apiserver", From: "example.com:443", Ask: "GET /api/v1/nodes?limit=500"}
	if src != want {
		t.Errorf("got %+v, want %+v", src, want)
	}
	if strings.Contains(c.home.url.String(), "hunter2") {
		t.Errorf("got a URL with a password: %s", c.home.url)
	}
}
