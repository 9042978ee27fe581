//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/kaudit/kaudit/e2e/build"
	"github.com/kaudit/kaudit/e2e/loopback"
)

// Clients of known habit against two API servers, of the newest minor and of one where a LIST with no
// resourceVersion goes to etcd. Each counts what it did, and the API servers count what etcd did for it: the
// audit logs must tell the same.
func TestRequests(t *testing.T) {
	for _, version := range []string{build.Kubernetes, build.Older} {
		t.Run(version, func(t *testing.T) {
			c := startHabitat(t, version, 2)
			did := live(t, c, habits(version))
			if t.Failed() {
				return
			}
			logs := settledLogs(t, c)
			t.Run("logs", func(t *testing.T) { wantReport(t, c, version, did, slices.Concat(logs...)) })
			t.Run("merge", func(t *testing.T) { wantMerged(t, logs) })
			t.Run("scan", func(t *testing.T) { wantOffender(t, c, version, slices.Concat(settledLogs(t, c)...)) })
			t.Run("metrics", func(t *testing.T) { metricsAlone(t, c, version) })
		})
	}
}

// A deed is what clients of one name did with one resource.
type deed struct{ agent, resource string }

// did is what all clients did, by their own count, and what etcd did for them by the servers'.
type did struct {
	rows map[row]counts
	etcd map[deed]reading
}

// live lets one client after the other loose, each its habit.
func live(t *testing.T, c *loopback.Cluster, hs []habit) did {
	t.Helper()
	forget(t, c)
	var counted ledger
	want := did{map[row]counts{}, map[deed]reading{}}
	for _, h := range hs {
		cfg := counted.client(h.who.config(t, c), h.who.user, h.agent)
		for r, n := range h.want {
			r.user, r.agent = h.who.user, h.agent
			want.rows[r] = want.rows[r].plus(n)
		}
		before := etcdReads(t, c)
		for i := range c.Config.APIServers {
			if h.on >= 0 && h.on != i {
				continue
			}
			cfg.Host = "https://" + c.APIServerAddr(i)
			client, err := kubernetes.NewForConfig(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.do(t.Context(), client); err != nil {
				t.Errorf("%s: %v", h.agent, err)
			}
		}
		for resource, n := range since(etcdReads(t, c), before) {
			d := deed{h.agent, resource}
			want.etcd[d] = want.etcd[d].plus(n)
		}
	}
	wantRows(t, "the clients themselves", counted.all(), want.rows)
	return want
}

// forget lets etcd drop its oldest revisions.
func forget(t *testing.T, c *loopback.Cluster) {
	t.Helper()
	etcd, err := c.Etcd()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = etcd.Close() }()
	if _, err := etcd.Compact(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
}

// settledLogs are copies of what the API servers have written, by server: the rotated logs are packed by then.
func settledLogs(t *testing.T, c *loopback.Cluster) [][]string {
	t.Helper()
	dir := t.TempDir()
	var out [][]string
	for _, log := range c.AuditLogs() {
		pattern := strings.TrimSuffix(log, ".log") + "*"
		err := c.Until(t.Context(), time.Minute, "rotated logs to be packed", nil, func(context.Context) error {
			names, err := filepath.Glob(pattern)
			if err != nil {
				return err
			}
			for _, n := range names {
				if packed := strings.HasSuffix(n, ".gz"); n != log && (!packed || slices.Contains(names, strings.TrimSuffix(n, ".gz"))) {
					return fmt.Errorf("%s is not packed", n)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		var copies []string
		for _, n := range names {
			copies = append(copies, filepath.Join(dir, filepath.Base(n)))
			copyFile(t, n, copies[len(copies)-1])
		}
		out = append(out, copies)
	}
	return out
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	src, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	dst, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
}
