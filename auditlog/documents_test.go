package auditlog

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func pretty(t *testing.T, doc string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(doc), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReadDocuments(t *testing.T) {
	a, b, c := eventOf("a"), eventOf("b"), eventOf("c")
	bare := strings.Replace(a, `"kind":"Event","apiVersion":"audit.k8s.io/v1",`, "", 1)
	list := `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[` + bare + "," + b + "," + c + `]}`
	kubectl := `{"apiVersion":"v1","items":[` + a + `,` + b + `],"kind":"List","metadata":{"resourceVersion":""}}`
	for name, tt := range map[string]struct {
		log    string
		events int64
		faults []int64 // lines
		cut    bool
	}{
		"a list as it is sent":                   {log: list + "\n", events: 3},
		"a list as it is printed":                {log: pretty(t, list), events: 3},
		"with returns":                           {log: "\xef\xbb\xbf" + strings.ReplaceAll(pretty(t, list), "\n", "\r\n"), events: 3},
		"as kubectl prints it":                   {log: pretty(t, kubectl) + "\n", events: 2},
		"printed events":                         {log: pretty(t, a) + "\n" + pretty(t, b) + "\n\n" + pretty(t, c), events: 3},
		"without line feeds between them":        {log: pretty(t, a) + pretty(t, list) + pretty(t, b), events: 5},
		"printed, then as lines":                 {log: pretty(t, a) + "\n" + b + "\n" + list + "\n", events: 5},
		"a printed array":                        {log: pretty(t, "["+a+","+bare+"]"), events: 2},
		"a list with a line to each event":       {log: `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + "\n" + a + ",\n" + b + "\n]}\n", events: 2},
		"an empty list":                          {log: "{\n\"kind\":\"EventList\",\n\"apiVersion\":\"audit.k8s.io/v1\",\n\"items\":[\n]}\n"},
		"something else":                         {log: pretty(t, `{"kind":"PodList","apiVersion":"v1","items":[{"kind":"Pod"}]}`) + "\n" + pretty(t, a), events: 1, faults: []int64{1}},
		"cut off":                                {log: pretty(t, a) + "\n" + pretty(t, b)[:90], events: 1, faults: []int64{int64(strings.Count(pretty(t, a), "\n")) + 2}, cut: true},
		"a list that is cut off":                 {log: "{\n" + list[1:len(list)-20], events: 2, faults: []int64{2}, cut: true},
		"a string that does not end, then whole": {log: strings.Replace(pretty(t, a), `"list",`, `"list,`, 1) + "\n" + pretty(t, b), events: 1, faults: []int64{8}},
		"an element that is no event":            {log: "{\n" + strings.Replace(list[1:], b, `{"kind":"Pod"}`, 1), events: 2, faults: []int64{2}},
		"lines, of which the first is cut off":   {log: a[:15] + "\n" + b + "\n" + c + "\n", events: 2, faults: []int64{1}},
		"lines, the first cut off after a comma": {log: a[:15] + ",\n" + b + "\n" + c + "\n", events: 2, faults: []int64{1}},
		"lines, the first cut off after a colon": {log: a[:8] + "\n" + b + "\n" + c + "\n", events: 2, faults: []int64{1}},
		"lines, the first cut off at once":       {log: "{\n" + b + "\n" + c + "\n", events: 2, faults: []int64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, file := range []bool{true, false} {
				for _, line := range []int{1 << 20, 800} {
					size := sizes{chunk: 50, ahead: 10, room: 5, block: 50, line: line}
					got := readAs(t, []byte(tt.log), file, 2, size)
					if got.Events != tt.events || got.Logs[0].Events != tt.events || (got.Logs[0].Cut != "") != tt.cut {
						t.Errorf("file %v, bound %d: got %d events, cut %q, want %d, %v", file, line, got.Events, got.Logs[0].Cut, tt.events, tt.cut)
					}
					if d := cmp.Diff(tt.faults, faultLines(got)); d != "" {
						t.Errorf("file %v, bound %d: faults (-want +got):\n%s%v", file, line, d, got.Faults)
					}
				}
			}
		})
	}
}

func faultLines(r *evidence.Requests) []int64 {
	var lines []int64
	for _, f := range r.Faults {
		lines = append(lines, f.Line)
	}
	return lines
}
