package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubeconfigs may name OIDC as their auth-provider; kubectl knows it by this
	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/evidence"
)

// Bounds of one collection.
const (
	atOnce         = 8                // requests under way to kube-apiservers, and as many to kubelets
	kubeletTimeout = 5 * time.Second  // one dead node must not hold up the audit
	dialTimeout    = 10 * time.Second // of the kubeconfig's own server
	answerLimit    = 64 << 20         // bytes of one answer
)

// client is the one way to a kube-apiserver. It only reads.
type client struct {
	opts    Options
	config  *rest.Config // prepared: user agent, counted dial, no rate limit of its own
	home    *base        // the kubeconfig's server
	kubelet *http.Client // the same server, asked on behalf of a kubelet
	cost    *cost
	slots   chan struct{}
	tunnels chan struct{}                     // slots of port-forwards that are being opened
	open    sync.Map                          // tunnels, by namespace and name of their pods
	http1   func() (http.RoundTripper, error) // to the same server; HTTP/2 has no upgrade
	log     *slog.Logger
	now     func() time.Time // by the server's clock, once that is known
	skew    atomic.Int64     // nanoseconds that the server's clock is ahead of this machine's

	mu      sync.Mutex
	closers []func()
}

// base is a place that requests go to.
type base struct {
	via  string // of sources: "apiserver", "port-forward"
	name string // host:port, or the pod behind a tunnel; no credentials
	url  *url.URL
	http *http.Client
	// shared: a balancer may stand behind the address, and another instance answer each time.
	shared bool
}

// request is one read.
type request struct {
	Path       string
	Query      url.Values
	Accept     string // default application/json
	Limit      int64  // bytes of the answer; default 64 MiB
	Permission string // what a 403 lacks: "get nodes/proxy"
	Kubelet    bool   // asks on behalf of a sampled node: counted apart, in slots and time of its own
	Base       *base  // another place than the kubeconfig's server
}

// newClient prepares a copy of the configuration. It asks nothing yet.
func newClient(o Options) (*client, error) {
	c := newBareClient(o)
	c.tunnels = make(chan struct{}, 2*atOnce)
	cfg := rest.CopyConfig(o.Config)
	cfg.UserAgent = userAgent(o.Kaudit)
	cfg.QPS, cfg.Timeout = -1, 0 // bounded by the guard instead
	dial := cfg.Dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	cfg.Dial = c.cost.counting(dial, min(dialTimeout, o.Timeout))
	c.config = cfg
	c.http1 = sync.OnceValues(func() (http.RoundTripper, error) {
		old := rest.CopyConfig(cfg)
		old.NextProtos = []string{"http/1.1"}
		return rest.TransportFor(old)
	})

	u, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, &OptionsError{fmt.Errorf("server of %s: %w", whoseConfig(cfg), err)}
	}
	u.User = nil
	rt, err := rest.TransportFor(cfg)
	if err != nil {
		return nil, &OptionsError{fmt.Errorf("credentials of %s%s: %w", whoseConfig(cfg), configFiles(cfg), err)}
	}
	c.home = &base{via: "apiserver", name: hostPort(u), url: u, http: c.guarded(rt, &c.cost.api, c.slots, o.Timeout), shared: true}
	c.kubelet = c.guarded(rt, &c.cost.kubelet, make(chan struct{}, atOnce), min(kubeletTimeout, o.Timeout))
	return c, nil
}

// newBareClient has no kube-apiserver to ask, but can ask other places.
func newBareClient(o Options) *client {
	c := &client{opts: o, cost: &cost{}, slots: make(chan struct{}, atOnce), log: o.Log}
	c.now = func() time.Time { return o.Now().Add(time.Duration(c.skew.Load())) }
	return c
}

// closing remembers whose connections to end when the collection is over.
func (c *client) closing(hc *http.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closers = append(c.closers, hc.CloseIdleConnections)
}

// close ends every connection.
func (c *client) close() {
	c.open.Range(func(_, t any) bool { t.(*tunnel).close(); return true })
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, end := range c.closers {
		end()
	}
}

// guarded is an HTTP client behind the guard. It follows no redirect: credentials go nowhere but
// where they were meant to.
func (c *client) guarded(rt http.RoundTripper, sent *atomic.Int64, slots chan struct{}, timeout time.Duration) *http.Client {
	hc := &http.Client{
		Transport:     &guard{next: rt, sent: sent, slots: slots, timeout: timeout},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.closing(hc)
	return hc
}

func userAgent(version string) string {
	return fmt.Sprintf("kaudit/%s (%s/%s)", version, runtime.GOOS, runtime.GOARCH)
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "http" {
		return net.JoinHostPort(u.Hostname(), "80")
	}
	return net.JoinHostPort(u.Hostname(), "443")
}

// get asks for one answer. The caller closes it, before asking for the next one: an open answer
// holds one of the few slots.
func (c *client) get(ctx context.Context, r request) (io.ReadCloser, http.Header, error) {
	b := r.Base
	if b == nil {
		b = c.home
	}
	u := *b.url
	u.Path = strings.TrimSuffix(u.Path, "/") + r.Path
	u.RawQuery = r.Query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "application/json")
	if r.Accept != "" {
		req.Header.Set("Accept", r.Accept)
	}
	hc := b.http
	if r.Kubelet {
		hc = c.kubelet
	}
	resp, err := hc.Do(req)
	if err != nil {
		err = &cutError{innermost(err)} // what was asked, and of whom, is in the source
		c.log.Info("no answer", slog.String("ask", c.source(r).Ask), slog.String("of", b.name), slog.Any("error", err))
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusOK {
		err := statusOf(resp)
		c.log.Info("refused", slog.String("ask", c.source(r).Ask), slog.String("of", b.name), slog.Any("error", err))
		return nil, nil, err
	}
	c.log.Debug("asked", slog.String("ask", c.source(r).Ask), slog.String("of", b.name))
	limit := r.Limit
	if limit == 0 {
		limit = answerLimit
	}
	return &limited{resp.Body, limit, limit}, resp.Header, nil
}

// source says where the answer to a request comes from.
func (c *client) source(r request) evidence.Source {
	b := r.Base
	if b == nil {
		b = c.home
	}
	ask := "GET " + r.Path
	if len(r.Query) > 0 {
		ask += "?" + r.Query.Encode()
	}
	return evidence.Source{Via: b.via, From: b.name, Ask: ask, At: c.now()}
}

// statusError is an answer that is none.
type statusError struct {
	code    int
	message string // of the server, one line
}

func (e *statusError) Error() string {
	if e.message == "" {
		return fmt.Sprintf("%d %s", e.code, http.StatusText(e.code))
	}
	return fmt.Sprintf("%d %s: %s", e.code, http.StatusText(e.code), e.message)
}

// statusOf reads what a server says of its refusal: a Status of Kubernetes, or a line of text.
func statusOf(resp *http.Response) error {
	defer resp.Body.Close() //nolint:errcheck // nothing is lost: only the refusal is read
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	e := &statusError{code: resp.StatusCode}
	var status struct{ Kind, Message string }
	if json.Unmarshal(raw, &status) == nil && status.Kind == "Status" {
		e.message = oneLine(status.Message)
	} else if !strings.HasPrefix(strings.TrimSpace(string(raw)), "<") { // not a proxy's page
		e.message = oneLine(string(raw))
	}
	return e
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// sizeError is an answer beyond its limit.
type sizeError struct{ limit int64 }

func (e *sizeError) Error() string { return fmt.Sprintf("the answer is larger than %d bytes", e.limit) }

type limited struct {
	io.ReadCloser
	left, limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		// At the limit exactly there may be nothing more to come.
		var one [1]byte
		n, err := l.ReadCloser.Read(one[:])
		if n == 0 {
			return 0, err
		}
		return 0, &sizeError{l.limit}
	}
	n, err := l.ReadCloser.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &cutError{err}
	}
	return n, err
}
