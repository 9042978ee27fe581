package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// maxReport bounds what Read reads: a report of 5,000 findings has about 10 MB.
const maxReport = 128 << 20

// Read reads a report that was written as json or yaml. Its checks have what the report tells of them, and
// cannot be run. Its errors are a line for the person who named the file, and begin after its name: "is empty".
func Read(r io.Reader) (Audit, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	switch {
	case err != nil:
		return Audit{}, fmt.Errorf("could not be read: %w", err)
	case len(data) > maxReport:
		return Audit{}, fmt.Errorf("is larger than %s", checks.Bytes(maxReport))
	}
	if data, err = asJSON(data); err != nil {
		return Audit{}, err
	}
	if err := isReport(data); err != nil {
		return Audit{}, err
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return Audit{}, fmt.Errorf("is a damaged report: %w", plainJSON(err))
	}
	return d.audit()
}

// asJSON is a document as JSON, whichever of the two it is.
func asJSON(data []byte) ([]byte, error) {
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	switch {
	case len(data) == 0:
		return nil, errors.New("is empty")
	case data[0] == '{':
		return data, wholeJSON(data)
	}
	out, err := yaml.YAMLToJSON(data)
	if err != nil || len(out) == 0 || out[0] != '{' {
		return nil, errors.New("is no report; scan -o json=FILE writes one")
	}
	return out, nil
}

func wholeJSON(data []byte) error {
	var ignored json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&ignored); errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("ends in the middle, at byte %d: write or copy it again", len(data))
	}
	err := json.Unmarshal(data, &ignored)
	if wrong := (*json.SyntaxError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("is no report: malformed JSON at byte %d", wrong.Offset)
	}
	return err
}

// isReport tells a report from the other files that are lying about.
func isReport(data []byte) error {
	var d struct {
		APIVersion any `json:"apiVersion"`
		Kind       any `json:"kind"`
		Schema     any `json:"schema"`  // of a snapshot
		Taken      any `json:"taken"`   // of a snapshot
		SARIF      any `json:"$schema"` // of SARIF
		Runs       any `json:"runs"`    // of SARIF
		Summary    any `json:"summary"`
		Results    any `json:"results"`
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return fmt.Errorf("is no report: %w", plainJSON(err))
	}
	switch {
	case d.Kind == "Report" && d.APIVersion == apiVersion && (d.Summary == nil || d.Results == nil):
		return errors.New("is a report that ends in the middle: write or copy it again")
	case d.Kind == "Report" && d.APIVersion == apiVersion:
		return nil
	case d.Kind == "Report":
		return fmt.Errorf("is a report of version %.40q; this kaudit reads %s: upgrade kaudit", fmt.Sprint(d.APIVersion), apiVersion)
	case d.Kind == "Diff" && d.APIVersion == apiVersion:
		return errors.New("is what diff wrote, no report; scan -o json=FILE writes one")
	case d.Schema != nil && d.Taken != nil:
		return errors.New("is a snapshot, no report; scan --snapshot judges it, and with -o json=FILE writes one")
	case d.SARIF != nil, d.Runs != nil:
		return errors.New("is SARIF, no report; scan -o json=FILE writes one")
	}
	return errors.New("is no report; scan -o json=FILE writes one")
}

// plainJSON says of a value of another type where it stands, without the names of Go.
func plainJSON(err error) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("%s is a %s", wrong.Field, wrong.Value)
	}
	return err
}

func (d document) audit() (Audit, error) {
	a := Audit{
		Kaudit: d.Kaudit.Version, Target: Target(d.Target), Started: d.StartedAt, Finished: d.FinishedAt,
		Window: time.Duration(d.Cost.WindowSeconds * float64(time.Second)),
		Cost: evidence.Cost{
			APIRequests: d.Cost.APIRequests, KubeletRequests: d.Cost.KubeletRequests, EtcdRequests: d.Cost.EtcdRequests,
			APIBytes: d.Cost.APIBytes, Files: d.Cost.Files, FileBytes: d.Cost.FileBytes,
		},
	}
	for _, c := range d.Clusters {
		a.Clusters = append(a.Clusters, Target(c))
	}
	for i, r := range d.Results {
		v, err := r.verdict()
		if err != nil {
			return a, fmt.Errorf("is a damaged report: result %d, %.60q of %.60q: %w", i+1, r.Check, r.Subject, err)
		}
		n := len(a.Results)
		if n == 0 || a.Results[n-1].Check.ID != r.Check || a.Results[n-1].Cluster != r.Cluster {
			a.Results, n = append(a.Results, checks.Result{Check: r.check(), Cluster: r.Cluster}), n+1
		}
		a.Results[n-1].Verdicts = append(a.Results[n-1].Verdicts, v)
	}
	return a, nil
}

// check is as much of a check as its results tell.
func (r resultJSON) check() checks.Check {
	var doc strings.Builder
	fmt.Fprintf(&doc, "# %s\n\n## References\n\n", cleanLine(r.Title))
	for _, ref := range r.References {
		fmt.Fprintf(&doc, "- [%s](%s)\n", ref.Title, ref.URL)
	}
	return checks.Check{Spec: checks.Spec{ID: cleanLine(r.Check), Component: cleanLine(r.Component), Doc: doc.String()}}
}

func (r resultJSON) verdict() (checks.Verdict, error) {
	v := checks.Verdict{
		Subject: r.Subject, Message: r.Message, Observed: r.Observed, Recommended: r.Recommended, Fix: r.Fix, Unlock: r.Unlock,
	}
	if r.Check == "" || r.Subject == "" {
		return v, errors.New("it names no check or no subject")
	}
	for o := checks.Pass; o <= checks.Broken; o++ {
		if o.String() == r.Status {
			v.Outcome = o
		}
	}
	if v.Outcome == 0 {
		return v, fmt.Errorf("status %.40q is none", r.Status)
	}
	if v.Outcome == checks.Finding {
		if v.Severity = severity(r.Severity); v.Severity == 0 {
			return v, fmt.Errorf("severity %.40q is none", r.Severity)
		}
	}
	for _, e := range r.Evidence {
		src := evidence.Source{Via: e.Source, From: e.Location, Ask: e.Request, At: e.At, Line: e.Line, Column: e.Column}
		v.Seen = append(v.Seen, checks.Evidence{Source: src, Detail: e.Detail})
	}
	if w := r.Waived; w != nil {
		v.Waived = &checks.Waived{Reason: w.Reason, By: w.By}
		if w.Until != "" {
			var err error
			if v.Waived.Until, err = evidence.ParseUntil(w.Until); err != nil {
				return v, fmt.Errorf("waived until %.40q is no date", w.Until)
			}
		}
	}
	return v, nil
}

func severity(name string) checks.Severity {
	for s := checks.Info; s <= checks.Critical; s++ {
		if s.String() == name {
			return s
		}
	}
	return 0
}
