package collect

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kaudit/kaudit/evidence"
)

// deadNodeTimeout is what a node that is not ready may cost.
const deadNodeTimeout = 3 * time.Second

// kubeletReadings are the readings of sampled kubelets. A node that is not in them was not asked, which
// is no gap: the sample is the user's choice.
type kubeletReadings struct {
	configs evidence.Instances[evidence.KubeletConfig]
	scrapes evidence.Instances[evidence.Scrapes]
}

// readKubelets asks the kubelets of the sampled nodes, through the API server, for their configuration
// and a first scrape of their metrics. If the first node's is forbidden so are all, and no other is asked.
func readKubelets(ctx context.Context, g getter, nodes evidence.Nodes, sample []string) kubeletReadings {
	ready := map[string]bool{}
	for _, n := range nodes.Items {
		ready[n.Name] = n.Ready == "True"
	}
	out := kubeletReadings{
		configs: make(evidence.Instances[evidence.KubeletConfig], len(sample)),
		scrapes: make(evidence.Instances[evidence.Scrapes], len(sample)),
	}
	var forbidden atomic.Pointer[evidence.Gap]
	ask := func(i int) {
		if forbidden.Load() == nil {
			out.configs[i], out.scrapes[i] = readKubelet(ctx, g, sample[i], ready[sample[i]])
			if gap := out.configs[i].Gap; gap != nil && gap.Why == evidence.Forbidden {
				forbidden.Store(gap)
			}
		}
	}
	first := firstReady(sample, ready)
	if first >= 0 {
		ask(first)
	}
	var group errgroup.Group // not WithContext: one node's failure must not cancel the others
	group.SetLimit(atOnce)
	for i := range sample {
		if i != first {
			group.Go(func() error { ask(i); return nil })
		}
	}
	_ = group.Wait() // no goroutine returns an error
	if gap := forbidden.Load(); gap != nil {
		src := kubeletSource(g, kubeletRequest("{node}", "configz", ""))
		out.configs = evidence.Instances[evidence.KubeletConfig]{evidence.Miss[evidence.KubeletConfig]("kubelet", *gap, src)}
		out.scrapes = evidence.Instances[evidence.Scrapes]{evidence.Miss[evidence.Scrapes]("kubelet", *gap, src)}
	}
	return out
}

func firstReady(sample []string, ready map[string]bool) int {
	for i, n := range sample {
		if ready[n] {
			return i
		}
	}
	return -1
}

// readKubelet asks one kubelet. If it does not answer the first time it is not asked again.
func readKubelet(ctx context.Context, g getter, node string, ready bool) (evidence.Observed[evidence.KubeletConfig], evidence.Observed[evidence.Scrapes]) {
	if !ready {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, deadNodeTimeout, &timeoutError{deadNodeTimeout})
		defer cancel()
	}
	subject := "kubelet/" + node
	r := kubeletRequest(node, "configz", "")
	src := kubeletSource(g, r)
	config, err := kubeletConfigz(ctx, g, r)
	if err != nil {
		gap := gapOf(err, r)
		if gap.Why != evidence.Unserved && gap.Why != evidence.Malformed {
			return evidence.Miss[evidence.KubeletConfig](subject, gap, src), evidence.Miss[evidence.Scrapes](subject, gap, src)
		}
		return evidence.Miss[evidence.KubeletConfig](subject, gap, src), firstScrape(ctx, g, node)
	}
	return evidence.See(subject, config, src), firstScrape(ctx, g, node)
}

func kubeletRequest(node, what, accept string) request {
	return request{
		Path:       "/api/v1/nodes/" + node + "/proxy/" + what,
		Accept:     accept,
		Permission: "get nodes/proxy",
		Kubelet:    true,
	}
}

func kubeletSource(g getter, r request) evidence.Source {
	src := g.source(r)
	src.Via = "kubelet"
	return src
}

func kubeletConfigz(ctx context.Context, g getter, r request) (evidence.KubeletConfig, error) {
	r.Limit = 1 << 20
	body, _, err := g.get(ctx, r)
	if err != nil {
		return evidence.KubeletConfig{}, err
	}
	defer body.Close() //nolint:errcheck // all that was wanted has been read
	raw, err := io.ReadAll(body)
	if err != nil {
		return evidence.KubeletConfig{}, err
	}
	return evidence.ParseKubeletConfigz(raw)
}

func firstScrape(ctx context.Context, g getter, node string) evidence.Observed[evidence.Scrapes] {
	subject := "kubelet/" + node
	r := kubeletRequest(node, "metrics", evidence.MetricsAccept)
	src := kubeletSource(g, r)
	s, err := scrapeKubelet(ctx, g, r)
	if err != nil {
		return evidence.Miss[evidence.Scrapes](subject, gapOf(err, r), src)
	}
	return evidence.See(subject, evidence.Scrapes{First: s}, src)
}

func scrapeKubelet(ctx context.Context, g getter, r request) (evidence.Scrape, error) {
	at := g.source(r).At
	body, header, err := g.get(ctx, r)
	if err != nil {
		return evidence.Scrape{}, err
	}
	defer body.Close() //nolint:errcheck // all that was wanted has been read
	s, err := evidence.ParseMetrics(body, header.Get("Content-Type"), evidence.Families("kubelet"))
	s.At = at
	return s, err
}

// rescrapeKubelets adds the second scrape to each kubelet that gave a first one.
func rescrapeKubelets(ctx context.Context, g getter, scrapes evidence.Instances[evidence.Scrapes]) {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range scrapes {
		if !scrapes[i].Seen() {
			continue
		}
		group.Go(func() error {
			r := kubeletRequest(scrapes[i].Of[len("kubelet/"):], "metrics", evidence.MetricsAccept)
			s, err := scrapeKubelet(ctx, g, r)
			if err != nil {
				scrapes[i].Value.NoSecond = gapOf(err, r).Note
				return nil
			}
			scrapes[i].Value.Second = &s
			return nil
		})
	}
	_ = group.Wait() // no goroutine returns an error
}
