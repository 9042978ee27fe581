package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(t *testing.T, stamp string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func parseDump(t *testing.T, text string) Dump {
	t.Helper()
	d, err := ParseDump(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseDump(t *testing.T) {
	got := parseDump(t, string(recorded(t, "apf/dump_requests-1.37.2.txt")))
	of := func(user string, waiting bool, n int, since string) Flow {
		return Flow{
			Level: "global-default", Schema: "global-default", User: user, Verb: "list", Resource: "configmaps", Scope: "cluster",
			Waiting: waiting, Count: n, Seats: n, MostSeats: 1, Since: at(t, since),
		}
	}
	want := Dump{
		At: at(t, "2026-11-25T14:33:39.600510718Z"), Executing: 1, Waiting: 17, Asker: "kubernetes-admin",
		Flows: []Flow{
			of("system:serviceaccount:monitoring:agent", true, 6, "2026-11-25T14:33:38.471655117Z"),
			of("system:serviceaccount:ci:runner", true, 6, "2026-11-25T14:33:38.956903932Z"),
			of("alice@example.org", true, 5, "2026-11-25T14:33:38.79162002Z"),
			of("alice@example.org", false, 1, "2026-11-25T14:33:38.676966408Z"),
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestParseDumpOf130(t *testing.T) {
	got := parseDump(t, string(recorded(t, "apf/dump_requests-1.30.14.txt")))
	if got.Executing == 0 || got.Waiting == 0 || got.Executing+got.Waiting != 17 || got.Unread != 0 || got.WaitingOnly || got.Asker != "kubernetes-admin" {
		t.Errorf("got %+v, want 17 requests, some of them waiting", got)
	}
}

// withoutStart is a dump as servers until 1.27 write it: without the column StartTime, and without what executes.
func withoutStart(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimRight(line, "\n"), ",")
		if strings.TrimSpace(cells[3]) == "-1" {
			continue
		}
		out.WriteString(strings.Join(append(cells[:9:9], cells[10:]...), ",") + "\n")
	}
	return out.String()
}

func TestParseDumpOfOldServers(t *testing.T) {
	got := parseDump(t, withoutStart(string(recorded(t, "apf/dump_requests-1.37.2.txt"))))
	if !got.WaitingOnly || got.Executing != 0 || got.Waiting != 17 || len(got.Flows) != 3 || got.Asker != "" || got.Unread != 0 {
		t.Errorf("got %+v, want 17 that wait in 3 flows, and no word on what executes", got)
	}
	if want := at(t, "2026-11-25T14:33:39.568467471Z"); !got.At.Equal(want) {
		t.Errorf("got %s, want the youngest that waits, %s", got.At, want)
	}
	const none = "PriorityLevelName, FlowSchemaName, QueueIndex, RequestIndexInQueue, FlowDistingsher, ArriveTime, InitialSeats, FinalSeats, AdditionalLatency, UserName, Verb, APIPath, Namespace, Name, APIVersion, Resource, SubResource\n" +
		"exempt, <none>, <none>, <none>, <none>, <none>, <none>, <none>, <none>, <none>, <none>, <none>, <none>, <none>, <none>, <none>, <none>\n"
	if got := parseDump(t, none); got.Unread != 0 || len(got.Flows) != 0 {
		t.Errorf("got %+v, want nothing of a level without queues", got)
	}
}

const dumpHead = "PriorityLevelName, FlowSchemaName, QueueIndex, RequestIndexInQueue, FlowDistingsher, ArriveTime, InitialSeats, FinalSeats, AdditionalLatency, StartTime, UserName, Verb, APIPath, Namespace, Name, APIVersion, Resource, SubResource\n"

func dumpRow1(seats, user, verb, path, namespace, name, version, resource, sub string) string {
	return strings.Join([]string{
		"workload-low", "service-accounts", "3", "-1", "x", "2026-11-25T14:00:00.5Z", seats, "0", "0s", "2026-11-25T14:00:01Z",
		user, verb, path, namespace, name, version, resource, sub,
	}, ",\t") + "\n"
}

func TestParseDumpKeepsNoNamesOfObjects(t *testing.T) {
	got := parseDump(t, dumpHead+
		dumpRow1("1", "u", "get", "/api/v1/namespaces/n/pods/p/log", "n", "s3cret", "v1", "pods", "log")+
		dumpRow1("10", "u", "list", "/apis/apps/v1/namespaces/s3cret/deployments", "s3cret", "", "apps/v1", "deployments", "")+
		dumpRow1("1", "u", "get", "/openapi/v3/s3cret", "", "", "", "", "")+
		dumpRow1("1", "u", "get", "/s3cret/x", "", "", "", "", ""))
	var flows []string
	for _, f := range got.Flows {
		flows = append(flows, strings.Join([]string{f.Verb, f.APIGroup, f.Resource, f.Scope, f.Path}, " "))
	}
	want := []string{"list apps deployments namespace ", "get    /openapi", "get    /…", "get  pods/log resource "}
	if d := cmp.Diff(want, flows); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if saved, err := json.Marshal(got); err != nil || bytes.Contains(saved, []byte("s3cret")) {
		t.Errorf("got %s, %v: want no name", saved, err)
	}
}

func TestParseDumpIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(dumpHead)
	for i := range dumpFlows + 3 {
		b.WriteString(dumpRow1(fmt.Sprint(1+i%9), fmt.Sprintf("user-%03d", i), "list", "/api/v1/pods", "", "", "v1", "pods", ""))
	}
	b.WriteString(dumpRow1("1", strings.Repeat("long", 1000), "list", "/api/v1/pods", "", "", "v1", "pods", ""))
	b.WriteString(dumpRow1("1", strings.Repeat("longer", 100_000), "list", "/api/v1/pods", "", "", "v1", "pods", ""))
	b.WriteString(dumpRow1("1", "CN=a, OU=b", "list", "/api/v1/pods", "", "", "v1", "pods", ""))
	b.WriteString(dumpRow1("-1", "u", "list", "/api/v1/pods", "", "", "v1", "pods", ""))
	b.WriteString(dumpRow1("99999999999", "u", "list", "/api/v1/pods", "", "", "v1", "pods", ""))
	got := parseDump(t, b.String())
	if len(got.Flows) != dumpFlows || got.Left != 4 || got.Unread != 4 || got.Executing != dumpFlows+4 {
		t.Errorf("got %d flows, %d left out, %d unread of %d, want %d, 4, 4 of %d", len(got.Flows), got.Left, got.Unread, got.Executing, dumpFlows, dumpFlows+4)
	}
	for _, f := range got.Flows {
		if len(f.User) > dumpName+len("…") {
			t.Errorf("got a user of %d bytes, want at most %d", len(f.User), dumpName)
		}
	}
}

func TestParseDumpOfSomethingElse(t *testing.T) {
	for _, text := range []string{"", "\n", "<html>", "a,b\n", strings.Replace(dumpHead, "Verb, ", "", 1), strings.Repeat("x", dumpRow*2)} {
		if d, err := ParseDump(strings.NewReader(text)); err == nil {
			t.Errorf("%.20q: got %+v, want an error", text, d)
		}
	}
	if got := parseDump(t, strings.TrimSpace(dumpHead)); got.Executing+got.Waiting+got.Unread != 0 {
		t.Errorf("got %+v, want nothing", got)
	}
}

func FuzzParseDump(f *testing.F) {
	f.Add(recorded(f, "apf/dump_requests-1.37.2.txt"))
	f.Add([]byte(withoutStart(string(recorded(f, "apf/dump_requests-1.37.2.txt")))))
	f.Add([]byte(dumpHead + dumpRow1("1", "u", "list", "/x\nexempt,\t", "", "", "v1", "pods", "")))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseDump(bytes.NewReader(data))
		if err != nil {
			return
		}
		if _, err := json.Marshal(d); err != nil {
			t.Errorf("got what cannot be saved: %v", err)
		}
		n := d.Left
		for _, fl := range d.Flows {
			n += fl.Count
			if fl.MostSeats > fl.Seats || fl.Count <= 0 || fl.Seats < 0 {
				t.Errorf("got %+v", fl)
			}
		}
		if n != d.Executing+d.Waiting || len(d.Flows) > dumpFlows {
			t.Errorf("got %d requests in %d flows, want %d", n, len(d.Flows), d.Executing+d.Waiting)
		}
	})
}
