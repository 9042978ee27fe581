// Package report writes a finished audit in the formats people and programs read. A writer reads
// and never changes what it is given, asks nothing of its surroundings and gives the same bytes for
// the same audit. It knows no cluster, no clock and no exit status.
package report

import (
	"io"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// An Audit is what one snapshot amounts to: the verdicts, and what they are about.
type Audit struct {
	Kaudit   string // the version that judged
	Target   Target
	Live     bool     // Target is a cluster that was asked; results that name no cluster are its
	Clusters []Target // those that configuration files describe; Results name theirs
	Started  time.Time
	Finished time.Time
	Window   time.Duration // wanted time between the two scrapes
	Cost     evidence.Cost
	Results  []checks.Result
}

// Target is the cluster that was audited.
type Target struct {
	Name              string
	KubernetesVersion string // "" if nobody could tell
	Distribution      string // "" if it could not be told
	Managed           bool
	Nodes             *int // nil if they could not be counted: zero is a cluster without nodes
}

// Options say how the surroundings want it. The zero value is a file.
type Options struct {
	Color   bool
	Width   int    // columns; 0: 120
	Command string // how the program was called, for the next command to type; "": kaudit
	// FailOn is the bar of --fail-on, for formats that know only passed and failed; zero: critical.
	FailOn checks.Severity
}

// A Format is a way to write an audit.
type Format struct {
	Name  string
	About string
	Write func(io.Writer, Audit, Options) error
}

// Formats lists them in the order in which help shows them. Each is given text without control
// characters, so that no writer can forget to strip what a cluster supplied.
func Formats() []Format {
	return []Format{
		{"table", "for a person at a terminal", cleaned(writeTable)},
		{"json", "every result, for programs", cleaned(writeJSON)},
		{"yaml", "the same document as json", cleaned(writeYAML)},
		{"markdown", "for an issue, a wiki or the summary of a CI job", cleaned(writeMarkdown)},
		{"sarif", "2.1.0, for code scanning", cleaned(writeSARIF)},
		{"junit", "for CI that shows tests", cleaned(writeJUnit)},
		{"github", "annotations of GitHub Actions, on standard output", cleaned(writeGitHub)},
		{"gitlab", "GitLab's Code Quality report", cleaned(writeGitLab)},
	}
}

// Of is the audit that results of a snapshot make.
func Of(s *evidence.Snapshot, results []checks.Result, version string) Audit {
	a := Audit{
		Kaudit:   version,
		Target:   Target{Name: s.Cluster.Name, Distribution: s.Cluster.Distribution, Managed: s.Cluster.Managed},
		Live:     !s.Cluster.Files,
		Started:  s.Taken,
		Finished: s.Taken.Add(s.Took),
		Window:   s.Window,
		Cost:     s.Cost,
		Results:  results,
	}
	if a.Target.Name == "" {
		a.Target.Name = s.Cluster.Server
	}
	if s.Version.Seen() {
		a.Target.KubernetesVersion = s.Version.Value.Git
	}
	if s.Nodes.Seen() {
		n := len(s.Nodes.Value.Items)
		a.Target.Nodes = &n
	}
	return a
}

// Summary counts results.
type Summary struct {
	Critical      int `json:"critical"`
	Warning       int `json:"warning"`
	Info          int `json:"info"`
	Pass          int `json:"pass"`
	Skipped       int `json:"skipped"`
	NotApplicable int `json:"notApplicable"`
	Broken        int `json:"broken"`
	Waived        int `json:"waived"`
}

// Summary counts every verdict once.
func (a Audit) Summary() Summary {
	var s Summary
	for _, r := range a.Results {
		for _, v := range r.Verdicts {
			s.count(v)
		}
	}
	return s
}

func (s *Summary) count(v checks.Verdict) {
	switch v.Outcome {
	case checks.Finding:
		if v.Waived != nil {
			s.Waived++
			return
		}
		switch v.Severity {
		case checks.Critical:
			s.Critical++
		case checks.Warning:
			s.Warning++
		case checks.Info:
			s.Info++
		}
	case checks.Pass:
		s.Pass++
	case checks.Skipped:
		s.Skipped++
	case checks.NotApplicable:
		s.NotApplicable++
	case checks.Broken:
		s.Broken++
	}
}
