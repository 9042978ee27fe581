package requests

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func TestJudgeRanks(t *testing.T) {
	client := func(user, resource, scope string, shape evidence.Shape, n int64) evidence.Client {
		c := evidence.Client{User: user, Verb: "list", Resource: resource, Scope: scope, Shapes: []evidence.ShapeCount{{Shape: shape, Count: n}}}
		c.Sum()
		return c
	}
	unset, zero := evidence.Shape{RV: "unset"}, evidence.Shape{RV: "zero"}
	r := &evidence.Requests{
		From: noon, To: noon.Add(100 * time.Second),
		Clients: []evidence.Client{
			client("a-namespaced", "pods", "namespace", unset, 900),
			client("b-cluster", "pods", "cluster", unset, 100),
			client("c-cached", "pods", "cluster", zero, 5000),
			client("d-secrets", "secrets", "cluster", unset, 50),
			client("e-same", "pods", "cluster", unset, 100),
			client("f-key", "pods", "resource", evidence.Shape{RV: "unset", Selector: "name"}, 9000),
		},
	}
	order := func(o Options) string {
		var out []string
		for _, j := range Judge(r, o).Clients {
			out = append(out, j.User[:1])
		}
		return strings.Join(out, "")
	}
	server := Server{Minors: []int{30}}
	if got, want := order(Options{Server: server}), "becdaf"; got != want {
		t.Errorf("no counts: got %s, want %s", got, want)
	}
	objects := map[string]float64{"pods": 10, "secrets": 100_000}
	if got, want := order(Options{Server: server, Objects: objects}), "dbecaf"; got != want {
		t.Errorf("with counts: got %s, want %s", got, want)
	}
	rep := Judge(r, Options{Server: server, Objects: objects})
	if want := (Cost{Known: true, AtMost: true, EtcdObjects: 9000 + 1000 + 1000 + 5_000_000, CacheObjects: 50_000, EtcdPerSecond: 50_110}); rep.Cost != want {
		t.Errorf("got %+v, want %+v", rep.Cost, want)
	}
	if j := rep.Clients[0]; j.PerMinute != 30 || j.Cost.EtcdPerSecond != 50_000 {
		t.Errorf("got %g a minute, %+v", j.PerMinute, j.Cost)
	}
}

func TestJudgeNotes(t *testing.T) {
	c := asked(evidence.Shape{RV: "unset"}, every(time.Second, time.Minute, 0, noon)...)
	full := func() *evidence.Requests {
		return &evidence.Requests{
			From: noon, To: noon.Add(time.Minute), Events: 60, Stages: map[string]int64{"ResponseComplete": 60}, Verbs: map[string]int64{"list": 60},
			Servers: map[string]int64{"kube-apiserver/v1.37.2": 1}, Lists: c.Lists(), Clients: []evidence.Client{c},
		}
	}
	counted := map[string]float64{"pods": 1000}
	for name, tt := range map[string]struct {
		change  func(*evidence.Requests)
		options Options
		want    []string
	}{
		"nothing to say":     {nil, Options{Server: Server{WatchProgress: Yes}, Objects: counted}, nil},
		"etcd":               {nil, Options{Objects: counted}, []string{"taken for granted: every etcd"}},
		"no objects":         {nil, Options{Server: Server{WatchProgress: Yes}}, []string{"how many objects"}},
		"no version":         {func(r *evidence.Requests) { r.Servers = nil }, Options{Objects: counted}, []string{"the version of the servers is not known"}},
		"a version to guess": {func(r *evidence.Requests) { r.Servers = map[string]int64{"kube-scheduler/v1.36.0": 1} }, Options{Server: Server{WatchProgress: Yes}, Objects: counted}, []string{"the servers are taken to be of 1.36 or 1.37, by what kube-scheduler calls itself"}},
		"two versions":       {func(r *evidence.Requests) { r.Servers["kube-apiserver/v1.36.0"] = 1 }, Options{Server: Server{WatchProgress: Yes}, Objects: counted}, []string{"servers of 1.36 and 1.37"}},
		"given version":      {func(r *evidence.Requests) { r.Servers = nil }, Options{Server: Server{Minors: []int{30}, ConsistentList: No}, Objects: counted}, nil},
		"others":             {func(r *evidence.Requests) { r.Others = evidence.Others{Watches: 3, AtMost: 2} }, Options{Server: Server{WatchProgress: Yes}, Objects: counted}, []string{"3 requests are of clients beyond"}},
		"no LIST":            {func(r *evidence.Requests) { r.Lists, r.Verbs, r.Clients = evidence.ListCounts{}, nil, nil }, Options{}, []string{"the log has no LIST"}},
		"no finish": {func(r *evidence.Requests) {
			r.Lists, r.Verbs, r.Clients, r.Stages = evidence.ListCounts{}, nil, nil, map[string]int64{"RequestReceived": 60}
		}, Options{}, []string{"no request in the log has finished"}},
		"nothing at all": {func(r *evidence.Requests) { *r = evidence.Requests{} }, Options{}, nil},
	} {
		r := full()
		if tt.change != nil {
			tt.change(r)
		}
		got := Judge(r, tt.options).Notes
		if len(got) != len(tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
			continue
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(got[i], want) {
				t.Errorf("%s: got %q, want %q", name, got[i], want)
			}
		}
	}
}

func TestJudgeChangesNothing(t *testing.T) {
	c := asked(evidence.Shape{RV: "unset"}, every(time.Second, time.Minute, 0, noon)...)
	r := &evidence.Requests{From: noon, To: noon.Add(time.Minute), Clients: []evidence.Client{c}}
	o := Options{Server: Server{}, Objects: map[string]float64{"pods": 5}}
	first := Judge(r, o)
	if diff := cmp.Diff(first, Judge(r, o)); diff != "" {
		t.Errorf("the second time: want-, got+:\n%s", diff)
	}
	if diff := cmp.Diff(c, r.Clients[0]); diff != "" {
		t.Errorf("the client: want-, got+:\n%s", diff)
	}
}
