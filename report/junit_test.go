package report

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/kaudit/kaudit/checks"
)

func TestJUnitFailsWhatFailsTheAudit(t *testing.T) {
	for _, tc := range []struct {
		bar      checks.Severity
		failures map[string]string // of a case, by check and name
	}{
		{0, map[string]string{"flag-unknown prod-eu: kube-apiserver/cp-1": "critical", "etcd-space prod|us: etcd/cp-1": "critical"}},
		{checks.Warning, map[string]string{
			"flag-unknown prod-eu: kube-apiserver/cp-1": "critical", "etcd-space prod|us: etcd/cp-1": "critical",
			"etcd-quota prod-eu: etcd/cp-1": "warning", "etcd-quota prod|us: etcd/cp-1": "warning",
		}},
		{checks.Critical + 1, map[string]string{}}, // never
	} {
		var all junit.Testsuites
		if err := xml.Unmarshal([]byte(write(t, formatNamed(t, "junit"), tree(), Options{FailOn: tc.bar})), &all); err != nil {
			t.Fatal(err)
		}
		got, cases, skipped, counted := map[string]string{}, 0, 0, 0
		for _, s := range all.Suites {
			counted += s.Skipped
			for _, c := range s.Testcases {
				cases++
				if c.Failure != nil {
					got[c.Classname+" "+c.Name] = c.Failure.Type
				}
				if c.Skipped != nil {
					skipped++
				}
			}
		}
		if d := cmp.Diff(tc.failures, got); d != "" {
			t.Errorf("from %s on (-want +got):\n%s", tc.bar, d)
		}
		if all.Tests != cases || all.Failures != len(got) || counted != skipped || all.Errors != 1 {
			t.Errorf("from %s on: got totals %d, %d, %d, %d, want those of its cases", tc.bar, all.Tests, all.Failures, counted, all.Errors)
		}
	}
}

func TestJUnitKeepsWhatXMLHasAMeaningFor(t *testing.T) {
	var all junit.Testsuites
	if err := xml.Unmarshal([]byte(write(t, formatNamed(t, "junit"), tree(), Options{})), &all); err != nil {
		t.Fatal(err)
	}
	const want = "# ]]> & <b>"
	for _, s := range all.Suites {
		if s.Name == "flag-unknown" && !strings.HasSuffix(s.Testcases[0].Failure.Data, want) {
			t.Errorf("got %q, want it to end in %q", s.Testcases[0].Failure.Data, want)
		}
	}
}
