package report

import (
	"fmt"
	"slices"
	"strings"
)

// manyClusters are as many as a row tells apart; of more it says what they share.
const manyClusters = 2

// several tells an audit of more than one cluster. Only there do members bear the name of theirs.
func (a Audit) several() bool {
	return len(a.Clusters) > 1 || len(a.Clusters) == 1 && a.Live
}

// cluster is what a result's cluster is called, "" in an audit of one. Beside those of files, the live one
// is said to be live: both may have one name.
func (a Audit) cluster(of string) string {
	switch {
	case !a.several():
		return ""
	case of == "" && a.Live:
		return a.Target.Name + " (live)"
	}
	return of
}

// where names members: "etcd/cp-1, cp-2" of one cluster, "prod-eu: etcd/cp-1; prod-us: etcd/cp-1" of
// two, "etcd/cp-1 in 20 clusters: a, b, c and 17 more" of many. A limit counts what is over it.
func where(ms []member, limit int) string {
	var clusters []string
	subjects := map[string][]string{}
	for _, m := range ms {
		if subjects[m.cluster] == nil {
			clusters = append(clusters, m.cluster)
		}
		subjects[m.cluster] = append(subjects[m.cluster], m.subject)
	}
	switch {
	case len(clusters) == 0:
		return ""
	case len(clusters) <= manyClusters:
		var parts []string
		for _, c := range clusters {
			part := names(subjects[c], limit)
			if c != "" {
				part = c + ": " + part
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, "; ")
	}
	return fmt.Sprintf("%s in %d clusters: %s", shared(clusters, subjects, limit), len(clusters), atMost(clusters, limit))
}

// shared are the subjects that clusters have alike, else their components, with the aspect that is judged.
func shared(clusters []string, subjects map[string][]string, limit int) string {
	first := subjects[clusters[0]]
	alike := true
	var components []string
	for _, c := range clusters {
		alike = alike && slices.Equal(subjects[c], first)
		for _, s := range subjects[c] {
			component, name, aspect := split(s)
			if component == "" {
				component = name
			}
			if component = strings.TrimSuffix(component, "/") + aspect; !slices.Contains(components, component) {
				components = append(components, component)
			}
		}
	}
	if alike {
		return names(first, limit)
	}
	return atMost(components, limit)
}

// atMost lists names, with a limit only so many of them and a count of the rest.
func atMost(list []string, limit int) string {
	if limit > 0 && len(list) > limit {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:limit-1], ", "), len(list)-limit+1)
	}
	return strings.Join(list, ", ")
}

// names lists subjects, those of one component together: "kube-apiserver/cp-1, cp-2". With a limit
// it lists so many of them and counts the rest.
func names(subjects []string, limit int) string {
	rest := 0
	if limit > 0 && len(subjects) > limit {
		subjects, rest = subjects[:limit-1], len(subjects)-limit+1
	}
	var parts, group []string
	component, aspect := "", ""
	flush := func() {
		if len(group) > 0 {
			parts = append(parts, component+strings.Join(group, ", ")+aspect)
		}
		group = nil
	}
	for _, s := range subjects {
		c, n, a := split(s)
		if c != component || a != aspect || c == "" {
			flush()
		}
		component, aspect = c, a
		group = append(group, n)
	}
	flush()
	out := strings.Join(parts, "; ")
	if rest > 0 {
		out += fmt.Sprintf(" and %d more", rest)
	}
	return out
}

// split takes "kube-apiserver/cp-1 request-timeout" apart: "kube-apiserver/", "cp-1", " request-timeout".
func split(subject string) (component, name, aspect string) {
	component, name, ok := strings.Cut(subject, "/")
	if !ok || strings.Contains(component, " ") {
		return "", subject, ""
	}
	if i := strings.IndexByte(name, ' '); i >= 0 {
		name, aspect = name[:i], name[i:]
	}
	return component + "/", name, aspect
}
