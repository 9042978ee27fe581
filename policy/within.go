package policy

import "github.com/kaudit/kaudit/checks"

// Within leaves out the findings that stand in other files than those that are touched, and counts those of
// them that nobody accepted. One that stands in several files is kept if one of them is touched, as is one that
// stands in none. Each check says how many of its findings are left out.
func Within(rs []checks.Result, touched func(path string) bool) (out []checks.Result, left int) {
	for _, r := range rs {
		var kept []checks.Verdict
		active, dropped := 0, 0
		for _, v := range r.Verdicts {
			if v.Outcome != checks.Finding || concerns(v, touched) {
				kept = append(kept, v)
				continue
			}
			dropped++
			if v.Active() {
				active++
			}
		}
		if dropped > 0 {
			kept = append(kept, checks.About(checks.OtherFiles).NotApplicable("%s not shown: in files that are not touched", isAre(dropped)))
		}
		left += active
		r.Verdicts = kept
		out = append(out, r)
	}
	return out, left
}

func concerns(v checks.Verdict, touched func(string) bool) bool {
	placed := false
	for _, e := range v.Seen {
		if e.Source.InFile() {
			placed = true
			if touched(e.Source.From) {
				return true
			}
		}
	}
	return !placed
}

func isAre(n int) string {
	if n == 1 {
		return "1 finding is"
	}
	return checks.Count(n, "finding") + " are"
}
