package report

import (
	"bufio"
	"encoding/json"
	"io"
	"time"

	"github.com/kaudit/kaudit/checks"
)

const apiVersion = "kaudit.dev/v1"

// document is the JSON report of docs/contract: fields are added, never renamed or removed.
type document struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Kaudit     kauditJSON   `json:"kaudit"`
	Target     targetJSON   `json:"target"`
	Clusters   []targetJSON `json:"clusters,omitempty"` // those that configuration files describe
	StartedAt  time.Time    `json:"startedAt,omitzero"` // a baseline has no times
	FinishedAt time.Time    `json:"finishedAt,omitzero"`
	Summary    Summary      `json:"summary"`
	Results    []resultJSON `json:"results"`
	Cost       costJSON     `json:"cost"`
}

type kauditJSON struct {
	Version string `json:"version"`
}

type targetJSON struct {
	Name              string `json:"name"`
	KubernetesVersion string `json:"kubernetesVersion"` // "" if unknown
	Distribution      string `json:"distribution"`      // "" if unknown
	Managed           bool   `json:"managed"`
	Nodes             *int   `json:"nodes"` // null if they could not be counted
}

type resultJSON struct {
	Check       string          `json:"check"`
	Title       string          `json:"title"`
	Component   string          `json:"component"`
	Cluster     string          `json:"cluster,omitempty"` // of several in one audit
	Subject     string          `json:"subject"`
	Status      string          `json:"status"`
	Severity    string          `json:"severity,omitempty"` // of a finding
	Message     string          `json:"message"`
	Observed    string          `json:"observed,omitempty"`
	Recommended string          `json:"recommended,omitempty"`
	Evidence    []evidenceJSON  `json:"evidence"`
	Fix         string          `json:"fix,omitempty"`
	References  []referenceJSON `json:"references"`
	Unlock      string          `json:"unlock,omitempty"` // of a skipped one
	Fingerprint string          `json:"fingerprint"`
	Waived      *waivedJSON     `json:"waived,omitempty"` // a finding that somebody accepted
}

type waivedJSON struct {
	Reason string `json:"reason"`
	Until  string `json:"until,omitempty"` // a day, 2027-01-01; "" for good
	By     string `json:"by,omitempty"`    // where it was accepted
}

type evidenceJSON struct {
	Source   string    `json:"source"`
	Location string    `json:"location,omitempty"`
	Line     int       `json:"line,omitempty"` // in a file, from 1
	Column   int       `json:"column,omitempty"`
	Request  string    `json:"request,omitempty"`
	Detail   string    `json:"detail,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

type referenceJSON struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

type costJSON struct {
	APIRequests     int     `json:"apiRequests"`
	KubeletRequests int     `json:"kubeletRequests"`
	EtcdRequests    int     `json:"etcdRequests"`
	APIBytes        int64   `json:"apiBytes"`
	Files           int     `json:"files,omitempty"` // configuration files that were read
	FileBytes       int64   `json:"fileBytes,omitempty"`
	Seconds         float64 `json:"seconds"`
	WindowSeconds   float64 `json:"windowSeconds"` // of Seconds: the pause between two scrapes that was asked for
}

// writeJSON keeps <, > and & as they are: the document is read by programs, not pasted into HTML.
func writeJSON(w io.Writer, a Audit, _ Options) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(documentOf(a)); err != nil {
		return err
	}
	return b.Flush()
}

func documentOf(a Audit) document {
	d := document{
		APIVersion: apiVersion,
		Kind:       "Report",
		Kaudit:     kauditJSON{a.Kaudit},
		Target:     targetJSON(a.Target),
		StartedAt:  a.Started.UTC(),
		FinishedAt: a.Finished.UTC(),
		Summary:    a.Summary(),
		Results:    []resultJSON{},
		Cost: costJSON{
			APIRequests: a.Cost.APIRequests, KubeletRequests: a.Cost.KubeletRequests, EtcdRequests: a.Cost.EtcdRequests,
			APIBytes: a.Cost.APIBytes, Files: a.Cost.Files, FileBytes: a.Cost.FileBytes,
			Seconds: a.Finished.Sub(a.Started).Round(time.Millisecond).Seconds(), WindowSeconds: a.Window.Seconds(),
		},
	}
	for _, c := range a.Clusters {
		d.Clusters = append(d.Clusters, targetJSON(c))
	}
	for _, r := range a.Results {
		for _, v := range r.Verdicts {
			d.Results = append(d.Results, resultOf(r.Check, r.Cluster, v))
		}
	}
	return d
}

func resultOf(c checks.Check, cluster string, v checks.Verdict) resultJSON {
	r := resultJSON{
		Check: c.ID, Title: c.Title(), Component: c.Component, Cluster: cluster, Subject: v.Subject, Status: v.Outcome.String(),
		Message: v.Message, Observed: v.Observed, Recommended: v.Recommended, Evidence: []evidenceJSON{},
		Fix: v.Fix, References: []referenceJSON{}, Unlock: v.Unlock, Fingerprint: checks.Fingerprint(cluster, c.ID, v.Subject),
	}
	if v.Outcome == checks.Finding {
		r.Severity = v.Severity.String()
	}
	for _, e := range restsOn(v) {
		r.Evidence = append(r.Evidence, evidenceJSON{
			Source: e.Source.Via, Location: e.Source.From, Line: e.Source.Line, Column: e.Source.Column,
			Request: e.Source.Ask, Detail: e.Detail, At: e.Source.At,
		})
	}
	if w := v.Waived; w != nil {
		r.Waived = &waivedJSON{Reason: w.Reason, By: w.By}
		if !w.Until.IsZero() {
			r.Waived.Until = w.Until.UTC().Format(time.DateOnly)
		}
	}
	for _, ref := range c.References() {
		r.References = append(r.References, referenceJSON(ref))
	}
	return r
}
