package collect

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/websocket"
	portforwardproto "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// upgrade turns a request into a connection of many streams: by websocket, as kubectl does since
// 1.30, else by SPDY. Both go through the guard, on connections whose bytes are counted.
func (c *client) upgrade(ctx context.Context, r request) (httpstream.Connection, error) {
	conn, err := c.byWebsocket(ctx, r)
	if se, ok := errors.AsType[*statusError](err); ok && elsewise(se.code) {
		return c.bySPDY(ctx, r)
	}
	return conn, err
}

// elsewise reports whether SPDY may succeed after this answer to a websocket: a server that knows
// none, something between that lets none pass, or a permission for POST only.
func elsewise(code int) bool {
	return code < 500 && code != http.StatusUnauthorized && code != http.StatusNotFound && code != http.StatusTooManyRequests
}

func (c *client) byWebsocket(ctx context.Context, r request) (httpstream.Connection, error) {
	tlsConfig, err := rest.TLSConfigFor(c.config)
	if err != nil {
		return nil, err
	}
	ws := &websocketUpgrade{websocket.Dialer{
		NetDialContext:  c.config.Dial,
		Proxy:           proxyOf(c.config),
		TLSClientConfig: tlsConfig,
	}, nil}
	rt, err := rest.HTTPWrappersForConfig(c.config, ws)
	if err != nil {
		return nil, err
	}
	req, err := c.upgradeRequest(ctx, http.MethodGet, r, "websocket")
	if err != nil {
		return nil, err
	}
	resp, err := c.guarded(rt, &c.cost.api, c.tunnels, tunnelTimeout).Do(req)
	if err != nil {
		return nil, innermost(err)
	}
	if ws.conn == nil {
		return nil, statusOf(resp)
	}
	_ = resp.Body.Close()
	return streamsOver(portforward.NewTunnelingConnection("kaudit", ws.conn))
}

func (c *client) bySPDY(ctx context.Context, r request) (httpstream.Connection, error) {
	rt, err := c.http1()
	if err != nil {
		return nil, err
	}
	req, err := c.upgradeRequest(ctx, http.MethodPost, r, spdy.HeaderSpdy31)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set(httpstream.HeaderProtocolVersion, portforwardproto.PortForwardV1Name)
	resp, err := c.guarded(rt, &c.cost.api, c.tunnels, tunnelTimeout).Do(req)
	if err != nil {
		return nil, innermost(err)
	}
	body, ok := resp.Body.(io.ReadWriteCloser)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok {
		return nil, statusOf(resp)
	}
	return streamsOver(pipe{body})
}

// streamsOver makes a connection of many streams of one of bytes.
func streamsOver(conn net.Conn) (httpstream.Connection, error) {
	s, err := spdy.NewClientConnection(conn)
	if err != nil {
		return nil, err
	}
	return &closingBoth{s, conn}, nil
}

// closingBoth ends the connection below too: by itself it would wait for the far end to end its streams.
type closingBoth struct {
	httpstream.Connection
	below io.Closer
}

func (c *closingBoth) Close() error {
	return errors.Join(c.Connection.Close(), c.below.Close())
}

func (c *client) upgradeRequest(ctx context.Context, method string, r request, protocol string) (*http.Request, error) {
	u := *c.home.url
	u.Path = strings.TrimSuffix(u.Path, "/") + r.Path
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Upgrade", protocol)
	return req, nil
}

func innermost(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}

func proxyOf(cfg *rest.Config) func(*http.Request) (*url.URL, error) {
	if cfg.Proxy != nil {
		return cfg.Proxy
	}
	return http.ProxyFromEnvironment
}

// websocketUpgrade opens one websocket as the round trip of an ordinary request, so that the guard
// and whatever adds credentials see it like any other. client-go's own opens connections that can
// neither be counted nor bounded.
type websocketUpgrade struct {
	dialer websocket.Dialer
	conn   *websocket.Conn
}

// TLSClientConfig tells client-go's wrappers that the connection is encrypted.
func (w *websocketUpgrade) TLSClientConfig() *tls.Config { return w.dialer.TLSClientConfig }

// CloseIdleConnections has none to close.
func (w *websocketUpgrade) CloseIdleConnections() {}

// RoundTrip sends the request. A refusal is an answer like any other.
func (w *websocketUpgrade) RoundTrip(req *http.Request) (*http.Response, error) {
	u := *req.URL
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	h := req.Header.Clone()
	h.Del("Upgrade") // the dialer's own
	w.dialer.Subprotocols = []string{portforwardproto.WebsocketsSPDYTunnelingPortForwardV1}
	conn, resp, err := w.dialer.DialContext(req.Context(), u.String(), h)
	switch {
	case err == nil && conn.Subprotocol() != w.dialer.Subprotocols[0]:
		_ = conn.Close()
		return nil, &statusError{http.StatusUpgradeRequired, "the websocket carries no port-forward"}
	case err == nil:
		w.conn = conn
	case resp != nil && errors.Is(err, websocket.ErrBadHandshake):
	default:
		return nil, err
	}
	return resp, nil
}
