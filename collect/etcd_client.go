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
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kaudit/kaudit/evidence"
)

// ErrOptions is what Run's error is if the options themselves make no sense: a file that cannot be
// read, an endpoint that is no URL.
var ErrOptions = errors.New("options")

// etcdOptions checks what was given to reach etcd. It returns the endpoints as URLs.
func etcdOptions(o Options) (endpoints []string, cfg *tls.Config, err error) {
	secure := o.EtcdCA != "" || o.EtcdCert != ""
	for _, e := range o.EtcdEndpoints {
		u, err := etcdURL(strings.TrimSpace(e), secure)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: --etcd-endpoints: %w", ErrOptions, err)
		}
		endpoints = append(endpoints, u)
	}
	cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	if o.EtcdCA != "" {
		pem, err := os.ReadFile(o.EtcdCA)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: --etcd-cacert: %w", ErrOptions, err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, nil, fmt.Errorf("%w: --etcd-cacert %s: no certificate in it", ErrOptions, o.EtcdCA)
		}
	}
	if (o.EtcdCert == "") != (o.EtcdKey == "") {
		return nil, nil, fmt.Errorf("%w: --etcd-cert and --etcd-key belong together", ErrOptions)
	}
	if o.EtcdCert != "" {
		pair, err := tls.LoadX509KeyPair(o.EtcdCert, o.EtcdKey)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: --etcd-cert %s: %w", ErrOptions, o.EtcdCert, err)
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
	return &etcdReader{sent: &c.cost.etcd, now: c.now,
		open: func(endpoint string) (etcdAPI, error) {
			return clientv3.New(clientv3.Config{
				Endpoints: []string{endpoint}, TLS: cfg, DialTimeout: etcdTimeout,
				Logger: zap.NewNop(), MaxUnaryRetries: 1, // a person waits: say what is wrong at once
			})
		},
		scrape: func(ctx context.Context, endpoint string) evidence.Observed[evidence.Scrapes] {
			u, err := url.Parse(endpoint)
			if err != nil {
				return evidence.Miss[evidence.Scrapes]("", evidence.Gap{Why: evidence.Unreachable, Note: "no URL"}, evidence.Source{})
			}
			p := process{component: "etcd", base: &base{via: "etcd", name: u.Host, url: u, http: hc}}
			c.readMetrics(ctx, &p, nil)
			return p.metrics
		},
	}
}

// etcdGap says why a call to etcd has no answer.
func etcdGap(err error, src evidence.Source) evidence.Gap {
	g := evidence.Gap{Why: evidence.Unreachable, Note: src.Ask + ": " + etcdReason(err)}
	switch codeOf(err) { //nolint:exhaustive // the others are all a member that gives no answer
	case codes.Unauthenticated, codes.PermissionDenied:
		g.Why, g.Unlock = evidence.Forbidden, "a certificate of a user that etcd lets read its status"
	case codes.InvalidArgument: // etcd's authentication is on, and nobody said who asks
		g.Why, g.Unlock = evidence.Forbidden, "a certificate of a user that etcd lets read its status"
	case codes.Unimplemented:
		g.Why = evidence.Unserved
	default:
		g.Unlock = fmt.Sprintf("run kaudit where it can reach %s, with the certificates of that etcd", src.From)
	}
	return g
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
	for _, prefix := range []string{"connection error: desc = ", `"`, "transport: ", "Error while dialing: ", "authentication handshake failed: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return oneLine(strings.TrimSuffix(text, `"`))
}
