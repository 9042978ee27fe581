package collect

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/evidence"
)

// hello asks for the version: the one request whose failure means that there is nothing to read.
func (r *run) hello(ctx context.Context) error {
	req := request{Path: "/version", Limit: 1 << 20}
	src := r.source(req)
	body, header, err := r.get(ctx, req)
	var raw []byte
	if err == nil {
		r.setClock(header)
		raw, err = io.ReadAll(body)
		_ = body.Close()
	}
	var v evidence.Version
	if err == nil {
		v, err = evidence.ParseVersion(raw)
	}
	if err == nil {
		r.s.Version = evidence.See("cluster", v, src)
		return nil
	}
	r.s.Version = evidence.Miss[evidence.Version]("cluster", gapOf(err, req), src)
	return r.hopeless(ctx, err)
}

// setClock goes by the server's clock from now on: ages of Leases, pods and conditions are judged
// against it, and the clock of whoever runs kaudit may be wrong. The header has whole seconds.
func (r *run) setClock(h http.Header) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	ahead := date.Sub(r.now())
	if ahead.Abs() <= 2*time.Second {
		return
	}
	r.log.Warn("this machine's clock differs from the API server's, which is used instead", slog.Duration("ahead", -ahead))
	r.skew.Store(int64(ahead))
	r.s.Taken = r.s.Taken.Add(ahead)
}

// hopeless says what to do if the server gives nothing at all; nil if there may be more to read.
func (r *run) hopeless(ctx context.Context, err error) error {
	se, refused := errors.AsType[*statusError](err)
	_, cut := errors.AsType[*cutError](err)
	_, distrusted := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("collect: stopped before the end: %w", context.Cause(ctx))
	case distrusted:
		return fmt.Errorf("reach %s: %w; check certificate-authority and server of %s", r.home.name, err, r.configured())
	case cut:
		return fmt.Errorf("reach %s: %w; check the server of %s, and whether this machine reaches it", r.home.name, err, r.configured())
	case refused && se.code == http.StatusUnauthorized:
		return fmt.Errorf("the server %s does not accept the credentials (401): they may be expired, or of another cluster", r.home.name)
	case refused && (se.code == http.StatusForbidden || se.code == http.StatusTooManyRequests):
		return nil
	}
	return fmt.Errorf("the server %s answers like no kube-apiserver: GET /version: %w; check the server of %s", r.home.name, err, r.configured())
}

// configured is what says where the cluster is.
func (r *run) configured() string { return whoseConfig(r.config) }

// podToken is where a pod has the token of its service account.
const podToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// whoseConfig names what says where the cluster is and who asks: in a pod there is no kubeconfig.
func whoseConfig(cfg *rest.Config) string {
	if cfg != nil && cfg.BearerTokenFile == podToken {
		return "the pod's service account"
	}
	return "the kubeconfig"
}

// configFiles names the files that credentials are read from.
func configFiles(cfg *rest.Config) string {
	var files []string
	for _, f := range []string{cfg.CAFile, cfg.CertFile, cfg.KeyFile, cfg.BearerTokenFile} {
		if f != "" {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return ""
	}
	return " (" + strings.Join(files, ", ") + ")"
}

// down is the transport to a server that is known not to answer.
type down struct{ err error }

// CloseIdleConnections has none to close.
func (d down) CloseIdleConnections() {}

func (d down) RoundTrip(*http.Request) (*http.Response, error) { return nil, d.err }
