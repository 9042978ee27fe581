package requests

import (
	"fmt"
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// As many clients as are kept, of servers of an unknown version: the most that Judge is ever given.
func BenchmarkJudge(b *testing.B) {
	r := &evidence.Requests{From: noon, To: noon.Add(time.Hour), Events: 1, Stages: map[string]int64{"ResponseComplete": 1, "ResponseStarted": 1}}
	at := every(10*time.Second, time.Hour, 0, noon)
	for i := range evidence.ClientsKept {
		c := asked(evidence.Shape{RV: "unset"}, at...)
		c.User, c.Nodes = fmt.Sprint(i), distinct(20)
		c.Shapes = append(c.Shapes, evidence.ShapeCount{Shape: evidence.Shape{RV: "zero", Limit: true}, Count: 20}, evidence.ShapeCount{Shape: evidence.Shape{RV: "unset", Continue: "at"}, Count: 20})
		c.Sum()
		r.Clients = append(r.Clients, c)
	}
	b.ReportAllocs()
	for b.Loop() {
		Judge(r, Options{})
	}
}
