package collect

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kaudit/kaudit/evidence"
)

// headStart is what a direct connection has before a port-forward is tried beside it.
const headStart = 300 * time.Millisecond

// instance is one kube-apiserver, as far as its pods and the Service default/kubernetes tell.
type instance struct {
	process
	pod       *evidence.ControlPod
	addresses []string // host:port of its own, best first
	port      int      // in its pod
	tried     []string // in vain, with the reason
	unlock    string   // what would help, if not another place or the right to port-forward
}

// instancesOf joins what pods and endpoints tell of the kube-apiservers.
func instancesOf(pods []evidence.ControlPod, flags evidence.Instances[evidence.Flags], endpoints []evidence.Endpoint) []*instance {
	var all []*instance
	for i := range pods {
		if pods[i].Component != "kube-apiserver" {
			continue
		}
		in := &instance{process: process{component: "kube-apiserver", subject: pods[i].Subject}, pod: &pods[i], port: 6443}
		in.addresses = in.ownAddresses(flags.Of(pods[i].Subject))
		all = append(all, in)
	}
	ownOnly(all)
	for _, e := range endpoints {
		address := net.JoinHostPort(e.Address, strconv.Itoa(e.Port))
		at := slices.IndexFunc(all, func(in *instance) bool { return slices.Contains(in.addresses, address) })
		if at < 0 {
			at = slices.IndexFunc(all, func(in *instance) bool { return in.has(e.Address) })
		}
		if at < 0 {
			in := &instance{process: process{component: "kube-apiserver", subject: subjectOf("kube-apiserver", address)}}
			in.addresses = []string{address}
			all = append(all, in)
		}
	}
	return all
}

// ownOnly takes an address that several instances advertise, a balancer's, from all of them.
func ownOnly(all []*instance) {
	count := map[string]int{}
	for _, in := range all {
		for _, a := range in.addresses {
			count[a]++
		}
	}
	for _, in := range all {
		if len(in.addresses) > 0 && count[in.addresses[0]] > 1 {
			in.addresses = nil
			if own := net.JoinHostPort(in.pod.HostIP, strconv.Itoa(in.port)); in.pod.HostIP != "" && count[own] == 0 {
				in.addresses = []string{own}
			}
		}
	}
}

// ownAddresses are where the flags of an instance say that it listens.
func (in *instance) ownAddresses(flags evidence.Observed[evidence.Flags]) []string {
	host := in.pod.HostIP
	if flags.Seen() {
		if p, err := strconv.Atoi(flags.Value.Setting("secure-port").Value); err == nil && p > 0 {
			in.port = p
		}
		if a := flags.Value.Setting("advertise-address").Value; net.ParseIP(a) != nil {
			host = a
		}
		if b := net.ParseIP(flags.Value.Setting("bind-address").Value); b != nil && !b.IsUnspecified() {
			host = b.String()
		}
	}
	if host == "" {
		return nil
	}
	return []string{net.JoinHostPort(host, strconv.Itoa(in.port))}
}

// has reports whether an IP address is the instance's own.
func (in *instance) has(ip string) bool {
	return (in.pod != nil && in.pod.HostIP == ip) || slices.ContainsFunc(in.addresses, func(a string) bool {
		host, _, err := net.SplitHostPort(a)
		return err == nil && host == ip
	})
}

// readInstances asks each instance by its own address. If none can be reached so, whichever one
// the kubeconfig's server leads to is asked. Each first scrape is shown to told while the window passes.
func (c *client) readInstances(ctx context.Context, all []*instance, told func(*evidence.Scrape)) []*instance {
	var g errgroup.Group
	for _, in := range all {
		g.Go(func() error { c.readInstance(ctx, in, told); return nil })
	}
	_ = g.Wait() // no goroutine returns an error
	all = distinct(all)
	if !slices.ContainsFunc(all, func(in *instance) bool { return in.base != nil }) {
		all = c.readAnyInstance(ctx, all, told)
	}
	return all
}

func (c *client) readInstance(ctx context.Context, in *instance, told func(*evidence.Scrape)) {
	in.base = c.reach(ctx, in)
	if in.base != nil {
		c.readLoad(ctx, &in.process, told)
		return
	}
	in.miss(unreached(in), evidence.Source{Via: "apiserver", From: strings.Join(in.addresses, ", "), Ask: "GET /metrics", At: c.now()})
}

func unreached(in *instance) evidence.Gap {
	g := evidence.Gap{Why: evidence.Unreachable, Note: "could not be reached by an address of its own: " + strings.Join(in.tried, "; ")}
	if len(in.tried) == 0 {
		g.Note = "no address of its own is known"
	}
	if g.Unlock = in.unlock; g.Unlock != "" {
		return g
	}
	var ways []string
	if len(in.addresses) > 0 {
		ways = append(ways, "run kaudit where it can reach "+in.addresses[0])
	}
	if in.pod != nil {
		ways = append(ways, fmt.Sprintf("grant create pods/portforward in %s (kaudit rbac)", in.pod.Namespace))
	}
	g.Unlock = strings.Join(ways, ", or ")
	return g
}

// way is one way to an instance.
type way struct {
	name  string
	after time.Duration
	open  func() (*base, error)
}

func (c *client) ways(in *instance) []way {
	var ws []way
	for _, a := range in.addresses {
		if a == c.home.name {
			own := *c.home             // its connection is there
			own.shared = in.pod == nil // an EndpointSlice may hold the balancer's address, a pod's flags tell its own
			return []way{{name: a, open: func() (*base, error) { return &own, nil }}}
		}
		if c.config.Insecure {
			continue // its user took the risk of one server, not of every address that it names
		}
		// Over plain HTTP something else (kubectl proxy) holds the credentials and what verifies the server.
		if c.home.url.Scheme == "https" {
			ws = append(ws, way{name: a, open: func() (*base, error) { return c.direct(a) }})
		}
	}
	if in.pod != nil && !c.config.Insecure {
		t := c.tunnelTo(in.pod)
		w := way{name: "port-forward to pod " + t.name(), open: func() (*base, error) { return c.through(t, in.port) }}
		if len(ws) > 0 {
			w.after = headStart
		}
		ws = append(ws, w)
	}
	return ws
}

// reach finds a place where the instance answers. Asking for its flags shows that, and is wanted anyway.
func (c *client) reach(ctx context.Context, in *instance) *base {
	type outcome struct {
		way  way
		p    process
		note string
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // of those that lost the race
	ws := c.ways(in)
	if len(ws) == 0 && c.config.Insecure {
		in.tried = append(in.tried, "the kubeconfig verifies no certificate (insecure-skip-tls-verify), so its credentials go to its own server only")
		in.unlock = "certificate-authority in the kubeconfig instead of insecure-skip-tls-verify"
	}
	outcomes := make(chan outcome, len(ws))
	hurry := make(chan struct{}) // closed once a way is known to lead nowhere
	for _, w := range ws {
		go func() {
			select {
			case <-time.After(w.after):
			case <-hurry:
			case <-ctx.Done():
			}
			o := outcome{way: w, p: process{component: in.component, subject: in.subject}}
			err := c.try(ctx, w, &o.p)
			if !reached(err) {
				o.note = strings.TrimPrefix(gapOf(err, flagzRequest(o.p.base)).Note, "GET /flagz: ")
			}
			outcomes <- o
		}()
	}
	var winner *base
	for range ws {
		o := <-outcomes
		switch {
		case winner != nil: // it came too late, or was cancelled
		case o.note == "":
			winner, in.flagz = o.p.base, o.p.flagz
			cancel()
		default:
			in.tried = append(in.tried, o.way.name+": "+strings.TrimPrefix(o.note, o.way.name+": ")) // a tunnel names its pod itself
			if len(in.tried) == 1 {
				close(hurry)
			}
		}
	}
	return winner
}

func (c *client) try(ctx context.Context, w way, p *process) error {
	if ctx.Err() != nil {
		return &cutError{ctx.Err()} // another way was quicker
	}
	var err error
	if p.base, err = w.open(); err != nil {
		return &cutError{err}
	}
	return c.readFlagz(ctx, p)
}

// readAnyInstance asks whichever instance answers at the kubeconfig's server. It stands for an
// instance only if there is but one.
func (c *client) readAnyInstance(ctx context.Context, all []*instance, told func(*evidence.Scrape)) []*instance {
	in := &instance{process: process{component: "kube-apiserver", subject: subjectOf("kube-apiserver", c.home.name)}}
	if len(all) == 1 {
		in = all[0]
	} else {
		all = append(all, in)
	}
	in.base = c.home
	if err := c.readFlagz(ctx, &in.process); !reached(err) {
		c.log.Info("no flags from the kubeconfig's server either")
	}
	c.readLoad(ctx, &in.process, told)
	return all
}
