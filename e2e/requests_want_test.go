//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/e2e/build"
	"github.com/kaudit/kaudit/e2e/loopback"
)

// others are who asks besides the clients of known habit: the API servers themselves, and the harness.
func others(c client) bool {
	return c.User == "system:apiserver" && strings.HasPrefix(c.UserAgent, "kube-apiserver/") ||
		c.User == "kubernetes-admin" && c.UserAgent == "kaudit-e2e-harness"
}

// wantClients wants exactly the rows that the clients themselves have counted.
func wantClients(t *testing.T, rep requestReport, want map[row]counts) {
	t.Helper()
	got := map[row]counts{}
	var lists, watches int
	for _, c := range rep.Clients {
		if c.Verb == "watch" {
			watches += c.Count
		} else {
			lists += c.Count
		}
		if others(c) {
			continue
		}
		if _, twice := got[c.row()]; twice {
			t.Errorf("%v: two rows, want one", c.row())
		}
		got[c.row()] = c.counts
		sum := 0
		for _, s := range c.Served {
			sum += s.Count
		}
		if sum != c.Count {
			t.Errorf("%v: %d are said to be served of %d", c.row(), sum, c.Count)
		}
	}
	wantRows(t, "kaudit requests", got, want)
	if rep.Lists.Total != lists || rep.Watches != watches {
		t.Errorf("got %d LISTs and %d WATCHes in all, want those of its rows: %d and %d", rep.Lists.Total, rep.Watches, lists, watches)
	}
}

// wantCounted holds the sums of a report against the logs, read by encoding/json.
func wantCounted(t *testing.T, rep requestReport, logs []string) {
	t.Helper()
	events, lists := 0, 0
	for _, path := range logs {
		for line := range logLines(t, path) {
			var e auditEvent
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			events++
			if e.Verb == "list" && e.Stage == "ResponseComplete" {
				lists++
			}
		}
	}
	if rep.Events != events || rep.Malformed != 0 || rep.Lists.Total != lists {
		t.Errorf("got %d events, %d malformed, %d LISTs, want %d, 0, %d", rep.Events, rep.Malformed, rep.Lists.Total, events, lists)
	}
}

// wantReport holds a report of all logs against what the clients did.
func wantReport(t *testing.T, c *loopback.Cluster, version string, did did, logs []string) {
	t.Helper()
	snapshot := filepath.Join(t.TempDir(), "snapshot.json.gz")
	if r := runKaudit(t, "collect", "--kubeconfig", c.Kubeconfig(), "-o", snapshot); r.code != 0 {
		t.Fatalf("kaudit collect: exit status %d\n%s", r.code, r.stderr)
	}
	rep := requestsOf(t, append([]string{"--snapshot", snapshot}, logs...)...)
	wantCounted(t, rep, logs)
	wantClients(t, rep, did.rows)
	wantServed(t, rep, version, did.etcd)
	wantHabits(t, rep, version)
	minor, err := strconv.Atoi(strings.Split(version, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	alone := requestsOf(t, logs...)
	if !slices.Equal(alone.Server.Minors, []int{minor}) || alone.Server.From != "log" {
		t.Errorf("got %+v of the logs alone, want version 1.%d, from the log", alone.Server, minor)
	}
	wantFiltered(t, alone, logs)
}

// wantServed holds who is said to have served whom, and the cost of it, against what the API servers counted.
func wantServed(t *testing.T, rep requestReport, version string, etcd map[deed]reading) {
	t.Helper()
	type saying struct {
		lists, keys, expired int
		objects              float64
		atMost               bool
	}
	said := map[deed]saying{}
	for _, c := range rep.Clients {
		if c.Verb != "list" || others(c) {
			continue
		}
		d := deed{c.UserAgent, c.Resource}
		of := said[d]
		said[d] = saying{of.lists + c.by("etcd"), of.keys + c.by("key"), of.expired + c.Expired, of.objects + c.Cost.EtcdObjects, of.atMost || c.Cost.AtMost}
		if c.by("unknown") > 0 {
			t.Errorf("%v: nobody knows who served it: %+v", d, c.Served)
		}
	}
	for d, s := range said {
		counted, want := etcd[d], s.lists
		if version == build.Older {
			want += s.keys // one object by its name is read from etcd there, too
		} else {
			want += s.expired // what the cache has no more is looked for in etcd
		}
		if counted.lists != want {
			t.Errorf("%v: said of etcd: %+v, the API servers counted %+v", d, s, counted)
		}
		if off := s.objects - float64(counted.objects); s.keys == 0 && (off < 0 || off > 0 && !s.atMost) {
			t.Errorf("%v: %g objects are said to be read from etcd, at most: %t; the API servers counted %d", d, s.objects, s.atMost, counted.objects)
		}
	}
}

// wantHabits wants the clients to be known for what they are.
func wantHabits(t *testing.T, rep requestReport, version string) {
	t.Helper()
	operator := rep.of(t, "shop-operator", "list")
	served, first := "consistent", "event-exporter"
	if version == build.Older {
		served, first = "etcd", "shop-operator"
	}
	if n := operator.by(served); n != offences {
		t.Errorf("the operator is served %+v, want %d by %s", operator.Served, offences, served)
	}
	if got := rep.Clients[0].UserAgent; !strings.HasPrefix(got, first+"/") {
		t.Errorf("got %s as the worst client, want %s", got, first)
	}
	if version == build.Older && len(operator.Advice) == 0 {
		t.Error("got no advice for the operator, want some")
	}
	for _, name := range []string{"shop-informer", "shop-reflector"} {
		for _, c := range rep.Clients {
			if strings.HasPrefix(c.UserAgent, name+"/") && len(c.Advice) > 0 {
				t.Errorf("got the advice %+v for %v, want none: it is what it should be", c.Advice, c.row())
			}
		}
	}
	for _, name := range []string{"node-agent", "kubelet"} {
		if c := rep.of(t, name, "list"); c.FanOut != nodeCount || c.FanOutOf != "nodes" {
			t.Errorf("%s: got %d %s, want %d nodes", name, c.FanOut, c.FanOutOf, nodeCount)
		}
	}
	if backup := rep.of(t, "backup", "list"); backup.Answers != 5 || backup.Objects != 5*configMapCount || backup.Bytes == 0 {
		t.Errorf("backup: got %d answers of %d objects, %d bytes, want 5 of %d", backup.Answers, backup.Objects, backup.Bytes, 5*configMapCount)
	}
	for _, c := range rep.Clients {
		if want := map[string]string{"bob@example.com": "carol@example.com"}[c.User]; c.Via != want {
			t.Errorf("%v: got via %q, want %q", c.row(), c.Via, want)
		}
	}
}

// of is the row of a client that has one.
func (r requestReport) of(t *testing.T, product, verb string) client {
	t.Helper()
	i := slices.IndexFunc(r.Clients, func(c client) bool { return strings.HasPrefix(c.UserAgent, product+"/") && c.Verb == verb })
	if i < 0 {
		t.Fatalf("the report has no %s of %s", verb, product)
	}
	return r.Clients[i]
}

// wantFiltered wants a part of the logs to tell that part of the whole.
func wantFiltered(t *testing.T, whole requestReport, logs []string) {
	t.Helper()
	agent := whole.of(t, "node-agent", "list")
	for _, tt := range []struct {
		args []string
		keep func(client) bool
	}{
		{[]string{"--user", agent.User}, func(c client) bool { return c.User == agent.User }},
		{[]string{"--resource", "configmaps"}, func(c client) bool { return c.Resource == "configmaps" }},
	} {
		var want []client
		for _, c := range whole.Clients {
			if tt.keep(c) {
				want = append(want, c)
			}
		}
		got := requestsOf(t, append(tt.args, logs...)...).Clients
		if diff := cmp.Diff(rowsOf(want), rowsOf(got), cmp.AllowUnexported(row{})); diff != "" || len(got) == 0 {
			t.Errorf("%v (-want +got):\n%s", tt.args, diff)
		}
	}
	rest := requestsOf(t, append([]string{"--since", agent.First.Format(time.RFC3339Nano)}, logs...)...)
	if got := rest.of(t, "node-agent", "list").Count; got != agent.Count {
		t.Errorf("since its first request: got %d of the agent, want all %d", got, agent.Count)
	}
	if slices.ContainsFunc(rest.Clients, func(c client) bool { return strings.HasPrefix(c.UserAgent, "shop-operator/") }) {
		t.Error("since later: got the operator, want only what came later")
	}
}

func rowsOf(cs []client) map[row]counts {
	out := map[row]counts{}
	for _, c := range cs {
		out[c.row()] = c.counts
	}
	return out
}

// wantOffender wants an audit of the cluster that is given its logs to name who lists from etcd, and nobody else.
func wantOffender(t *testing.T, c *loopback.Cluster, version string, logs []string) {
	t.Helper()
	args := []string{"--kubeconfig", c.Kubeconfig(), "--only", "list-resource-version", "--window", "0s"}
	for _, l := range logs {
		args = append(args, "--audit-log", l)
	}
	offends := false
	for _, v := range scan(t, args...).Results {
		if v.Status != "finding" {
			continue
		}
		if version == build.Older && strings.HasSuffix(v.Subject, "shop-operator list pods") {
			offends = true
			continue
		}
		// The agents' selectors save etcd nothing, and these read events, which no version has in its cache.
		if version == build.Older && strings.HasSuffix(v.Subject, "node-agent list pods") || strings.HasSuffix(v.Subject, "event-exporter list events") {
			continue
		}
		t.Errorf("got a finding of %s, want none: %s", v.Subject, v.Message)
	}
	if offends != (version == build.Older) {
		t.Errorf("the operator is a finding: %t, want %t", offends, version == build.Older)
	}
}

// wantMerged wants the logs of each API server, reduced apart and merged, to tell what one pass over all does.
func wantMerged(t *testing.T, logs [][]string) {
	t.Helper()
	var parts []string
	for i, ls := range logs {
		r := runKaudit(t, append([]string{"requests", "-o", "json"}, ls...)...)
		if r.code != 0 {
			t.Fatalf("kaudit requests: exit status %d\n%s", r.code, r.stderr)
		}
		parts = append(parts, filepath.Join(t.TempDir(), fmt.Sprintf("cp%d.json", i+1)))
		write(t, parts[i], r.stdout)
	}
	once := runKaudit(t, append([]string{"requests", "-o", "json"}, slices.Concat(logs...)...)...)
	for _, order := range [][]string{parts, {parts[1], parts[0]}} {
		merged := runKaudit(t, append([]string{"requests", "merge", "-o", "json"}, order...)...)
		if merged.code != 0 {
			t.Fatalf("kaudit requests merge: exit status %d\n%s", merged.code, merged.stderr)
		}
		if diff := cmp.Diff(once.stdout, merged.stdout); diff != "" {
			t.Errorf("merged from %v (-one pass +merged):\n%s", order, diff)
		}
	}
}
