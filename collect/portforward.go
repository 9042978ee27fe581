package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/kaudit/kaudit/evidence"
)

// tunnelTimeout bounds how long a port-forward may take to open, and a connection in it to be
// accepted: a node that does not answer costs no more.
const tunnelTimeout = 4 * time.Second

// tunnel is a port-forward to one pod, without a listener on this machine. It is opened when first
// needed and kept between two scrapes; one that was lost is opened again.
type tunnel struct {
	c              *client
	namespace, pod string

	mu   sync.Mutex
	conn httpstream.Connection
	next int
}

// tunnelError is what became of a port-forward, in the words of the kube-apiserver or the kubelet.
type tunnelError struct {
	pod  string
	text string
}

func (e *tunnelError) Error() string { return fmt.Sprintf("port-forward to pod %s: %s", e.pod, e.text) }

// tunnelTo is the tunnel to a pod, the same one for everyone who asks.
func (c *client) tunnelTo(pod *evidence.ControlPod) *tunnel {
	t, _ := c.open.LoadOrStore(pod.Namespace+"/"+pod.Name, &tunnel{c: c, namespace: pod.Namespace, pod: pod.Name})
	return t.(*tunnel)
}

func (t *tunnel) name() string { return t.namespace + "/" + t.pod }

// failed says that it was the port-forward which failed, not what was to be asked through it.
func (t *tunnel) failed(err error) error {
	if _, ok := errors.AsType[*statusError](err); ok {
		return &stepError{t.request(), err}
	}
	return &tunnelError{t.name(), (&cutError{err}).Error()}
}

func (t *tunnel) request() request {
	return request{
		Path:       fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/portforward", url.PathEscape(t.namespace), url.PathEscape(t.pod)),
		Permission: "create pods/portforward in " + t.namespace,
	}
}

// dial connects to a port of the pod's network namespace, which is the host's for the control plane.
func (t *tunnel) dial(ctx context.Context, port int) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, tunnelTimeout, &timeoutError{tunnelTimeout})
	defer cancel()
	conn, id, err := t.connection(ctx)
	if err != nil {
		return nil, t.failed(err)
	}
	// The creation of a stream waits half a minute for the far end and knows no context.
	type opened struct {
		conn net.Conn
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		s, err := t.streams(conn, id, port)
		done <- opened{s, err}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return nil, t.failed(o.err)
		}
		return o.conn, nil
	case <-ctx.Done():
		_ = conn.Close()
		return nil, t.failed(context.Cause(ctx))
	}
}

func (t *tunnel) connection(ctx context.Context) (httpstream.Connection, int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	if t.conn != nil {
		select {
		case <-t.conn.CloseChan():
		default:
			return t.conn, t.next, nil
		}
	}
	conn, err := t.c.upgrade(ctx, t.request())
	if err != nil {
		return nil, 0, err
	}
	t.conn = conn
	return conn, t.next, nil
}

// streams opens the two streams of a connection: one for its bytes, one for what goes wrong.
func (t *tunnel) streams(conn httpstream.Connection, id, port int) (net.Conn, error) {
	h := http.Header{}
	h.Set(corev1.PortHeader, strconv.Itoa(port))
	h.Set(corev1.PortForwardRequestIDHeader, strconv.Itoa(id))
	h.Set(corev1.StreamType, corev1.StreamTypeError)
	failures, err := conn.CreateStream(h)
	if err != nil {
		return nil, err
	}
	_ = failures.Close() // our side of it: nothing is written
	h.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := conn.CreateStream(h)
	if err != nil {
		return nil, err
	}
	s := &tunnelConn{pipe: pipe{data}, told: make(chan struct{})}
	go func() {
		defer close(s.told)
		text, _ := io.ReadAll(io.LimitReader(failures, 4<<10))
		if len(text) > 0 {
			s.failure = &tunnelError{t.name(), oneLine(string(text))}
			_ = data.Reset() // nobody will answer
		}
		conn.RemoveStreams(failures, data)
	}()
	return s, nil
}

// close ends every connection in the tunnel.
func (t *tunnel) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn != nil {
		_ = t.conn.Close()
	}
}

// tunnelConn is one connection in a tunnel.
type tunnelConn struct {
	pipe
	told    chan struct{} // closed once failure is final
	failure error
}

func (s *tunnelConn) Read(p []byte) (int, error) {
	n, err := s.pipe.Read(p)
	if err == nil {
		return n, nil
	}
	// The far end says what went wrong before it ends the data.
	select {
	case <-s.told:
		if s.failure != nil {
			return n, s.failure
		}
	case <-time.After(time.Second):
	}
	return n, err
}

func (s *tunnelConn) Close() error {
	if st, ok := s.ReadWriteCloser.(httpstream.Stream); ok {
		return st.Reset() // Close would end our direction only
	}
	return s.pipe.Close()
}

// pipe makes a net.Conn of something that has no addresses and no deadlines. Whoever uses one bounds
// it by closing it.
type pipe struct{ io.ReadWriteCloser }

func (pipe) LocalAddr() net.Addr              { return pipeAddr{} }
func (pipe) RemoteAddr() net.Addr             { return pipeAddr{} }
func (pipe) SetDeadline(time.Time) error      { return nil }
func (pipe) SetReadDeadline(time.Time) error  { return nil }
func (pipe) SetWriteDeadline(time.Time) error { return nil }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "port-forward" }
func (pipeAddr) String() string  { return "port-forward" }
