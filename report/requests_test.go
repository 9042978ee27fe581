package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

func emptyReport() RequestReport {
	in := evidence.Requests{Events: 12, From: asked().From, To: asked().To, Levels: map[string]int64{"Metadata": 12}, Logs: []evidence.Log{{Name: "audit.log", Bytes: 1, Events: 12}}}
	return RequestReport{
		Kaudit: "v0.1.0", Requests: &in, Report: requests.Report{Window: in.To.Sub(in.From), Notes: []string{"no LIST is in the log"}},
		Filters: RequestFilters{Since: asked().From, User: "system:*", Resource: "pods"},
	}
}

func writeRequests(t *testing.T, name string, r RequestReport, o Options) string {
	t.Helper()
	i := slices.IndexFunc(RequestFormats(), func(f RequestFormat) bool { return f.Name == name })
	var b bytes.Buffer
	if err := RequestFormats()[i].Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRequestsGolden(t *testing.T) {
	for _, f := range RequestFormats() {
		for name, tc := range map[string]struct {
			report  func() RequestReport
			options Options
		}{
			f.Name:                 {askedReport, Options{}},
			f.Name + "-80-color":   {askedReport, Options{Width: 80, Color: true, Command: "kubectl kaudit"}},
			f.Name + "-empty":      {emptyReport, Options{}},
			f.Name + "-160-of-two": {func() RequestReport { r := askedReport(); r.Top = 2; return r }, Options{Width: 160}},
		} {
			if strings.Contains(name, "-80") && f.Name != "table" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				r := tc.report()
				got, again := writeRequests(t, f.Name, r, tc.options), writeRequests(t, f.Name, r, tc.options)
				if got != again {
					t.Errorf("written twice, got two texts:\n%s", cmp.Diff(got, again))
				}
				if d := cmp.Diff(tc.report(), r); d != "" {
					t.Errorf("the writer changed its input:\n%s", d)
				}
				golden(t, "requests-"+name, got)
			})
		}
	}
}

func TestNoRequestFormatLetsControlCharactersThrough(t *testing.T) {
	for _, f := range RequestFormats() {
		got := writeRequests(t, f.Name, askedReport(), Options{})
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && unprintable(r) }); i >= 0 {
			t.Errorf("%s: got %q, want no control character", f.Name, got[max(0, i-20):min(len(got), i+20)])
		}
	}
}

func TestRequestsTableFitsItsWidth(t *testing.T) {
	for _, w := range []int{60, 80, 95, 96, 119, 120, 160, 200} {
		for line := range strings.Lines(writeRequests(t, "table", askedReport(), Options{Width: w})) {
			if line = strings.TrimRight(line, "\n"); width(line) > w {
				t.Errorf("at %d columns got a line of %d: %q", w, width(line), line)
			}
		}
	}
}

func TestRequestWritersTellOfAFullDisk(t *testing.T) {
	for _, f := range RequestFormats() {
		if err := f.Write(fullDisk{}, askedReport(), Options{}); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v, want %v", f.Name, err, errFull)
		}
	}
}

func TestRequestsJSONLosesNothing(t *testing.T) {
	text := writeRequests(t, "json", askedReport(), Options{})
	if !json.Valid([]byte(text)) {
		t.Fatalf("got no JSON:\n%s", text)
	}
	parts, err := ReadRequests(strings.NewReader(text + text))
	if err != nil {
		t.Fatal(err)
	}
	want := asked()
	slices.SortFunc(want.Clients, func(a, b evidence.Client) int { return a.Compare(&b) })
	if len(parts) != 2 {
		t.Fatalf("got %d reports, want two, one after the other", len(parts))
	}
	for _, p := range parts {
		if d := cmp.Diff(want, p.Requests); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	}
}

// The counts of a report that is cut are those of the whole; the clients beyond are among the others.
func TestCutRequestsKeepTheirTotals(t *testing.T) {
	r := askedReport()
	r.Top = 2
	parts, err := ReadRequests(strings.NewReader(writeRequests(t, "json", r, Options{})))
	if err != nil {
		t.Fatal(err)
	}
	p := parts[0]
	var kept int64
	for _, c := range p.Requests.Clients {
		if c.Verb == "list" {
			kept += c.Count
		}
	}
	if p.CutTo != 2 || len(p.Requests.Clients) != 2 || kept+p.Requests.Others.Lists.Total != p.Requests.Lists.Total {
		t.Errorf("got %d clients (cut to %d) with %d LISTs and %d of others, want two and %d in all", len(p.Requests.Clients), p.CutTo, kept, p.Requests.Others.Lists.Total, p.Requests.Lists.Total)
	}
	for _, c := range r.Clients[2:] {
		if p.Requests.Others.AtMost < c.Count {
			t.Errorf("got at most %d requests of a client that was left out, want no less than %d", p.Requests.Others.AtMost, c.Count)
		}
	}
}

func TestReadRequestsNamesWhatIsNone(t *testing.T) {
	whole := writeRequests(t, "json", askedReport(), Options{})
	for text, want := range map[string]string{
		"":                   "is empty",
		" \n":                "is empty",
		whole[:len(whole)/2]: "ends in the middle",
		whole + whole[:100]:  "after report 1: ends in the middle",
		"hello":              "is no report of kaudit requests",
		"[]":                 "is no report of kaudit requests",
		`{"kind":"Event","auditID":"x","apiVersion":"audit.k8s.io/v1"}`:            "is an audit log",
		`{"apiVersion":"kaudit.dev/v1","kind":"Report","summary":{},"results":[]}`: "is a report of scan",
		`{"apiVersion":"kaudit.dev/v2","kind":"RequestReport"}`:                    `is a report of version "kaudit.dev/v2"`,
		`{"apiVersion":"kaudit.dev/v1","kind":"RequestReport"}`:                    "without lists or clients",
		`{"schema":1,"taken":"2026-01-01T00:00:00Z"}`:                              "is a snapshot",
		strings.Replace(whole, `"count":4500`, `"count":4501`, 1):                  "its shapes count",
		strings.Replace(whole, `"width":64000000000`, `"width":63000000000`, 1):    "its timeline is none",
		strings.Replace(whole, `"verb":"list"`, `"verb":"get"`, 1):                 `verb "get" is neither`,
		strings.Replace(whole, `"throttled":31`, `"throttled":-31`, 1):             "below zero",
		strings.Replace(whole, `"events": 272004`, `"events": "many"`, 1):          "events is a string",
	} {
		_, err := ReadRequests(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: got %v, want %s", text, err, want)
		}
	}
	if _, err := ReadRequests(io.MultiReader(strings.NewReader(whole), strings.NewReader("\n\n"))); err != nil {
		t.Errorf("got %v, want blank lines at the end to be nothing", err)
	}
}

func TestRequestsPrometheusIsAnExposition(t *testing.T) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(writeRequests(t, "prometheus", askedReport(), Options{})))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range families {
		if !strings.HasPrefix(name, "kaudit_requests_") || f.GetHelp() == "" || strings.HasSuffix(name, "_total") {
			t.Errorf("got a family %s with help %q, want a name of ours, help, and no counter", name, f.GetHelp())
		}
		seen := map[string]bool{}
		for _, m := range f.GetMetric() {
			if key := m.String(); seen[key] {
				t.Errorf("%s: got %s twice", name, key)
			} else {
				seen[key] = true
			}
		}
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 0.4: "<1", 7: "7", 999: "999", 1_000: "1.0k", 9_990: "10k", 196_400: "196k", 1_234_567: "1.2M", 2.5e10: "25G"} {
		if got := short(n); got != want {
			t.Errorf("short %g: got %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1_000: "1,000", -1_000: "-1,000", -100: "-100", 1_234_567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands %d: got %s, want %s", n, got, want)
		}
	}
	for user, want := range map[string]string{
		"system:serviceaccount:a:b": "sa a/b", "system:node:*": "nodes", "alice": "alice", "": "no user", "system:serviceaccount:a": "system:serviceaccount:a",
	} {
		if got := who(user); got != want {
			t.Errorf("who %q: got %s, want %s", user, got, want)
		}
	}
	for _, s := range printableCases {
		if got := string(printable([]byte(s[0]))); got != s[1] {
			t.Errorf("printable %q: got %q, want %q", s[0], got, s[1])
		}
	}
	if strings.IndexFunc(string(printable([]byte("\u202e\U000e0001"))), unicode.IsControl) >= 0 {
		t.Error("got a control character")
	}
}

var printableCases = [][2]string{
	{`"plain 日本語"`, `"plain 日本語"`}, {"\"\u202e\"", `"\u202e"`}, {"\"\u009b31m\"", `"\u009b31m"`}, {"\"\U000e0001\"", `"\udb40\udc01"`}, {"\"\x7f\"", `"\u007f"`},
}

// A merge ranks as one pass over all logs does, though nobody asks for namespaces or nodes.
func TestRequestsJSONKeepsWhatRanks(t *testing.T) {
	in := &evidence.Requests{Clients: []evidence.Client{{Verb: "list", Resource: "pods"}}}
	r := RequestReport{
		Requests: in, Report: requests.Report{Clients: []requests.Judged{{Client: &in.Clients[0]}}},
		Objects: map[string]float64{"nodes": 3, "namespaces": 5, "pods": 70, "secrets": 9},
	}
	if d := cmp.Diff(map[string]float64{"nodes": 3, "namespaces": 5, "pods": 70}, requestDocumentOf(r).Objects); d != "" {
		t.Errorf("objects (-want +got):\n%s", d)
	}
}
