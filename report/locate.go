package report

import (
	"net/url"
	"path"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// location is where CI shows a finding.
type location struct {
	path         string // of a file, slash-separated; else what stands in for one
	line, column int    // from 1; column 0: not known
	live         bool   // nothing that the finding rests on is in a file
}

// locate finds the line of a finding. Of a live cluster's it makes a path that can be none of a
// repository, for consumers that take nothing without one: "(live)/prod/etcd/cp-1".
func locate(a Audit, cluster string, v checks.Verdict) location {
	src, ok := v.Place()
	if !ok {
		return location{path: path.Join("(live)", qualified(a, cluster, v.Subject)), line: 1, live: true}
	}
	return location{path: cleanPath(src.From), line: max(src.Line, 1), column: src.Column}
}

// qualified is a subject with its cluster, however many the audit is of.
func qualified(a Audit, cluster, subject string) string {
	if cluster == "" {
		cluster = a.Target.Name
	}
	return cluster + "/" + subject
}

// title is a subject as it is told apart in this audit.
func (a Audit) title(cluster, subject string) string {
	if cluster = a.cluster(cluster); cluster != "" {
		return cluster + ": " + subject
	}
	return subject
}

// cleanPath drops the "./" that repositories do not have in their paths.
func cleanPath(p string) string { return path.Clean(strings.ReplaceAll(p, `\`, "/")) }

// uri is a path as a reference relative to the repository, or a file URL if it is absolute.
func uri(p string) (ref string, relative bool) {
	switch {
	case strings.HasPrefix(p, "/"):
		return (&url.URL{Scheme: "file", Path: p}).String(), false
	case len(p) > 2 && p[1] == ':' && p[2] == '/': // C:/manifests/etcd.yaml
		return (&url.URL{Scheme: "file", Path: "/" + p}).String(), false
	}
	return (&url.URL{Path: p}).String(), true
}

// fileSources are the other places in files that a finding rests on.
func fileSources(v checks.Verdict) []checks.Evidence {
	first, _ := v.Place()
	var out []checks.Evidence
	seen := map[evidence.Source]bool{}
	for _, e := range restsOn(v) {
		at := e.Source
		at.Ask = ""
		news := e.Detail != "" || e.Source.From != first.From // the top of the same document is none
		if e.Source.InFile() && e.Source.Line > 0 && e.Source != first && news && !seen[at] {
			seen[at] = true
			out = append(out, e)
		}
	}
	return out
}
