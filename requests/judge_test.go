package requests

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

// Nobody serves what is refused; of what is expired etcd, or the cache, had to be asked to know.
func TestServedIsNotWhatWasRefused(t *testing.T) {
	type counts map[By]int64
	unset, page := evidence.Shape{RV: evidence.RVUnset}, evidence.Shape{RV: evidence.RVUnset, Limit: true, Continue: evidence.ContinueAt}
	for name, tt := range map[string]struct {
		shapes  []evidence.ShapeCount
		expired int64
		want    counts
	}{
		"none":                  {[]evidence.ShapeCount{{Shape: unset, Count: 10}}, 0, counts{Etcd: 10}},
		"some":                  {[]evidence.ShapeCount{{Shape: unset, Count: 10, Refused: 4}}, 0, counts{Etcd: 6, Refused: 4}},
		"all":                   {[]evidence.ShapeCount{{Shape: unset, Count: 5, Refused: 5}}, 0, counts{Refused: 5}},
		"expired pages":         {[]evidence.ShapeCount{{Shape: unset, Count: 1}, {Shape: page, Count: 3, Refused: 3}}, 3, counts{Etcd: 4}},
		"throttled and expired": {[]evidence.ShapeCount{{Shape: unset, Count: 3, Refused: 2}, {Shape: page, Count: 5, Refused: 4}}, 3, counts{Etcd: 5, Refused: 3}},
		"more refused than all": {[]evidence.ShapeCount{{Shape: unset, Count: 2, Refused: 9}}, 0, counts{Refused: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			c := evidence.Client{Verb: "list", Resource: "pods", Scope: evidence.ScopeCluster, Shapes: tt.shapes, Expired: tt.expired}
			c.Sum()
			got := counts{}
			for _, s := range served(&c, Server{Minors: []int{30}}) {
				got[s.By] += s.Count
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewerServersAreTakenForTheNewestKnown(t *testing.T) {
	r := &evidence.Requests{Events: 1, Lists: evidence.ListCounts{Total: 1}, Stages: map[string]int64{"ResponseComplete": 1}}
	const want = "taken for granted: 1.38 behaves as 1.37 does, the newest that is known"
	if got := Judge(r, Options{Server: Server{Minors: []int{newest + 1}}}).Notes; !slices.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Judge(r, Options{Server: Server{Minors: []int{newest}}}).Notes; len(got) > 0 {
		t.Errorf("got %q of a known version, want nothing", got)
	}
}

// The log knows better than a snapshot which version wrote it, and worse than who says so.
func TestServerOfLogAndSnapshot(t *testing.T) {
	log := func(names ...string) *evidence.Requests {
		r := &evidence.Requests{Servers: map[string]int64{}}
		for _, n := range names {
			r.Servers[n] = 1
		}
		return r
	}
	for name, tt := range map[string]struct {
		known Server
		log   *evidence.Requests
		want  Server
		lists By // of a LIST without resourceVersion
	}{
		"the same":                   {Server{Minors: []int{30}, From: "snapshot"}, log("kube-apiserver/v1.30.1"), Server{Minors: []int{30}, From: "snapshot"}, Etcd},
		"before an upgrade":          {Server{Minors: []int{31}, From: "snapshot"}, log("kube-apiserver/v1.30.1"), Server{Minors: []int{30, 31}, From: "log and snapshot"}, Unknown},
		"again, merged":              {Server{Minors: []int{30, 31}, From: "log and snapshot"}, log("kube-apiserver/v1.30.1"), Server{Minors: []int{30, 31}, From: "log and snapshot"}, Unknown},
		"of one server of two":       {Server{Minors: []int{30, 31}, From: "cluster"}, log("kube-apiserver/v1.30.1"), Server{Minors: []int{30}, From: "cluster"}, Etcd},
		"given":                      {Server{Minors: []int{30}, From: "given"}, log("kube-apiserver/v1.31.1"), Server{Minors: []int{30}, From: "given"}, Etcd},
		"guessed by the log":         {Server{Minors: []int{30}, From: "cluster"}, log("kube-scheduler/v1.28.1"), Server{Minors: []int{30}, From: "cluster"}, Etcd},
		"told by the snapshot alone": {Server{Minors: []int{34}, From: "snapshot"}, log(), Server{Minors: []int{34}, From: "snapshot"}, Consistent},
	} {
		got := Judge(tt.log, Options{Server: tt.known}).Server
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if by := ServedBy(evidence.Shape{RV: evidence.RVUnset}, "pods", "list", got); by.By != tt.lists {
			t.Errorf("%s: got %+v, want %s", name, by, tt.lists)
		}
	}
}
