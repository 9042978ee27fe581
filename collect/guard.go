package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// guard is the transport through which every HTTP request goes. It refuses what could change
// anything, counts, and bounds how many requests are under way and how long each may take, its
// answer included. A request that waits for a slot spends none of its own time.
type guard struct {
	next    http.RoundTripper
	sent    *atomic.Int64
	slots   chan struct{} // shared by the guards of one kind of target, so that slow ones hold up only each other
	timeout time.Duration
}

// refusalError is a request that was not sent because it is no pure read: a fault of kaudit itself.
type refusalError struct{ method, path, why string }

func (e *refusalError) Error() string {
	return fmt.Sprintf("refused to send %s %s: %s", e.method, e.path, e.why)
}

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := readOnly(req); err != nil {
		return nil, err
	}
	if err := g.wait(req.Context()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), g.timeout, &timeoutError{g.timeout})
	done := sync.OnceFunc(func() { cancel(); <-g.slots })
	g.sent.Add(1)
	resp, err := g.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		err = because(ctx, err)
		done()
		return nil, err
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		if req.Header.Get("Upgrade") == "" {
			done() // nobody asked for it, and nothing would bound what it leads to
			_ = resp.Body.Close()
			return nil, errSwitched
		}
		done() // the connection is its opener's now, and no longer under this context
		return resp, nil
	}
	resp.Body = &boundBody{resp.Body, ctx, done}
	return resp, nil
}

var errSwitched = errors.New("the server switched to another protocol, unasked")

// wait takes a slot.
func (g *guard) wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// CloseIdleConnections ends what no request uses.
func (g *guard) CloseIdleConnections() { utilnet.CloseIdleConnectionsFor(g.next) }

// boundBody gives the slot back once the answer is read or given up.
type boundBody struct {
	io.ReadCloser
	ctx  context.Context //nolint:containedctx // the answer's own bound, for as long as it is read
	done func()
}

func (b *boundBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF: //nolint:errorlint // Read's contract is the bare io.EOF
		b.done()
	case err != nil:
		err = because(b.ctx, err)
	}
	return n, err
}

func (b *boundBody) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}

// timeoutError is the end of a request's time.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string   { return fmt.Sprintf("no answer within %v", e.after) }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }

// because replaces "context deadline exceeded" by how long was waited.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

var (
	podSubresource = regexp.MustCompile(`^/api/v1/namespaces/[^/]+/(?:pods|services)/[^/]+/(exec|attach|proxy|portforward|eviction|binding)(?:/|$)`)
	portForward    = regexp.MustCompile(`^/api/v1/namespaces/[^/]+/pods/[^/]+/portforward$`)
	apiPath        = regexp.MustCompile(`/(?:api/v1|apis/[^/]+/[^/]+)/`)
	watchPath      = regexp.MustCompile(`^/(?:api/v1|apis/[^/]+/[^/]+)/watch/`)
	secrets        = regexp.MustCompile(`^/api/v1/(?:namespaces/[^/]+/)?secrets(?:/|$)`)
	nodeProxy      = regexp.MustCompile(`^/api/v1/nodes/[^/]+/proxy(/.*)?$`)
	// Of a kubelet's paths several run commands, by GET too; these only tell.
	kubeletReads = regexp.MustCompile(`^/(configz|flagz|statusz|healthz|metrics|metrics/(cadvisor|probes|resource|slis))$`)
)

// readOnly says why a request may not be sent; nil if it is a pure read, or the one exemption: the
// opening of a port-forward, which is an upgrade by GET (websocket) or POST (SPDY) and changes nothing.
func readOnly(req *http.Request) error {
	p := req.URL.Path
	if at := apiPath.FindStringIndex(p); at != nil {
		p = p[at[0]:] // behind a gateway that keeps its API servers under a path of its own
	}
	no := func(why string) error { return &refusalError{req.Method, req.URL.Path, why} }
	if req.URL.RawPath != "" || path.Clean("/"+p) != "/"+strings.Trim(p, "/") {
		return no("its path is not plain")
	}
	if portForward.MatchString(p) {
		if up := req.Header.Get("Upgrade"); (req.Method == http.MethodGet && up == "websocket") || (req.Method == http.MethodPost && up == "SPDY/3.1") {
			return nil
		}
		return no("a port-forward opens by an upgrade only")
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return no("kaudit only reads")
	}
	if req.Header.Get("Upgrade") != "" {
		return no("only a port-forward may upgrade")
	}
	if w := req.URL.Query()["watch"]; len(w) > 0 || watchPath.MatchString(p) {
		return no("kaudit does not watch")
	}
	if secrets.MatchString(p) {
		return no("kaudit reads no Secret")
	}
	if m := podSubresource.FindStringSubmatch(p); m != nil {
		return no(m[1] + " reaches into a pod")
	}
	if m := nodeProxy.FindStringSubmatch(p); m != nil && !kubeletReads.MatchString(m[1]) {
		return no("not one of the kubelet's paths that only tell")
	}
	return nil
}
