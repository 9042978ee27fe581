package report

import (
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/kaudit/kaudit/checks"
)

// escape matches control sequences (colours, cursor moves) and the introducers of all others. The
// body of a string sequence (a window title) stays to be read: dropping it would let whoever
// starts one hide the text behind it.
var escape = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])")

// cleanText keeps lines and drops everything else that is not for reading: a pod may call itself
// what it likes, and its name must not move a cursor, hide a finding or turn text around (bidirectional
// and other format characters).
func cleanText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(escape.ReplaceAllString(s, ""), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t', r == '\u2028', r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Noncharacter_Code_Point, r): // XML and YAML take none of the last
			return -1
		}
		return r
	}, s)
}

// cleanLine is cleanText on one line, single-spaced.
func cleanLine(s string) string {
	return strings.Join(strings.Fields(cleanText(s)), " ")
}

// cleaned gives a writer a copy of the audit without control characters.
func cleaned(write func(io.Writer, Audit, Options) error) func(io.Writer, Audit, Options) error {
	return func(w io.Writer, a Audit, o Options) error { return write(w, clean(a), o) }
}

func clean(a Audit) Audit {
	a.Kaudit = cleanLine(a.Kaudit)
	a.Target.Name = cleanLine(a.Target.Name)
	a.Target.KubernetesVersion = cleanLine(a.Target.KubernetesVersion)
	a.Target.Distribution = cleanLine(a.Target.Distribution)
	clusters := make([]Target, len(a.Clusters))
	for i, c := range a.Clusters {
		c.Name, c.KubernetesVersion, c.Distribution = cleanLine(c.Name), cleanLine(c.KubernetesVersion), cleanLine(c.Distribution)
		clusters[i] = c
	}
	a.Clusters = clusters
	results := make([]checks.Result, len(a.Results))
	for i, r := range a.Results {
		results[i] = checks.Result{Check: r.Check, Cluster: cleanLine(r.Cluster), Verdicts: make([]checks.Verdict, len(r.Verdicts))}
		for j, v := range r.Verdicts {
			results[i].Verdicts[j] = cleanVerdict(v)
		}
	}
	a.Results = results
	return a
}

func cleanVerdict(v checks.Verdict) checks.Verdict {
	for _, field := range []*string{&v.Subject, &v.Message, &v.Observed, &v.Recommended, &v.Unlock} {
		*field = cleanLine(*field)
	}
	if w := v.Waived; w != nil {
		v.Waived = &checks.Waived{Reason: cleanLine(w.Reason), Until: w.Until, By: cleanLine(w.By)}
	}
	v.Fix = strings.TrimRight(keepIndent(v.Fix), "\n ")
	seen := make([]checks.Evidence, len(v.Seen))
	for i, e := range v.Seen {
		for _, field := range []*string{&e.Detail, &e.Source.Via, &e.Source.From, &e.Source.Ask} {
			*field = cleanLine(*field)
		}
		seen[i] = e
	}
	v.Seen = seen
	return v
}

// keepIndent is cleanText for what people copy: YAML and commands, whose tabs stand for something.
func keepIndent(s string) string {
	return cleanText(strings.ReplaceAll(s, "\t", "    "))
}
