package auditlog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

const event1 = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"ResponseComplete","requestURI":"/api/v1/pods","verb":"list"}`

// write writes a file for a test and gives its path.
func write(tb testing.TB, name, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestReadNamesBadLines(t *testing.T) {
	log := write(t, "audit.log", "\xef\xbb\xbf"+event1+"\r\n\n"+"no JSON\n"+event1+"\n{}\n"+event1[:50])
	got, err := Read(t.Context(), []string{log}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []evidence.LogFault{
		{Log: log, Line: 3, Why: "no JSON"},
		{Log: log, Line: 5, Why: "JSON, but no audit event"},
		{Log: log, Line: 6, Why: "cut off"},
	}
	if d := cmp.Diff(want, got.Faults); d != "" {
		t.Errorf("faults (-want +got):\n%s", d)
	}
	if got.Events != 2 || got.Malformed != 3 || !strings.Contains(got.Logs[0].Cut, "cut off") {
		t.Errorf("got %d events, %d malformed, %q, want 2, 3, and a line that is cut off", got.Events, got.Malformed, got.Logs[0].Cut)
	}
}

func TestReadTakesEventsWithoutKind(t *testing.T) {
	const kind = `"kind":"Event","apiVersion":"audit.k8s.io/v1",`
	bare := strings.Replace(event1, kind, "", 1)
	escaped := strings.Replace(bare, `"list"`, `"l\u0069st"`, 1) // is left to encoding/json
	for name, tt := range map[string]struct {
		line      string
		malformed int64
	}{
		"as a collector leaves it": {line: bare},
		"with escapes":             {line: escaped},
		"spread out":               {line: strings.ReplaceAll(bare, ",", " , ")},
		"without a stage":          {line: strings.Replace(bare, "stage", "stages", 1), malformed: 1},
		"without an audit ID":      {line: strings.Replace(bare, "auditID", "id", 1), malformed: 1},
		"of another kind":          {line: `{"kind":"Pod",` + bare[1:], malformed: 1},
		"of another version":       {line: `{"apiVersion":"audit.k8s.io/v1alpha1",` + bare[1:], malformed: 1},
	} {
		got, _ := Read(t.Context(), []string{write(t, "audit.log", tt.line+"\n"+event1+"\n")}, Options{})
		if got.Malformed != tt.malformed || got.Events != 2-tt.malformed || got.Lists.Unset != got.Events {
			t.Errorf("%s: got %d malformed, %d events, %d LISTs, want %d malformed", name, got.Malformed, got.Events, got.Lists.Unset, tt.malformed)
		}
	}
}

// Of a value of the wrong kind the kind is told: a number may be as long as the line, or be a password.
func TestReadTellsNoValue(t *testing.T) {
	log := write(t, "audit.log", strings.Join([]string{
		eventOf("u"), `{"kind":"Event","responseStatus":{"code":` + strings.Repeat("7", 5000) + `}}`, `{"kind":"Event","sourceIPs":{"a":1}}`, `"secret"`,
	}, "\n")+"\n")
	got, _ := readAll(t, Options{}, log)
	var why []string
	for _, f := range got.Faults {
		why = append(why, f.Why)
	}
	want := []string{"an audit event has no such value: a number in responseStatus.code", "an audit event has no such value: an object in sourceIPs", "JSON, but no audit event"}
	if d := cmp.Diff(want, why); d != "" {
		t.Errorf("faults (-want +got):\n%s", d)
	}
}

func TestWorkersAreBounded(t *testing.T) {
	for _, tt := range []struct{ asked, processors, want int }{{0, 2, 2}, {0, 64, workersMost}, {16, 2, 16}} {
		o := Options{Workers: tt.asked}
		if got := o.workers(tt.processors); got != tt.want {
			t.Errorf("%d asked for, %d processors: got %d workers, want %d", tt.asked, tt.processors, got, tt.want)
		}
	}
}
