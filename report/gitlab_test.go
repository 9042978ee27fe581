package report

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// What GitLab's parser and schema ask of each entry; one that fails hides those after it.
func TestGitLabIsReadToTheEnd(t *testing.T) {
	for name, a := range map[string]Audit{"live": sample(), "files": tree(), "quiet": quiet(), "nothing": {}} {
		var flaws []map[string]any
		text := write(t, formatNamed(t, "gitlab"), a, Options{})
		if err := json.Unmarshal([]byte(text), &flaws); err != nil || flaws == nil {
			t.Fatalf("%s: got %s (%v), want a list", name, text, err)
		}
		s := a.Summary()
		if want := s.Critical + s.Warning + s.Info; len(flaws) != want {
			t.Errorf("%s: got %d entries, want the %d active findings", name, len(flaws), want)
		}
		prints := map[any]bool{}
		for _, f := range flaws {
			at := f["location"].(map[string]any)
			path, line := at["path"].(string), at["lines"].(map[string]any)["begin"].(float64)
			if path == "" || strings.HasPrefix(path, "./") || line < 1 || strings.Contains(f["description"].(string), "\n") {
				t.Errorf("%s: got %v, want a path, a line and one line of text", name, f)
			}
			if !slices.Contains([]any{"info", "minor", "major", "critical", "blocker"}, f["severity"]) {
				t.Errorf("%s: got severity %v, want one of GitLab's", name, f["severity"])
			}
			if prints[f["fingerprint"]] {
				t.Errorf("%s: got fingerprint %v twice, want it once", name, f["fingerprint"])
			}
			prints[f["fingerprint"]] = true
		}
	}
}
