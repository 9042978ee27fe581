package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/kaudit/kaudit/checks"
)

// writeJUnit writes a suite for each check with a case for each subject. JUnit knows no severity: a
// finding fails from the bar of --fail-on on, so that the report and the exit status agree, and below
// it passes with the finding as output. Jenkins and GitLab show the message and text of a failure, and of
// a skipped case that it was skipped; a place in a file has no attribute that both know, so it is text.
func writeJUnit(w io.Writer, a Audit, o Options) error {
	if o.FailOn == 0 {
		o.FailOn = checks.Critical
	}
	all := junit.Testsuites{Name: "kaudit " + a.Target.Name, Time: seconds(a)}
	for _, s := range junitSuites(a, o.FailOn) {
		s.ID = len(all.Suites)
		all.AddSuite(s)
	}
	all.Skipped = 0 // suites count them; Jenkins' xUnit schema refuses that attribute here
	b := bytes.NewBufferString(xml.Header)
	if err := all.WriteXML(b); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func seconds(a Audit) string { return fmt.Sprintf("%.3f", a.Finished.Sub(a.Started).Seconds()) }

// junitSuites joins what one check says of several clusters. The collection is what takes time, and no
// check's own.
func junitSuites(a Audit, bar checks.Severity) []junit.Testsuite {
	var suites []junit.Testsuite
	at := map[string]int{}
	for _, r := range a.Results {
		i, ok := at[r.Check.ID]
		if !ok {
			at[r.Check.ID], i = len(suites), len(suites)
			s := junit.Testsuite{Name: r.Check.ID, Package: "kaudit." + r.Check.Component, Time: "0.000"}
			s.SetTimestamp(a.Started.UTC())
			suites = append(suites, s)
		}
		for _, v := range r.Verdicts {
			suites[i].AddTestcase(junitCase(a, r, v, bar))
		}
	}
	return suites
}

func junitCase(a Audit, r checks.Result, v checks.Verdict, bar checks.Severity) junit.Testcase {
	c := junit.Testcase{Name: a.title(r.Cluster, v.Subject), Classname: r.Check.ID, Time: "0.000"}
	switch {
	case v.Outcome == checks.Broken:
		c.Error = &junit.Result{Message: v.Message, Type: v.Outcome.String(), Data: v.Message}
	case v.Outcome == checks.Skipped && v.Unlock != "":
		c.Skipped = &junit.Result{Message: v.Message + "; what would unlock it: " + v.Unlock}
	case v.Outcome == checks.Skipped:
		c.Skipped = &junit.Result{Message: v.Message}
	case v.Outcome == checks.NotApplicable:
		c.Skipped = &junit.Result{Message: "does not apply: " + v.Message}
	case v.Outcome == checks.Pass:
		c.SystemOut = &junit.Output{Data: v.Message}
	case v.Waived != nil:
		c.Skipped = &junit.Result{Message: "waived: " + terms(*v.Waived) + ": " + v.Message}
	case v.Severity >= bar:
		c.Failure = &junit.Result{Message: v.Message, Type: v.Severity.String(), Data: placed(a, r.Cluster, v)}
	default:
		c.SystemOut = &junit.Output{Data: v.Severity.String() + ": " + placed(a, r.Cluster, v)}
	}
	return c
}

// placed is a finding in full, with its places in files on the line below the first.
func placed(a Audit, cluster string, v checks.Verdict) string {
	var f fold
	f.add(member{}, v)
	first, rest, more := strings.Cut(explained(a, cluster, v), "\n")
	if len(f.places) > 0 {
		first += "\nIn " + strings.Join(f.places, ", ")
	}
	if more {
		first += "\n" + rest
	}
	return first
}
