package apiserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// A client of a test: who it is, what it lists and how often an hour.
func client(user, agent, resource, scope string, count int64, shape evidence.Shape) evidence.Client {
	from := time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)
	plural, group, _ := strings.Cut(resource, ".")
	c := evidence.Client{
		User: user, UserAgent: agent, Verb: "list", Resource: plural, APIGroup: group, Scope: scope,
		Shapes: []evidence.ShapeCount{{Shape: shape, Count: count}}, First: from, Last: from.Add(time.Hour),
	}
	c.Sum()
	return c
}

// steady spreads the requests of a client over its time.
func steady(c evidence.Client) evidence.Client {
	const width = 256 * time.Second
	c.Timeline = evidence.Timeline{Width: width, First: c.First.Unix() / int64(width.Seconds()), Counts: slices.Repeat([]int64{c.Count / 14}, 14)}
	return c
}

// watchesOf makes watches of what a client asks for.
func watchesOf(c evidence.Client) evidence.Client {
	c.Verb = "watch"
	c.Shapes[0].Started = c.Shapes[0].Count
	return c
}

// hour is an hour of audit log of servers of a minor; 0 of unknown ones.
func hour(minor int, clients ...evidence.Client) evidence.Observed[evidence.Requests] {
	from := time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)
	r := evidence.Requests{From: from, To: from.Add(time.Hour), Events: 100_000, Levels: map[string]int64{"Metadata": 100_000}, Clients: clients}
	if minor > 0 {
		r.Servers = map[string]int64{fmt.Sprintf("kube-apiserver/v1.%d.3", minor): 10}
	}
	for i := range clients {
		r.Lists.Add(clients[i].Lists())
	}
	return evidence.See("audit logs", r, evidence.Source{Via: "audit log", From: "audit.log"})
}

var (
	unset = evidence.Shape{RV: evidence.RVUnset}
	zero  = evidence.Shape{RV: evidence.RVZero}
	// As old informers list.
	zeroLimit = evidence.Shape{RV: evidence.RVZero, Limit: true}
)

const agent = "agent/v1.2.3 (linux/amd64) kubernetes/abc"

// counting is a snapshot that counts the objects of a resource and tells nothing else of LISTs.
func counting(minor int, objects map[string]float64) *evidence.Snapshot {
	gauges := counters{"apiserver_storage_objects": {}}
	for name, n := range objects {
		gauges["apiserver_storage_objects"]["resource="+name] = n
	}
	s := listing(minor, 5*time.Minute, 0, counters{}, gauges)
	return s
}

func TestListsByTheAuditLog(t *testing.T) {
	pods := map[string]float64{"pods": 1000, "events": 1000}
	with := func(s *evidence.Snapshot, r evidence.Observed[evidence.Requests]) *evidence.Snapshot {
		s.Requests = r
		return s
	}
	change := func(o evidence.Observed[evidence.Requests], do func(r *evidence.Requests)) evidence.Observed[evidence.Requests] {
		do(o.Value)
		return o
	}
	failing := client("a", agent, "pods", "cluster", 7280, unset)
	failing.ServerErrors = 73
	down := client("a", agent, "pods", "cluster", 7200, unset)
	down.ServerErrors = 7200
	expired := client("a", agent, "pods", "cluster", 100, zero)
	expired.Expired = 10
	const heavy, metrics = "client/a agent list pods", "skipped cluster"
	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
		says     string
	}{
		"at the bound": {
			with(counting(30, pods), hour(30, client("a", agent, "pods", "cluster", 720, unset))),
			[]string{metrics, "warning " + heavy},
			"makes etcd read 200 objects/s: 12 LISTs/min (no resourceVersion), 100% served by etcd in 1.30, from 2026-11-25 14:00:00 to 15:00:00 UTC",
		},
		"just under it": {
			with(counting(30, pods), hour(30, client("a", agent, "pods", "cluster", 719, unset))),
			[]string{metrics, "pass audit logs"},
			"show no client whose LISTs weigh on etcd: of 719 LISTs by 1 client from 2026-11-25 14:00:00 to 15:00:00 UTC, 719 went to etcd and read 200 objects/s, the most by a agent list pods 200 objects/s (level Metadata, 1.30)",
		},
		"the same of a version that reads its cache": {
			with(counting(31, pods), hour(31, client("a", agent, "pods", "cluster", 7200, unset))), []string{metrics, "pass audit logs"}, "none went to etcd",
		},
		"versions, scopes and agents of one client are one": {
			with(counting(30, pods), hour(30, client("a", agent, "pods", "cluster", 400, unset), client("a", "agent/v2 (linux/amd64)", "pods", "cluster", 400, unset))),
			[]string{metrics, "warning " + heavy},
			"13.3 LISTs/min",
		},
		"from the cache": {
			with(counting(30, pods), hour(30, client("a", agent, "pods", "cluster", 72_000, zero))), []string{metrics, "pass audit logs"}, "",
		},
		"of a namespace, of which no count is known": {
			with(counting(30, pods), hour(30, client("a", agent, "pods", "namespace", 3600, unset))), []string{metrics, "info " + heavy}, "makes etcd read up to 1000 objects/s, less as far as",
		},
		"of a namespace, now and then": {
			with(counting(30, pods), hour(30, client("a", agent, "pods", "namespace", 3599, unset))), []string{metrics, "pass audit logs"}, "",
		},
		"and it fails for it": {
			with(counting(30, pods), hour(30, failing)), []string{metrics, "critical " + heavy}, "73 answered 5xx",
		},
		"nothing is read for it surely": {
			with(counting(30, pods), hour(30, down)), []string{metrics, "info " + heavy}, "makes etcd read up to 2000 objects/s, less as far as a namespace or a page holds less, or LISTs failed",
		},
		"of a version that nobody knows yet": {
			with(counting(99, pods), hour(99, client("a", agent, "pods", "cluster", 7200, unset))), []string{metrics, "pass audit logs"}, "1.99; taken to behave as 1.37 does",
		},
		"a moment": {
			with(counting(30, pods), change(hour(30, client("a", agent, "pods", "cluster", 720, unset)), func(r *evidence.Requests) { r.To = r.From.Add(59 * time.Second) })),
			[]string{metrics, "info " + heavy},
			"",
		},
		"less than a moment": {
			with(counting(30, pods), change(hour(30, client("a", agent, "pods", "cluster", 720, unset)), func(r *evidence.Requests) { r.To = r.From.Add(9 * time.Second) })),
			[]string{metrics, "skipped audit logs"},
			"they are of 9 s only, which tells no rate",
		},
		"events": {
			with(counting(37, pods), hour(37, client("a", agent, "events", "cluster", 7200, zero))), []string{metrics, "info client/a agent list events"}, "served by etcd in 1.37",
		},
		"expired": {
			with(counting(37, pods), hour(37, expired)), []string{metrics, "info " + heavy + " expired"}, "was told in 10 of 100 LISTs that what it asked for is gone (410)",
		},
		"a limit that does nothing": {
			with(counting(37, map[string]float64{"pods": 5000}), hour(37, steady(client("a", agent, "pods", "cluster", 100, zeroLimit)))),
			[]string{metrics, "info " + heavy + " limit-ignored"},
			"asked in 100 of 100 LISTs for resourceVersion=0 and a limit",
		},
		"a limit that does nothing, of informers": {
			with(counting(37, map[string]float64{"pods": 5000}), hour(37, client("a", agent, "pods", "cluster", 100, zeroLimit))), []string{metrics, "pass audit logs"}, "",
		},
		"a limit that does nothing, of few": {
			with(counting(37, map[string]float64{"pods": 4999}), hour(37, steady(client("a", agent, "pods", "cluster", 100, zeroLimit)))), []string{metrics, "pass audit logs"}, "",
		},
		"objects not counted, often": {
			&evidence.Snapshot{Requests: hour(30, client("a", agent, "pods", "cluster", 60, unset))}, []string{"info " + heavy}, "how many objects that reads is not known: 1 LIST/min",
		},
		"objects not counted, seldom": {
			&evidence.Snapshot{Requests: hour(30, client("a", agent, "pods", "cluster", 59, unset))},
			[]string{"skipped audit logs"},
			"how many objects 59 LISTs from etcd read is not known (client/a agent list pods 59 LISTs/h)",
		},
		"objects not counted, a few times in a short log": {
			&evidence.Snapshot{Requests: change(hour(30, client("a", agent, "pods", "cluster", 9, unset)), func(r *evidence.Requests) { r.To = r.From.Add(time.Minute) })},
			[]string{"skipped audit logs"},
			"how many objects 9 LISTs from etcd read is not known (client/a agent list pods 9 LISTs/min)",
		},
		"objects not counted, a few times in a long one": {
			&evidence.Snapshot{Requests: hour(30, client("a", agent, "pods", "cluster", 9, unset))},
			[]string{"pass audit logs"},
			"9 went to etcd, and how many objects they read is not known (level",
		},
		"objects not counted, of a component": {
			&evidence.Snapshot{Requests: hour(30, client("system:kube-controller-manager", "kube-controller-manager/v1.30.3 (linux/amd64) kubernetes/abc", "pods", "cluster", 90, unset))},
			[]string{"pass audit logs"},
			"90 went to etcd, and how many objects they read is not known (level",
		},
		"of an unknown version, a few times": {
			&evidence.Snapshot{Requests: hour(0, client("a", agent, "pods", "cluster", 9, unset))}, []string{"pass audit logs"}, "who served 9 is not known (level",
		},
		"of an unknown version, too little to matter wherever it comes from": {
			&evidence.Snapshot{
				Requests:         hour(0, client("a", agent, "pods", "cluster", 60, unset)),
				APIServerMetrics: counting(30, pods).APIServerMetrics,
			}, []string{metrics, "pass audit logs"}, "who served 60 is not known (level",
		},
		"events by their other name": {
			with(counting(37, pods), hour(37, client("a", agent, "events.events.k8s.io", "cluster", 7200, unset))),
			[]string{metrics, "info client/a agent list events.events.k8s.io"},
			"makes etcd read 2000 objects/s",
		},
		"of an extension server": {
			&evidence.Snapshot{
				Version:     evidence.See("cluster", evidence.Version{Major: 1, Minor: 30}, evidence.Source{}),
				APIServices: evidence.See("cluster", []evidence.APIService{{Name: "v1.packages.example.com", Service: "olm/server"}}, evidence.Source{}),
				Requests:    hour(30, client("a", agent, "manifests.packages.example.com", "cluster", 3600, unset)),
			}, []string{"pass audit logs"}, "none went to etcd",
		},
		"where only the scheduler tells its version, which is the cluster's": {
			with(counting(30, pods), change(hour(0, client("a", agent, "pods", "cluster", 720, unset)), func(r *evidence.Requests) { r.Servers = map[string]int64{"kube-scheduler/v1.30.1": 1} })),
			[]string{metrics, "warning " + heavy},
			"served by etcd in 1.30, from",
		},
		"where only the scheduler tells its version, which is older than the cluster": {
			with(counting(31, pods), change(hour(0, client("a", agent, "pods", "cluster", 720, unset)), func(r *evidence.Requests) { r.Servers = map[string]int64{"kube-scheduler/v1.30.1": 1} })),
			[]string{metrics, "skipped audit logs"},
			"kube-scheduler tells its version in the log and kube-apiserver does not, which is of 1.30 or 1.31",
		},
		"a limit that does nothing, of informers that start one after the other": {
			with(counting(37, map[string]float64{"pods": 60_000}), hour(37,
				steady(client("a", agent, "pods", "cluster", 100, zeroLimit)), watchesOf(client("a", agent, "pods", "cluster", 100, evidence.Shape{RV: evidence.RVExact})))),
			[]string{metrics, "pass audit logs"},
			"",
		},
		"of an unknown version": {
			&evidence.Snapshot{Requests: hour(0, client("a", agent, "pods", "cluster", 3600, unset))}, []string{"skipped audit logs"}, "no component in the log tells its version",
		},
		"in the middle of an upgrade": {
			with(counting(31, pods), change(hour(30, client("a", agent, "pods", "cluster", 3600, unset)), func(r *evidence.Requests) { r.Servers["kube-apiserver/v1.31.2"] = 1 })),
			[]string{metrics, "skipped audit logs"},
			"who serves 3600 of 3600 LISTs is not known in 1.30 and 1.31 (client/a agent list pods 1 LIST/s); the log is of 1.30 and 1.31, the cluster is 1.31 now",
		},
		"all from the cache, of any version": {
			&evidence.Snapshot{Requests: hour(0, client("a", agent, "pods", "cluster", 3600, zero))}, []string{"pass audit logs"}, "",
		},
		"of an older cluster": {
			with(counting(37, pods), hour(30, client("a", agent, "pods", "cluster", 720, unset))), []string{metrics, "info " + heavy}, "; the log is of 1.30, the cluster is 1.37 now",
		},
		"no LIST in it": {
			&evidence.Snapshot{Requests: hour(30)}, []string{"skipped audit logs"}, "an audit policy may leave them out",
		},
		"nothing in it": {
			&evidence.Snapshot{Requests: change(hour(0), func(r *evidence.Requests) { r.Events, r.Malformed = 0, 3 })}, []string{"skipped audit logs"}, "there is no audit event in them; 3 lines could not be read",
		},
		"lines that are none, a log that is cut, and clients that were left out": {
			with(counting(31, pods), change(hour(31, client("a", agent, "pods", "cluster", 10, zero)), func(r *evidence.Requests) {
				r.Malformed, r.Logs = 2, []evidence.Log{{Name: "audit.log.gz", Cut: "unexpected EOF"}}
				r.Others = evidence.Others{Lists: evidence.ListCounts{Total: 5}, AtMost: 1}
			})),
			[]string{metrics, "pass audit logs"},
			"; 2 lines could not be read; audit.log.gz was not read to its end: unexpected EOF; 5 LISTs are of clients that were not kept apart, of at most 1 each",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := runListRV(tc.snapshot, listRVDefaults)
			if d := cmp.Diff(tc.want, said(got)); d != "" {
				t.Errorf("verdicts (-want +got):\n%s\n%s", d, got[len(got)-1].Message)
			}
			if last := got[len(got)-1]; !strings.Contains(last.Message, tc.says) {
				t.Errorf("got %q, want %q in it", last.Message, tc.says)
			}
		})
	}
}

// What metrics count and what the log tells stand side by side.
func TestMetricsAndLog(t *testing.T) {
	grown, gauges := old130(60, 60_000, 60_000)
	s := listing(30, 24*time.Hour, time.Minute, grown, gauges)
	s.Requests = hour(30, client("a", agent, "deployments.apps", "cluster", 720, unset), client("b", agent, "deployments.apps", "cluster", 30, zero))
	got := runListRV(s, listRVDefaults)
	if d := cmp.Diff([]string{"warning resource/deployments.apps", "warning client/a agent list deployments.apps"}, said(got)); d != "" {
		t.Fatalf("verdicts (-want +got):\n%s", d)
	}
	if want := "the audit log from 2026-11-25 14:00:00 to 15:00:00 UTC names a agent with 12 LISTs/min)"; !strings.Contains(got[0].Message, want) {
		t.Errorf("got %q, want %q in it", got[0].Message, want)
	}
	if want := "; metrics count 1000 objects/s from etcd in the last 60 s, of all clients"; !strings.Contains(got[1].Message, want) {
		t.Errorf("got %q, want %q in it", got[1].Message, want)
	}
	s.Requests = hour(30, client("b", agent, "deployments.apps", "cluster", 30, zero))
	got = runListRV(s, listRVDefaults)
	if want := "shows no LIST of them that goes to etcd, of 30: it may be of another time"; !strings.Contains(got[0].Message, want) {
		t.Errorf("got %q, want %q in it", got[0].Message, want)
	}
}

func TestPagesAreNotSentToEtcd(t *testing.T) {
	for minor, want := range map[int]string{30: "until 1.34 etcd has to serve them", 33: "until 1.34 etcd has to serve them", 34: "or leave out resourceVersion=0"} {
		s := counting(minor, map[string]float64{"pods": 5000})
		s.Requests = hour(minor, steady(client("a", agent, "pods", "cluster", 100, zeroLimit)))
		got := runListRV(s, listRVDefaults)
		if last := got[len(got)-1]; !strings.Contains(last.Fix, want) {
			t.Errorf("got %q in 1.%d, want %q in it", last.Fix, minor, want)
		}
	}
}

func TestClientsBeyondTheFirst(t *testing.T) {
	var clients []evidence.Client
	for i := range callersNamed + 2 {
		clients = append(clients, client(fmt.Sprintf("u%02d", i), agent, "pods", "cluster", 720, unset))
	}
	s := counting(30, map[string]float64{"pods": 1000})
	s.Requests = hour(30, clients...)
	got := runListRV(s, listRVDefaults)
	last := got[len(got)-1]
	if len(got) != callersNamed+2 || last.Subject != "clients beyond the first 20" || last.Severity != checks.Info || !strings.Contains(last.Message, "2 clients") {
		t.Errorf("got %d verdicts, the last %s %q, want 20 and a word on 2 more", len(got), last.Subject, last.Message)
	}
}

func TestSubjectsOfClients(t *testing.T) {
	for want, c := range map[string]caller{
		"client/system:node:* kubelet list pods":                   {user: evidence.NodeUser, product: "kubelet", resource: "pods"},
		"client/a user without a name without a user agent list x": {resource: "x"},
		"client/" + strings.Repeat("é", 100) + " a b list x":       {user: strings.Repeat("é", 100), product: " a\tb\n", resource: "x"},
	} {
		if got := c.name(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	account := "system:serviceaccount:" + strings.Repeat("n", 63) + ":" + strings.Repeat("s", 60)
	a, b := caller{user: account + "-a"}, caller{user: account + "-b"}
	if a.name() == b.name() || len(a.name()) > 180 || a.name() != (&caller{user: account + "-a"}).name() {
		t.Errorf("got %q and %q, want two subjects of bounded length that stay the same", a.name(), b.name())
	}
}
