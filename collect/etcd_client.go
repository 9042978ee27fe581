package collect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kaudit/kaudit/evidence"
)

// OptionsError is Run's error if the options themselves make no sense: a file that cannot be read, an
// endpoint that is no URL.
type OptionsError struct{ err error }

func (e *OptionsError) Error() string { return e.err.Error() }

// Unwrap returns what is wrong.
func (e *OptionsError) Unwrap() error { return e.err }

// etcdOptions checks what was given to reach etcd. It returns the endpoints as URLs.
func etcdOptions(o Options) (endpoints []string, cfg *tls.Config, err error) {
	secure := o.EtcdCA != "" || o.EtcdCert != ""
	for _, e := range o.EtcdEndpoints {
		u, err := etcdURL(strings.TrimSpace(e), secure)
		if err != nil {
			return nil, nil, &OptionsError{fmt.Errorf("--etcd-endpoints: %w", err)}
		}
		endpoints = append(endpoints, u)
	}
	cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	if o.EtcdCA != "" {
		pem, err := os.ReadFile(o.EtcdCA)
		if err != nil {
			return nil, nil, &OptionsError{fmt.Errorf("--etcd-cacert: %w", err)}
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, nil, &OptionsError{fmt.Errorf("--etcd-cacert %s: no certificate in it", o.EtcdCA)}
		}
	}
	if (o.EtcdCert == "") != (o.EtcdKey == "") {
		return nil, nil, &OptionsError{errors.New("--etcd-cert and --etcd-key belong together")}
	}
	if o.EtcdCert != "" {
		pair, err := tls.LoadX509KeyPair(o.EtcdCert, o.EtcdKey)
		if err != nil {
			return nil, nil, &OptionsError{fmt.Errorf("--etcd-cert %s with --etcd-key %s: %w", o.EtcdCert, o.EtcdKey, err)}
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return endpoints, cfg, nil
}

// etcd makes the reader of etcd's own API.
func (c *client) etcd(cfg *tls.Config) *etcdReader {
	rt := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: etcdTimeout}).DialContext,
		TLSClientConfig:     cfg,
		TLSHandshakeTimeout: etcdTimeout,
		ForceAttemptHTTP2:   true,
	}
	hc := c.guarded(rt, &c.cost.etcd, make(chan struct{}, atOnce), c.opts.Timeout)
	return &etcdReader{
		now: c.now,
		open: func(endpoint string) (etcdAPI, error) {
			return clientv3.New(clientv3.Config{
				Endpoints: []string{endpoint}, TLS: cfg, DialTimeout: etcdTimeout,
				Logger: zap.NewNop(), MaxUnaryRetries: 1, DialOptions: etcdGuard(&c.cost.etcd),
			})
		},
		scrape: func(ctx context.Context, endpoint string) evidence.Observed[evidence.Scrapes] {
			u, err := url.Parse(endpoint)
			if err != nil {
				return evidence.Miss[evidence.Scrapes]("", evidence.Gap{Why: evidence.Unreachable, Note: "no URL"}, evidence.Source{})
			}
			p := process{component: "etcd", base: &base{via: "etcd", name: u.Host, url: u, http: hc}}
			c.readMetrics(ctx, &p, nil)
			return ofEtcd(p.metrics)
		},
	}
}

// ofEtcd takes metrics for etcd's only if they are: a kube-apiserver behind the same authority has a
// /metrics too, with families about etcd.
func ofEtcd(o evidence.Observed[evidence.Scrapes]) evidence.Observed[evidence.Scrapes] {
	if !o.Seen() || o.Value.First.Has("etcd_server_has_leader") {
		return o
	}
	return evidence.Miss[evidence.Scrapes](o.Of, evidence.Gap{
		Why:    evidence.Malformed,
		Note:   o.Source.Ask + ": what answers is no etcd: its metrics lack etcd_server_has_leader",
		Unlock: "--etcd-endpoints with the client URLs of etcd members, https://HOST:2379 of kubeadm",
	}, o.Source)
}

// etcdReads are the calls that only tell.
var etcdReads = []string{"/etcdserverpb.Maintenance/Status", "/etcdserverpb.Cluster/MemberList", "/etcdserverpb.Maintenance/Alarm"}

// etcdGuard is to etcd's API what guard is to HTTP: it refuses every call but those that only tell,
// and counts. It has them fail at once with the reason where nobody answers; etcd's client would wait
// for the endpoint to come up, and in the end tell only that it did not.
func etcdGuard(sent *atomic.Int64) []grpc.DialOption {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(etcdReadOnly(sent)), grpc.WithChainStreamInterceptor(etcdNoStream)}
}

func etcdReadOnly(sent *atomic.Int64) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		alarm, isAlarm := req.(*etcdserverpb.AlarmRequest)
		if !slices.Contains(etcdReads, method) || (isAlarm && alarm.GetAction() != etcdserverpb.AlarmRequest_GET) {
			return &refusalError{"gRPC", method, "kaudit only reads"}
		}
		sent.Add(1)
		return invoke(ctx, method, req, reply, conn, append(slices.Clip(opts), grpc.WaitForReady(false))...)
	}
}

func etcdNoStream(_ context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, method string, _ grpc.Streamer, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, &refusalError{"gRPC", method, "kaudit does not watch"}
}

// etcdGap says why a call to etcd has no answer.
func etcdGap(err error, src evidence.Source) evidence.Gap {
	g := evidence.Gap{Why: evidence.Unreachable, Note: src.Ask + ": " + etcdReason(err)}
	switch codeOf(err) {
	case codes.Unauthenticated, codes.PermissionDenied:
		g.Why, g.Unlock = evidence.Forbidden, "a certificate of a user that etcd lets read its status"
	case codes.InvalidArgument: // etcd's authentication is on, and nobody said who asks
		g.Why, g.Unlock = evidence.Forbidden, "a certificate of a user that etcd lets read its status"
	case codes.Unimplemented:
		g.Why = evidence.Unserved
	default:
		g.Unlock = etcdAccess(g.Note, src.From)
	}
	return g
}

// etcdAccess is what would help, as far as the reason tells.
func etcdAccess(note, hostPort string) string {
	switch {
	case strings.Contains(note, "x509: certificate signed by unknown authority"):
		return "--etcd-cacert with the CA of that etcd (kubeadm: /etc/kubernetes/pki/etcd/ca.crt)"
	case strings.Contains(note, "certificate required"), strings.Contains(note, "bad certificate"):
		return "--etcd-cert and --etcd-key of a client of that etcd (kubeadm: /etc/kubernetes/pki/etcd/healthcheck-client.crt and .key)"
	}
	reach := "run kaudit where it can reach " + hostPort
	switch {
	case strings.HasSuffix(note, ": EOF"): // how etcd answers plain text where it speaks TLS
		return "https:// in --etcd-endpoints if that etcd speaks TLS, else " + reach
	case strings.Contains(note, "does not look like a TLS handshake"):
		return "http:// in --etcd-endpoints: that port does not speak TLS"
	}
	return reach
}

func codeOf(err error) codes.Code {
	if e, ok := errors.AsType[interface {
		error
		Code() codes.Code
	}](err); ok {
		return e.Code() // etcd's own errors
	}
	return status.Code(err)
}

// etcdReason takes the wrappings of gRPC off what went wrong.
func etcdReason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || codeOf(err) == codes.DeadlineExceeded {
		return fmt.Sprintf("no answer within %v", etcdTimeout)
	}
	text := err.Error()
	if s, ok := status.FromError(err); ok {
		text = s.Message()
	}
	for _, prefix := range []string{"connection error: desc = ", `"`, "transport: ", "Error while dialing: ", "authentication handshake failed: ", "error reading server preface: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return oneLine(strings.TrimSuffix(text, `"`))
}
