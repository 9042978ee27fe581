package config

import (
	_ "embed"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed files.md
var filesDoc string

var files = checks.New(checks.Spec{
	ID:        "config-files",
	Component: "configuration",
	Severity:  checks.Critical,
	Needs:     []evidence.Kind{evidence.KindConfigFiles},
	Doc:       filesDoc,
}, struct{}{}, runFiles)

func runFiles(s *evidence.Snapshot, _ struct{}) []checks.Verdict {
	o := s.ConfigFiles
	var vs []checks.Verdict
	said := map[string]int{}
	for _, p := range o.Value.Problems {
		name := p.Source.From
		if said[name]++; said[name] > 1 { // one verdict for each subject
			name = checks.Count(said[name], "problem") + " of " + p.Source.From
		}
		on := checks.About(name).With(p.Source, "%s", p.Why)
		if p.Read {
			vs = append(vs, on.Find(checks.Warning, "was read, but says something that is likely not meant: %s", p.Why))
		} else {
			vs = append(vs, on.Find(0, "cannot be read: %s", p.Why).Saw("%s", p.Why).Want("a file that can be read"))
		}
	}
	if len(vs) == 0 {
		vs = append(vs, checks.On(o).Pass("%s could be read", checks.Count(o.Value.Read, "file")))
	}
	return vs
}
