package requests

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// A habit is a client that asks for pods of the whole cluster every 10 s for an hour, but for what a test changes.
type habit struct {
	shape  evidence.Shape
	change func(*evidence.Client)
	server Server
	// more are further clients of the log.
	more    []evidence.Client
	objects map[string]float64
}

func (h habit) judged(t *testing.T) Judged {
	t.Helper()
	c := asked(h.shape, every(10*time.Second, time.Hour, 0, noon)...)
	if h.change != nil {
		h.change(&c)
	}
	c.Sum()
	r := &evidence.Requests{From: noon, To: noon.Add(time.Hour), Events: 1000, Stages: map[string]int64{"ResponseComplete": 1000, "ResponseStarted": 1000}, Clients: append([]evidence.Client{c}, h.more...)}
	for _, x := range r.Clients {
		if x.Verb == "list" {
			r.Lists.Add(x.Lists())
		} else {
			r.Watches += x.Count
		}
	}
	for _, j := range Judge(r, Options{Server: h.server, Objects: h.objects}).Clients {
		if j.Client == &r.Clients[0] {
			return j
		}
	}
	t.Fatal("got no judgement of the client")
	return Judged{}
}

func distinct(n int) evidence.Distinct {
	var d evidence.Distinct
	for i := range n {
		d.Add(fmt.Sprint(i))
	}
	return d
}

func watching(n int64, of evidence.Client) evidence.Client {
	of.Verb, of.Shapes = "watch", []evidence.ShapeCount{{Shape: evidence.Shape{RV: "exact"}, Started: n}}
	of.Sum()
	return of
}

func TestAdvice(t *testing.T) {
	type shape = evidence.Shape
	old, mid, now := Server{Minors: []int{30}}, Server{Minors: []int{32}}, Server{Minors: []int{37}}
	bob := evidence.Client{User: "bob", UserAgent: "agent/v1", Resource: "pods", Scope: "cluster"}
	eve := evidence.Client{User: "eve", UserAgent: "agent/v1", Resource: "pods", Scope: "cluster"}
	sparse := func(c *evidence.Client) {
		at := byChance(40, time.Hour, 9)
		u, a := c.User, c.UserAgent
		*c = asked(c.Shapes[0].Shape, at...)
		c.User, c.UserAgent = u, a
	}
	tests := map[string]struct {
		habit
		want   string // IDs of advice
		normal string // a part of why it is as it should be
	}{
		"polls etcd in 1.30":                   {habit{shape: shape{RV: "unset"}, server: old}, "informer resource-version-0 newer-server", ""},
		"polls in 1.37":                        {habit{shape: shape{RV: "unset"}, server: now}, "informer", ""},
		"polls in 1.37 with an old etcd":       {habit{shape: shape{RV: "unset"}, server: Server{Minors: []int{37}, WatchProgress: No}}, "informer resource-version-0 newer-server", ""},
		"polls in 1.32 with the gate off":      {habit{shape: shape{RV: "unset"}, server: Server{Minors: []int{32}, ConsistentList: No}}, "informer resource-version-0 newer-server", ""},
		"polls in an unknown version":          {habit{shape: shape{RV: "unset"}}, "informer resource-version-0", ""},
		"asks now and then, from the cache":    {habit{shape: shape{RV: "unset"}, server: now, change: sparse}, "", ""},
		"asks now and then, from etcd":         {habit{shape: shape{RV: "unset"}, server: old, change: sparse}, "informer resource-version-0 newer-server", ""},
		"polls the cache":                      {habit{shape: shape{RV: "zero"}, server: old}, "informer", ""},
		"forbidden":                            {habit{shape: shape{RV: "unset"}, server: old, change: func(c *evidence.Client) { c.Shapes[0].Refused, c.ClientErrors = c.Count, c.Count }}, "", "refused"},
		"throttled":                            {habit{shape: shape{RV: "unset"}, server: old, change: func(c *evidence.Client) { c.Shapes[0].Refused, c.Throttled = c.Count, c.Count }}, "informer resource-version-0 newer-server", ""},
		"limit with zero":                      {habit{shape: shape{RV: "zero", Limit: true}, server: old, more: []evidence.Client{watching(5, eve)}}, "limit-ignored informer", ""},
		"limit with zero in 1.37":              {habit{shape: shape{RV: "zero", Limit: true}, server: now, more: []evidence.Client{watching(5, eve)}}, "limit-ignored informer", ""},
		"limit with zero, of many agents once": {habit{shape: shape{RV: "zero", Limit: true}, server: old, change: func(c *evidence.Client) { c.Pods = distinct(100) }}, "", ""},
		"selects by label, from etcd":          {habit{shape: shape{RV: "unset", Selector: "label"}, server: old}, "informer resource-version-0 selector", ""},
		"polls by field in 1.37":               {habit{shape: shape{RV: "unset", Selector: "field"}, server: now}, "informer selector", ""},
		"one namespace":                        {habit{shape: shape{RV: "unset", Selector: "label"}, server: old, change: func(c *evidence.Client) { c.Scope = "namespace" }}, "informer resource-version-0 newer-server", ""},
		"events":                               {habit{shape: shape{RV: "zero"}, server: now, change: func(c *evidence.Client) { c.Resource = "events" }}, "events", ""},
		"no cache of secrets":                  {habit{shape: shape{RV: "zero"}, server: Server{Minors: []int{37}, Uncached: []string{"secrets"}}, change: func(c *evidence.Client) { c.Resource = "secrets" }}, "uncached", ""},
		"agents on 200 nodes want their pods":  {habit{shape: shape{RV: "unset", Selector: "node"}, server: old, change: func(c *evidence.Client) { c.Nodes = distinct(200) }}, "node-agent newer-server", ""},
		"from the index":                       {habit{shape: shape{RV: "zero", Selector: "node"}, server: old, change: func(c *evidence.Client) { c.Nodes = distinct(200) }}, "", ""},
		"agents on 200 nodes want all pods":    {habit{shape: shape{RV: "zero"}, server: now, change: func(c *evidence.Client) { c.Nodes = distinct(200) }}, "node-agent", ""},
		"three replicas are no agents":         {habit{shape: shape{RV: "unset"}, server: now, change: func(c *evidence.Client) { c.Nodes = distinct(3) }}, "informer", ""},
		"three of four nodes":                  {habit{shape: shape{RV: "unset"}, server: now, change: func(c *evidence.Client) { c.Nodes = distinct(3) }, objects: map[string]float64{"nodes": 4, "pods": 5000}}, "node-agent informer", ""},
		"three of 200 nodes":                   {habit{shape: shape{RV: "unset"}, server: now, change: func(c *evidence.Client) { c.Nodes = distinct(3) }, objects: map[string]float64{"nodes": 200, "pods": 5000}}, "informer", ""},
		"410 again and again":                  {habit{shape: shape{RV: "exact", Limit: true}, server: now, change: func(c *evidence.Client) { c.Expired = 100; c.Shapes[0].Refused = 100 }}, "expired informer", ""},
		"a lister that asks the API":           {habit{shape: shape{RV: "unset"}, server: now, more: []evidence.Client{watching(5, bob)}}, "informer", ""},
		"an informer":                          {habit{shape: shape{RV: "zero", Limit: true}, server: now, change: func(c *evidence.Client) { *c = asked(c.Shapes[0].Shape, byChance(12, time.Hour, 1)...) }, more: []evidence.Client{watching(80, bob)}}, "", "informer"},
		"often, by chance":                     {habit{shape: shape{RV: "unset"}, server: now, change: sparseMany}, "informer", ""},
		"an informer that starts over":         {habit{shape: shape{RV: "zero", Limit: true}, server: now, more: []evidence.Client{watching(360, bob)}}, "rewatch", ""},
		"informers of 100 namespaces":          {habit{shape: shape{RV: "zero", Limit: true}, server: now, change: func(c *evidence.Client) { c.Scope, c.Namespaces = "namespace", distinct(100) }, more: []evidence.Client{watching(360, bob)}}, "", "informer"},
		"WatchLists that start over": {habit{change: func(c *evidence.Client) {
			*c = watching(100, *c)
			c.Shapes[0].Shape = shape{RV: "unset", Match: "NotOlderThan", Initial: true}
		}, server: now}, "rewatch", ""},
		"rarely":                         {habit{shape: shape{RV: "unset"}, server: old, change: func(c *evidence.Client) { *c = asked(c.Shapes[0].Shape, byChance(5, time.Hour, 1)...) }}, "", "rarely"},
		"rarely, but it reads a million": {habit{shape: shape{RV: "unset"}, server: old, change: func(c *evidence.Client) { *c = asked(c.Shapes[0].Shape, byChance(5, time.Hour, 1)...) }, objects: map[string]float64{"pods": 200_000}}, "resource-version-0 newer-server", ""},
		"few objects":                    {habit{shape: shape{RV: "unset"}, server: old, objects: map[string]float64{"pods": 7}}, "", "reads little"},
		"kubectl by hand":                {habit{shape: shape{RV: "unset", Limit: true}, server: old, change: func(c *evidence.Client) { sparse(c); c.UserAgent = "kubectl/v1.30.1 (linux/amd64) kubernetes/abc" }}, "", "now and then"},
		"kubectl in a loop":              {habit{shape: shape{RV: "unset", Limit: true}, server: now, change: func(c *evidence.Client) { c.UserAgent = "kubectl/v1.30.1 (linux/amd64) kubernetes/abc" }}, "informer", ""},
		"the controller manager": {habit{shape: shape{RV: "unset"}, server: old, change: func(c *evidence.Client) {
			c.User, c.UserAgent = "system:kube-controller-manager", "kube-controller-manager/v1.30.1 (linux/amd64) kubernetes/abc/x"
		}}, "", "of Kubernetes itself"},
		"a kubelet of k3s": {habit{shape: shape{RV: "unset", Selector: "node"}, server: old, change: func(c *evidence.Client) {
			c.User, c.UserAgent, c.Nodes = "system:node:*", "k3s/v1.30.4+k3s1 (linux/amd64) kubernetes/abc", distinct(50)
		}}, "", "of Kubernetes itself"},
		"who only calls itself so": {habit{shape: shape{RV: "unset"}, server: now, change: func(c *evidence.Client) {
			c.UserAgent = "kube-controller-manager/v1.30.1 (linux/amd64) kubernetes/abc/x"
		}}, "informer", ""},
		"kubelets": {habit{shape: shape{RV: "unset", Selector: "node"}, server: old, change: func(c *evidence.Client) {
			c.User, c.UserAgent, c.Nodes = "system:node:*", "kubelet/v1.30.1 (linux/amd64) kubernetes/abc", distinct(50)
		}}, "", "of Kubernetes itself"},
		"an agent with the kubelet's identity": {habit{shape: shape{RV: "unset", Selector: "node"}, server: old, change: func(c *evidence.Client) { c.User, c.Nodes = "system:node:*", distinct(50) }}, "node-agent newer-server", ""},
		"one object":                           {habit{shape: shape{RV: "unset", Selector: "name"}, server: old}, "", "by its name"},
		"metrics":                              {habit{shape: shape{RV: "unset"}, server: old, change: func(c *evidence.Client) { c.APIGroup = "metrics.k8s.io" }}, "", "another server"},
		"refused":                              {habit{shape: shape{RV: "invalid"}, server: old}, "", "refused"},
		"a watch":                              {habit{change: func(c *evidence.Client) { *c = watching(10, *c) }, shape: shape{RV: "exact"}, server: old}, "", "resumes"},
		"a WatchList": {habit{change: func(c *evidence.Client) {
			*c = watching(20, *c)
			c.Shapes[0].Shape = shape{RV: "unset", Match: "NotOlderThan", Initial: true}
		}, server: now}, "", "as a stream"},
		"a WatchList that 1.33 refuses": {habit{change: func(c *evidence.Client) {
			*c = watching(100, *c)
			c.Shapes[0].Shape = shape{RV: "unset", Match: "NotOlderThan", Initial: true}
		}, server: Server{Minors: []int{33}}}, "", "lists instead"},
		"watches that start over": {habit{change: func(c *evidence.Client) { *c = watching(100, *c); c.Shapes[0].Shape = shape{RV: "zero"} }, server: old}, "rewatch", ""},
		"of 50 pods each": {habit{change: func(c *evidence.Client) {
			*c = watching(100, *c)
			c.Shapes[0].Shape = shape{RV: "zero"}
			c.Pods = distinct(50)
		}, server: old}, "", "everything once"},
		"pages in 1.32": {habit{shape: shape{RV: "unset", Limit: true}, server: mid, change: func(c *evidence.Client) {
			c.Shapes[0].Count = 120
			c.Shapes = append(c.Shapes, evidence.ShapeCount{Shape: shape{RV: "unset", Limit: true, Continue: "at"}, Count: 240})
		}}, "paging informer", ""},
		"pages in 1.37": {habit{shape: shape{RV: "unset", Limit: true}, server: now, change: func(c *evidence.Client) {
			c.Shapes[0].Count = 120
			c.Shapes = append(c.Shapes, evidence.ShapeCount{Shape: shape{RV: "unset", Limit: true, Continue: "at"}, Count: 240})
		}}, "informer", ""},
		"informers that relist a lot": {habit{shape: shape{RV: "zero"}, server: now, more: []evidence.Client{watching(300, bob)}, change: sparseMany, objects: map[string]float64{"pods": 50_000}}, "rewatch watch-list", ""},
	}
	for name, tt := range tests {
		j := tt.judged(t)
		var ids, texts []string
		for _, a := range j.Advice {
			ids = append(ids, a.ID)
			texts = append(texts, a.Text)
			if !strings.HasSuffix(a.Text, ".") || len(a.Text) > 400 || a.ID == "" {
				t.Errorf("%s: got %q, want a sentence or two", name, a.Text)
			}
		}
		if got := strings.Join(ids, " "); got != tt.want {
			t.Errorf("%s (%s; every %s, %s): got advice %q, want %q\n  %s", name, j.ServedBy, j.Interval, j.Normal, got, tt.want, strings.Join(texts, "\n  "))
		}
		if (tt.normal == "") != (j.Normal == "") || !strings.Contains(j.Normal, tt.normal) {
			t.Errorf("%s: got %q, want it %q", name, j.Normal, tt.normal)
		}
		if testing.Verbose() {
			t.Logf("%s: %s, by %s: %s\n  %s", name, j.Asks, j.ServedBy, j.Normal, strings.Join(texts, "\n  "))
		}
	}
}

func sparseMany(c *evidence.Client) { *c = asked(c.Shapes[0].Shape, byChance(200, time.Hour, 9)...) }

func TestPagesFrom(t *testing.T) {
	for want, minors := range map[string][]int{
		" (pages then come from etcd)": {30}, " (pages after the first then come from etcd)": {31, 33}, "": {34, 37},
		" (in versions before 1.34 pages come from etcd, from 1.31 on all but the first)": {30, 37},
	} {
		if got := (judge{Options: Options{Server: Server{Minors: minors}}}).pagesFrom(); got != want {
			t.Errorf("%v: got %q, want %q", minors, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	type shape = evidence.Shape
	for want, s := range map[string]shape{
		"no resourceVersion":                       {RV: "unset"},
		"resourceVersion=0, limit, label selector": {RV: "zero", Limit: true, Selector: "label"},
		"a resourceVersion, match Exact, by node":  {RV: "exact", Match: "Exact", Selector: "node"},
		"next page": {RV: "unset", Limit: true, Continue: "at"},
		"resourceVersion=0, next page of a newer state": {RV: "zero", Continue: "latest"},
		"no resourceVersion, sendInitialEvents":         {RV: "unset", Match: "NotOlderThan", Initial: true},
		"an invalid resourceVersion, match invalid":     {RV: "invalid", Match: "invalid"},
		"an unreadable continue token":                  {RV: "unset", Continue: "unknown"},
		"resourceVersion=0, by name in any namespace":   {RV: "zero", Selector: "name-anywhere"},
		"no resourceVersion, limit, in many ways":       {RV: "unset", Limit: true, Many: true},
	} {
		if got := Ask(s, "list"); got != want {
			t.Errorf("%+v: got %q, want %q", s, got, want)
		}
	}
	served := []ServedCount{{Served{By: Etcd}, 600}, {Served{By: Cache, LimitIgnored: true}, 396}, {Served{By: Cache}, 3}, {Served{By: Etcd, Assumes: "x"}, 1}}
	if got, want := words(served, 1000), "etcd 60%; cache, limit ignored 40%; cache under 1%"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A log of seconds tells nothing of an hour.
func TestRewatchTellsItsRate(t *testing.T) {
	for want, n := range map[string]int64{"from nothing about 100 times an hour:": 100, "from nothing about 5 times a minute:": 300} {
		j := habit{server: Server{Minors: []int{30}}, change: func(c *evidence.Client) {
			*c = watching(n, *c)
			c.Shapes[0].Shape = evidence.Shape{RV: "zero"}
		}}.judged(t)
		if len(j.Advice) != 1 || !strings.Contains(j.Advice[0].Text, want) {
			t.Errorf("%d watches in an hour: got %+v, want %q", n, j.Advice, want)
		}
	}
}
