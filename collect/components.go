package collect

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/evidence"
)

// component is how a component other than kube-apiserver is asked, in a port-forward to its pod:
// kubeadm binds them to 127.0.0.1, where nothing else leads.
type component struct {
	name      string
	port      int  // by default, of HTTPS with Kubernetes' own authentication
	flagz     bool // serves /flagz
	plainHTTP bool // etcd: metrics on a port of their own, without any authentication
}

var components = []component{
	{name: "kube-controller-manager", port: 10257, flagz: true},
	{name: "kube-scheduler", port: 10259, flagz: true},
	{name: "etcd", port: 2381, plainHTTP: true},
	{name: "etcd-events", port: 2381, plainHTTP: true},
}

// inPod is the place of a component in a port-forward to its pod; nil with the reason if its flags
// say that there is none.
func (c *client) inPod(k component, pod *evidence.ControlPod, flags evidence.Observed[evidence.Flags]) (*base, *evidence.Gap) {
	port, gap := k.portOf(flags)
	if gap != nil {
		return nil, gap
	}
	t := c.tunnelTo(pod)
	rt := &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return t.dial(ctx, port) },
		TLSHandshakeTimeout: directDialTimeout,
	}
	b := &base{via: "port-forward", name: fmt.Sprintf("pod %s port %d", t.name(), port), url: &url.URL{Scheme: "http", Host: "localhost"}}
	var wrapped http.RoundTripper = rt
	if !k.plainHTTP {
		b.url.Scheme = "https"
		var err error
		if wrapped, err = c.authenticated(rt); err != nil {
			return nil, &evidence.Gap{Why: evidence.Unreachable, Note: err.Error()}
		}
	}
	b.http = c.guarded(wrapped, new(atomic.Int64), make(chan struct{}, 1), min(kubeletTimeout, c.opts.Timeout))
	return b, nil
}

// authenticated sends the caller's credentials to kube-controller-manager and kube-scheduler.
//
// Their certificates are self-signed in memory at each start, so there is nothing to verify them
// against. What says who answers is the tunnel: kube-apiserver, whose certificate was verified, leads
// to the kubelet of the pod's node, and the kubelet to that pod; distrust says which pods may be
// meant. A client certificate cannot be stolen by answering there. A bearer token could, by who may run
// a host-network process on a control-plane node and finds the port free. A password is never sent.
func (c *client) authenticated(rt *http.Transport) (http.RoundTripper, error) {
	cfg := rest.CopyConfig(c.config)
	cfg.Username, cfg.Password = "", ""
	tlsConfig, err := rest.TLSConfigFor(cfg)
	if err != nil {
		return nil, err
	}
	if tlsConfig == nil {
		tlsConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	rt.TLSClientConfig = tlsConfig.Clone()
	rt.TLSClientConfig.InsecureSkipVerify = true // see above
	rt.TLSClientConfig.ServerName = "localhost"
	rt.TLSClientConfig.VerifyConnection = nil
	rt.ForceAttemptHTTP2 = true
	return rest.HTTPWrappersForConfig(cfg, rt)
}

// distrust says why no credentials go to a pod; nil if they may. Labels are whatever the pod's creator
// wrote. But only a file on its node makes a static pod, and only an administrator, not the node
// itself, gives a node the role of the control plane; the kubelet runs no mirror pod that somebody made
// up. These servers know no impersonation: they would answer by the caller's own rights, which the
// caller wanted left aside.
func (c *client) distrust(pod *evidence.ControlPod, nodes evidence.Nodes) *evidence.Gap {
	name := pod.Namespace + "/" + pod.Name
	onControlPlane := slices.ContainsFunc(nodes.Items, func(n evidence.Node) bool { return n.ControlPlane && n.Name == pod.Node })
	as := c.config.Impersonate
	switch {
	case !pod.Ready:
		return &evidence.Gap{Why: evidence.Unreachable, Note: strings.TrimSpace(fmt.Sprintf("its pod %s is not ready %s", name, pod.Waiting))}
	case as.UserName != "" || as.UID != "" || len(as.Groups) > 0 || len(as.Extra) > 0:
		return &evidence.Gap{
			Why: evidence.NotAsked, Note: fmt.Sprintf("%s knows no impersonation (--as), and the caller's own rights are not used in its stead", pod.Component),
			Unlock: "run kaudit without --as, with credentials of that user",
		}
	case !pod.Static:
		return &evidence.Gap{Why: evidence.NotAsked, Note: "credentials go to static pods of the control plane only, and " + name + " is none"}
	case !onControlPlane:
		return &evidence.Gap{
			Why: evidence.NotAsked, Note: fmt.Sprintf("credentials go to control-plane nodes only, and no label says that %s, of pod %s, is one", pod.Node, name),
			Unlock: "permission to list nodes, and the label node-role.kubernetes.io/control-plane on that node",
		}
	}
	return nil
}

// portOf tells on which port a component tells its metrics.
func (k component) portOf(flags evidence.Observed[evidence.Flags]) (int, *evidence.Gap) {
	if k.plainHTTP {
		return k.metricsPort(flags)
	}
	if !flags.Seen() {
		return k.port, nil
	}
	set := flags.Value.Setting("secure-port")
	p, err := strconv.Atoi(set.Value)
	switch {
	case set.Known() && err == nil && p == 0:
		return 0, &evidence.Gap{Why: evidence.Unserved, Note: "serves no metrics: --secure-port is 0"}
	case set.Known() && err == nil:
		return p, nil
	}
	return k.port, nil
}

// metricsPort is where an etcd tells its metrics without asking for a certificate.
func (k component) metricsPort(flags evidence.Observed[evidence.Flags]) (int, *evidence.Gap) {
	if !flags.Seen() || flags.Value.Opaque != "" {
		return k.port, nil // kubeadm's and RKE2's
	}
	set := flags.Value.Setting("listen-metrics-urls")
	for _, each := range append([]string{set.Value}, set.All...) {
		for raw := range strings.SplitSeq(each, ",") {
			u, err := url.Parse(strings.TrimSpace(raw))
			if err != nil || u.Scheme != "http" {
				continue
			}
			if p, err := strconv.Atoi(u.Port()); err == nil {
				return p, nil
			}
		}
	}
	return 0, &evidence.Gap{
		Why:  evidence.NotAsked,
		Note: "tells its metrics only to holders of a client certificate: --listen-metrics-urls names no plain http address",
	}
}

// readComponent asks one pod for its flags in force and its metrics, and a scheduler for its configuration.
func (c *client) readComponent(ctx context.Context, k component, pod *evidence.ControlPod, nodes evidence.Nodes, flags evidence.Observed[evidence.Flags]) (*process, evidence.Observed[evidence.SchedulerConfig]) {
	p := &process{component: k.name, subject: pod.Subject}
	src := evidence.Source{Via: "port-forward", From: "pod " + pod.Namespace + "/" + pod.Name, Ask: "GET /metrics", At: c.now()}
	missed := func(g evidence.Gap) (*process, evidence.Observed[evidence.SchedulerConfig]) {
		p.miss(g, src)
		return p, evidence.Miss[evidence.SchedulerConfig](p.subject, g, src)
	}
	var gap *evidence.Gap
	if !k.plainHTTP {
		gap = c.distrust(pod, nodes)
	}
	if gap != nil {
		return missed(*gap)
	}
	if p.base, gap = c.inPod(k, pod, flags); gap != nil {
		return missed(*gap)
	}
	if k.flagz {
		if err := c.readFlagz(ctx, p); !reached(err) {
			return missed(*p.flagz.Gap) // asking for more would only wait as long again
		}
	}
	var config evidence.Observed[evidence.SchedulerConfig]
	if k.name == "kube-scheduler" {
		config = c.schedulerConfig(ctx, p)
	}
	c.readMetrics(ctx, p, nil)
	return p, config
}

// schedulerConfig asks a scheduler for its configuration in force.
func (c *client) schedulerConfig(ctx context.Context, p *process) evidence.Observed[evidence.SchedulerConfig] {
	r := request{Path: "/configz", Limit: 1 << 20, Permission: "get /configz (a non-resource URL)", Base: p.base}
	src := c.source(r)
	body, _, err := c.get(ctx, r)
	if err != nil {
		return evidence.Miss[evidence.SchedulerConfig](p.subject, gapOf(err, r), src)
	}
	defer body.Close() //nolint:errcheck // it was read to its end, or the error is told
	var config evidence.SchedulerConfig
	raw, err := io.ReadAll(body)
	if err == nil {
		config, err = evidence.ParseSchedulerConfigz(raw)
	}
	if err != nil {
		return evidence.Miss[evidence.SchedulerConfig](p.subject, gapOf(err, r), src)
	}
	return evidence.See(p.subject, config, src)
}
