package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// circumstances are the version, and what the policy records.
func (r RequestReport) circumstances() string {
	parts := []string{r.versions()}
	for _, p := range []struct {
		one, many string
		counts    map[string]int64
	}{{"level", "levels", r.Requests.Levels}, {"stage", "stages", r.Requests.Stages}} {
		switch len(p.counts) {
		case 0:
		case 1:
			parts = append(parts, p.one+" "+recorded(p.counts))
		default:
			parts = append(parts, p.many+" "+recorded(p.counts))
		}
	}
	return strings.Join(parts, " · ")
}

// versions are those of the servers, and where they were read.
func (r RequestReport) versions() string {
	if len(r.Server.Minors) == 0 {
		return "Kubernetes version unknown"
	}
	if g := r.Server.Guessed; g != "" {
		return fmt.Sprintf("Kubernetes %s, to judge by %s", r.Server.Versions(), g)
	}
	from := map[string]string{
		"given": "as --server-version says", "log": "as the user agents of kube-apiserver say", "cluster": "as the cluster says", "snapshot": "as the snapshot says",
		"log and cluster": "as the log and the cluster say", "log and snapshot": "as the log and the snapshot say",
	}[r.Server.From]
	if from == "" {
		return "Kubernetes " + r.Server.Versions()
	}
	return "Kubernetes " + r.Server.Versions() + ", " + from
}

// recorded names the levels and stages of events, the most frequent first.
func recorded(counts map[string]int64) string {
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return strings.Join(names, ", ")
}

// leftOut says which requests were left out.
func (f RequestFilters) leftOut() string {
	var parts []string
	if !f.Since.IsZero() {
		parts = append(parts, "from "+f.Since.UTC().Format(time.RFC3339))
	}
	if !f.Until.IsZero() {
		parts = append(parts, "until "+f.Until.UTC().Format(time.RFC3339))
	}
	if f.User != "" {
		parts = append(parts, "of user "+f.User)
	}
	if f.Resource != "" {
		parts = append(parts, "for "+f.Resource)
	}
	switch {
	case f.Mixed:
		return "the reports that were merged had left out different requests: shares and totals are not of one thing"
	case len(parts) == 0:
		return ""
	}
	return "only requests " + strings.Join(parts, ", ")
}
