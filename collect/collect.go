package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/evidence"
)

// Options say what to collect from.
type Options struct {
	Config      *rest.Config // nil: no cluster, only etcd
	ClusterName string       // as the kubeconfig calls it
	Kaudit      string       // the version that collects

	Window     time.Duration // between two scrapes; 0: one scrape
	NodeSample int           // nodes whose kubelets are asked
	Timeout    time.Duration // of one request; 0: 15 s

	EtcdEndpoints             []string // client URLs; none: etcd's own API is not asked
	EtcdCA, EtcdCert, EtcdKey string   // PEM files

	Log      *slog.Logger
	Progress func(stage string, done, total int) // may be nil; never called twice at the same time
	Now      func() time.Time                    // nil: the clock
}

// Run reads everything that can be read, once. What could not be is a gap in the snapshot; it is an
// error only if nothing could be collected at all.
func Run(ctx context.Context, o Options) (*evidence.Snapshot, error) {
	o.Timeout = cmp.Or(o.Timeout, 15*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	endpoints, tlsConfig, err := etcdOptions(o)
	switch {
	case err != nil:
		return nil, err
	case o.Config == nil && len(endpoints) == 0:
		return nil, &OptionsError{errors.New("nothing to collect from: neither a cluster nor --etcd-endpoints")}
	}
	c := newBareClient(o)
	if o.Config != nil {
		if c, err = newClient(o); err != nil {
			return nil, err
		}
	}
	defer c.close()
	r := &run{client: c, steps: &steps{report: o.Progress}, s: &evidence.Snapshot{
		Schema: evidence.Schema, Kaudit: o.Kaudit, Taken: o.Now(), Window: o.Window, Cluster: evidence.Cluster{Name: o.ClusterName},
	}}
	var etcd etcdSeen
	var g errgroup.Group
	if len(endpoints) > 0 {
		g.Go(func() error {
			defer r.steps.begin("etcd")()
			etcd = c.etcd(tlsConfig).read(ctx, endpoints)
			return nil
		})
	}
	if o.Config != nil {
		err = r.cluster(ctx)
	}
	_ = g.Wait() // it returns no error
	if !anySeen(etcd.status) && !anySeen(etcd.metrics) {
		switch {
		case err != nil:
			return nil, err
		case o.Config == nil:
			return nil, errors.New(etcd.members.Gap.Note)
		}
	}
	r.join(etcd, len(endpoints) > 0)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("collect: stopped before the end: %w", context.Cause(ctx))
	}
	onlyInFiles(r.s)
	r.s.Took = c.now().Sub(r.s.Taken)
	r.s.Cost = c.cost.total()
	c.log.Info("collected", slog.Duration("took", r.s.Took), slog.Any("cost", r.s.Cost))
	return r.s, nil
}

// onlyInFiles says of the evidence that no running cluster shows where it is read.
func onlyInFiles(s *evidence.Snapshot) {
	gap := evidence.Gap{Why: evidence.Absent, Note: "stands in files only, which scan -f reads"}
	s.KubeletFlags = evidence.Instances[evidence.Flags]{evidence.Miss[evidence.Flags]("kubelet's command line", gap, evidence.Source{})}
	s.ConfigFiles = evidence.Miss[evidence.ConfigFiles]("configuration files", gap, evidence.Source{})
	s.Documents = evidence.Instances[evidence.Document]{evidence.Miss[evidence.Document]("configuration files", gap, evidence.Source{})}
}

func anySeen[T any](in evidence.Instances[T]) bool {
	return slices.ContainsFunc(in, func(o evidence.Observed[T]) bool { return o.Seen() })
}

// run is one collection under way.
type run struct {
	*client
	s       *evidence.Snapshot
	steps   *steps
	control controlPlane
}

// cluster reads all that kube-apiserver gives or leads to. First comes what tells where the processes
// of the control plane are; they are scraped for the first time at once, and the objects are read
// while the window passes.
func (r *run) cluster(ctx context.Context) error {
	err := r.hello(ctx)
	if err != nil && len(r.opts.EtcdEndpoints) == 0 {
		return err
	}
	if err != nil {
		r.home.http.Transport = down{err} // every reader says so in its own words
		r.kubelet.Transport = down{err}
		r.log.Warn("the cluster cannot be read", slog.Any("error", err))
	}
	r.s.Cluster.Server = r.home.name
	s := r.s
	r.all(
		step{"nodes", func() { s.Nodes = readNodes(ctx, r) }},
		step{"endpoints", func() { s.APIServerEndpoints = readEndpoints(ctx, r) }},
		step{"kubeadm-config", func() { s.KubeadmConfig = readKubeadmConfig(ctx, r) }},
	)
	r.all(step{"control plane", func() { r.control = readControlPods(ctx, r, r.nodes()) }})
	s.ControlPods = r.control.pods

	minor, behaviour := 0, 0
	if s.Version.Seen() {
		minor, behaviour = s.Version.Value.Minor, s.Version.Value.Behaviour()
	}
	scraped := make(chan float64, 1) // how many pods there are
	r.all(
		step{"kube-apiserver", func() { r.apiservers(ctx, scraped) }},
		step{"kube-controller-manager, kube-scheduler, etcd", func() { r.components(ctx) }},
		step{"leases", func() {
			s.APIServerLeases = readIdentityLeases(ctx, r, minor)
			s.LeaderLeases = readLeaderLeases(ctx, r)
		}},
		step{"priority and fairness", func() {
			s.FlowSchemas = readFlowSchemas(ctx, r, minor)
			s.PriorityLevels = readPriorityLevels(ctx, r, minor)
		}},
		step{"API services", func() { s.APIServices = readAPIServices(ctx, r) }},
		step{"kubelet-config", func() { s.KubeletIntent = readKubeletIntent(ctx, r) }},
		step{"pending pods", func() { s.PendingPods = readPendingPods(ctx, r, behaviour) }},
		step{"kubelets and pods", func() { r.nodesSample(ctx, scraped) }},
	)
	_, managed := managedBy(s)
	s.Cluster.Distribution, s.Cluster.Managed = distribution(s), managed
	return err
}

func (r *run) nodes() evidence.Nodes {
	if r.s.Nodes.Seen() {
		return *r.s.Nodes.Value
	}
	return evidence.Nodes{}
}

func (r *run) controlPods() []evidence.ControlPod {
	if r.control.pods.Seen() {
		return *r.control.pods.Value
	}
	return nil
}

// apiservers reads every kube-apiserver. How many pods there are is told as soon as one has said so.
func (r *run) apiservers(ctx context.Context, pods chan<- float64) {
	defer close(pods)
	var endpoints []evidence.Endpoint
	if r.s.APIServerEndpoints.Seen() {
		endpoints = *r.s.APIServerEndpoints.Value
	}
	var once sync.Once
	told := func(s *evidence.Scrape) {
		for _, family := range []string{"apiserver_resource_objects", "apiserver_storage_objects"} {
			if n, ok := s.Max(family, evidence.Is("resource", "pods")); ok {
				once.Do(func() { pods <- n })
			}
		}
	}
	all := r.readInstances(ctx, instancesOf(r.controlPods(), r.control.flags["kube-apiserver"], endpoints), told)
	nameInstances(all, r.nodes().Items)
	out := readings{component: "kube-apiserver", pods: r.control.flags["kube-apiserver"]}
	for _, in := range all {
		out.processes = append(out.processes, &in.process)
	}
	r.s.APIServerFlags, r.s.APIServerMetrics = out.fill(r.s)
	for _, p := range out.processes {
		r.s.InFlight = append(r.s.InFlight, p.inFlight)
	}
}

// components reads the other processes of the control plane, each through a port-forward to its pod.
func (r *run) components(ctx context.Context) {
	pods := r.controlPods()
	found := make([]*process, len(pods))
	configs := make([]evidence.Observed[evidence.SchedulerConfig], len(pods))
	var g errgroup.Group
	for i := range pods {
		at := slices.IndexFunc(components, func(k component) bool { return k.name == pods[i].Component })
		if at < 0 {
			continue
		}
		g.Go(func() error {
			found[i], configs[i] = r.readComponent(ctx, components[at], &pods[i], r.nodes(), r.control.flags[components[at].name].Of(pods[i].Subject))
			return nil
		})
	}
	_ = g.Wait() // no goroutine returns an error
	by := map[string]*readings{}
	for _, k := range components {
		by[k.name] = &readings{component: k.name, pods: r.control.flags[k.name]}
	}
	for i, p := range found {
		if p == nil {
			continue
		}
		by[p.component].processes = append(by[p.component].processes, p)
		if p.component == "kube-scheduler" {
			r.s.SchedulerConfig = append(r.s.SchedulerConfig, configs[i])
		}
	}
	s := r.s
	s.ControllerManagerFlags, s.ControllerManagerMetrics = by["kube-controller-manager"].fill(s)
	s.SchedulerFlags, s.SchedulerMetrics = by["kube-scheduler"].fill(s)
	s.EtcdFlags, s.EtcdMetrics = by["etcd"].fill(s)
	flags, metrics := by["etcd-events"].fill(s)
	s.EtcdFlags, s.EtcdMetrics = append(s.EtcdFlags, flags...), append(s.EtcdMetrics, metrics...)
}

// nodesSample reads the kubelets and pods of sampled nodes.
func (r *run) nodesSample(ctx context.Context, pods <-chan float64) {
	nodes := r.nodes()
	sample := sampleNodes(nodes, r.opts.NodeSample)
	if gap := r.nobodySampled(sample); gap != nil {
		r.s.KubeletConfigs = evidence.Instances[evidence.KubeletConfig]{evidence.Miss[evidence.KubeletConfig]("kubelet", *gap, r.s.Nodes.Source)}
		r.s.KubeletMetrics = evidence.Instances[evidence.Scrapes]{evidence.Miss[evidence.Scrapes]("kubelet", *gap, r.s.Nodes.Source)}
	}
	start := r.now()
	k := readKubelets(ctx, r, nodes, sample)
	count, known := <-pods
	r.s.Pods = readPods(ctx, r, nodes, sample, count, known)
	if gap := r.s.Pods.Gap; gap != nil && gap.Why == evidence.NotAsked && r.s.Nodes.Gap != nil {
		*gap = *r.s.Nodes.Gap // that is why no node was asked
	}
	if r.opts.Window > 0 && anySeen(k.scrapes) {
		if sleep(ctx, r.opts.Window-r.now().Sub(start)) == nil {
			rescrapeKubelets(ctx, r, k.scrapes)
		}
	}
	r.s.KubeletConfigs = append(r.s.KubeletConfigs, k.configs...)
	r.s.KubeletMetrics = append(r.s.KubeletMetrics, k.scrapes...)
}

// nobodySampled says why no kubelet is asked; nil if some are.
func (r *run) nobodySampled(sample []string) *evidence.Gap {
	switch {
	case r.s.Nodes.Gap != nil:
		gap := *r.s.Nodes.Gap
		return &gap
	case len(sample) > 0:
		return nil
	case len(r.nodes().Items) == 0:
		return &evidence.Gap{Why: evidence.Absent, Note: "the cluster has no node"}
	}
	return &evidence.Gap{Why: evidence.NotAsked, Note: "no node was sampled", Unlock: "--node-sample 20"}
}
