//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/e2e/loopback"
	"github.com/kaudit/kaudit/e2e/store"
)

// bulk is a namespace whose ConfigMaps are more than the buffers between a server and its client hold.
const (
	bulkObjects = 24
	bulkSize    = 900 << 10
	held        = 6 // LISTs of it
)

// hoard fills the namespace, and has one client of the second API server ask for all of it several times over
// and not read the answers, so that the requests stay under way.
func hoard(t *testing.T, c *loopback.Cluster) {
	t.Helper()
	etcd, err := c.Etcd()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = etcd.Close() }()
	for i := range bulkObjects { // one at a time: etcd takes no request of over 1.5 MiB
		err := store.Put(t.Context(), etcd, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("bulk-%02d", i), Namespace: "bulk", CreationTimestamp: metav1.Now()},
			Data:       map[string]string{"all": strings.Repeat("x", bulkSize)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := accountConfig(t, c, habitNamespace, "hoarder", nil)
	cfg.Host, cfg.UserAgent = "https://"+c.APIServerAddr(1), "hoarder/v1"
	transport := lazyTransport(t, cfg)
	begun := make(chan error)
	for range held {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cfg.Host+"/api/v1/namespaces/bulk/configmaps", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+cfg.BearerToken)
		req.Header.Set("User-Agent", cfg.UserAgent)
		go func() {
			resp, err := transport.RoundTrip(req) // its beginning
			begun <- err
			if err == nil {
				<-t.Context().Done()
				_ = resp.Body.Close()
			}
		}()
	}
	for range held {
		if err := <-begun; err != nil {
			t.Fatal(err)
		}
	}
}

// lazyTransport buffers next to nothing, and has a connection for each request.
func lazyTransport(t *testing.T, cfg *rest.Config) *http.Transport {
	t.Helper()
	tlsConfig, err := rest.TLSConfigFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	tlsConfig.NextProtos = []string{"http/1.1"}
	return &http.Transport{
		TLSClientConfig: tlsConfig, DisableCompression: true, ReadBufferSize: 4 << 10, TLSHandshakeTimeout: 10 * time.Second,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if tcp, ok := conn.(*net.TCPConn); ok {
				err = tcp.SetReadBuffer(4 << 10)
			}
			return conn, err
		},
	}
}
