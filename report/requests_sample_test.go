package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

// asked is a fixed evidence of requests with every awkward character that a client can send.
func asked() evidence.Requests {
	from := time.Date(2026, 3, 1, 2, 10, 3, 0, time.UTC)
	to := from.Add(42*time.Minute + 8*time.Second)
	line := func(width time.Duration, counts ...int64) evidence.Timeline {
		return evidence.Timeline{Width: width, First: from.Truncate(width).Unix() / int64(width/time.Second), Counts: counts}
	}
	took := func(maximum time.Duration, counts ...int64) evidence.Latency {
		l := evidence.Latency{Counts: counts, Max: maximum}
		for i, n := range counts {
			l.Sum += time.Duration(n) * (time.Millisecond << (i / 2))
		}
		return l
	}
	nodes := func(n int) evidence.Distinct {
		var d evidence.Distinct
		for i := range n {
			d.Add(fmt.Sprintf("node-%d", i))
		}
		return d
	}
	return evidence.Requests{
		From: from, To: to,
		Events: 272_004, Malformed: 3,
		Faults: []evidence.LogFault{
			{Log: "audit\x1b[2J|1.log", Line: 17, Why: "ends in the middle"},
			{Log: "-", Line: 40_112, Why: "is no JSON object"},
		},
		Logs: []evidence.Log{
			{Name: "-", Bytes: 1 << 20, Events: 1_004, Malformed: 1},
			{Name: "audit-2026-03-01T02-30-00.123.log.gz", Bytes: 282 << 20, Events: 270_000, Cut: "unexpected end of the archive"},
			{Name: "audit\x1b[2J|1.log", Bytes: 1 << 20, Events: 1_000, Malformed: 2},
		},
		Levels:  map[string]int64{"Metadata": 270_000, "Request": 2_004},
		Stages:  map[string]int64{"RequestReceived": 100_000, "ResponseStarted": 1_203, "ResponseComplete": 170_801},
		Verbs:   map[string]int64{"list": 8_214, "watch": 1_203, "get": 100_000, "other": 12},
		Servers: map[string]int64{"kube-apiserver/v1.30.4": 400, "kube-controller-manager/v1.30.4": 90},
		Lists:   evidence.ListCounts{Total: 8_214, Unset: 5_600, Zero: 1_500, Exact: 14, Paged: 1_130, Continued: 1_100},
		Watches: 1_203,
		Clients: []evidence.Client{
			{
				User: "alice|bob <ops@example.com>", UserAgent: "kubectl/v1.31.0 (darwin/arm64) kubernetes/abc", Verb: "list", Resource: "pods", Scope: evidence.ScopeNamespace,
				Count: 14, Exact: 14, Shapes: []evidence.ShapeCount{{Shape: evidence.Shape{RV: evidence.RVExact, Match: evidence.MatchExact, Limit: true}, Count: 14}},
				Paged: 14, Expired: 3, ClientErrors: 1, First: from, Last: to.Add(-time.Hour / 4), Timeline: line(32*time.Second, 4, 10),
				Latency: took(20*time.Millisecond, 0, 0, 0, 0, 10, 4), Namespaces: nodes(2), Addresses: nodes(1),
			},
			{
				User: "system:node:*", UserAgent: "kubelet/v1.30.4 (linux/amd64) kubernetes/abc", Verb: "watch", Resource: "pods", Scope: evidence.ScopeCluster,
				Count: 1_203, Zero: 3, Exact: 1_200, Shapes: []evidence.ShapeCount{{Shape: evidence.Shape{RV: evidence.RVExact, Selector: evidence.SelectNode}, Count: 1_200}, {Shape: evidence.Shape{RV: evidence.RVZero, Selector: evidence.SelectNode}, Count: 3}},
				First: from, Last: to, Timeline: line(64*time.Second, 600, 3, 3, 3, 594), Nodes: nodes(212),
			},
			{
				User: "system:serviceaccount:db:backup-operator", Via: "system:serviceaccount:tools:proxy", UserAgent: "operator\\\"x\"\n/v0.9 `a` *b* " + strings.Repeat("long ", 40) + "...TRUNCATED", Verb: "list",
				APIGroup: "backup.example.com", Resource: "backupjobs", Scope: evidence.ScopeCluster, Count: 2_200, Unset: 1_100, Paged: 1_116, Continued: 1_100,
				Shapes: []evidence.ShapeCount{
					{Shape: evidence.Shape{RV: evidence.RVUnset, Limit: true}, Count: 1_100},
					{Shape: evidence.Shape{RV: evidence.RVUnset, Limit: true, Continue: evidence.ContinueAt}, Count: 1_100, Slow: 12, Etcd: 9 * time.Second},
				},
				First: from, Last: to, Timeline: line(64*time.Second, 300, 300, 300, 300, 300, 300, 400), Latency: took(700*time.Millisecond, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2_000, 188, 12),
				Answers: 2_000, Bytes: 900 << 20, Objects: 1_000_000, Pods: nodes(1), Addresses: nodes(1),
			},
			{
				User: "system:serviceaccount:monitoring:node-agent", UserAgent: "node-agent/v1.2.3 (linux/amd64) kubernetes/\x1b]0;owned\x07$Format \u202e\u009b31m|", Verb: "list",
				Resource: "pods", Scope: evidence.ScopeCluster, Count: 4_500, Unset: 4_500,
				Shapes:    []evidence.ShapeCount{{Shape: evidence.Shape{RV: evidence.RVUnset, Selector: evidence.SelectNode}, Count: 4_500, Slow: 4_000, Etcd: time.Hour}},
				Throttled: 31, ServerErrors: 2, First: from.Add(5 * time.Minute), Last: to,
				Timeline: line(64*time.Second, 0, 0, 0, 0, 20, 80, 110, 120, 118, 122, 121, 120, 119, 121, 120, 118, 122, 121, 120, 119, 121, 120, 118, 122, 121, 120, 119, 121, 120, 118, 122, 121, 120, 119, 121, 120, 118, 122, 121, 120),
				Latency:  took(9*time.Second, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 300, 100, 2_000, 1_500, 300, 100, 50, 30, 15, 5), Nodes: nodes(212), Pods: nodes(212), Addresses: nodes(212),
			},
			{
				User: "system:serviceaccount:monitoring:state-metrics", UserAgent: "kube-state-metrics/v2.10.0 (linux/amd64)", Verb: "list", Resource: "events", Scope: evidence.ScopeCluster,
				Count: 1_500, Zero: 1_500, Paged: 0, Shapes: []evidence.ShapeCount{{Shape: evidence.Shape{RV: evidence.RVZero}, Count: 1_500}},
				First: from, Last: to, Timeline: line(64*time.Second, 200, 200, 200, 200, 200, 500), Latency: took(40*time.Millisecond, 0, 0, 0, 0, 0, 0, 0, 0, 1_000, 500), Missed: 7,
			},
		},
		Others: evidence.Others{Lists: evidence.ListCounts{Total: 0}, Watches: 0, AtMost: 7},
	}
}

// askedReport is a judgement of it, worst first. It is written here: that of package requests may
// change without a word of these formats.
func askedReport() RequestReport {
	in := asked()
	served := func(by requests.By, n int64) requests.ServedCount {
		return requests.ServedCount{Served: requests.Served{By: by}, Count: n}
	}
	judged := []requests.Judged{
		{Client: &in.Clients[3], Judgement: requests.Judgement{
			PerMinute: 106.8, Share: 0.548, Asks: "no resourceVersion, by node", ServedBy: "etcd",
			Served: []requests.ServedCount{{Served: requests.Served{By: requests.Etcd, Assumes: "the gate \x1b[1mConsistentListFromCache\x1b[0m is off, as by default"}, Count: 4_500}},
			Cost:   requests.Cost{Known: true, EtcdObjects: 450e6, EtcdPerSecond: 178_006},
			FanOut: 212, FanOutOf: "nodes", Interval: 104 * time.Second, Began: in.From.Add(5 * time.Minute),
			Advice: []requests.Advice{
				{ID: requests.AdviceZero, Text: "set resourceVersion=0 in ListOptions: the watch cache then serves it, by the index of spec.nodeName; the answer may be some seconds old"},
				{ID: requests.AdviceNodeAgent, Text: "run an informer with the field selector spec.nodeName=$(NODE_NAME) instead of \x1b[31mlisting\x1b[0m again | 日本語"},
			},
		}},
		{Client: &in.Clients[4], Judgement: requests.Judgement{
			PerMinute: 35.6, Share: 0.183, Asks: "resourceVersion=0", Served: []requests.ServedCount{served(requests.Etcd, 1_500)}, ServedBy: "etcd",
			Cost:   requests.Cost{Known: true, EtcdObjects: 60e6, EtcdPerSecond: 23_734},
			Advice: []requests.Advice{{ID: requests.AdviceEvents, Text: "events have no watch cache: watch them instead of listing"}},
		}},
		{Client: &in.Clients[2], Judgement: requests.Judgement{
			PerMinute: 52.2, Share: 0.268, Asks: "no resourceVersion, limit (50% otherwise)", Served: []requests.ServedCount{served(requests.Etcd, 1_100), served(requests.Consistent, 1_100)},
			ServedBy: "etcd 50%; consistent 50%", Normal: "it pages, as it should",
		}},
		{Client: &in.Clients[0], Judgement: requests.Judgement{
			PerMinute: 0.33, Share: 0.0017, Asks: "a resourceVersion, match Exact, limit", ServedBy: "unknown",
			Served: []requests.ServedCount{{Served: requests.Served{By: requests.Unknown, Unsure: "the version of the servers is not known: etcd in 1.24, cache in 1.34 and later"}, Count: 14}},
			Cost:   requests.Cost{Known: true, AtMost: true, EtcdObjects: 7_000, EtcdPerSecond: 2.77}, Advice: []requests.Advice{{ID: requests.AdviceExpired, Text: "start again from the newest state"}},
		}},
		{Client: &in.Clients[1], Judgement: requests.Judgement{
			PerMinute: 28.6, Share: 1, Asks: "a resourceVersion, by node (under 1% otherwise)", Served: []requests.ServedCount{served(requests.Cache, 1_203)}, ServedBy: "cache",
			Cost: requests.Cost{Known: true}, FanOut: 212, FanOutOf: "nodes", Normal: "a watch that resumes costs next to nothing",
		}},
	}
	for i := range judged {
		judged[i].Agent = evidence.ParseUserAgent(judged[i].UserAgent)
	}
	return RequestReport{
		Kaudit: "v0.1.0", Requests: &in, Objects: map[string]float64{"pods": 100_000, "events": 40_000, "secrets": 7},
		Report: requests.Report{
			Server: requests.Server{Minors: []int{30}, From: "log"}, Window: in.To.Sub(in.From), Clients: judged,
			Cost:  requests.Cost{Known: true, AtMost: true, EtcdObjects: 510e6, EtcdPerSecond: 201_743},
			Notes: []string{"the policy leaves out \x1b[2Jleases | and *secrets*"},
		},
	}
}
