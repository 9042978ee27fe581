package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
)

// shownByGitHub is how many annotations of one kind GitHub shows for a step. The log has them all.
const shownByGitHub = 10

// writeGitHub writes workflow commands, which GitHub Actions turns into annotations of the lines of a
// pull request. One without a file is shown on the page of the run. The worst come first, because only
// so many are shown. What was waived is not annotated.
func writeGitHub(w io.Writer, a Audit, _ Options) error {
	b := bufio.NewWriter(w)
	kinds := map[string]int{}
	for _, n := range notes(a) {
		kinds[n.kind]++
		fmt.Fprintln(b, n.command())
	}
	findings, rest := tally(a.Summary())
	fmt.Fprintf(b, "kaudit: %s; %s", findings, rest)
	for _, n := range kinds {
		if n > shownByGitHub {
			fmt.Fprintf(b, "; GitHub shows the first %d errors, warnings and notices of a step, the lines above are all", shownByGitHub)
			break
		}
	}
	fmt.Fprintln(b)
	return b.Flush()
}

// A note is what becomes an annotation.
type note struct {
	severity             checks.Severity
	kind, title, message string
	at                   location // live: of no file
}

func notes(a Audit) []note {
	var ns []note
	for _, r := range a.Results {
		for _, v := range r.Verdicts {
			n := note{severity: v.Severity, title: r.Check.ID + ", " + a.title(r.Cluster, v.Subject), message: explained(a, r.Cluster, v), at: locate(a, r.Cluster, v)}
			switch {
			case v.Active():
				n.kind = githubKind(v.Severity)
			case v.Outcome == checks.Broken: // it says nothing about the cluster, and fails no step
				n.kind, n.at = "warning", location{live: true}
			default:
				continue
			}
			ns = append(ns, n)
		}
	}
	slices.SortStableFunc(ns, func(a, b note) int { return cmp.Compare(b.severity, a.severity) })
	return ns
}

func githubKind(s checks.Severity) string {
	switch s {
	case checks.Critical:
		return "error"
	case checks.Warning:
		return "warning"
	default:
		return "notice"
	}
}

func (n note) command() string {
	var properties []string
	set := func(name, value string) { properties = append(properties, name+"="+githubProperty.Replace(value)) }
	if !n.at.live {
		set("file", n.at.path)
		set("line", fmt.Sprint(n.at.line))
		if n.at.column > 0 {
			set("col", fmt.Sprint(n.at.column))
		}
	}
	set("title", n.title)
	return "::" + n.kind + " " + strings.Join(properties, ",") + "::" + githubData.Replace(n.message)
}

// The escapes of GitHub's own toolkit: a message must not end its line, and thus begin a command, and
// a property not begin another.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
