package collect

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	portforwardproto "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/kaudit/kaudit/evidence"
)

// fakeForwarder is a kube-apiserver and the kubelet behind it: it opens port-forwards to ports of
// this machine.
type fakeForwarder struct {
	websocket, spdy http.HandlerFunc // nil: as it should be
	upgrades        atomic.Int64
}

func (f *fakeForwarder) handle(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasSuffix(r.URL.Path, "/portforward") {
		return false
	}
	f.upgrades.Add(1)
	switch {
	case r.Method == http.MethodGet && f.websocket != nil:
		f.websocket(w, r)
	case r.Method == http.MethodPost && f.spdy != nil:
		f.spdy(w, r)
	case r.Method == http.MethodGet:
		up := websocket.Upgrader{Subprotocols: []string{portforwardproto.WebsocketsSPDYTunnelingPortForwardV1}}
		conn, err := up.Upgrade(w, r, nil)
		if err != nil {
			return true
		}
		s := &forwardSession{streams: map[string]httpstream.Stream{}}
		sc, err := spdy.NewServerConnection(portforward.NewTunnelingConnection("test", conn), s.accept)
		if err == nil {
			<-sc.CloseChan()
		}
	default:
		s := &forwardSession{streams: map[string]httpstream.Stream{}}
		if _, err := httpstream.Handshake(r, w, []string{portforwardproto.PortForwardV1Name}); err != nil {
			return true
		}
		if sc := spdy.NewResponseUpgrader().UpgradeResponse(w, r, s.accept); sc != nil {
			<-sc.CloseChan()
		}
	}
	return true
}

// forwardSession pairs the streams of connections.
type forwardSession struct {
	mu      sync.Mutex
	streams map[string]httpstream.Stream
}

func (s *forwardSession) accept(stream httpstream.Stream, _ <-chan struct{}) error {
	h := stream.Headers()
	id := h.Get(corev1.PortForwardRequestIDHeader)
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.Get(corev1.StreamType) == corev1.StreamTypeError {
		s.streams[id] = stream
		return nil
	}
	failures := s.streams[id]
	go func() {
		defer stream.Close()   //nolint:errcheck // a test
		defer failures.Close() //nolint:errcheck // a test
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", h.Get(corev1.PortHeader)))
		if err != nil {
			_, _ = fmt.Fprintf(failures, "error forwarding port %s to pod: %v", h.Get(corev1.PortHeader), err)
			return
		}
		defer conn.Close() //nolint:errcheck // a test
		go func() { _, _ = io.Copy(conn, stream) }()
		_, _ = io.Copy(stream, conn)
	}()
	return nil
}

func portOf(t *testing.T, srv *httptest.Server) int {
	t.Helper()
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	p, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func etcdPod(port int) (*evidence.ControlPod, evidence.Observed[evidence.Flags]) {
	f := evidence.Flags{Component: "etcd", Values: map[string][]evidence.FlagValue{
		"listen-metrics-urls": {{Value: fmt.Sprintf("https://10.0.0.1:9978,http://127.0.0.1:%d", port), From: evidence.FromCommandLine}},
	}, Read: []evidence.Source{{}}, From: []evidence.Provenance{evidence.FromCommandLine}}
	return &evidence.ControlPod{Component: "etcd", Subject: "etcd/cp-1", Namespace: "kube-system", Name: "etcd-cp-1", Ready: true}, evidence.See("etcd/cp-1", f, evidence.Source{})
}

var etcdComponent = component{name: "etcd", port: 2381, plainHTTP: true}

func refuseWith(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestPortForward(t *testing.T) {
	var authorization atomic.Value
	etcd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization.Store(r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 300\n")
	}))
	t.Cleanup(etcd.Close)
	closed := httptest.NewServer(nil)
	closedPort := portOf(t, closed)
	closed.Close()
	const ask = "GET /api/v1/namespaces/kube-system/pods/etcd-cp-1/portforward"
	for name, tc := range map[string]struct {
		forwarder *fakeForwarder
		port      int
		upgrades  int64
		want      evidence.Gap // zero: seen
	}{
		"by websocket":                 {forwarder: &fakeForwarder{}, port: portOf(t, etcd), upgrades: 1},
		"by SPDY, no websockets there": {forwarder: &fakeForwarder{websocket: refuseWith(400)}, port: portOf(t, etcd), upgrades: 2},
		"by SPDY, no right to get":     {forwarder: &fakeForwarder{websocket: refuseWith(403)}, port: portOf(t, etcd), upgrades: 2},
		"forbidden": {forwarder: &fakeForwarder{websocket: refuseWith(403), spdy: refuseWith(403)}, upgrades: 2, want: evidence.Gap{
			Why: evidence.Forbidden, Note: "may not create pods/portforward in kube-system (403)",
			Unlock: "permission to create pods/portforward in kube-system; grant it: kaudit rbac | kubectl apply -f -",
		}},
		"the kubelet does not answer": {forwarder: &fakeForwarder{websocket: refuseWith(502)}, upgrades: 1, want: evidence.Gap{
			Why: evidence.Unreachable, Note: ask + ": 502 Bad Gateway",
		}},
		"nothing listens": {forwarder: &fakeForwarder{}, port: closedPort, upgrades: 1, want: evidence.Gap{
			Why: evidence.Unreachable,
			Note: fmt.Sprintf("port-forward to pod kube-system/etcd-cp-1: error forwarding port %d to pod: dial tcp 127.0.0.1:%d: connect: connection refused",
				closedPort, closedPort),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			ca := newAuthority(t)
			f := ca.serve(t, 1, "kubernetes")
			f.handler = tc.forwarder.handle
			c := clientOf(t, ca, f.URL, time.Millisecond)
			pod, flags := etcdPod(tc.port)
			p, _ := c.readComponent(t.Context(), etcdComponent, pod, evidence.Nodes{}, flags)
			if n := tc.forwarder.upgrades.Load(); n != tc.upgrades || int64(c.cost.total().APIRequests) != n {
				t.Errorf("got %d upgrades and %d requests counted, want %d of both: a tunnel serves both scrapes", n, c.cost.total().APIRequests, tc.upgrades)
			}
			if tc.want != (evidence.Gap{}) {
				if p.metrics.Gap == nil || *p.metrics.Gap != tc.want {
					t.Errorf("got %+v, want %+v", p.metrics.Gap, tc.want)
				}
				return
			}
			if !p.metrics.Seen() || p.metrics.Value.First.Start != 300 || p.metrics.Value.Second == nil {
				t.Fatalf("got %+v, want both scrapes", p.metrics)
			}
			if got := authorization.Load(); got != "" {
				t.Errorf("got credentials sent to etcd: %q, want none", got)
			}
			if c.cost.total().APIBytes < 500 {
				t.Errorf("got %d bytes counted, want those of the tunnel too", c.cost.total().APIBytes)
			}
		})
	}
}

func TestAKubeAPIServerIsReachedThroughItsPodIfNotDirectly(t *testing.T) {
	ca, impostor := newAuthority(t), newAuthority(t)
	forwarder := &fakeForwarder{}
	balancer := ca.serve(t, 1, "kubernetes")
	balancer.handler = forwarder.handle
	c := clientOf(t, ca, balancer.URL, 0)
	behind := func(f *fakeAPIServer) *instance {
		pod, _ := podOfAPIServer("cp-1", "", nil)
		pod.Name = "kube-apiserver-" + f.address() // a tunnel of its own
		return &instance{
			process: process{component: "kube-apiserver", subject: pod.Subject}, pod: &pod, port: portOf(t, f.Server), addresses: []string{"127.0.0.1:1"},
		}
	}
	good, bad := ca.serve(t, 77, "kubernetes.default.svc"), impostor.serve(t, 66, "kubernetes.default.svc")
	in := behind(good)
	c.readInstance(t.Context(), in, nil)
	if !in.metrics.Seen() || in.metrics.Value.First.Start != 77 || in.metrics.Source.Via != "port-forward" || !good.bearers["Bearer hunter2"] {
		t.Errorf("got %+v, want the instance in the tunnel", in.metrics)
	}
	in = behind(bad)
	c.readInstance(t.Context(), in, nil)
	if in.metrics.Seen() || bad.count("") != 0 || len(in.tried) != 2 || !strings.Contains(in.tried[1], "x509: ") {
		t.Errorf("got %+v after %q, want no request in a tunnel that leads to somebody else", in.metrics, in.tried)
	}
}

func TestCredentialsInAPortForward(t *testing.T) {
	ca := newAuthority(t)
	forwarder := &fakeForwarder{}
	f := ca.serve(t, 1, "kubernetes")
	f.handler = forwarder.handle
	nobody := func(*evidence.ControlPod, *rest.Config, *evidence.Node) {}
	for name, tc := range map[string]struct {
		change func(*evidence.ControlPod, *rest.Config, *evidence.Node)
		sent   string // Authorization
		gap    string // "": its metrics are read
	}{
		"a token": {nobody, "Bearer hunter2", ""},
		"a password": {func(_ *evidence.ControlPod, c *rest.Config, _ *evidence.Node) {
			c.BearerToken, c.Username, c.Password = "", "admin", "hunter2"
		}, "", ""},
		"not ready": {
			func(p *evidence.ControlPod, _ *rest.Config, _ *evidence.Node) {
				p.Ready, p.Waiting = false, "CrashLoopBackOff"
			},
			"", "its pod kube-system/kube-controller-manager-cp-1 is not ready CrashLoopBackOff",
		},
		"a tenant's pod of the same labels": {
			func(p *evidence.ControlPod, _ *rest.Config, _ *evidence.Node) { p.Static = false },
			"", "credentials go to static pods of the control plane only, and kube-system/kube-controller-manager-cp-1 is none",
		},
		"a static pod of a worker": {
			func(_ *evidence.ControlPod, _ *rest.Config, n *evidence.Node) { n.ControlPlane = false },
			"", "credentials go to control-plane nodes only, and no label says that cp-1, of pod kube-system/kube-controller-manager-cp-1, is one",
		},
		"on behalf of somebody else": {
			func(_ *evidence.ControlPod, c *rest.Config, _ *evidence.Node) { c.Impersonate.UserName = "somebody" },
			"", "kube-controller-manager knows no impersonation (--as), and the caller's own rights are not used in its stead",
		},
		"on behalf of a group": {
			func(_ *evidence.ControlPod, c *rest.Config, _ *evidence.Node) { c.Impersonate.Groups = []string{"g"} },
			"", "kube-controller-manager knows no impersonation (--as), and the caller's own rights are not used in its stead",
		},
	} {
		t.Run(name, func(t *testing.T) {
			kcm := newAuthority(t).serve(t, 88, "localhost") // self-signed, as it were
			c := clientOf(t, ca, f.URL, 0)
			pod := &evidence.ControlPod{
				Component: "kube-controller-manager", Subject: "kube-controller-manager/cp-1", Node: "cp-1", Static: true, Ready: true,
				Namespace: "kube-system", Name: "kube-controller-manager-cp-1",
			}
			node := evidence.Node{Name: "cp-1", ControlPlane: true}
			tc.change(pod, c.config, &node)
			k := component{name: "kube-controller-manager", port: portOf(t, kcm.Server), flagz: true}
			p, _ := c.readComponent(t.Context(), k, pod, evidence.Nodes{Items: []evidence.Node{node}}, evidence.Observed[evidence.Flags]{})
			if tc.gap != "" {
				if p.metrics.Gap == nil || p.metrics.Gap.Note != tc.gap || kcm.count("") != 0 {
					t.Errorf("got %+v and %d requests, want none: %s", p.metrics.Gap, kcm.count(""), tc.gap)
				}
				return
			}
			if !p.metrics.Seen() || p.metrics.Value.First.Start != 88 || !kcm.bearers[tc.sent] || len(kcm.bearers) != 1 {
				t.Errorf("got %+v with %v, want it read with %q", p.metrics, kcm.bearers, tc.sent)
			}
		})
	}
}

func TestWhereEtcdTellsItsMetrics(t *testing.T) {
	for name, tc := range map[string]struct {
		value  string
		opaque string
		port   int
	}{
		"kubeadm":             {"http://127.0.0.1:2381", "", 2381},
		"several":             {"https://10.0.0.1:9978,http://10.0.0.1:9979", "", 9979},
		"certificate only":    {"https://10.0.0.1:9978", "", 0},
		"not set":             {"", "", 0},
		"in a file, unknown":  {"", "--config-file could not be read", 2381},
		"no port in the URL":  {"http://127.0.0.1", "", 0},
		"nonsense in the URL": {"http://[::1:2381", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := evidence.Flags{Values: map[string][]evidence.FlagValue{}, Opaque: tc.opaque}
			if tc.value != "" {
				f.Values["listen-metrics-urls"] = []evidence.FlagValue{{Value: tc.value, From: evidence.FromCommandLine}}
			}
			port, gap := etcdComponent.portOf(evidence.See("etcd/cp-1", f, evidence.Source{}))
			if port != tc.port || (gap == nil) != (tc.port != 0) {
				t.Errorf("got port %d, gap %+v, want port %d", port, gap, tc.port)
			}
		})
	}
}
