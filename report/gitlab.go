package report

import (
	"bufio"
	"encoding/json"
	"io"

	"github.com/kaudit/kaudit/checks"
)

// flaw is an entry of GitLab's Code Quality report, the subset of Code Climate's format that it reads.
type flaw struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"` // unique in the report: others of the same are dropped
	Severity    string `json:"severity"`    // info, minor, major, critical, blocker
	Location    struct {
		Path  string `json:"path"` // relative to the repository, without ./
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

// writeGitLab writes a Code Quality report. GitLab stops reading at the first entry that it cannot use and
// makes a link of each path, so what a live cluster shows stands at line 1 of a path that no repository
// has. It compares fingerprints with the target branch's report and shows what is new; it knows no
// waivers, so what was waived is not in there.
func writeGitLab(w io.Writer, a Audit, _ Options) error {
	flaws := []flaw{}
	for _, r := range a.Results {
		for _, v := range r.Verdicts {
			if v.Active() {
				flaws = append(flaws, flawOf(a, r, v))
			}
		}
	}
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(flaws); err != nil {
		return err
	}
	return b.Flush()
}

func flawOf(a Audit, r checks.Result, v checks.Verdict) flaw {
	text := a.title(r.Cluster, v.Subject) + ": " + v.Message + "."
	if v.Recommended != "" {
		text += " Wanted: " + v.Recommended
	}
	f := flaw{
		Description: text, CheckName: r.Check.ID, // one line, whatever the fix is
		Fingerprint: checks.Fingerprint(r.Cluster, r.Check.ID, v.Subject), Severity: gitlabSeverity(v.Severity),
	}
	at := locate(a, r.Cluster, v)
	f.Location.Path, f.Location.Lines.Begin = at.path, at.line
	return f
}

func gitlabSeverity(s checks.Severity) string {
	switch s {
	case checks.Critical:
		return "critical"
	case checks.Warning:
		return "major"
	default:
		return "info"
	}
}
