package requests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaudit/kaudit/evidence"
)

// The table of who serves a LIST: what each era answers, "-" for as the one before.
func TestServedByTable(t *testing.T) {
	type shape = evidence.Shape
	eras := []struct{ from, to int }{{24, 30}, {31, 33}, {34, 37}}
	tests := []struct {
		row   string
		shape shape
		want  [3]By
	}{
		{"1 unset", shape{RV: "unset"}, [3]By{Etcd, Consistent, Consistent}},
		{"1 unset, limit", shape{RV: "unset", Limit: true}, [3]By{Etcd, Consistent, Consistent}},
		{"1 unset, by label", shape{RV: "unset", Selector: "label"}, [3]By{Etcd, Consistent, Consistent}},
		{"1 unset, by node", shape{RV: "unset", Selector: "node"}, [3]By{Etcd, Consistent, Consistent}},
		{"2 next page", shape{RV: "unset", Continue: "at"}, [3]By{Etcd, Etcd, Cache}},
		{"2 next page, limit", shape{RV: "unset", Limit: true, Continue: "at"}, [3]By{Etcd, Etcd, Cache}},
		{"3 next page after a 410", shape{RV: "unset", Limit: true, Continue: "latest"}, [3]By{Etcd, Etcd, Consistent}},
		{"4 zero", shape{RV: "zero"}, [3]By{Cache, Cache, Cache}},
		{"4 zero, limit", shape{RV: "zero", Limit: true}, [3]By{Cache, Cache, Cache}},
		{"4 zero, NotOlderThan, limit", shape{RV: "zero", Match: "NotOlderThan", Limit: true}, [3]By{Cache, Cache, Cache}},
		{"5 zero, next page", shape{RV: "zero", Continue: "at"}, [3]By{Etcd, Etcd, Cache}},
		{"5 zero, next page after a 410", shape{RV: "zero", Continue: "latest"}, [3]By{Etcd, Etcd, Consistent}},
		{"6 exact", shape{RV: "exact"}, [3]By{Cache, Cache, Cache}},
		{"7 exact, limit", shape{RV: "exact", Limit: true}, [3]By{Etcd, Etcd, Cache}},
		{"8 exact, NotOlderThan", shape{RV: "exact", Match: "NotOlderThan"}, [3]By{Cache, Cache, Cache}},
		{"9 exact, NotOlderThan, limit", shape{RV: "exact", Match: "NotOlderThan", Limit: true}, [3]By{Etcd, Cache, Cache}},
		{"10 exact, Exact", shape{RV: "exact", Match: "Exact"}, [3]By{Etcd, Etcd, Cache}},
		{"10 exact, Exact, limit", shape{RV: "exact", Match: "Exact", Limit: true}, [3]By{Etcd, Etcd, Cache}},
		{"11 zero, Exact", shape{RV: "zero", Match: "Exact"}, [3]By{Refused, Refused, Refused}},
		{"11 unset, NotOlderThan", shape{RV: "unset", Match: "NotOlderThan"}, [3]By{Refused, Refused, Refused}},
		{"11 match and next page", shape{RV: "zero", Match: "NotOlderThan", Continue: "at"}, [3]By{Refused, Refused, Refused}},
		{"11 exact and next page", shape{RV: "exact", Continue: "at"}, [3]By{Refused, Refused, Refused}},
		{"invalid resourceVersion", shape{RV: "invalid"}, [3]By{Refused, Refused, Refused}},
		{"invalid match", shape{RV: "exact", Match: "invalid"}, [3]By{Refused, Refused, Refused}},
		{"by name", shape{RV: "unset", Selector: "name"}, [3]By{Key, Key, Key}},
		{"by name, Exact", shape{RV: "exact", Match: "Exact", Selector: "name"}, [3]By{Key, Key, Key}},
		{"next page by name is a page", shape{RV: "unset", Continue: "at", Selector: "name"}, [3]By{Etcd, Etcd, Cache}},
		{"by name in any namespace reads all", shape{RV: "unset", Selector: "name-anywhere"}, [3]By{Etcd, Consistent, Consistent}},
		{"unreadable token", shape{RV: "unset", Continue: "unknown"}, [3]By{Etcd, Etcd, Unknown}},
		{"many ways", shape{RV: "unset", Many: true}, [3]By{Unknown, Unknown, Unknown}},
		{"many ways from zero", shape{RV: "zero", Many: true}, [3]By{Cache, Cache, Cache}},
	}
	for _, tt := range tests {
		for i, era := range eras {
			for minor := era.from; minor <= era.to; minor++ {
				got := ServedBy(tt.shape, "pods", "list", Server{Minors: []int{minor}, WatchProgress: Yes})
				if got.By != tt.want[i] {
					t.Errorf("%s: got %s in 1.%d, want %s", tt.row, got.By, minor, tt.want[i])
				}
				ignored := tt.shape.Limit && tt.shape.RV == "zero" && got.By == Cache
				if got.LimitIgnored != ignored {
					t.Errorf("%s: got limit ignored %v in 1.%d, want %v", tt.row, got.LimitIgnored, minor, ignored)
				}
			}
		}
	}
}

func TestServedByServer(t *testing.T) {
	unset := evidence.Shape{RV: "unset"}
	page := evidence.Shape{RV: "unset", Limit: true, Continue: "at"}
	tests := map[string]struct {
		shape    evidence.Shape
		resource string
		verb     string
		server   Server
		want     By
	}{
		"events are never cached":            {evidence.Shape{RV: "zero"}, "events", "list", Server{Minors: []int{37}}, Etcd},
		"nor are those of events.k8s.io":     {unset, "events.events.k8s.io", "list", Server{Minors: []int{37}}, Etcd},
		"unless told to be":                  {evidence.Shape{RV: "zero"}, "events", "list", Server{Minors: []int{37}, Cached: []string{"events"}}, Cache},
		"events of another group are cached": {evidence.Shape{RV: "zero"}, "events.example.com", "list", Server{Minors: []int{37}}, Cache},
		"a size of zero":                     {evidence.Shape{RV: "zero"}, "secrets", "list", Server{Minors: []int{30}, Uncached: []string{"secrets"}}, Etcd},
		"no watch cache":                     {evidence.Shape{RV: "zero"}, "pods", "list", Server{Minors: []int{30}, WatchCache: No}, Etcd},
		"no watch cache, by name":            {evidence.Shape{RV: "zero", Selector: "name"}, "pods", "list", Server{Minors: []int{30}, WatchCache: No}, Key},
		"etcd too old":                       {unset, "pods", "list", Server{Minors: []int{31}, WatchProgress: No}, Etcd},
		"etcd too old in 1.37":               {unset, "pods", "list", Server{Minors: []int{37}, WatchProgress: No}, Etcd},
		"etcd not known":                     {unset, "pods", "list", Server{Minors: []int{37}}, Consistent},
		"gate off":                           {unset, "pods", "list", Server{Minors: []int{33}, ConsistentList: No}, Etcd},
		"gate off does not exist in 1.34":    {unset, "pods", "list", Server{Minors: []int{34}, ConsistentList: No}, Consistent},
		"alpha gate on":                      {unset, "pods", "list", Server{Minors: []int{28}, ConsistentList: Yes}, Consistent},
		"alpha gate on cannot page":          {evidence.Shape{RV: "unset", Limit: true}, "pods", "list", Server{Minors: []int{28}, ConsistentList: Yes}, Etcd},
		"no alpha gate in 1.27":              {unset, "pods", "list", Server{Minors: []int{27}, ConsistentList: Yes}, Etcd},
		"snapshots off":                      {page, "pods", "list", Server{Minors: []int{36}, Snapshots: No}, Etcd},
		"snapshots on in 1.33":               {page, "pods", "list", Server{Minors: []int{33}, Snapshots: Yes}, Cache},
		"no snapshots in 1.32":               {page, "pods", "list", Server{Minors: []int{32}, Snapshots: Yes}, Etcd},
		"two versions that agree":            {evidence.Shape{RV: "zero"}, "pods", "list", Server{Minors: []int{30, 31}}, Cache},
		"two versions that differ":           {unset, "pods", "list", Server{Minors: []int{30, 31}}, Unknown},
		"no version, all agree":              {evidence.Shape{RV: "zero"}, "pods", "list", Server{}, Cache},
		"no version":                         {unset, "pods", "list", Server{}, Unknown},
		"no version, events":                 {unset, "events", "list", Server{}, Etcd},
		"one of a kind without namespaces":   {evidence.Shape{RV: "unset", Selector: "name-anywhere"}, "nodes", "list", Server{Minors: []int{30}}, Key},
		"one of an unknown kind":             {evidence.Shape{RV: "unset", Selector: "name-anywhere"}, "things.example.com", "list", Server{Minors: []int{30}}, Unknown},
		"metrics":                            {unset, "pods.metrics.k8s.io", "list", Server{Minors: []int{30}}, Elsewhere},
		"component statuses":                 {unset, "componentstatuses", "list", Server{Minors: []int{30}}, Elsewhere},
		"newer than known":                   {unset, "pods", "list", Server{Minors: []int{41}}, Consistent},
		"watch":                              {unset, "pods", "watch", Server{Minors: []int{24}}, Cache},
		"watch of any version":               {evidence.Shape{RV: "exact"}, "pods", "watch", Server{}, Cache},
		"watch of events":                    {evidence.Shape{RV: "exact"}, "events", "watch", Server{}, Etcd},
		"watch with a match":                 {evidence.Shape{RV: "exact", Match: "NotOlderThan"}, "pods", "watch", Server{}, Refused},
		"sendInitialEvents of a LIST":        {evidence.Shape{RV: "zero", Initial: true}, "pods", "list", Server{Minors: []int{27}}, Refused},
		"which 1.26 does not know":           {evidence.Shape{RV: "zero", Initial: true}, "pods", "list", Server{Minors: []int{26}}, Cache},
	}
	for name, tt := range tests {
		got := ServedBy(tt.shape, tt.resource, tt.verb, tt.server)
		if got.By != tt.want {
			t.Errorf("%s: got %+v, want %s", name, got, tt.want)
		}
		if (got.By == Unknown) != (got.Unsure != "") {
			t.Errorf("%s: got %+v, want a reason for what is unknown, and for nothing else", name, got)
		}
	}
}

func TestServedByWatchList(t *testing.T) {
	shape := evidence.Shape{RV: "unset", Match: "NotOlderThan", Initial: true}
	serves := map[int]bool{32: true, 34: true, 35: true, 36: true, 37: true}
	for minor := oldest; minor <= newest; minor++ {
		for gate, want := range map[Known]bool{"": serves[minor], Yes: minor >= 27, No: false} {
			got := ServedBy(shape, "pods", "watch", Server{Minors: []int{minor}, WatchList: gate}).By
			if (got == Consistent) != want || (got == Refused) == want {
				t.Errorf("1.%d, gate %q: got %s, want it served: %v", minor, gate, got, want)
			}
		}
	}
	if got := ServedBy(shape, "pods", "watch", Server{Minors: []int{37}, WatchProgress: No}).By; got != Refused {
		t.Errorf("with an etcd too old: got %s, want refused", got)
	}
	shape.RV = "zero"
	if got := ServedBy(shape, "pods", "watch", Server{Minors: []int{37}}).By; got != Cache {
		t.Errorf("from zero: got %s, want cache", got)
	}
}

func TestServedByWords(t *testing.T) {
	unset := evidence.Shape{RV: "unset"}
	if got, want := ServedBy(unset, "pods", "list", Server{Minors: []int{30, 31}}).Unsure, "servers of different versions wrote the log: etcd in 1.30, consistent in 1.31"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := ServedBy(unset, "pods", "list", Server{}).Unsure, "the version of the servers is not known: etcd in 1.24, consistent in 1.31 and later"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for resource, want := range map[string]string{"pods": "every etcd", "things.example.com": "every etcd"} {
		if got := ServedBy(unset, resource, "list", Server{Minors: []int{37}}).Assumes; !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q taken for granted, want %q", resource, got, want)
		}
	}
	told := Server{Minors: []int{30}, ConsistentList: No, Groups: Yes, Extended: []string{"metrics.example.com"}}
	if got := ServedBy(unset, "pods.metrics.example.com", "list", told); got != (Served{By: Elsewhere}) {
		t.Errorf("got %+v of a group of an extension server, want it served elsewhere", got)
	}
	if got := ServedBy(unset, "things.example.com", "list", told); got != (Served{By: Etcd}) {
		t.Errorf("got %+v of a group that no extension server has, want etcd and nothing assumed", got)
	}
	if got := ServedBy(evidence.Shape{RV: "zero"}, "things.example.com", "list", Server{}).Assumes; !strings.Contains(got, "no extension server") {
		t.Errorf("got %q taken for granted, want that no extension server serves it", got)
	}
}

func TestFromLog(t *testing.T) {
	r := &evidence.Requests{Servers: map[string]int64{
		"kube-apiserver/v1.31.4": 5, "kube-apiserver/v1.30.14": 3, "kube-apiserver/v1.31.4-eks-2d5f260": 1, "kube-scheduler/v1.29.0": 9,
	}}
	got := FromLog(r)
	if fmt.Sprint(got.Minors)+" "+got.From != "[30 31] log" || got.Versions() != "1.30 and 1.31" {
		t.Errorf("got %+v: %s", got, got.Versions())
	}
	delete(r.Servers, "kube-apiserver/v1.31.4")
	delete(r.Servers, "kube-apiserver/v1.31.4-eks-2d5f260")
	delete(r.Servers, "kube-apiserver/v1.30.14")
	if got := FromLog(r); fmt.Sprint(got.Minors) != "[29 30]" || got.Guessed != "kube-scheduler" || got.Versions() != "1.29 or 1.30" {
		t.Errorf("got %+v of a scheduler, want its version or one newer", got)
	}
	r.Servers["kube-controller-manager/v1.30.1"] = 1
	got = FromLog(r)
	if fmt.Sprint(got.Minors) != "[30 31]" || got.Guessed != "kube-controller-manager" {
		t.Errorf("got %+v of a controller manager, want its version or one newer", got)
	}
	if by := ServedBy(evidence.Shape{RV: "unset"}, "pods", "list", got); by.Unsure != "the servers are of 1.30 or 1.31: etcd in 1.30, consistent in 1.31" {
		t.Errorf("got %+v", by)
	}
	if got := FromLog(&evidence.Requests{}); len(got.Minors) != 0 || got.From != "" {
		t.Errorf("got %+v of nothing", got)
	}
}
