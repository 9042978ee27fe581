package report

import (
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/kaudit/kaudit/checks"
)

// width is what a terminal shows of a string. East Asian ambiguous characters are narrow here, so
// that the locale does not change the bytes.
func width(s string) int { return twwidth.WidthWithOptions(s, twwidth.Options{}) }

// widest is the width of the widest line.
func widest(text string) int {
	w := 0
	for line := range strings.SplitSeq(text, "\n") {
		w = max(w, width(line))
	}
	return w
}

// wrap breaks a text into lines of at most limit columns, between words where it can. Lines that
// the text has stay apart.
func wrap(text string, limit int) []string {
	limit = max(limit, 8)
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			switch {
			case line == "":
				line = word
			case width(line)+1+width(word) <= limit:
				line += " " + word
			default:
				lines, line = append(lines, line), word
			}
			for width(line) > limit {
				head, tail := cut(line, limit)
				lines, line = append(lines, head), tail
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// cut splits a word that fits no line, after a punctuation mark if there is one not too far back.
func cut(word string, limit int) (head, tail string) {
	end, list, mark, w := 0, 0, 0, 0
	for i, r := range word {
		w += width(string(r))
		if w > limit {
			break
		}
		end = i + len(string(r))
		if strings.ContainsRune(",;", r) {
			list = end
		}
		if strings.ContainsRune(",/;:=-.", r) {
			mark = end
		}
	}
	switch {
	case list > end/2: // members of a list stay whole: "https://a:2379,"
		end = list
	case mark > end/2:
		end = mark
	}
	end = max(end, 1)
	return word[:end], word[end:]
}

// wrapped is wrap for a cell of a table.
func wrapped(text string, limit int) string { return strings.Join(wrap(text, limit), "\n") }

// count says "1 warning", "2 warnings".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// headline says which cluster, or which clusters, this is about.
func headline(a Audit) []string {
	var parts []string
	t := a.Target
	if a.Live || len(a.Clusters) < 2 {
		parts = append(parts, known("Kubernetes ", t.KubernetesVersion, "Kubernetes version unknown"), known("", t.Distribution, "distribution unknown"))
	}
	if t.Nodes != nil {
		parts = append(parts, count(*t.Nodes, "node", "nodes"))
	} else if a.Cost.Files == 0 {
		parts = append(parts, "nodes not counted")
	}
	if t.Managed {
		parts = append(parts, "managed control plane")
	}
	switch files := count(a.Cost.Files, "file", "files"); {
	case a.several():
		parts = append(parts, fmt.Sprintf("%s in %s: %s", count(len(a.Clusters), "cluster", "clusters"), files, atMost(titles(a.Clusters), manyNames)))
	case a.Cost.Files > 0:
		parts = append(parts, files)
	}
	return parts
}

func known(prefix, value, otherwise string) string {
	if value == "" || value == "unknown" {
		return otherwise
	}
	return prefix + value
}

// titles are clusters with their versions, where files tell them.
func titles(clusters []Target) []string {
	var out []string
	for _, c := range clusters {
		name := c.Name
		if c.KubernetesVersion != "" {
			name += " (" + c.KubernetesVersion + ")"
		}
		out = append(out, name)
	}
	return out
}

// tally says what came out, findings first.
func tally(s Summary) (findings, rest string) {
	findings = join(
		some(s.Critical, "critical", "critical"), some(s.Warning, "warning", "warnings"), some(s.Info, "info", "info"))
	switch {
	case findings != "":
	case s.Pass+s.NotApplicable == 0: // "no findings" would be taken for good news
		findings = "nothing could be judged"
	default:
		findings = "no findings"
	}
	return findings, join(
		some(s.Broken, "broken", "broken"), some(s.Skipped, "skipped", "skipped"), count(s.Pass, "passed", "passed"),
		some(s.NotApplicable, "not applicable", "not applicable"), some(s.Waived, "waived", "waived"))
}

func some(n int, one, many string) string {
	if n == 0 {
		return ""
	}
	return count(n, one, many)
}

func join(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, ", ")
}

// price says what the collection asked of the cluster, and what it read.
func price(a Audit) string {
	c := a.Cost
	seconds := fmt.Sprintf("%.1f s", a.Finished.Sub(a.Started).Seconds())
	files := ""
	if c.Files > 0 {
		files = count(c.Files, "file", "files") + ", " + checks.Bytes(c.FileBytes)
		if c.APIRequests+c.KubeletRequests+c.EtcdRequests == 0 {
			return files + ", " + seconds
		}
		files += "; "
	}
	parts := []string{fmt.Sprintf("%s to kube-apiservers", count(c.APIRequests, "request", "requests"))}
	if c.KubeletRequests > 0 {
		parts = append(parts, fmt.Sprintf("%d for sampled kubelets", c.KubeletRequests))
	}
	if c.EtcdRequests > 0 {
		parts = append(parts, fmt.Sprintf("%d to etcd", c.EtcdRequests))
	}
	if a.Window > 0 {
		seconds += fmt.Sprintf(", %g s of it the wait between two scrapes", a.Window.Seconds())
	}
	return files + strings.Join(parts, ", ") + "; " + checks.Bytes(c.APIBytes) + " received; " + seconds
}
