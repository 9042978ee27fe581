package evidence

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestRequestsCheck(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	good := &Requests{}
	for range 500 {
		good.Merge(oneEvent(r))
	}
	if err := good.Check(); err != nil {
		t.Errorf("got %v, want what was merged to be fine", err)
	}
	for want, change := range map[string]func(*Client){
		"want list or watch":   func(c *Client) { c.Verb = "get" },
		"a count is negative":  func(c *Client) { c.Shapes[0].Refused = -1 },
		"of count":             func(c *Client) { c.Count++ },
		"a power of two":       func(c *Client) { c.Timeline = Timeline{Counts: []int64{1}} },
		"times a power of two": func(c *Client) { c.Timeline = Timeline{Counts: []int64{1}, Width: 3 * time.Second} },
		"years 0 to 9999":      func(c *Client) { c.Timeline = Timeline{Counts: []int64{1}, Width: time.Second, First: math.MaxInt64} },
		"counts, want at most": func(c *Client) { c.Timeline = Timeline{Counts: make([]int64, 65), Width: time.Second} },
		"latency":              func(c *Client) { c.Latency.Counts = make([]int64, 41) },
		"ascending":            func(c *Client) { c.Nodes.Hashes = []uint64{2, 1} },
		"at most 128":          func(c *Client) { c.Nodes.Hashes = make([]uint64, 129) },
	} {
		bad := &Requests{}
		bad.Merge(good)
		change(&bad.Clients[0])
		if err := bad.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	twice := &Requests{Clients: []Client{good.Clients[0], good.Clients[0]}}
	if err := twice.Check(); err == nil || !strings.Contains(err.Error(), "the same client again") {
		t.Errorf("got %v, want an error", err)
	}
}
