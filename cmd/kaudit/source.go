package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/collect"
	"github.com/kaudit/kaudit/evidence"
)

// demo was recorded by collect; demo/README.md says of what.
//
//go:embed demo/snapshot.json.gz
var demo []byte

// collection is what the flags of scan and collect say about where evidence comes from.
type collection struct {
	conn                      connection
	etcdEndpoints             []string
	etcdCA, etcdCert, etcdKey string
	window                    time.Duration
	nodeSample                int
	timeout                   time.Duration
	verbose                   int
}

// live are the flags that only mean something where a cluster is asked.
var live = []string{"etcd-endpoints", "etcd-cacert", "etcd-cert", "etcd-key", "window", "node-sample", "timeout"}

func collectionFlags(cmd *cobra.Command) *collection {
	c := &collection{conn: connectionFlags(cmd)}
	f := cmd.Flags()
	f.StringSliceVar(&c.etcdEndpoints, "etcd-endpoints", nil, "client URLs of etcd members, to ask etcd itself")
	f.StringVar(&c.etcdCA, "etcd-cacert", "", "certificate of the authority that signed etcd's certificates")
	f.StringVar(&c.etcdCert, "etcd-cert", "", "client certificate for etcd")
	f.StringVar(&c.etcdKey, "etcd-key", "", "key of the client certificate for etcd")
	f.DurationVar(&c.window, "window", 10*time.Second, "time between the two scrapes that rates are read from; 0: one scrape, no rates")
	f.IntVar(&c.nodeSample, "node-sample", 20, "nodes whose kubelets are asked, spread over the cluster; smaller clusters are asked whole")
	f.DurationVar(&c.timeout, "timeout", 2*time.Minute, "of the whole collection")
	f.CountVarP(&c.verbose, "verbose", "v", "say what was asked in vain (-vv: every request)")
	return c
}

func (c *collection) validate() error {
	switch {
	case c.window < 0:
		return usage("--window %s is negative; 0 makes one scrape", c.window)
	case c.nodeSample < 0:
		return usage("--node-sample %d is negative; 0 asks no kubelet", c.nodeSample)
	case c.timeout <= 0:
		return usage("--timeout %s leaves no time; give it more", c.timeout)
	case c.timeout <= c.window:
		return usage("--timeout %s ends before --window %s is over; give it more", c.timeout, c.window)
	case len(c.etcdEndpoints) == 0 && (c.etcdCA != "" || c.etcdCert != "" || c.etcdKey != ""):
		return usage("--etcd-cacert, --etcd-cert and --etcd-key say how to ask etcd, but nothing says where; add --etcd-endpoints")
	case (c.etcdCert == "") != (c.etcdKey == ""):
		return usage("--etcd-cert and --etcd-key belong together; give both")
	}
	for _, f := range [][2]string{{"--etcd-cacert", c.etcdCA}, {"--etcd-cert", c.etcdCert}, {"--etcd-key", c.etcdKey}} {
		if f[1] == "" {
			continue
		}
		if _, err := os.ReadFile(f[1]); err != nil {
			return usage("%s %s: %w; it wants a PEM file", f[0], f[1], bare(err))
		}
	}
	return nil
}

// collect asks the cluster.
func (c *collection) collect(ctx context.Context, e env) (*evidence.Snapshot, error) {
	log := newLogger(e.stderr, c.verbose)
	cfg, name, err := c.conn.config()
	if errors.Is(err, errNoCluster) {
		if len(c.etcdEndpoints) == 0 {
			return nil, noAudit("%w; pass --kubeconfig, or see what it looks like with %s scan --demo", err, e.name)
		}
		log.Info("no kubeconfig: only etcd is asked")
	} else if err != nil {
		return nil, err
	}
	requestTimeout, err := c.requestTimeout(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	show, done := progress(e, c.window)
	defer done()
	s, err := collect.Run(ctx, collect.Options{
		Config: cfg, ClusterName: name, Kaudit: thisBuild().Version,
		Window: c.window, NodeSample: c.nodeSample, Timeout: requestTimeout,
		EtcdEndpoints: c.etcdEndpoints, EtcdCA: c.etcdCA, EtcdCert: c.etcdCert, EtcdKey: c.etcdKey,
		Log: log, Progress: show, Now: time.Now,
	})
	var options *collect.OptionsError
	switch {
	case err == nil:
		for _, line := range silentEtcd(s) {
			done()
			fmt.Fprintf(e.stderr, "kaudit: %s\n", oneLine(line))
		}
		return s, nil
	case errors.Is(err, context.Canceled):
		return nil, noAudit("interrupted before the evidence was complete; nothing was written")
	case errors.As(err, &options):
		return nil, usage("%w", err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, noAudit("%s: the collection was not over within --timeout %s; see whether it answers at all, and if so give it more time or a smaller --node-sample", asked(cfg, c.etcdEndpoints), c.timeout)
	case cfg == nil:
		return nil, noAudit("ask etcd at %s: %w", strings.Join(c.etcdEndpoints, ", "), err)
	}
	return nil, unreachable(err, cfg)
}

// silentEtcd names the members that --etcd-endpoints asked in vain. The report has them among all that
// is skipped; who typed the flags wants to know at once.
func silentEtcd(s *evidence.Snapshot) []string {
	scraped := map[string]bool{}
	for _, o := range s.EtcdMetrics {
		scraped[o.Of] = scraped[o.Of] || o.Seen() && o.Source.Via == "etcd"
	}
	var lines []string
	for _, o := range s.EtcdStatus {
		if o.Gap == nil || scraped[o.Of] || o.Source.Via != "etcd" || o.Gap.Why == evidence.NotAsked {
			continue
		}
		line := fmt.Sprintf("%s, of --etcd-endpoints, was asked in vain: %s", o.Of, o.Gap.Note)
		if o.Gap.Unlock != "" {
			line += "; " + o.Gap.Unlock
		}
		lines = append(lines, line)
	}
	return lines
}

// requestTimeout is kubectl's --request-timeout; 0 leaves it to the collector.
func (c *collection) requestTimeout(cfg *rest.Config) (time.Duration, error) {
	if cfg == nil || cfg.Timeout == 0 {
		return 0, nil
	}
	if cfg.Timeout < 0 {
		return 0, usage("--request-timeout %s is negative", cfg.Timeout)
	}
	return cfg.Timeout, nil
}

// saved reads a snapshot from a file, or from standard input.
func saved(e env, path string) (*evidence.Snapshot, error) {
	r := e.stdin
	name := "standard input"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, usage("read snapshot %s: %w; %s collect -o FILE writes one", path, bare(err), e.name)
		}
		defer f.Close() //nolint:errcheck // only read
		r, name = f, path
	}
	s, err := evidence.Load(r)
	if err != nil {
		return nil, usage("snapshot %s %w", name, err)
	}
	return s, nil
}

// recorded is the snapshot inside the binary.
func recorded() (*evidence.Snapshot, error) {
	s, err := evidence.Load(bytes.NewReader(demo))
	if err != nil {
		return nil, fmt.Errorf("the demo inside this program %w", err)
	}
	return s, nil
}

// exclusive refuses flags that ask for two different clusters.
func exclusive(cmd *cobra.Command, c *collection, demo bool, snapshot string, files []string) error {
	one := ""
	switch {
	case demo && len(files) > 0, snapshot != "" && len(files) > 0:
		return usage("-f reads files, and --demo and --snapshot what was collected before; choose one")
	case demo && snapshot != "":
		return usage("--demo and --snapshot are two sources; choose one")
	case demo:
		one = "--demo"
	case snapshot != "":
		one = "--snapshot"
	default:
		return nil
	}
	for _, name := range slices.Concat(c.conn.names, live) {
		if cmd.Flags().Changed(name) {
			return usage("%s was collected before, so --%s can change nothing; leave one of them out", one, name)
		}
	}
	return nil
}

// asked names whom a collection was from.
func asked(cfg *rest.Config, etcdEndpoints []string) string {
	if cfg == nil {
		return "ask etcd at " + strings.Join(etcdEndpoints, ", ")
	}
	return "ask " + serverOf(cfg)
}
