package checks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// Outcome is what a check says of a subject.
type Outcome int

// The zero Outcome is none of them.
const (
	Pass Outcome = iota + 1
	Finding
	Skipped
	NotApplicable
	Broken
)

func (o Outcome) String() string {
	switch o {
	case Pass:
		return "pass"
	case Finding:
		return "finding"
	case Skipped:
		return "skipped"
	case NotApplicable:
		return "not-applicable"
	case Broken:
		return "broken"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// Severity of a finding.
type Severity int

// Ascending, so that they can be compared.
const (
	Info Severity = iota + 1
	Warning
	Critical
)

func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Warning:
		return "warning"
	case Critical:
		return "critical"
	}
	return fmt.Sprintf("Severity(%d)", int(s))
}

// A Verdict is what a check says of one subject.
type Verdict struct {
	Outcome     Outcome
	Severity    Severity // of a finding; zero: the check's own
	Subject     string
	Message     string // one sentence, starts after the subject, with the numbers in it
	Observed    string
	Recommended string
	Fix         string   // the exact flag, YAML or command
	Unlock      string   // of a skipped one: what to pass or grant
	Changes     []Change // the fix as plain settings, where it is nothing else
	Waived      *Waived  // a finding that somebody accepted
	Seen        []Evidence
}

// Waived says who accepted a finding, and until when. It is still reported, and does not fail an audit.
type Waived struct {
	Reason string
	Until  time.Time // zero: for good
	By     string    // "kaudit.yaml:12", "baseline", "manifests/etcd.yaml:14"
}

// A Change is a setting that a fix gives another value.
type Change struct {
	Subject string // whose: "etcd/cp-1"
	Name    string // a flag without dashes, or the path of a field: "kubeAPIQPS"
	Value   string // as it stands on a command line
	Remove  bool   // it goes; Value means nothing
}

// Setting adds a plain setting that mends a finding. Passes drop it.
func (v Verdict) Setting(subject, name, value string) Verdict {
	return v.change(Change{Subject: subject, Name: name, Value: value})
}

// Unsetting adds a setting that has to go. Passes drop it.
func (v Verdict) Unsetting(subject, name string) Verdict {
	return v.change(Change{Subject: subject, Name: name, Remove: true})
}

func (v Verdict) change(c Change) Verdict {
	if v.Outcome == Finding {
		v.Changes = append(slices.Clip(v.Changes), c)
	}
	return v
}

// OtherFiles is the subject of findings that were left out, as they stand in files that nobody asked about.
const OtherFiles = "other files"

// Active reports a finding that nobody accepted.
func (v Verdict) Active() bool { return v.Outcome == Finding && v.Waived == nil }

// Fingerprint identifies a verdict across runs: by what is judged and of whom, never by the words or the
// place, which change without the fault changing. The cluster is "" where a live one is audited.
func Fingerprint(cluster, check, subject string) string {
	id := check + "\x00" + subject
	if cluster != "" {
		id = cluster + "\x00" + id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// Evidence is an observation that a verdict rests on.
type Evidence struct {
	Source evidence.Source
	Detail string
}

// A Subject is what a verdict speaks of, with what it rests on.
type Subject struct {
	name string
	seen []Evidence
}

// On is about something that was observed.
func On[T any](o evidence.Observed[T]) Subject {
	return About(o.Of, o.Source)
}

// About is about a whole, or about a thing that several observations show.
func About(name string, sources ...evidence.Source) Subject {
	s := Subject{name: name}
	for _, src := range sources {
		if src != (evidence.Source{}) {
			s.seen = append(s.seen, Evidence{Source: src})
		}
	}
	return s
}

// Aspect narrows a subject to one of several properties that a check judges of it:
// "kube-apiserver/cp-1 request-timeout". A check has one verdict for each subject.
func (s Subject) Aspect(name string) Subject {
	s.name += " " + name
	return s
}

// With adds an observation in words: "dbSize 1.9 GiB of 2 GiB".
func (s Subject) With(src evidence.Source, format string, args ...any) Subject {
	s.seen = append(append([]Evidence(nil), s.seen...), Evidence{src, fmt.Sprintf(format, args...)})
	return s
}

func (s Subject) say(o Outcome, sev Severity, format string, args []any) Verdict {
	return Verdict{Outcome: o, Severity: sev, Subject: s.name, Message: fmt.Sprintf(format, args...), Seen: s.seen}
}

// Pass says that the subject is as it should be.
func (s Subject) Pass(format string, args ...any) Verdict { return s.say(Pass, 0, format, args) }

// Find says that somebody must act. A zero severity means the check's own.
func (s Subject) Find(sev Severity, format string, args ...any) Verdict {
	return s.say(Finding, sev, format, args)
}

// Skip says why nothing can be said.
func (s Subject) Skip(format string, args ...any) Verdict { return s.say(Skipped, 0, format, args) }

// NotApplicable says why the check does not concern the subject.
func (s Subject) NotApplicable(format string, args ...any) Verdict {
	return s.say(NotApplicable, 0, format, args)
}

// FindingIf is a finding of the check's own severity if bad, else a pass, in the same words.
func (s Subject) FindingIf(bad bool, format string, args ...any) Verdict {
	if bad {
		return s.Find(0, format, args...)
	}
	return s.Pass(format, args...)
}

// Saw adds the observed value.
func (v Verdict) Saw(format string, args ...any) Verdict {
	v.Observed = fmt.Sprintf(format, args...)
	return v
}

// Want adds the recommended value.
func (v Verdict) Want(format string, args ...any) Verdict {
	v.Recommended = fmt.Sprintf(format, args...)
	return v
}

// WithFix adds what to do: the exact flag, YAML or command. Passes drop it.
func (v Verdict) WithFix(fix string) Verdict {
	if v.Outcome == Finding {
		v.Fix = fix
	}
	return v
}

// Unlocked adds what to pass or grant so that a skipped check can be made.
func (v Verdict) Unlocked(by string) Verdict {
	v.Unlock = by
	return v
}
