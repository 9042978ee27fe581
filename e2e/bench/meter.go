package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kaudit/kaudit/e2e/loopback"
)

// A sample is one measured run.
type sample struct {
	wall, cpu         time.Duration
	memory            int64 // at most, resident
	requests, sampled int   // seen in the audit logs; sampled is the part for single nodes
	bytes             int64 // received by kaudit on the wire
	code              int
}

// A meter runs kaudit and measures it from outside: requests by the servers' audit logs, bytes by a
// proxy that every connection goes through, also those to single API servers.
type meter struct {
	cluster    *loopback.Cluster
	proxy      net.Listener
	received   atomic.Int64
	kubeconfig string
}

func newMeter(ctx context.Context, c *loopback.Cluster) (*meter, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &meter{cluster: c, proxy: l, kubeconfig: filepath.Join(c.Config.Dir, "measured.kubeconfig")}
	cfg, err := clientcmd.LoadFromFile(c.Kubeconfig())
	if err != nil {
		return nil, err
	}
	for _, cl := range cfg.Clusters {
		cl.ProxyURL = "http://" + l.Addr().String()
	}
	if err := clientcmd.WriteToFile(*cfg, m.kubeconfig); err != nil {
		return nil, err
	}
	go m.serve(ctx)
	return m, nil
}

func (m *meter) close() { _ = m.proxy.Close() }

func (m *meter) serve(ctx context.Context) {
	for {
		c, err := m.proxy.Accept()
		if err != nil {
			return // closed
		}
		go m.connect(ctx, c)
	}
}

// connect serves one CONNECT and counts what comes back.
func (m *meter) connect(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	r := bufio.NewReader(client)
	req, err := http.ReadRequest(r)
	if err != nil || req.Method != http.MethodConnect {
		return
	}
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", req.Host)
	if err != nil {
		_, _ = io.WriteString(client, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return
	}
	defer func() { _ = server.Close() }()
	if _, err := io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(server, r) // ends when kaudit hangs up
		_ = server.Close()
	})
	n, _ := io.Copy(client, server)
	m.received.Add(n)
	_ = client.Close()
	up.Wait()
}

// median is the run of median time out of several.
func (m *meter) median(ctx context.Context, runs int, kaudit string, window time.Duration) (sample, error) {
	var all []sample
	for range max(runs, 1) {
		s, err := m.run(ctx, kaudit, window)
		if err != nil {
			return sample{}, err
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b sample) int { return cmp.Compare(a.wall, b.wall) })
	return all[len(all)/2], nil
}

func (m *meter) run(ctx context.Context, kaudit string, window time.Duration) (sample, error) {
	marks := map[string]int64{}
	for _, p := range m.cluster.AuditLogs() {
		info, err := os.Stat(p)
		if err != nil {
			return sample{}, err
		}
		marks[p] = info.Size()
	}
	before := m.received.Load()
	cmd := exec.CommandContext(ctx, kaudit, "scan", "--kubeconfig", m.kubeconfig, "--window", window.String(), "-o", "json")
	cmd.Env = []string{"HOME=" + m.cluster.Config.Dir}
	var stderr bytes.Buffer
	cmd.Stderr, cmd.Stdout = &stderr, io.Discard
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return sample{}, err
	}
	ended := make(chan struct{})
	var peak int64
	var watch sync.WaitGroup
	watch.Go(func() { peak = watchMemory(cmd.Process.Pid, ended) })
	err := cmd.Wait()
	s := sample{wall: time.Since(start)}
	close(ended)
	watch.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return sample{}, err
	}
	s.code, s.memory = cmd.ProcessState.ExitCode(), peak
	if s.code > 1 {
		return sample{}, fmt.Errorf("kaudit ended with %d: %s", s.code, stderr.String())
	}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.cpu = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	time.Sleep(300 * time.Millisecond) // the proxy notices the end of its connections
	s.bytes = m.received.Load() - before
	s.requests, s.sampled, err = requestsSince(marks)
	return s, err
}

// watchMemory reads the high-water mark of a process until it ends. What the kernel reports at its
// end would include the memory of whoever started it.
func watchMemory(pid int, ended <-chan struct{}) int64 {
	var peak int64
	for {
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
			for l := range strings.Lines(string(b)) {
				var kib int64
				if n, _ := fmt.Sscanf(l, "VmHWM: %d kB", &kib); n == 1 {
					peak = max(peak, kib<<10)
				}
			}
		}
		select {
		case <-ended:
			return peak
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// requestsSince counts kaudit's lines in the audit logs beyond the marks.
func requestsSince(marks map[string]int64) (all, sampled int, err error) {
	for path, offset := range marks {
		raw, err := os.ReadFile(path)
		if err != nil {
			return 0, 0, err
		}
		for line := range bytes.Lines(raw[offset:]) {
			if !bytes.Contains(line, []byte(`"userAgent":"kaudit/`)) {
				continue
			}
			var e struct {
				RequestURI string
				ObjectRef  struct{ Resource, Subresource string }
			}
			if err := json.Unmarshal(line, &e); err != nil {
				return 0, 0, err
			}
			all++
			if (e.ObjectRef.Resource == "nodes" && e.ObjectRef.Subresource == "proxy") || strings.Contains(e.RequestURI, "spec.nodeName") {
				sampled++
			}
		}
	}
	return all, sampled, nil
}
