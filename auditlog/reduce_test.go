package auditlog

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

// scanned reads events as a log has them.
func scanned(tb testing.TB, lines ...string) []*event {
	tb.Helper()
	out := make([]*event, len(lines))
	for i, line := range lines {
		var s scanner
		out[i] = &event{}
		if err := s.scan([]byte(line), out[i]); err != nil {
			tb.Fatalf("%s: %v", line, err)
		}
	}
	return out
}

func reduced(f filter, events ...*event) *evidence.Requests {
	r := newReducer(f)
	for _, e := range events {
		r.add(e)
	}
	return r.requests()
}

// line is an event with the usual fields; further ones are JSON.
func line(stage, verb, uri, user, agent, at, more string) string {
	received, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		panic(err)
	}
	uri = strconv.Quote(uri)
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"x","stage":%q,"requestURI":%s,"verb":%q,"user":{"username":%q},"sourceIPs":["10.0.0.1"],"userAgent":%q,"requestReceivedTimestamp":%q,"stageTimestamp":%q%s}`,
		stage, uri, verb, user, agent, received.UTC().Format(serverForm), received.Add(20*time.Millisecond).UTC().Format(serverForm), more)
}

const podsRef = `"objectRef":{"resource":"pods","apiVersion":"v1"}`

func TestReduce(t *testing.T) {
	const at = "2026-03-01T10:00:00Z"
	got := reduced(filter{}, scanned(
		t,
		line("RequestReceived", "list", "/api/v1/pods", "bob", "a/v1", at, podsRef),
		line("ResponseComplete", "list", "/api/v1/pods", "bob", "a/v1", at, podsRef+`,"responseStatus":{"code":200},"annotations":{"apiserver.latency.k8s.io/total":"612ms","apiserver.latency.k8s.io/etcd":"500ms"}`),
		line("ResponseComplete", "list", "/api/v1/pods?limit=500&resourceVersion=0", "bob", "a/v1", "2026-03-01T10:00:05Z", podsRef+`,"responseStatus":{"code":429}`),
		line("Panic", "list", "/api/v1/namespaces/x/pods", "bob", "a/v1", "2026-03-01T10:00:06Z", `"objectRef":{"resource":"pods","namespace":"x"},"responseStatus":{"code":500}`),
		line("ResponseStarted", "watch", "/api/v1/pods?watch=1&resourceVersion=5", "bob", "a/v1", "2026-03-01T09:59:00Z", podsRef),
		line("ResponseComplete", "watch", "/api/v1/pods?watch=1&resourceVersion=5", "bob", "a/v1", "2026-03-01T09:59:00Z", podsRef),
		line("ResponseComplete", "get", "/healthz", "system:apiserver", "kube-apiserver/v1.37.2 (linux/amd64) kubernetes/abc", at, ""),
		line("ResponseComplete", "get", "/healthz", "system:kube-scheduler", "k3s/v1.30.4+k3s1 (linux/amd64) kubernetes/abc", at, ""),
		line("ResponseComplete", "get", "/healthz", "bob", "kube-apiserver/v1.10.0 (linux/amd64) kubernetes/abc", at, ""),
		line("ResponseComplete", "brew", "/coffee", "bob", "a/v1", at, ""),
	)...)
	want := &evidence.Requests{
		From: time.Date(2026, 3, 1, 9, 59, 0, 0, time.UTC), Begin: time.Date(2026, 3, 1, 9, 59, 0, 0, time.UTC), To: time.Date(2026, 3, 1, 10, 0, 6, 20e6, time.UTC),
		Events: 10, Levels: map[string]int64{"Metadata": 10},
		Stages:  map[string]int64{"RequestReceived": 1, "ResponseStarted": 1, "ResponseComplete": 7, "Panic": 1},
		Verbs:   map[string]int64{"list": 3, "watch": 1, "get": 3, "other": 1},
		Servers: map[string]int64{"kube-apiserver/v1.37.2": 1, "kube-scheduler/v1.30.4+k3s1": 1},
		Lists:   evidence.ListCounts{Total: 3, Unset: 2, Zero: 1, Paged: 1},
		Watches: 1,
	}
	clients := got.Clients
	got.Clients = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want-, got+:\n%s", diff)
	}
	if len(clients) != 3 {
		t.Fatalf("got %d clients, want 3", len(clients))
	}
	list := clients[0]
	wantShapes := []evidence.ShapeCount{
		{Shape: evidence.Shape{RV: "unset"}, Count: 1, Slow: 1, Etcd: 500 * time.Millisecond},
		{Shape: evidence.Shape{RV: "zero", Limit: true}, Count: 1, Limits: 500, Refused: 1},
	}
	if diff := cmp.Diff(wantShapes, list.Shapes); diff != "" {
		t.Errorf("shapes: want-, got+:\n%s", diff)
	}
	if list.Scope != "cluster" || list.Throttled != 1 || list.Latency.Max != 20*time.Millisecond || list.Timeline.Count() != 2 || list.Addresses.Count() != 1 {
		t.Errorf("got %+v", list)
	}
	if ns := clients[1]; ns.Scope != "namespace" || ns.Namespaces.Count() != 1 || ns.ServerErrors != 1 || ns.Shapes[0].Refused != 0 {
		t.Errorf("got %+v, want the panicked LIST of a namespace", ns)
	}
	if w := clients[2]; w.Verb != "watch" || w.Count != 1 || w.Exact != 1 || w.Shapes[0].Started != 1 || w.Shapes[0].Ended != 1 || w.Timeline.Count() != 1 {
		t.Errorf("got %+v, want one watch", w)
	}
}

func TestReduceWhoAsks(t *testing.T) {
	const at = "2026-03-01T10:00:00Z"
	extra := func(node, pod string) string {
		return podsRef + fmt.Sprintf(`,"user":{"username":"system:serviceaccount:mon:agent","extra":{"authentication.kubernetes.io/node-name":[%q],"authentication.kubernetes.io/pod-name":[%q]}}`, node, pod)
	}
	got := reduced(filter{}, scanned(
		t,
		line("ResponseComplete", "list", "/api/v1/pods", "system:node:n1", "kubelet/v1", at, podsRef),
		line("ResponseComplete", "list", "/api/v1/pods", "system:node:n2", "kubelet/v1", at, podsRef),
		line("ResponseComplete", "list", "/api/v1/pods", "", "agent/v1", at, extra("n1", "agent-x")),
		line("ResponseComplete", "list", "/api/v1/pods", "", "agent/v1", at, extra("n2", "agent-y")),
		line("ResponseComplete", "list", "/api/v1/pods", "admin", "kubectl/v1", at, podsRef+`,"impersonatedUser":{"username":"carol"}`),
		line("ResponseComplete", "list", "/api/v1/pods", "admin", "kubectl/v1", at, podsRef+`,"impersonatedUser":{"username":"dave"}`),
		line("ResponseComplete", "list", "/api/v1/pods", "dave", "kubectl/v1", at, podsRef),
	)...)
	type row struct {
		User, Via   string
		Count       int64
		Nodes, Pods int64
	}
	var rows []row
	for _, c := range got.Clients {
		rows = append(rows, row{c.User, c.Via, c.Count, c.Nodes.Count(), c.Pods.Count()})
	}
	want := []row{
		{"carol", "admin", 1, 0, 0},
		{"dave", "", 2, 0, 0},
		{"system:node:*", "", 2, 2, 0},
		{"system:serviceaccount:mon:agent", "", 2, 2, 2},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("want-, got+:\n%s", diff)
	}
}

func TestReduceFilters(t *testing.T) {
	log := scanned(
		t,
		line("ResponseComplete", "list", "/api/v1/pods", "bob", "a/v1", "2026-03-01T10:00:00Z", podsRef),
		line("ResponseComplete", "list", "/apis/apps/v1/deployments", "bob", "a/v1", "2026-03-01T11:00:00Z", `"objectRef":{"resource":"deployments","apiGroup":"apps"}`),
		line("ResponseComplete", "list", "/api/v1/pods", "system:serviceaccount:x:y", "a/v1", "2026-03-01T12:00:00Z", podsRef),
		line("ResponseComplete", "list", "/api/v1/pods", "admin", "a/v1", "2026-03-01T13:00:00Z", podsRef+`,"impersonatedUser":{"username":"bob"}`),
	)
	hour := func(h int) time.Time { return time.Date(2026, 3, 1, h, 0, 0, 0, time.UTC) }
	for name, tt := range map[string]struct {
		filter filter
		want   int64
	}{
		"all":                   {filter{}, 4},
		"from an instant on":    {filter{since: hour(11)}, 3},
		"before an instant":     {filter{until: hour(11)}, 1},
		"between":               {filter{since: hour(11), until: hour(12).In(time.FixedZone("east", 7200))}, 1},
		"a user, also as one":   {filter{user: "bob"}, 3},
		"who impersonates":      {filter{user: "admin"}, 1},
		"a beginning":           {filter{user: "system:serviceaccount:*"}, 1},
		"a resource":            {filter{resource: "pods"}, 3},
		"of a group":            {filter{resource: "deployments.apps"}, 1},
		"of another group":      {filter{resource: "deployments.extensions"}, 0},
		"of a group, unnamed":   {filter{resource: "deployments"}, 1},
		"a user and a resource": {filter{user: "bob", resource: "pods"}, 2},
	} {
		got := reduced(tt.filter, log...)
		if got.Lists.Total != tt.want || got.Events != 4 {
			t.Errorf("%s: got %d LISTs of %d events, want %d of 4", name, got.Lists.Total, got.Events, tt.want)
		}
	}
}

func TestReducePathsWithoutObjectRef(t *testing.T) {
	const at = "2026-03-01T10:00:00Z"
	for uri, want := range map[string]string{
		"/api/v1/pods":                           " pods cluster",
		"/api/v1/namespaces/x/pods?limit=5":      " pods namespace",
		"/apis/apps/v1/namespaces/x/deployments": "apps deployments namespace",
		"/api/v1/namespaces":                     " namespaces cluster",
		"/api/v1/watch/namespaces/x/pods/a":      " pods resource",
		"/apis/apps/v1/watch/deployments":        "apps deployments cluster",
		"/":                                      "  cluster",
		"/api/v1":                                "  cluster",
		"/apis/apps/v1":                          "  cluster",
		"/api/v1/nodes?fieldSelector=metadata.name%3Dnode": " nodes resource",
	} {
		got := reduced(filter{}, scanned(t, line("ResponseComplete", "list", uri, "bob", "a/v1", at, ""))...)
		if c := got.Clients[0]; c.APIGroup+" "+c.Resource+" "+c.Scope != want {
			t.Errorf("%s: got %s %s %s, want %s", uri, c.APIGroup, c.Resource, c.Scope, want)
		}
	}
}

// logOf makes events of few or many clients, of every stage and way of asking.
func logOf(tb testing.TB, n, clients int, seed uint64) []*event {
	tb.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	var lines []string
	for range n {
		at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(int64(5 * time.Hour)))).Format(time.RFC3339Nano)
		verb := pick("list", "watch", "get")
		uri := "/api/v1/pods?" + pick("", "resourceVersion=0", "resourceVersion=77", "resourceVersion=-") + "&" + pick("", "limit=500", "labelSelector=a", "fieldSelector=spec.nodeName%3Dx") +
			"&" + pick("", "watch=1", "continue="+token(`{"v":"meta.k8s.io/v1","rv":5,"start":"a"}`))
		lines = append(lines, line(pick("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"), verb, uri, pick("bob", "eve", "system:node:"+pick("a", "b", "c")), fmt.Sprintf("agent-%d/v1", r.IntN(clients)), at,
			pick(podsRef, `"objectRef":{"resource":"secrets","namespace":"n"}`)+`,"responseStatus":{"code":`+pick("200", "200", "200", "410", "429", "503")+`}`))
	}
	return scanned(tb, lines...)
}

func TestReduceDoesNotDependOnOrderOrWorkers(t *testing.T) {
	events := logOf(t, 3000, 20, 1)
	want := reduced(filter{}, events...)
	r := rand.New(rand.NewPCG(2, 2))
	for workers := 1; workers <= 4; workers++ {
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		parts := make([]*reducer, workers)
		for i := range parts {
			parts[i] = newReducer(filter{})
		}
		for _, e := range events {
			parts[r.IntN(workers)].add(e)
		}
		got := &evidence.Requests{}
		for _, p := range parts {
			// What goes through a report is the same.
			data, err := json.Marshal(p.requests())
			if err != nil {
				t.Fatal(err)
			}
			part := &evidence.Requests{}
			if err := json.Unmarshal(data, part); err != nil {
				t.Fatal(err)
			}
			got.Merge(part)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%d workers: want-, got+:\n%s", workers, diff)
		}
	}
}

// A million clients that ask once each, among them a few that ask more: memory stays bounded, and the error stated.
func TestReduceAMillionClients(t *testing.T) {
	base := scanned(t, line("ResponseComplete", "list", "/api/v1/pods", "bob", "x", "2026-03-01T10:00:00Z", podsRef))[0]
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := newReducer(filter{})
	const n, often = 1_000_000, 5
	var truth [often]int64
	total := int64(0)
	rnd := rand.New(rand.NewPCG(1, 1))
	var name []byte
	var peak uint64
	for i := range n {
		e := *base
		name = strconv.AppendInt(append(name[:0], "agent-"...), int64(i), 10)
		if rnd.IntN(50) == 0 {
			k := rnd.IntN(often)
			truth[k]++
			name = strconv.AppendInt(append(name[:0], "often-"...), int64(k), 10)
		}
		e.userAgent = name
		r.add(&e)
		total++
		if i%100_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&after)
			peak = max(peak, after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc))
		}
	}
	if most := uint64(30 << 20); peak > most {
		t.Errorf("got %d bytes held, want at most %d", peak, most)
	}
	got := r.requests()
	sum := got.Others.Lists.Total
	for _, c := range got.Clients {
		sum += c.Count
	}
	if sum != total || got.Lists.Total != total || got.Others.AtMost > total/evidence.ClientsKept || len(got.Clients) > evidence.ClientsKept {
		t.Errorf("got %d kept and not of %d, %d clients, error %d", sum, total, len(got.Clients), got.Others.AtMost)
	}
	for k, want := range truth {
		i := slices.IndexFunc(got.Clients, func(c evidence.Client) bool { return c.UserAgent == fmt.Sprintf("often-%d", k) })
		if i < 0 {
			t.Fatalf("got often-%d dropped, want the frequent kept", k)
		}
		if c := got.Clients[i]; want < c.Count || want > c.Count+c.Missed {
			t.Errorf("%s: got %d and at most %d missed, want them to hold the true %d", c.UserAgent, c.Count, c.Missed, want)
		}
	}
}

func TestReduceManyShapesOfOneClient(t *testing.T) {
	base := scanned(t, line("ResponseComplete", "list", "/api/v1/pods", "bob", "x", "2026-03-01T10:00:00Z", podsRef))[0]
	r, parts := newReducer(filter{}), []*reducer{newReducer(filter{}), newReducer(filter{}), newReducer(filter{})}
	want := evidence.ListCounts{}
	for i := range 20_000 {
		e := *base
		rv, limit := []string{"", "0", "5", "x"}[i%4], []string{"", "&limit=5"}[i/4%2]
		e.requestURI = []byte("/api/v1/pods?resourceVersion=" + rv + limit + "&resourceVersionMatch=" + []string{"", "Exact", "NotOlderThan", "x"}[i/8%4] +
			"&fieldSelector=" + []string{"", "spec.nodeName=a", "metadata.name=b", "c=d"}[i/32%4] + "&sendInitialEvents=" + []string{"0", "1"}[i/128%2])
		r.add(&e)
		parts[i%7%3].add(&e)
		want.Total++
		want.Unset += int64(b2i(rv == ""))
		want.Zero += int64(b2i(rv == "0"))
		want.Exact += int64(b2i(rv == "5"))
		want.Paged += int64(b2i(limit != ""))
	}
	got := r.requests()
	if got.Lists != want {
		t.Errorf("got %+v, want %+v", got.Lists, want)
	}
	for _, c := range got.Clients {
		var sum int64
		for _, s := range c.Shapes {
			sum += s.Count
		}
		if len(c.Shapes) > evidence.ShapesKept+8 || sum != c.Count {
			t.Errorf("%s: got %d shapes of %d requests, want at most %d of %d", c.Scope, len(c.Shapes), sum, evidence.ShapesKept+8, c.Count)
		}
	}
	merged := &evidence.Requests{}
	for _, p := range parts {
		merged.Merge(p.requests())
	}
	if diff := cmp.Diff(got, merged); diff != "" {
		t.Errorf("three workers (-one +three):\n%s", diff)
	}
}

func TestReduceTimesThatAreNone(t *testing.T) {
	e := scanned(t, line("ResponseComplete", "list", "/api/v1/pods", "bob", "x", "2026-03-01T10:00:00Z", podsRef))[0]
	odd := *e
	odd.received, odd.staged = []byte("2026-03-01T10:00:00.ABCDEFZ"), []byte("zzzz")
	west := *e
	west.received = []byte("2026-03-01T02:59:59.9-07:00")
	got := reduced(filter{}, &odd, e, &odd, &west)
	if want := time.Date(2026, 3, 1, 9, 59, 59, 9e8, time.UTC); !got.From.Equal(want) || got.From.Location() != time.UTC || got.To.IsZero() {
		t.Errorf("got from %s to %s, want from %s", got.From, got.To, want)
	}
}

// An exec that ends in a log may have begun days before: what is said of rates must not be of that time.
func TestReduceBeginOfLog(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	usual := line("ResponseComplete", "list", "/api/v1/pods", "bob", "x", at.Format(serverForm), podsRef)
	long := func(from, to time.Duration) string {
		e := line("ResponseComplete", "watch", "/api/v1/pods?watch=1", "bob", "x", at.Add(from).Format(serverForm), podsRef)
		return strings.Replace(e, at.Add(from+20*time.Millisecond).Format(serverForm), at.Add(to).Format(serverForm), 1)
	}
	hour := time.Hour
	for name, tt := range map[string]struct {
		filter          filter
		lines           []string
		from, begin, to time.Duration
	}{
		"of before":                {filter{}, []string{usual, long(-2*hour, 5*time.Second)}, -2 * hour, 0, 5 * time.Second},
		"of before, first":         {filter{}, []string{long(-2*hour, -time.Second), usual}, -2 * hour, -time.Second, 20 * time.Millisecond},
		"of before, alone":         {filter{}, []string{long(-2*hour, 0)}, -2 * hour, 0, 0},
		"slow":                     {filter{}, []string{long(-50*time.Second, 0), usual}, -50 * time.Second, -50 * time.Second, 20 * time.Millisecond},
		"until, and long after it": {filter{until: at.Add(time.Second)}, []string{usual, long(0, hour)}, 0, 0, time.Second},
	} {
		got := reduced(tt.filter, scanned(t, tt.lines...)...)
		times := []time.Duration{got.From.Sub(at), got.Begin.Sub(at), got.To.Sub(at)}
		if diff := cmp.Diff([]time.Duration{tt.from, tt.begin, tt.to}, times); diff != "" {
			t.Errorf("%s: from, begin, to (-want +got):\n%s", name, diff)
		}
	}
}

func BenchmarkReduce(b *testing.B) {
	events := logOf(b, 2000, 20, 3)
	gets := slices.DeleteFunc(slices.Clone(events), func(e *event) bool { return string(e.verb) != "get" })
	lists := slices.DeleteFunc(slices.Clone(events), func(e *event) bool {
		return string(e.verb) != "list" || string(e.stage) != "ResponseComplete"
	})
	for _, bb := range []struct {
		name   string
		events []*event
	}{{"other", gets}, {"list", lists}} {
		b.Run(bb.name, func(b *testing.B) {
			r := newReducer(filter{})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.add(bb.events[i%len(bb.events)])
			}
		})
	}
}
