package clients

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// Minors that changed what kubelet settings mean.
const (
	kubeletFaster   = 27 // defaults 5/10 before, 50/100 from here on
	eventsUnlimited = 37 // eventRecordQPS 0 means no limit from here on, client-go's 5 before
)

// sampled is a kubelet with what is known around it.
type sampled struct {
	of      string
	config  evidence.KubeletConfig
	minor   int // 0: not known
	source  evidence.Source
	shape   string // its settings, with the version's own defaults as such
	remarks []remark
}

// kubeletQPS has one verdict for the kubelets that agree, and one for each that does not.
func kubeletQPS(s *evidence.Snapshot, p qpsParams) []checks.Verdict {
	kubelets := sampledKubelets(s, p)
	if len(kubelets) == 0 {
		return nil
	}
	common := mostCommon(kubelets)
	var alike, others []sampled
	for _, k := range kubelets {
		switch {
		case k.shape == common.shape && sameRemarks(k.remarks, common.remarks):
			alike = append(alike, k)
			continue
		case k.shape != common.shape:
			k.remarks = append(k.remarks, remark{
				checks.Info, fmt.Sprintf("is set up otherwise than most kubelets read: %s, and not %s", k.shape, common.shape),
				common.shape, "kubectl get --raw /api/v1/nodes/" + strings.TrimPrefix(k.of, "kubelet/") + "/proxy/configz   # then align its configuration file with the others",
			})
		}
		others = append(others, k)
	}
	subject := checks.About("kubelets", alike[0].source).With(alike[0].source, "%s: %s", alike[0].of, common.shape)
	count := fmt.Sprintf("%d of %d read, of %s", len(alike), len(kubelets), checks.Count(nodeCount(s), "node"))
	vs := []checks.Verdict{decide(subject, fmt.Sprintf("%s (%s)", common.shape, count), fmt.Sprintf("agree on a sound rate: %s (%s)", common.shape, count), common.remarks)}
	for _, k := range others[:min(len(others), p.Named)] {
		vs = append(vs, decide(checks.About(k.of, k.source), k.shape, "has a sound rate for its version: "+k.shape, k.remarks))
	}
	if more := others[min(len(others), p.Named):]; len(more) > 0 {
		vs = append(vs, moreKubelets(more))
	}
	return vs
}

func moreKubelets(more []sampled) checks.Verdict {
	worst := checks.Info
	var names []string
	for _, k := range more {
		names = append(names, k.of)
		for _, r := range k.remarks {
			worst = max(worst, r.severity)
		}
	}
	return checks.About("kubelets").Aspect("more").
		Find(worst, "that are set up otherwise than most: %d more of those read (%s)", len(more), named(names)).
		Want("one configuration for all, or for each pool of nodes").
		WithFix("compare /configz of these nodes with that of the others")
}

func sampledKubelets(s *evidence.Snapshot, p qpsParams) []sampled {
	minors := map[string]int{}
	if s.Nodes.Seen() {
		for _, n := range s.Nodes.Value.Items {
			if v, ok := evidence.ParseSemver(n.KubeletVersion); ok {
				minors["kubelet/"+n.Name] = v.Minor
			}
		}
	}
	var out []sampled
	for o := range s.KubeletConfigs.Seen() {
		k := sampled{of: o.Of, config: *o.Value, minor: minors[o.Of], source: o.Source}
		k.shape = k.describe()
		k.remarks = k.judge(s, p)
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b sampled) int { return cmp.Compare(a.of, b.of) })
	return out
}

// mostCommon is the first of the largest group of kubelets with the same settings and remarks.
func mostCommon(ks []sampled) sampled {
	best, most := ks[0], 0
	for _, k := range ks {
		n := 0
		for _, o := range ks {
			if o.shape == k.shape && sameRemarks(o.remarks, k.remarks) {
				n++
			}
		}
		if n > most {
			best, most = k, n
		}
	}
	return best
}

func sameRemarks(a, b []remark) bool { return slices.Equal(a, b) }

func (k sampled) describe() string {
	rates, events := [2]int64{50, 100}, [2]int64{50, 100}
	if k.minor > 0 && k.minor < kubeletFaster {
		rates, events = [2]int64{5, 10}, [2]int64{5, 10}
	}
	value := func(name string, v *int64, byDefault int64) string {
		switch {
		case v == nil:
			return name + " unknown"
		case k.minor > 0 && *v == byDefault:
			return name + " default"
		}
		return fmt.Sprintf("%s %d", name, *v)
	}
	return strings.Join([]string{
		value("kubeAPIQPS", k.config.KubeAPIQPS, rates[0]), value("kubeAPIBurst", k.config.KubeAPIBurst, rates[1]),
		value("eventRecordQPS", k.config.EventRecordQPS, events[0]), value("eventBurst", k.config.EventBurst, events[1]),
	}, ", ")
}

const kubeletFix = "kubeAPIQPS: 50\nkubeAPIBurst: 100   # in the KubeletConfiguration of the node"

func (k sampled) judge(s *evidence.Snapshot, p qpsParams) []remark {
	var rs []remark
	if q := k.config.KubeAPIQPS; q != nil {
		if r, ok := k.slow(s, *q, p); ok {
			rs = append(rs, r)
		}
		if r, ok := fast(*q, nodeCount(s), p); ok {
			rs = append(rs, r)
		}
		if b := k.config.KubeAPIBurst; b != nil && *b > 0 && *b < *q {
			rs = append(rs, remark{checks.Info, fmt.Sprintf("kubeAPIBurst %d is below kubeAPIQPS %d", *b, *q), "burst 1 to 2 times the QPS", kubeletFix})
		}
	}
	return append(rs, k.events(nodeCount(s), p)...)
}

// slow finds rates below what today's kubelet has by default.
func (k sampled) slow(s *evidence.Snapshot, q int64, p qpsParams) (remark, bool) {
	metrics := s.KubeletMetrics.Of(k.of)
	waits := ""
	if metrics.Seen() {
		if h := heldBack(*metrics.Value, throttlingDefaults); h.over && !h.history {
			waits = ", and it is held back by that"
		}
	}
	sev := checks.Info
	if waits != "" {
		sev = checks.Warning
	}
	old := k.minor > 0 && k.minor < kubeletFaster
	switch {
	case q == 0 && !old:
		return remark{sev, "kubeAPIQPS 0 means client-go's 5 requests per second, neither the default of 50 nor no limit" + waits, "50, or the field left out", kubeletFix}, true
	case old && q <= 5:
		busy, pods := k.busy(metrics, p)
		if pods == "" && waits == "" { // few pods: 5 requests per second do
			return remark{}, false
		}
		if busy {
			sev = checks.Warning
		}
		return remark{sev, fmt.Sprintf("kubeAPIQPS %d, the default up to 1.26, delays the start of many pods at once (%s)%s", q, pods, waits), "50, the default since 1.27", kubeletFix}, true
	case !old && k.minor > 0 && q > 0 && q < 50:
		return remark{sev, fmt.Sprintf("kubeAPIQPS %d is set below the default of 50%s", q, waits), "50, unless it is meant as a cap", kubeletFix}, true
	}
	return remark{}, false
}

// busy tells how many pods a kubelet runs: "" if they are few enough.
func (k sampled) busy(metrics evidence.Observed[evidence.Scrapes], p qpsParams) (bool, string) {
	if metrics.Seen() {
		if pods, ok := metrics.Value.Latest().Sum("kubelet_running_pods"); ok {
			if pods <= p.BusyPods {
				return false, ""
			}
			return true, fmt.Sprintf("more than %.0f pods run here", p.BusyPods)
		}
	}
	return false, "how many run here was not seen"
}

// fast finds rates at which many kubelets together overrun a server that comes back.
func fast(q int64, nodes int, p qpsParams) (remark, bool) {
	if nodes <= p.ManyNodes || float64(q) <= p.FastKubelet {
		return remark{}, false
	}
	sev := checks.Info
	if float64(q) > p.VeryFastKubelet {
		sev = checks.Warning
	}
	return remark{sev, fmt.Sprintf("kubeAPIQPS %d on %d nodes is a herd that comes back all at once after an outage", q, nodes), fmt.Sprintf("at most %g over %d nodes", p.FastKubelet, p.ManyNodes), kubeletFix}, true
}

func (k sampled) events(nodes int, p qpsParams) []remark {
	var rs []remark
	const fix = "eventRecordQPS: 50\neventBurst: 100   # in the KubeletConfiguration of the node"
	q, b := k.config.EventRecordQPS, k.config.EventBurst
	switch {
	case q == nil:
		return nil
	case *q == 0 && k.minor >= eventsUnlimited:
		rs = append(rs, remark{checks.Warning, "eventRecordQPS 0 means no limit since 1.37: an incident on a node becomes a flood of events", "50, the default", fix})
	case *q == 0:
		rs = append(rs, remark{checks.Info, "eventRecordQPS 0 acts as 5 events per second up to 1.36, and as no limit from 1.37 on", "50, the default since 1.27", fix})
	case nodes > p.LargeNodes && float64(*q) > p.FastEvents:
		rs = append(rs, remark{checks.Info, fmt.Sprintf("eventRecordQPS %d on %d nodes lets an incident flood etcd with events", *q, nodes), fmt.Sprintf("at most %g over %d nodes", p.FastEvents, p.LargeNodes), fix})
	}
	if b != nil && *b > 0 && *b < *q {
		rs = append(rs, remark{checks.Info, fmt.Sprintf("eventBurst %d is below eventRecordQPS %d", *b, *q), "burst 1 to 2 times the QPS", fix})
	}
	return rs
}
