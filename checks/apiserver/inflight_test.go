package apiserver

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// moments are dumps of one kube-apiserver.
func moments(dumps ...evidence.Dump) evidence.Instances[evidence.InFlight] {
	return evidence.Instances[evidence.InFlight]{evidence.See("kube-apiserver/cp-1", evidence.InFlight{Dumps: dumps}, evidence.Source{})}
}

func TestUnderWay(t *testing.T) {
	now := time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)
	waits := func(d time.Duration) evidence.Dump {
		return evidence.Dump{At: now, Waiting: 1, Executing: 2, Asker: "kaudit", Flows: []evidence.Flow{
			{Level: "workload-low", User: "kaudit", Verb: "list", APIGroup: "apps", Resource: "deployments", Scope: "namespace", Count: 2, Seats: 20, MostSeats: 10, Since: now.Add(-3 * time.Second)},
			{Level: "workload-low", User: "bob", Verb: "get", Path: "/openapi", Waiting: true, Count: 1, Seats: 1, MostSeats: 1, Since: now.Add(-d)},
		}}
	}
	forbidden := evidence.Instances[evidence.InFlight]{evidence.Miss[evidence.InFlight]("kube-apiserver/cp-1",
		evidence.Gap{Why: evidence.Forbidden, Note: "may not", Unlock: "permission"}, evidence.Source{})}
	for name, tc := range map[string]struct {
		in   evidence.Instances[evidence.InFlight]
		want []string
		says string
	}{
		"nobody asked":          {nil, nil, ""},
		"not permitted":         {forbidden, []string{"skipped kube-apiserver/cp-1 under way"}, "may not"},
		"nothing":               {moments(evidence.Dump{At: now}), []string{"pass kube-apiserver/cp-1 under way"}, "at 14:00:00 UTC 0 executing and 0 waiting"},
		"a wait at the bound":   {moments(waits(time.Second)), []string{"pass kube-apiserver/cp-1 under way"}, "let nobody wait for longer than 1 s"},
		"a longer wait":         {moments(waits(time.Second + 1)), []string{"info kube-apiserver/cp-1 under way"}, "had 1 request in its queues, the oldest for 1.0 s: that of bob to get /openapi; at 14:00:00 UTC 2 executing and 1 waiting, with the most seats kaudit 2× list deployments.apps of a namespace (workload-low, 20 seats, executing, the oldest for 3.0 s, the user of this audit), bob 1× get /openapi (workload-low, 1 seat, waiting, the oldest for 1.0 s) (a moment, not a habit)"},
		"at one of two moments": {moments(waits(0), waits(2*time.Second)), []string{"info kube-apiserver/cp-1 under way"}, "the oldest for 2.0 s"},
		"until 1.27":            {moments(evidence.Dump{WaitingOnly: true}), []string{"pass kube-apiserver/cp-1 under way"}, "0 waiting, and this version does not tell what executes"},
		"rows that are none":    {moments(evidence.Dump{Unread: 2}), []string{"pass kube-apiserver/cp-1 under way"}, "let nobody wait, of those that could be read, for longer than 1 s; 0 executing and 0 waiting; 2 rows could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			w := watched{subject: checks.About("kube-apiserver/cp-1")}
			got := w.inFlight(tc.in.Of("kube-apiserver/cp-1"), saturationDefaults)
			if d := cmp.Diff(tc.want, said(got)); d != "" {
				t.Fatalf("verdicts (-want +got):\n%s", d)
			}
			if len(got) > 0 && !strings.Contains(got[0].Message, tc.says) {
				t.Errorf("got %q, want %q in it", got[0].Message, tc.says)
			}
		})
	}
}

// The dump adds to what a check says, and never changes what the counters decide.
func TestListRVNamesWhoIsUnderWay(t *testing.T) {
	text, err := os.Open("../../testdata/apf/dump_requests-1.37.2.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close() //nolint:errcheck // only read
	d, err := evidence.ParseDump(text)
	if err != nil {
		t.Fatal(err)
	}
	s := &evidence.Snapshot{InFlight: moments(d, d)}
	const want = "under way at 2 moments that were looked at: 12 LISTs of alice@example.org (10 waiting), 12 LISTs of system:serviceaccount:ci:runner (12 waiting), 12 LISTs of system:serviceaccount:monitoring:agent (12 waiting)"
	if got := underWay(s, "configmaps"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := underWay(s, "pods"); got != "" {
		t.Errorf("got %q of pods, want nothing", got)
	}
	grown, gauges := old130(60, 60_000, 60_000)
	plain := listing(30, 24*time.Hour, time.Minute, grown, gauges)
	before := runListRV(plain, listRVDefaults)
	for i := range d.Flows {
		d.Flows[i].Resource, d.Flows[i].APIGroup = "deployments", "apps"
	}
	plain.InFlight = moments(d)
	after := runListRV(plain, listRVDefaults)
	if d := cmp.Diff(said(before), said(after)); d != "" {
		t.Errorf("verdicts with the dump (-without +with):\n%s", d)
	}
	if !strings.Contains(after[0].Message, "6 LISTs of alice@example.org (5 waiting)") {
		t.Errorf("got %q, want who lists", after[0].Message)
	}
}
