package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

// seriesClients bounds how many clients get series of their own, unless --top says otherwise.
const seriesClients = 50

// requestsPrometheus writes the text exposition format, for the textfile collector of the node exporter
// or a push gateway. All are gauges, and a summary: they are of a window that is over, and no counter.
func requestsPrometheus(w io.Writer, r RequestReport, _ Options) error {
	r = cleanRequests(r)
	p := exposition{bufio.NewWriter(w)}
	in := r.Requests
	p.gauge("kaudit_requests_log_events", "Audit events that were read, of every verb and stage.", point{nil, float64(in.Events)})
	p.gauge("kaudit_requests_log_malformed_lines", "Lines that are no audit event.", point{nil, float64(in.Malformed)})
	if !in.Start().IsZero() {
		p.gauge("kaudit_requests_log_start_timestamp_seconds", "When the log begins.", point{nil, unix(in.Start().UnixMicro())})
		p.gauge("kaudit_requests_log_end_timestamp_seconds", "When the last request ended.", point{nil, unix(in.To.UnixMicro())})
	}
	p.gauge("kaudit_requests_lists", "LISTs that finished.", point{nil, float64(in.Lists.Total)})
	p.gauge("kaudit_requests_watches", "WATCHes that started.", point{nil, float64(in.Watches)})
	var served []point
	for _, s := range r.servedLists() {
		served = append(served, point{[]string{"served_by", string(s.by)}, float64(s.count)})
	}
	p.gauge("kaudit_requests_lists_served", "LISTs that finished, by who has to serve them in this version.", served...)
	p.clients(seriesOf(r.worstClients(seriesClients)))
	return p.Flush()
}

// unix is a time in seconds, from microseconds.
func unix(micros int64) float64 { return float64(micros) / 1e6 }

// clientSeries are the figures of one set of labels. Clients that differ in what was cleaned away share one.
type clientSeries struct {
	labels  []string
	served  map[requests.By]int64
	failed  map[string]int64
	latency evidence.Latency
	fanOut  int64
	known   bool
	objects float64
}

func seriesOf(clients []requests.Judged) []*clientSeries {
	var out []*clientSeries
	for _, c := range clients {
		labels := []string{
			"user", c.User, "agent", program(c.Agent), "verb", c.Verb, "group", c.APIGroup, "resource", c.Resource, "scope", c.Scope,
		}
		i := slices.IndexFunc(out, func(s *clientSeries) bool { return slices.Equal(s.labels, labels) })
		if i < 0 {
			i = len(out)
			out = append(out, &clientSeries{labels: labels, served: map[requests.By]int64{}, failed: map[string]int64{}})
		}
		s := out[i]
		for _, by := range c.Served {
			s.served[by.By] += by.Count
		}
		for reason, n := range map[string]int64{"throttled": c.Throttled, "server_error": c.ServerErrors, "expired": c.Expired, "client_error": c.ClientErrors} {
			s.failed[reason] += n
		}
		s.latency.Merge(c.Latency)
		s.fanOut = max(s.fanOut, c.FanOut)
		s.known = s.known || c.Cost.Known
		s.objects += c.Cost.EtcdPerSecond
	}
	return out
}

func (p exposition) clients(all []*clientSeries) {
	var served, failed, fanOut, objects []point
	for _, s := range all {
		for _, by := range sortedKeys(s.served) {
			served = append(served, point{append(slices.Clone(s.labels), "served_by", string(by)), float64(s.served[by])})
		}
		for _, reason := range sortedKeys(s.failed) {
			if s.failed[reason] > 0 {
				failed = append(failed, point{append(slices.Clone(s.labels), "reason", reason), float64(s.failed[reason])})
			}
		}
		if s.fanOut > 0 {
			fanOut = append(fanOut, point{s.labels, float64(s.fanOut)})
		}
		if s.known {
			objects = append(objects, point{s.labels, s.objects})
		}
	}
	p.gauge("kaudit_requests_client_requests", "LISTs that finished and WATCHes that started, by client and by who has to serve them.", served...)
	p.gauge("kaudit_requests_client_failures", "Requests of a client that failed, by reason.", failed...)
	p.gauge("kaudit_requests_client_instances", "Nodes, pods or addresses that the same client asks from, if several.", fanOut...)
	p.gauge("kaudit_requests_client_etcd_objects_per_second", "Objects that etcd reads for a client, an estimate.", objects...)
	p.summaries(all)
}

func (p exposition) summaries(all []*clientSeries) {
	const name = "kaudit_requests_client_latency_seconds"
	header := false
	for _, s := range all {
		n := s.latency.Count()
		if n == 0 {
			continue
		}
		if !header {
			fmt.Fprintf(p, "# HELP %s How long LISTs of a client took, from received to answered.\n# TYPE %s summary\n", name, name)
			header = true
		}
		for _, q := range []float64{0.5, 0.99} {
			p.sample(name, point{append(slices.Clone(s.labels), "quantile", fmt.Sprint(q)), s.latency.Quantile(q).Seconds()})
		}
		p.sample(name+"_sum", point{s.labels, s.latency.Sum.Seconds()})
		p.sample(name+"_count", point{s.labels, float64(n)})
	}
}

type exposition struct{ *bufio.Writer }

// A point is a value with its labels, names and values by turns.
type point struct {
	labels []string
	value  float64
}

func (p exposition) gauge(name, help string, samples ...point) {
	if len(samples) == 0 {
		return
	}
	fmt.Fprintf(p, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
	for _, s := range samples {
		p.sample(name, s)
	}
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (p exposition) sample(name string, s point) {
	fmt.Fprint(p, name)
	for i := 0; i < len(s.labels); i += 2 {
		fmt.Fprintf(p, `%s%s="%s"`, map[bool]string{true: "{", false: ","}[i == 0], s.labels[i], labelEscapes.Replace(s.labels[i+1]))
	}
	if len(s.labels) > 0 {
		fmt.Fprint(p, "}")
	}
	value := strconv.FormatFloat(s.value, 'g', -1, 64)
	if s.value == math.Trunc(s.value) && math.Abs(s.value) < 1e15 {
		value = strconv.FormatFloat(s.value, 'f', 0, 64)
	}
	fmt.Fprintf(p, " %s\n", value)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
