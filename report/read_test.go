package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadWhatWasWritten(t *testing.T) {
	for name, a := range map[string]Audit{"sample": sample(), "tree": tree(), "nothing": {Kaudit: "v0.1.0"}} {
		for _, write := range []string{"json", "yaml"} {
			var first, second bytes.Buffer
			if err := formatNamed(t, "json").Write(&first, a, Options{}); err != nil {
				t.Fatal(err)
			}
			var written bytes.Buffer
			if err := formatNamed(t, write).Write(&written, a, Options{}); err != nil {
				t.Fatal(err)
			}
			got, err := Read(&written)
			if err != nil {
				t.Fatalf("%s as %s: %v", name, write, err)
			}
			if err := formatNamed(t, "json").Write(&second, got, Options{}); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(first.String(), second.String()); d != "" {
				t.Errorf("%s as %s (-written +read):\n%s", name, write, d)
			}
		}
	}
}

func TestReadNoReport(t *testing.T) {
	const head = `{"apiVersion": "kaudit.dev/v1", "kind": "Report", "summary": {}, "results": [`
	one := func(fields string) string {
		return head + `{"check": "etcd-quota", "subject": "etcd/a", ` + fields + `}]}`
	}
	for text, want := range map[string]string{
		"":                           "is empty",
		" \n\ufeff":                  "is no report; scan -o json=FILE writes one",
		"prod · 3 nodes\n2 critical": "is no report; scan -o json=FILE writes one",
		"[]":                         "is no report; scan -o json=FILE writes one",
		"<testsuites/>":              "is no report; scan -o json=FILE writes one",
		"{}":                         "is no report; scan -o json=FILE writes one",
		"{\"a\": 1,}":                "is no report: malformed JSON at byte 9",
		one(`"status": "pass"`)[:90]: "ends in the middle, at byte 90: write or copy it again",
		`{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": []}`: "is SARIF, no report; scan -o json=FILE writes one",
		`{"schema": 1, "kaudit": "v0.1.0", "taken": "2026-08-01T03:04:05Z"}`:       "is a snapshot, no report; scan --snapshot judges it, and with -o json=FILE writes one",
		`{"apiVersion": "kaudit.dev/v1", "kind": "Diff"}`:                          "is what diff wrote, no report; scan -o json=FILE writes one",
		`{"apiVersion": "kaudit.dev/v2", "kind": "Report"}`:                        `is a report of version "kaudit.dev/v2"; this kaudit reads kaudit.dev/v1: upgrade kaudit`,
		"apiVersion: kaudit.dev/v1\nkind: Report\nresults:\n- check: a\n":          "is a report that ends in the middle: write or copy it again",
		head + `5]}`:               "is a damaged report: results is a number",
		one(`"status": "fine"`):    `is a damaged report: result 1, "etcd-quota" of "etcd/a": status "fine" is none`,
		one(`"status": "finding"`): `is a damaged report: result 1, "etcd-quota" of "etcd/a": severity "" is none`,
		one(`"status": "pass", "waived": {"until": "x"}`): `is a damaged report: result 1, "etcd-quota" of "etcd/a": waived until "x" is no date`,
		head + `{"status": "pass"}]}`:                     `is a damaged report: result 1, "" of "": it names no check or no subject`,
	} {
		_, err := Read(strings.NewReader(text))
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := writeJSON(&b, sample(), Options{}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("apiVersion: kaudit.dev/v1\nkind: Report\nsummary: {}\nresults: []\n"))
	f.Add([]byte(`{"kind": "Report", "apiVersion": "kaudit.dev/v1", "summary": 1, "results": null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, r := range a.Results {
			for _, v := range r.Verdicts {
				if r.Check.ID == "" || v.Subject == "" || v.Outcome == 0 {
					t.Errorf("got %+v of %s, want a check, a subject and an outcome", v, r.Check.ID)
				}
			}
		}
	})
}
