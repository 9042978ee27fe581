//go:build e2e

package e2e

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// A requestReport is what kaudit makes of audit logs.
type requestReport struct {
	APIVersion, Kind  string
	Events, Malformed int
	From, To          time.Time
	Lists             struct{ Total, Unset, Zero, Exact, Paged, Continued int }
	Watches           int
	Server            struct {
		Minors []int
		From   string
	}
	Clients []client
}

// A client is a row of it.
type client struct {
	User, Via, UserAgent, Verb, Resource, Scope string

	counts
	Served []struct {
		By    string
		Count int
	}
	FanOut   int
	FanOutOf string
	First    time.Time
	Answers  int
	Bytes    int
	Objects  int
	Cost     struct {
		EtcdObjects float64
		AtMost      bool
	}
	Advice []struct{ ID string }
}

func (c client) row() row { return row{c.User, c.UserAgent, c.Verb, c.Resource, c.Scope} }

// by is how many of its requests were served in one way.
func (c client) by(who string) int {
	n := 0
	for _, s := range c.Served {
		if s.By == who {
			n += s.Count
		}
	}
	return n
}

// requestsOf reads logs with kaudit.
func requestsOf(t *testing.T, args ...string) requestReport {
	t.Helper()
	r := runKaudit(t, append([]string{"requests", "-o", "json"}, args...)...)
	if r.code != 0 {
		t.Fatalf("kaudit requests %s: exit status %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	var rep requestReport
	if err := json.Unmarshal([]byte(r.stdout), &rep); err != nil {
		t.Fatalf("read the report: %v\n%.500s", err, r.stdout)
	}
	if got, want := rep.APIVersion+" "+rep.Kind, "kaudit.dev/v1 RequestReport"; got != want {
		t.Fatalf("report is a %s, want %s", got, want)
	}
	return rep
}

// logLines are the lines of a log, packed or not.
func logLines(t *testing.T, path string) func(yield func([]byte) bool) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	return func(yield func([]byte) bool) {
		defer func() { _ = f.Close() }()
		for lines.Scan() {
			if !yield(lines.Bytes()) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
