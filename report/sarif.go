package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/kaudit/kaudit/checks"
)

// srcRoot is SARIF's name for the directory that paths are relative to: the one kaudit ran in.
const srcRoot = "%SRCROOT%"

// writeSARIF writes version 2.1.0. What GitHub makes of it:
//
//   - It refuses the whole file for one result without an artifact and a line, so what a live cluster
//     shows stands at line 1 of a path that no repository has, and a mere file at its line 1.
//   - It tells alerts apart by primaryLocationLineHash and nothing else. The upload action computes that
//     from the file, which it cannot where there is none; there the fingerprint takes its place.
//   - It ignores suppressions, unless advanced-security/dismiss-alerts runs after the upload.
//   - It shows text, not Markdown, of a message, and the Markdown of a rule's help.
func writeSARIF(w io.Writer, a Audit, _ Options) error {
	run := sarif.NewRunWithInformationURI("kaudit", "https://github.com/kaudit/kaudit").WithColumnKind("unicodeCodePoints")
	number := strings.TrimPrefix(a.Kaudit, "v")
	run.Tool.Driver.WithVersion(number)
	if semantic.MatchString(number) {
		run.Tool.Driver.WithSemanticVersion(number)
	}
	run.WithOriginalUriBaseIds(map[string]sarif.ArtifactLocation{
		srcRoot: *sarif.NewArtifactLocation().WithDescription(sarif.NewTextMessage("the directory that kaudit ran in")),
	})
	call := sarif.NewInvocation().WithExecutionSuccessful(a.Summary().Broken == 0).
		WithStartTimeUtc(a.Started.UTC().Format(time.RFC3339)).WithEndTimeUtc(a.Finished.UTC().Format(time.RFC3339))
	for _, r := range a.Results {
		for _, v := range r.Verdicts {
			switch v.Outcome {
			case checks.Finding:
				run.AddResult(sarifResult(a, r, v, sarifRule(run, r.Check)))
			case checks.Broken:
				call.AddToolExecutionNotification(sarifNotice(r.Check, v, sarifRule(run, r.Check)))
			default: // neither a fault of the cluster nor of kaudit
			}
		}
	}
	log := sarif.NewReport().AddRun(run.AddInvocation(call))
	log.Schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	return sarifWrite(w, log)
}

// sarifWrite leaves out the empty arrays and the -1 of unset numbers that the library spells out for
// each object: they are most of the file, and Microsoft's validator warns of every one.
func sarifWrite(w io.Writer, log *sarif.Report) error {
	raw, err := json.Marshal(log)
	if err != nil {
		return err
	}
	var tree map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(sarifSet(tree)); err != nil {
		return err
	}
	return b.Flush()
}

// sarifSet is a value without members that say nothing. That there are no results, of no rules, is said:
// GitHub wants both lists.
func sarifSet(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			if sarifUnset(member) && key != "results" && key != "rules" {
				delete(v, key)
			} else {
				v[key] = sarifSet(member)
			}
		}
	case []any:
		for i, member := range v {
			v[i] = sarifSet(member)
		}
	}
	return v
}

func sarifUnset(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return v == json.Number("-1")
}

var semantic = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// sarifRule is the index of a check among the rules; only those that have something to say are there.
func sarifRule(run *sarif.Run, c checks.Check) int {
	if i := run.GetRuleIndex(c.ID); i >= 0 {
		return i
	}
	why, _, _ := strings.Cut(c.Section("Why it matters"), "\n\n")
	rule := run.AddRule(c.ID).WithName(pascal(c.ID)).WithDescription(c.Title() + ".").
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(cleanLine(c.Title() + ". " + why))).
		WithHelp(sarif.NewMultiformatMessageString().WithText(c.Doc).WithMarkdown(c.Doc)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel(c.Severity))).
		WithProperties(sarif.NewPropertyBag().AddTag("kubernetes").AddTag(c.Component))
	if refs := c.References(); len(refs) > 0 {
		rule.WithHelpURI(refs[0].URL)
	}
	return run.GetRuleIndex(c.ID)
}

// pascal is an id in the case that SARIF wants of a name: "EtcdQuota".
func pascal(id string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(id, "-") {
		b.WriteString(strings.ToUpper(word[:min(1, len(word))]) + word[min(1, len(word)):])
	}
	return b.String()
}

func sarifLevel(s checks.Severity) string {
	switch s {
	case checks.Critical:
		return sarif.LevelError
	case checks.Warning:
		return sarif.LevelWarning
	default:
		return sarif.LevelNote
	}
}

func sarifResult(a Audit, r checks.Result, v checks.Verdict, rule int) *sarif.Result {
	at, fingerprint := locate(a, r.Cluster, v), checks.Fingerprint(r.Cluster, r.Check.ID, v.Subject)
	result := sarif.NewRuleResult(r.Check.ID).WithRuleIndex(rule).WithLevel(sarifLevel(v.Severity)).
		WithMessage(sarif.NewTextMessage(sarifText(explained(a, r.Cluster, v)))).
		AddLocation(sarif.NewLocationWithPhysicalLocation(sarifPlace(at)).AddLogicalLocation(
			sarif.NewLogicalLocation().WithFullyQualifiedName(qualified(a, r.Cluster, v.Subject)).WithKind("resource"))).
		WithPartialFingerprints(map[string]string{"kaudit/v1": fingerprint})
	if at.live {
		result.AddPartialFingerprint("primaryLocationLineHash", fingerprint+":1")
	}
	for i, e := range fileSources(v) {
		place := sarifPlace(location{path: cleanPath(e.Source.From), line: e.Source.Line, column: e.Source.Column})
		related := sarif.NewLocationWithPhysicalLocation(place).WithID(i + 1)
		if e.Detail != "" {
			related.WithMessage(sarif.NewTextMessage(sarifText(e.Detail)))
		}
		result.AddRelatedLocation(related)
	}
	if v.Waived != nil {
		result.AddSuppression(sarifSuppression(v))
	}
	return result
}

func sarifPlace(at location) *sarif.PhysicalLocation {
	ref, relative := uri(at.path)
	artifact := sarif.NewSimpleArtifactLocation(ref)
	if relative && !at.live {
		artifact.WithURIBaseID(srcRoot)
	}
	region := sarif.NewRegion().WithStartLine(at.line)
	if at.column > 0 {
		region.WithStartColumn(at.column)
	}
	return sarif.NewPhysicalLocation().WithArtifactLocation(artifact).WithRegion(region)
}

// sarifSuppression tells a waiver beside the setting from one in a policy or a baseline.
func sarifSuppression(v checks.Verdict) *sarif.Suppression {
	kind := "external"
	beside := func(e checks.Evidence) bool {
		return e.Source.InFile() && strings.HasPrefix(v.Waived.By, e.Source.From+":")
	}
	if slices.ContainsFunc(v.Seen, beside) {
		kind = "inSource"
	}
	return sarif.NewSuppression().WithKind(kind).WithStatus("accepted").WithJustification(terms(*v.Waived))
}

func sarifNotice(c checks.Check, v checks.Verdict, rule int) *sarif.Notification {
	return sarif.NewNotification().WithLevel(sarif.LevelError).WithMessage(sarif.NewTextMessage(sarifText(v.Message))).
		WithAssociatedRule(sarif.NewReportingDescriptorReference().WithID(c.ID).WithIndex(rule))
}

// sarifText takes the one thing apart that a plain message has a meaning for: [a link](to somewhere).
func sarifText(s string) string { return strings.ReplaceAll(s, "](", "] (") }

// explained is a finding in full, for who sees nothing else of it. The first line stands by itself.
func explained(a Audit, cluster string, v checks.Verdict) string {
	lines := []string{a.title(cluster, v.Subject) + ": " + v.Message + "."}
	if v.Observed != "" && !strings.Contains(v.Message, v.Observed) {
		lines = append(lines, "Seen: "+v.Observed)
	}
	if v.Recommended != "" {
		lines = append(lines, "Wanted: "+v.Recommended)
	}
	if v.Fix != "" {
		lines = append(lines, "Fix:"+indented(v.Fix))
	}
	return strings.Join(lines, "\n")
}

// indented keeps one line where it is and sets several below.
func indented(text string) string {
	if !strings.Contains(text, "\n") {
		return " " + text
	}
	return "\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}
