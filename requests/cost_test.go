package requests

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func TestCost(t *testing.T) {
	type shape = evidence.Shape
	old, now := Server{Minors: []int{30}}, Server{Minors: []int{37}, WatchProgress: Yes}
	for name, tt := range map[string]struct {
		shape  evidence.ShapeCount
		c      evidence.Client
		server Server
		want   Cost
	}{
		"all from etcd":               {evidence.ShapeCount{Shape: shape{RV: "unset"}, Count: 10}, evidence.Client{}, old, Cost{EtcdObjects: 10_000}},
		"refused ones read nothing":   {evidence.ShapeCount{Shape: shape{RV: "unset"}, Count: 10, Refused: 4}, evidence.Client{}, old, Cost{EtcdObjects: 6000}},
		"all from the cache":          {evidence.ShapeCount{Shape: shape{RV: "unset"}, Count: 10}, evidence.Client{}, now, Cost{CacheObjects: 10_000}},
		"pages from etcd":             {evidence.ShapeCount{Shape: shape{RV: "unset", Limit: true}, Count: 10, Limits: 5000}, evidence.Client{}, old, Cost{EtcdObjects: 5000, AtMost: true}},
		"a limit over all":            {evidence.ShapeCount{Shape: shape{RV: "unset", Limit: true}, Count: 10, Limits: 50_000}, evidence.Client{}, old, Cost{EtcdObjects: 10_000, AtMost: true}},
		"a limit that does nothing":   {evidence.ShapeCount{Shape: shape{RV: "zero", Limit: true}, Count: 10, Limits: 5000}, evidence.Client{}, now, Cost{CacheObjects: 10_000}},
		"a selector and a limit":      {evidence.ShapeCount{Shape: shape{RV: "unset", Limit: true, Selector: "label"}, Count: 10, Limits: 10}, evidence.Client{}, old, Cost{EtcdObjects: 10_000, AtMost: true}},
		"by node from etcd reads all": {evidence.ShapeCount{Shape: shape{RV: "unset", Selector: "node"}, Count: 10}, evidence.Client{}, old, Cost{EtcdObjects: 10_000}},
		"by node from the cache":      {evidence.ShapeCount{Shape: shape{RV: "zero", Selector: "node"}, Count: 10}, evidence.Client{}, old, Cost{}},
		"of a namespace":              {evidence.ShapeCount{Shape: shape{RV: "unset"}, Count: 10}, evidence.Client{Scope: "namespace"}, old, Cost{EtcdObjects: 10_000, AtMost: true}},
		"of ten namespaces in turn":   {evidence.ShapeCount{Shape: shape{RV: "unset"}, Count: 10}, evidence.Client{Scope: "namespace", Namespaces: distinct(10)}, old, Cost{EtcdObjects: 1000, AtMost: true}},
		"by name":                     {evidence.ShapeCount{Shape: shape{RV: "unset", Selector: "name"}, Count: 10}, evidence.Client{Scope: "resource"}, old, Cost{}},
		"nobody knows from where":     {evidence.ShapeCount{Shape: shape{RV: "unset"}, Count: 10}, evidence.Client{}, Server{}, Cost{EtcdObjects: 10_000, AtMost: true}},
		"a watch that resumes":        {evidence.ShapeCount{Shape: shape{RV: "exact"}, Started: 10}, evidence.Client{Verb: "watch"}, now, Cost{}},
		"a watch that starts":         {evidence.ShapeCount{Shape: shape{RV: "zero"}, Started: 10}, evidence.Client{Verb: "watch"}, now, Cost{CacheObjects: 10_000}},
		"a WatchList":                 {evidence.ShapeCount{Shape: shape{RV: "unset", Match: "NotOlderThan", Initial: true}, Started: 10}, evidence.Client{Verb: "watch"}, now, Cost{CacheObjects: 10_000}},
		"a WatchList that is refused": {evidence.ShapeCount{Shape: shape{RV: "unset", Match: "NotOlderThan", Initial: true}, Started: 10}, evidence.Client{Verb: "watch"}, old, Cost{}},
	} {
		c := tt.c
		if c.Verb == "" {
			c.Verb = "list"
		}
		c.Resource, c.Shapes = "pods", []evidence.ShapeCount{tt.shape}
		c.Sum()
		tt.want.Known = true
		tt.want.EtcdPerSecond = tt.want.EtcdObjects / 100
		got := costOf(&c, Options{Server: tt.server, Objects: map[string]float64{"pods": 1000}}, 100*time.Second)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: want-, got+:\n%s", name, diff)
		}
		if got := costOf(&c, Options{Server: tt.server}, time.Second); got != (Cost{}) {
			t.Errorf("%s: got %+v where nothing was counted, want it unknown", name, got)
		}
	}
}
